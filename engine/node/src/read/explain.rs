//! Whether somebody may do something, by which rule, and what would make it so.

use std::collections::BTreeSet;

use selfsame_core::{Ask, Code, Context, Decision, PrincipalKind, Refusal, Resource};
use selfsame_record::Principal;
use serde_json::json;

use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::{Refused, Served};

/// The name under which a decision of the code stands, where no policy is asked.
const PROTECTED: &str = "protected-types";

/// What somebody wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Who would do it; absent: who asks.
    pub principal: Option<String>,
    /// The verb.
    pub action: String,
    /// On what: an event type, a projection, a version, or the whole system if none is given.
    pub event_type: Option<String>,
    /// See above.
    pub projection: Option<String>,
    /// See above.
    pub version: Option<String>,
}

/// Answers it by the boundary in force. Of others than themselves only operators are told.
///
/// # Errors
///
/// If no boundary is in force, somebody asks about another one, or about what there is not.
pub fn explain(handle: &Handle, asks: Option<&Principal>, question: &Question) -> Result<Served, Refused> {
    let answer = answer(handle, asks, question).map_err(|refusal| Refused::now(handle, refusal))?;
    Ok(handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        body.put("decision", &answer);
        body.served()
    }))
}

fn answer(
    handle: &Handle,
    asks: Option<&Principal>,
    question: &Question,
) -> Result<serde_json::Value, Refusal> {
    let boundary = handle.boundary()?.ok_or_else(|| {
        Refusal::new(Code::NoBoundary, "no boundary is in force, so anybody may do anything")
            .next("start the engine with `--boundary` and `--boundary-key`")
    })?;
    let own = asks.map(Principal::as_str);
    let principal = question.principal.as_deref().or(own).unwrap_or_default();
    if Some(principal) != own && handle.sees_only_own(asks) {
        let shown: String = principal.chars().take(64).collect();
        let detail = format!("what `{shown}` may do is told to `{shown}` and to operators");
        return Err(Refusal::new(Code::NotAllowed, detail).next("leave `principal` out, or ask an operator"));
    }
    let member = boundary.member(principal)?;
    let admission = handle.admission();
    let (mut name, mut namespaces) = (String::new(), BTreeSet::new());
    if let Some(version) = &question.version {
        let no = admission.find_version(version)?;
        name = no.to_string();
        namespaces = selfsame_core::namespaces_of(&admission.registry, admission.active, no);
    }
    let resource = match (&question.event_type, &question.projection, &question.version) {
        (Some(event_type), None, None) => Resource::EventType(event_type),
        (None, Some(projection), None) if admission.boundary.is_secret(projection) => {
            Resource::Secret(projection)
        }
        (None, Some(projection), None) => Resource::Projection(projection),
        (None, None, Some(_)) => Resource::Version { name: &name, namespaces: &namespaces },
        (None, None, None) => Resource::System,
        _ => {
            return Err(Refusal::new(Code::BadRequest, "it is asked about more than one thing")
                .next("name one of `type`, `projection` and `version`"));
        }
    };
    let ask = Ask { principal, action: &question.action, resource, context: Context::default() };
    let guarded = match resource {
        Resource::EventType(name) if question.action == "publish" => boundary.protected.covers(name),
        _ => None,
    };
    let decision = match guarded.filter(|_| member.kind != PrincipalKind::Operator) {
        Some(pattern) => Decision {
            allowed: false,
            rules: vec![PROTECTED.to_owned()],
            next: vec![format!("`{pattern}` is protected: operators publish it, on their own plane")],
        },
        None => boundary.policy.explain(&ask),
    };
    Ok(json!({
        "principal": principal, "kind": member.kind, "owner": member.owner, "action": question.action,
        "allowed": decision.allowed, "rules": decision.rules, "next": decision.next,
        "boundary": boundary.hash,
    }))
}
