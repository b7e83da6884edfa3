//! What operators set to bound everybody else: the freeze, the floor, and the versions that are not to
//! serve again.
//!
//! None of it keeps anybody from a rewind to a version that may serve: a rewind is the brake itself.

use std::collections::{BTreeMap, BTreeSet};

use selfsame_record::{Position, VersionNo};
use serde::Serialize;

use crate::control::Control;
use crate::refusal::{Code, Refusal};

/// Changes by agents are stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freeze {
    /// Since this record.
    pub since: Position,
    /// Who ordered it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What is forbidden at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Brakes {
    frozen: Option<Freeze>,
    floor: Option<VersionNo>,
    sealed: BTreeMap<VersionNo, String>,
    retired: BTreeSet<VersionNo>,
}

impl Brakes {
    /// The freeze, if there is one.
    pub fn frozen(&self) -> Option<&Freeze> {
        self.frozen.as_ref()
    }

    /// The lowest version that may serve.
    pub fn floor(&self) -> Option<VersionNo> {
        self.floor
    }

    /// The versions that operators have sealed, with the reason.
    pub fn sealed(&self) -> &BTreeMap<VersionNo, String> {
        &self.sealed
    }

    /// The versions that are retired for good.
    pub fn retired(&self) -> &BTreeSet<VersionNo> {
        &self.retired
    }

    /// Sees that an agent may change something at the moment.
    ///
    /// # Errors
    ///
    /// If changes are frozen.
    pub(crate) fn may_change(&self) -> Result<(), Refusal> {
        let Some(freeze) = &self.frozen else { return Ok(()) };
        let why = if freeze.reason.is_empty() { String::new() } else { format!(": {}", freeze.reason) };
        let detail = format!("`{}` froze all changes at {}{why}", freeze.by, freeze.since);
        Err(Refusal::new(Code::Frozen, detail)
            .next("wait until an operator lifts the freeze; a rewind is possible meanwhile")
            .field("since", freeze.since.get()))
    }

    /// Sees that a version may serve from now on.
    ///
    /// # Errors
    ///
    /// If it is below the floor, sealed or retired.
    pub fn may_serve(&self, version: VersionNo) -> Result<(), Refusal> {
        if self.retired.contains(&version) {
            return Err(Refusal::new(Code::Retired, format!("{version} is retired for good"))
                .next("register a version that says the same under another name"));
        }
        if let Some(reason) = self.sealed.get(&version) {
            let detail = format!("{version} is sealed by an operator: {reason}");
            return Err(Refusal::new(Code::Sealed, detail).next("ask an operator to unseal it"));
        }
        match self.floor {
            Some(floor) if version < floor => {
                let detail = format!("{version} is below the floor, which is {floor}");
                Err(Refusal::new(Code::BelowFloor, detail)
                    .next(format!("choose {floor} or a later version, or ask an operator to lower the floor"))
                    .field("floor", floor.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Takes in what a record says.
    pub(crate) fn apply(&mut self, at: Position, principal: &str, control: &Control) {
        match control {
            Control::Frozen { reason } => {
                let (by, reason) = (principal.to_owned(), reason.clone());
                self.frozen = Some(Freeze { since: at, by, reason });
            }
            Control::Unfrozen { .. } => self.frozen = None,
            Control::FloorSet { version } => self.floor = *version,
            Control::Sealed { version, reason } => {
                self.sealed.insert(*version, reason.clone());
            }
            Control::Unsealed { version } => {
                self.sealed.remove(version);
            }
            Control::Retired { version } => {
                self.retired.insert(*version);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(number: u32) -> VersionNo {
        VersionNo::new(number).expect("not 0")
    }

    fn brakes(controls: &[Control]) -> Brakes {
        let mut brakes = Brakes::default();
        for (control, at) in controls.iter().zip(1..) {
            brakes.apply(Position::new(at), "ada", control);
        }
        brakes
    }

    #[track_caller]
    fn check(outcome: Result<(), Refusal>, expect: &str) {
        let said = outcome.map_or_else(|refusal| refusal.detail, |()| "yes".to_owned());
        assert_eq!(said, expect);
    }

    #[test]
    fn a_freeze_holds_until_it_is_lifted() {
        let freeze = Control::Frozen { reason: "night".to_owned() };
        check(brakes(&[]).may_change(), "yes");
        check(brakes(std::slice::from_ref(&freeze)).may_change(), "`ada` froze all changes at #1: night");
        check(brakes(&[freeze, Control::Unfrozen { reason: String::new() }]).may_change(), "yes");
    }

    #[test]
    fn what_may_not_serve_says_why() {
        let seal = Control::Sealed { version: v(3), reason: "leaks".to_owned() };
        let floor = Control::FloorSet { version: Some(v(2)) };
        let retire = Control::Retired { version: v(4) };
        let brakes = brakes(&[seal, floor, retire]);
        check(brakes.may_serve(v(1)), "v1 is below the floor, which is v2");
        check(brakes.may_serve(v(2)), "yes");
        check(brakes.may_serve(v(3)), "v3 is sealed by an operator: leaks");
        check(brakes.may_serve(v(4)), "v4 is retired for good");
    }

    #[test]
    fn a_seal_and_the_floor_can_be_lifted() {
        let seal = Control::Sealed { version: v(1), reason: "x".to_owned() };
        let lifted = [
            seal,
            Control::FloorSet { version: Some(v(2)) },
            Control::Unsealed { version: v(1) },
            Control::FloorSet { version: None },
        ];
        check(brakes(&lifted).may_serve(v(1)), "yes");
    }
}
