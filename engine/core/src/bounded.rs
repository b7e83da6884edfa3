//! What the boundary in force lets somebody ask for, decided in the order of the log.

use std::sync::Arc;

use selfsame_record::{Micros, VersionNo};
use selfsame_schema::Version;

use crate::admission::Admitted;
use crate::batch::Batch;
use crate::boundary::{Ask, Boundary, Context, Gate, Resource, is_operator};
use crate::control::Control;
use crate::core::{Core, ENGINE};
use crate::input::{Answer, Drafted, Plane, Request};
use crate::protection::{leaves_alone, leaves_served_alone, namespaces_changed, namespaces_of};
use crate::refusal::{Code, Refusal};

impl Core {
    /// Sees that a request may be made at all. What depends on what the request is about is asked where that is
    /// known: publishing at admission, registering and cutting over in their functions.
    pub(crate) fn within_boundary(
        &self,
        principal: &str,
        plane: Plane,
        request: &Request,
    ) -> Result<(), Refusal> {
        // The engine's own requests, and notes of what was refused already. A command names its principal itself.
        let own = principal == ENGINE
            || matches!(
                request,
                Request::NoteRefused { .. } | Request::Command { .. } | Request::Bound { .. }
            );
        let Some(boundary) = (if own { None } else { self.in_force.boundary()? }) else { return Ok(()) };
        let member = boundary.member(principal)?;
        if plane == Plane::Operator {
            is_operator(principal, member)?;
        }
        if plane == Plane::Open {
            self.leaves_the_brake_alone(request)?;
        }
        if let Request::Build { version, .. }
        | Request::Plan { drafted: Drafted { version, .. } }
        | Request::Cutover { version, .. } = request
        {
            let known = self.registry.version(*version);
            let active = (&*self.registry, self.life.active());
            known.map_or(Ok(()), |known| leaves_served_alone(boundary, plane, active, known))?;
        }
        match request {
            Request::Publish { .. } | Request::Register { .. } | Request::Cutover { .. } => Ok(()),
            Request::Build { version, .. }
            | Request::Pause { version }
            | Request::Resume { version }
            | Request::Abandon { version, .. }
            | Request::Rewind { version, .. }
            | Request::Drop { version }
            | Request::Retire { version } => {
                self.may_with(principal, request.verb(), *version, Context::default())
            }
            Request::Plan { drafted } => {
                self.may_with(principal, "plan", drafted.version, Context::default())
            }
            Request::Validate { compared } => {
                let plan = self.plans_made.iter().find(|plan| plan.planned.plan == compared.plan);
                plan.map_or(Ok(()), |plan| {
                    self.may_with(principal, "validate", plan.planned.version, Context::default())
                })
            }
            Request::Lease { queue, .. } | Request::Ack { queue, .. } | Request::Nack { queue, .. } => {
                let name = queue.as_str();
                let secret = self.in_force.is_secret(name);
                let resource = if secret { Resource::Secret(name) } else { Resource::Projection(name) };
                boundary.admit(&Ask { principal, action: "work", resource, context: Context::default() })
            }
            Request::Operator(order) => {
                let (action, resource) = (order.verb(), Resource::System);
                boundary.admit(&Ask { principal, action, resource, context: Context::default() })
            }
            _ => Ok(()),
        }
    }

    /// Sees that nobody but an operator takes away a way back, or stops one that is under way; and that a rewind goes
    /// back, not forward to what somebody went back from.
    fn leaves_the_brake_alone(&self, request: &Request) -> Result<(), Refusal> {
        let pending = self.life.pending_rewind();
        let refused = |what: String| {
            Err(Refusal::new(Code::NotAllowed, what)
                .next("ask an operator, who may do it on their own plane"))
        };
        match request {
            Request::Pause { version }
            | Request::Abandon { version, .. }
            | Request::Drop { version }
            | Request::Retire { version }
                if pending == Some(*version) =>
            {
                refused(format!("a rewind to {version} is under way, and waits for its build"))
            }
            Request::Rewind { version, .. } | Request::Cutover { version, .. }
                if pending.is_some_and(|pending| pending != *version) =>
            {
                refused("a rewind to another version is under way".to_owned())
            }
            Request::Retire { version } if self.life.was_active(*version) => {
                refused(format!("{version} has answered, so it is a way back, and retiring it is for good"))
            }
            Request::Drop { version } | Request::Retire { version }
                if self.probation.as_ref().is_some_and(|on| on.started.from == *version) =>
            {
                refused(format!("a failed guard goes back to {version}"))
            }
            Request::Rewind { version, .. } if self.was_gone_back_from(*version) => {
                refused(format!("somebody went back from {version}, and a rewind goes back, not forward"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the version stopped answering by a rewind the last time.
    pub(crate) fn was_gone_back_from(&self, version: VersionNo) -> bool {
        let last = self.life.switches().iter().rev().find(|switch| switch.from == Some(version));
        last.is_some_and(|switch| switch.rewind)
    }

    /// Sees that the boundary lets a principal do something with a version.
    pub(crate) fn may_with(
        &self,
        principal: &str,
        action: &str,
        version: VersionNo,
        context: Context,
    ) -> Result<(), Refusal> {
        let Some(boundary) = self.in_force.boundary()?.filter(|_| principal != ENGINE) else { return Ok(()) };
        let namespaces = namespaces_of(&self.registry, self.life.active(), version);
        let name = version.to_string();
        let resource = Resource::Version { name: &name, namespaces: &namespaces };
        boundary.admit(&Ask { principal, action, resource, context })
    }

    /// Sees that the boundary lets a principal register a version, and that it leaves what is protected alone.
    pub(crate) fn may_register(
        &self,
        (principal, plane): (&str, Plane),
        version: &Arc<Version>,
    ) -> Result<(), Refusal> {
        let Some(boundary) = self.in_force.boundary()? else { return Ok(()) };
        leaves_alone(boundary, plane, &self.registry, version)?;
        let namespaces = namespaces_changed(&self.registry, version.parent(), version);
        let name = version.no().to_string();
        let resource = Resource::Version { name: &name, namespaces: &namespaces };
        boundary.admit(&Ask { principal, action: "register", resource, context: Context::default() })
    }

    /// Sees that an event that was admitted under another boundary may be published under this one.
    pub(crate) fn still_may_publish(&self, principal: &str, admitted: &Admitted) -> Result<(), Refusal> {
        if admitted.boundary == self.in_force.hash() {
            return Ok(());
        }
        let Some(boundary) = self.in_force.boundary()? else { return Ok(()) };
        match boundary.publish_gate(principal, &admitted.event.event_type) {
            Gate::Open => Ok(()),
            _ => Err(Refusal::new(Code::NotAllowed, "another boundary came into force meanwhile")
                .next("send the event again")),
        }
    }

    /// Brings a boundary into force, or lifts the one that is.
    pub(crate) fn bind(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        boundary: Option<Arc<Boundary>>,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        assert_eq!(principal, ENGINE, "the node alone brings a boundary into force");
        let control = match &boundary {
            Some(boundary) => {
                self.in_force.may_load(boundary)?;
                let (signer, instance) = (boundary.signer.clone(), boundary.instance.clone());
                Control::BoundaryLoaded { hash: boundary.hash, signer, instance, serial: boundary.serial }
            }
            None if self.in_force.loaded().is_none() => return Ok(Answer::Noted {}),
            None => Control::BoundaryLifted {},
        };
        self.in_force.take(boundary, self.registry.versions());
        Ok(Answer::Done { record: self.write(batch, principal, control, now) })
    }
}
