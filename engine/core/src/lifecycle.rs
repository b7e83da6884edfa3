//! Which schema version answers, which generations are kept beside it, and how that changes.
//!
//! A candidate is built in the shadow of the active generation, from the same log, and takes over at one
//! position. The old generation stays in step as a standby, so a rewind is one record and no rebuild.
//!
//! # Invariants
//!
//! 1. At most one version is active (P3), and it is a live one.
//! 2. Decisions read only what earlier records say (P1): a build counts once `candidate-ready` is in the
//!    log, never by looking at the builder.
//!
//! Not here: building (the node), folding (`projections`), what the records are called ([`Control`]).

mod build;
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use selfsame_record::{Digest, Position, VersionNo};
use serde::Serialize;

use crate::budget::Budget;
use crate::control::Control;
pub use crate::lifecycle::stage::Stage;
pub(crate) use crate::lifecycle::stage::not_built;
use crate::limits::GENERATIONS_MAX;
use crate::refusal::{Code, Refusal};

/// One change of the version that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Switch {
    /// The record that says so; the version answers from it on.
    pub at: Position,
    /// The version that answered before.
    pub from: Option<VersionNo>,
    /// The version that answers from here on.
    pub to: VersionNo,
    /// Whether it went back to an earlier version.
    pub rewind: bool,
    /// Events in the log before this record.
    pub events_before: u64,
}

/// A rewind that waits for its generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct PendingRewind {
    to: VersionNo,
    from: VersionNo,
    reason: String,
}

/// The stages of all versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lifecycle {
    stages: BTreeMap<VersionNo, Stage>,
    active: Option<VersionNo>,
    was_active: BTreeSet<VersionNo>,
    switches: Vec<Switch>,
    pending_rewind: Option<PendingRewind>,
    /// Live versions whose generations are being folded anew.
    repairing: BTreeSet<VersionNo>,
    last_repair: Option<Repair>,
    /// By live version, the last repair, and the last one that changed something.
    repaired: BTreeMap<VersionNo, (Position, Position)>,
}

/// A generation that was folded anew and put in the place of the live one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// The version.
    pub version: VersionNo,
    /// The record that says so.
    pub at: Position,
    /// Whether the two were equal.
    pub equal: bool,
}

impl Lifecycle {
    /// The version that answers.
    pub fn active(&self) -> Option<VersionNo> {
        self.active
    }

    /// Since which record the active version answers with the rows that it has, but for what was published since;
    /// `#0` if none does. A switch and a repair that changed something begin anew.
    pub fn active_since(&self) -> Position {
        self.switched_at().max(self.repairs_of_active().1)
    }

    /// Since which record the very same generation answers: a switch and any repair begin anew.
    pub fn same_generation_since(&self) -> Position {
        self.switched_at().max(self.repairs_of_active().0)
    }

    fn switched_at(&self) -> Position {
        self.switches.last().map_or(Position::ZERO, |switch| switch.at)
    }

    fn repairs_of_active(&self) -> (Position, Position) {
        self.active.and_then(|active| self.repaired.get(&active)).copied().unwrap_or_default()
    }

    /// The version that will answer as soon as it is built, if a cold rewind is under way.
    pub fn pending_rewind(&self) -> Option<VersionNo> {
        self.pending_rewind.as_ref().map(|rewind| rewind.to)
    }

    /// The stage of a version.
    pub fn stage(&self, version: VersionNo) -> Option<&Stage> {
        self.stages.get(&version)
    }

    /// All versions with their stages, ascending.
    pub fn stages(&self) -> impl Iterator<Item = (VersionNo, &Stage)> {
        self.stages.iter().map(|(version, stage)| (*version, stage))
    }

    /// The versions whose generations are kept in step, ascending.
    pub fn live(&self) -> Vec<VersionNo> {
        self.stages().filter(|(_, stage)| stage.is_live()).map(|(version, _)| version).collect()
    }

    /// The versions that are being built, ascending.
    pub fn building(&self) -> Vec<VersionNo> {
        let building = |stage: &Stage| matches!(stage, Stage::Building { .. });
        self.stages().filter(|(_, stage)| building(stage)).map(|(version, _)| version).collect()
    }

    /// All changes of the answering version, oldest first.
    pub fn switches(&self) -> &[Switch] {
        &self.switches
    }

    /// Whether the version has answered at some time.
    pub fn was_active(&self, version: VersionNo) -> bool {
        self.was_active.contains(&version)
    }

    /// Decides on building `version` within a budget.
    ///
    /// # Errors
    ///
    /// If it is not registered, live or being built already, or too many generations are in memory.
    pub fn build(&self, version: VersionNo, budget: Budget) -> Result<Control, Refusal> {
        match self.known(version)? {
            Stage::Building { since, .. } => {
                let detail = format!("{version} is being built since {since}");
                return Err(Refusal::new(Code::AlreadyBuilding, detail)
                    .next(format!("wait until `selfsame version show {version}` says candidate")));
            }
            stage if stage.is_live() => {
                let detail = format!("{version} is built: it is {}", stage.word());
                return Err(Refusal::new(Code::AlreadyBuilding, detail)
                    .next(format!("cut over with `selfsame version cutover {version}`")));
            }
            _ => {}
        }
        self.has_room()?;
        Ok(Control::BuildStarted { version, budget })
    }

    /// The live versions whose generations are being folded anew.
    pub fn repairing(&self) -> &BTreeSet<VersionNo> {
        &self.repairing
    }

    /// The repair that ended last.
    pub fn last_repair(&self) -> Option<Repair> {
        self.last_repair
    }

    /// Decides on folding the live generation of `version` anew.
    ///
    /// # Errors
    ///
    /// If it has no generation that is kept in step, or that is done already.
    pub(crate) fn repair(&self, version: VersionNo) -> Result<Control, Refusal> {
        let stage = self.known(version)?;
        if !stage.is_live() {
            return Err(not_built(version, stage).listing(&self.live()));
        }
        if self.repairing.contains(&version) {
            return Err(Refusal::new(
                Code::AlreadyBuilding,
                format!("{version} is being folded anew already"),
            )
            .next("wait until `selfsame state` says that it is done"));
        }
        self.has_room()?;
        Ok(Control::RepairStarted { version })
    }

    /// Sees that one more generation may be in memory; those that are folded anew count besides the live ones.
    fn has_room(&self) -> Result<(), Refusal> {
        let kept = self.live().len() + self.building().len() + self.repairing.len();
        if kept >= GENERATIONS_MAX {
            let detail = format!("{kept} generations are in memory, the limit is {GENERATIONS_MAX}");
            return Err(Refusal::new(Code::TooManyVersions, detail)
                .next("drop one that is not needed with `selfsame version drop`"));
        }
        Ok(())
    }

    /// Decides what follows from a generation of `version` that is complete up to the head.
    ///
    /// `was` is the digest of the generation that is live, if one is. `None` if nobody waits for it any longer, or
    /// it waits itself.
    pub fn ready(&self, version: VersionNo, digest: Digest, was: Option<Digest>) -> Option<Vec<Control>> {
        if let Some(was) = was.filter(|_| self.repairing.contains(&version)) {
            return Some(vec![Control::Repaired { version, digest, was }]);
        }
        if !matches!(self.stages.get(&version), Some(Stage::Building { paused: false, .. })) {
            return None;
        }
        let mut records = vec![Control::CandidateReady { version, digest }];
        if let Some(rewind) = self.pending_rewind.as_ref().filter(|r| r.to == version)
            && self.active == Some(rewind.from)
        {
            let (from, reason) = (rewind.from, rewind.reason.clone());
            records.push(Control::Rewound { version, from, reason });
        }
        Some(records)
    }

    /// Decides on making `version` the active one, `expected` being active now.
    ///
    /// The first record is the cutover; the others drop the oldest standbys beyond `standbys_max`.
    ///
    /// # Errors
    ///
    /// If another version is active than expected, or `version` has no generation that is kept in step.
    pub fn cutover(
        &self,
        version: VersionNo,
        expected: Option<VersionNo>,
        standbys_max: usize,
    ) -> Result<Vec<Control>, Refusal> {
        let stage = self.known(version)?;
        self.not_active_already(version)?;
        self.expect_active(expected)?;
        if !stage.is_live() {
            return Err(not_built(version, stage).listing(&self.live()));
        }
        let (plan, evidence, approved_by, boundary) = (None, None, Vec::new(), None);
        let mut records =
            vec![Control::CutOver { version, from: self.active, plan, evidence, approved_by, boundary }];
        records.extend(self.surplus(version, standbys_max));
        Ok(records)
    }

    /// The versions that a switch to `version` would drop, the oldest standby first.
    pub fn dropped_by_switch(&self, version: VersionNo, standbys_max: usize) -> Vec<VersionNo> {
        if self.active == Some(version) {
            return Vec::new();
        }
        let dropped = |control| match control {
            Control::Dropped { version } => Some(version),
            _ => None,
        };
        self.surplus(version, standbys_max).into_iter().filter_map(dropped).collect()
    }

    /// Decides on going back to `version`. Warm, if its generation is kept in step; otherwise the rewind
    /// takes place when its generation is built, which does not wait any longer if it was paused.
    ///
    /// # Errors
    ///
    /// If it never was active, is active now, or is being built already.
    pub fn rewind(
        &self,
        version: VersionNo,
        expected: Option<VersionNo>,
        reason: &str,
        standbys_max: usize,
    ) -> Result<Vec<Control>, Refusal> {
        let stage = self.known(version)?;
        self.not_active_already(version)?;
        let Some(from) = self.active.filter(|_| self.was_active(version)) else {
            let detail = format!("{version} was never active, so there is nothing to go back to");
            return Err(Refusal::new(Code::NeverActive, detail)
                .next(format!("cut over to it with `selfsame version cutover {version}`")));
        };
        if expected.is_some() {
            self.expect_active(expected)?;
        }
        let reason = reason.to_owned();
        if stage.is_live() {
            let mut records = vec![Control::Rewound { version, from, reason }];
            records.extend(self.surplus(version, standbys_max));
            return Ok(records);
        }
        let requested = Control::RewindRequested { version, from, reason };
        match stage {
            Stage::Building { paused: true, .. } => Ok(vec![requested, Control::BuildResumed { version }]),
            Stage::Building { .. } => Ok(vec![requested]),
            _ => Ok(vec![requested, self.build(version, Budget::URGENT)?]),
        }
    }

    /// Decides on no longer keeping the generation of `version`.
    ///
    /// # Errors
    ///
    /// If it is active, or has no generation.
    pub fn drop_generation(&self, version: VersionNo) -> Result<Control, Refusal> {
        match self.known(version)? {
            Stage::Active { .. } => Err(Refusal::new(Code::InUse, format!("{version} is active"))
                .next("cut over to another version, or rewind, first")),
            Stage::Candidate { .. } | Stage::Standby { .. } | Stage::Building { .. } => {
                Ok(Control::Dropped { version })
            }
            stage => Err(not_built(version, stage).listing(&self.live())),
        }
    }

    /// Takes in what a record says.
    ///
    /// # Panics
    ///
    /// If the record contradicts the ones before it, which only a bug could have written.
    pub fn apply(&mut self, at: Position, control: &Control, events_before: u64) {
        match control {
            Control::Registered { version, .. } => {
                let before = self.stages.insert(*version, Stage::Registered);
                assert!(before.is_none(), "{at} registers {version} again");
            }
            Control::BuildStarted { version, budget } => {
                self.set(at, *version, Stage::Building { since: at, paused: false, budget: *budget });
            }
            Control::BuildPaused { version } => self.set_paused(at, *version, true),
            Control::BuildResumed { version } => self.set_paused(at, *version, false),
            Control::BuildFailed { version, reason } => {
                self.set(at, *version, Stage::Failed { reason: reason.clone() });
                self.pending_rewind.take_if(|r| r.to == *version);
            }
            Control::CandidateReady { version, digest } => {
                self.set(at, *version, Stage::Candidate { ready: at, digest: *digest });
            }
            Control::CutOver { version, from, .. } => self.switch(at, *version, *from, false, events_before),
            Control::Rewound { version, from, .. } => {
                self.switch(at, *version, Some(*from), true, events_before);
            }
            Control::RewindRequested { version, from, reason } => {
                let reason = reason.clone();
                self.pending_rewind = Some(PendingRewind { to: *version, from: *from, reason });
            }
            // What is forbidden meanwhile does not serve when it is built.
            Control::Sealed { version, .. } => {
                self.pending_rewind.take_if(|r| r.to == *version);
            }
            Control::FloorSet { version: Some(floor) } => {
                self.pending_rewind.take_if(|r| r.to < *floor);
            }
            Control::RepairStarted { version } => {
                self.repairing.insert(*version);
            }
            Control::Repaired { version, digest, was } => {
                self.repairing.remove(version);
                self.last_repair = Some(Repair { version: *version, at, equal: digest == was });
                let (last, changed) = self.repaired.entry(*version).or_default();
                *last = at;
                *changed = if digest == was { *changed } else { at };
            }
            Control::RepairFailed { version, .. } => {
                self.repairing.remove(version);
            }
            Control::Dropped { version } => {
                self.repairing.remove(version);
                self.repaired.remove(version);
                assert!(self.active != Some(*version), "{at} drops the active {version}");
                self.set(at, *version, Stage::Dropped);
                self.pending_rewind.take_if(|r| r.to == *version);
            }
            _ => {}
        }
    }

    fn set(&mut self, at: Position, version: VersionNo, stage: Stage) {
        let before = self.stages.insert(version, stage);
        assert!(before.is_some(), "{at} names {version}, which is not registered");
    }

    fn switch(
        &mut self,
        at: Position,
        to: VersionNo,
        from: Option<VersionNo>,
        rewind: bool,
        events_before: u64,
    ) {
        assert!(self.active == from, "{at} switches from {from:?}, but {:?} is active", self.active);
        assert!(self.stages.get(&to).is_some_and(Stage::is_live), "{at} switches to {to}, which is not live");
        if let Some(from) = from {
            self.set(at, from, Stage::Standby { since: at });
        }
        self.set(at, to, Stage::Active { since: at });
        self.active = Some(to);
        self.was_active.insert(to);
        self.switches.push(Switch { at, from, to, rewind, events_before });
        self.pending_rewind = None;
    }

    /// The records that drop the standbys beyond the limit, once `next` takes over: oldest first.
    pub(crate) fn surplus(&self, next: VersionNo, standbys_max: usize) -> Vec<Control> {
        let mut standbys: Vec<(Position, VersionNo)> = self
            .stages()
            .filter(|(version, _)| *version != next)
            .filter_map(|(version, stage)| match stage {
                Stage::Standby { since } => Some((*since, version)),
                Stage::Active { .. } => Some((Position::new(u64::MAX), version)),
                _ => None,
            })
            .collect();
        standbys.sort_unstable();
        let surplus = standbys.len().saturating_sub(standbys_max);
        standbys.into_iter().take(surplus).map(|(_, version)| Control::Dropped { version }).collect()
    }

    /// The stage of a version that there is.
    ///
    /// # Errors
    ///
    /// If there is none such.
    pub(crate) fn known(&self, version: VersionNo) -> Result<&Stage, Refusal> {
        self.stages.get(&version).ok_or_else(|| {
            Refusal::new(Code::UnknownVersion, format!("there is no schema version {version}"))
                .listing(&self.live())
                .next("list the versions with `selfsame version list`")
        })
    }

    pub(crate) fn not_active_already(&self, version: VersionNo) -> Result<(), Refusal> {
        if self.active == Some(version) {
            return Err(Refusal::new(Code::AlreadyActive, format!("{version} is active already"))
                .next("look at `selfsame state`: there may be nothing left to do"));
        }
        Ok(())
    }

    fn expect_active(&self, expected: Option<VersionNo>) -> Result<(), Refusal> {
        if self.active == expected {
            return Ok(());
        }
        let shown = |v: Option<VersionNo>| v.map_or_else(|| "none".to_owned(), |v| v.to_string());
        let (active, expected) = (shown(self.active), shown(expected));
        let detail = format!("{active} is active, and {expected} was expected to be");
        Err(Refusal::new(Code::ActiveChanged, detail)
            .next("look at `selfsame state`, and say `--expect` with the version that is active now")
            .field("active", active)
            .field("expected", expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(number: u32) -> VersionNo {
        VersionNo::new(number).expect("not 0")
    }

    /// Three versions, v1 active from #4 on, v2 a candidate, v3 registered.
    fn three() -> Lifecycle {
        let mut life = Lifecycle::default();
        let digest = Digest::default();
        let id = digest;
        let records = [
            Control::Registered { version: v(1), id, document: String::new() },
            Control::BuildStarted { version: v(1), budget: Budget::default() },
            Control::CandidateReady { version: v(1), digest },
            Control::CutOver {
                version: v(1),
                from: None,
                plan: None,
                evidence: None,
                approved_by: Vec::new(),
                boundary: None,
            },
            Control::Registered { version: v(2), id, document: String::new() },
            Control::BuildStarted { version: v(2), budget: Budget::default() },
            Control::CandidateReady { version: v(2), digest },
            Control::Registered { version: v(3), id, document: String::new() },
        ];
        apply(&mut life, &records);
        life
    }

    fn apply(life: &mut Lifecycle, records: &[Control]) {
        let first = 1 + life.switches.last().map_or(0, |s| s.at.get());
        for (control, at) in records.iter().zip(first..) {
            life.apply(Position::new(at), control, 0);
        }
    }

    #[track_caller]
    fn check<T: std::fmt::Debug>(decision: Result<T, Refusal>, expect: &str) {
        let text = match decision {
            Ok(records) => format!("{records:?}"),
            Err(refusal) => refusal.detail,
        };
        assert!(text.contains(expect), "{text}");
    }

    #[test]
    fn a_cutover_needs_a_generation_and_the_expected_active_version() {
        let life = three();
        check(life.cutover(v(2), Some(v(1)), 2), "CutOver { version: VersionNo(2), from: Some(VersionNo(1))");
        check(life.cutover(v(2), None, 2), "v1 is active, and none was expected to be");
        check(life.cutover(v(2), Some(v(3)), 2), "v1 is active, and v3 was expected to be");
        check(
            life.cutover(v(3), Some(v(1)), 2),
            "v3 is registered, so it has no generation to serve from; live versions: v1, v2",
        );
        check(life.cutover(v(1), Some(v(1)), 2), "v1 is active already");
        check(life.cutover(v(9), Some(v(1)), 2), "there is no schema version v9; live versions: v1, v2");
    }

    #[test]
    fn a_rewind_goes_only_to_what_was_active() {
        let mut life = three();
        check(life.rewind(v(2), None, "", 2), "v2 was never active");
        let records = life.cutover(v(2), Some(v(1)), 2).expect("a cutover");
        apply(&mut life, &records);
        check(life.rewind(v(2), None, "", 2), "v2 is active already");
        check(life.rewind(v(1), Some(v(1)), "", 2), "v2 is active, and v1 was expected to be");
        check(
            life.rewind(v(1), None, "slow", 2),
            "Rewound { version: VersionNo(1), from: VersionNo(2), reason: \"slow\" }",
        );
    }

    #[test]
    fn without_a_standby_a_rewind_builds_first_and_then_takes_place() {
        let mut life = three();
        let records = life.cutover(v(2), Some(v(1)), 0).expect("a cutover");
        assert_eq!(records.last(), Some(&Control::Dropped { version: v(1) }));
        apply(&mut life, &records);
        assert_eq!(life.stage(v(1)), Some(&Stage::Dropped));
        let records = life.rewind(v(1), None, "", 0).expect("a rewind");
        assert_eq!(records.last(), Some(&Control::BuildStarted { version: v(1), budget: Budget::URGENT }));
        apply(&mut life, &records);
        let ready = life.ready(v(1), Digest::default(), None).expect("it is awaited");
        check(Ok(&ready), "Rewound");
        apply(&mut life, &ready);
        assert_eq!(life.active(), Some(v(1)));
        assert_eq!(life.ready(v(1), Digest::default(), None), None, "nobody waits any longer");
    }

    #[test]
    fn a_pending_rewind_ends_with_any_other_switch() {
        let mut life = three();
        let records = life.cutover(v(2), Some(v(1)), 0).expect("a cutover");
        apply(&mut life, &records);
        let rewind = life.rewind(v(1), None, "", 0).expect("a rewind");
        apply(&mut life, &rewind);
        let digest = Digest::default();
        let v3 = [
            Control::BuildStarted { version: v(3), budget: Budget::default() },
            Control::CandidateReady { version: v(3), digest },
        ];
        apply(&mut life, &v3);
        let cutover = life.cutover(v(3), Some(v(2)), 2).expect("a cutover");
        apply(&mut life, &cutover);
        let ready = life.ready(v(1), digest, None).expect("it is awaited");
        assert_eq!(ready.len(), 1, "ready, but no rewind: {ready:?}");
    }

    #[test]
    fn the_oldest_standbys_go_first() {
        let mut life = three();
        let records = life.cutover(v(2), Some(v(1)), 2).expect("a cutover");
        apply(&mut life, &records);
        let digest = Digest::default();
        let v3 = [
            Control::BuildStarted { version: v(3), budget: Budget::default() },
            Control::CandidateReady { version: v(3), digest },
        ];
        apply(&mut life, &v3);
        let records = life.cutover(v(3), Some(v(2)), 1).expect("a cutover");
        assert_eq!(records[1..], [Control::Dropped { version: v(1) }]);
    }

    #[test]
    fn building_is_refused_twice_and_beyond_the_limit() {
        let mut life = three();
        check(life.build(v(2), Budget::default()), "v2 is built: it is candidate");
        check(life.build(v(9), Budget::default()), "there is no schema version v9; live versions: v1, v2");
        apply(&mut life, &[Control::BuildStarted { version: v(3), budget: Budget::default() }]);
        check(life.build(v(3), Budget::default()), "v3 is being built since #");
        let id = Digest::default();
        for number in 4..=9 {
            let document = String::new();
            let register = Control::Registered { version: v(number), id, document };
            apply(&mut life, &[register]);
            if number < 9 {
                check(life.build(v(number), Budget::default()), "BuildStarted");
                apply(&mut life, &[Control::BuildStarted { version: v(number), budget: Budget::default() }]);
            }
        }
        check(life.build(v(9), Budget::default()), "8 generations are in memory, the limit is 8");
    }

    #[test]
    fn the_active_version_is_not_dropped() {
        let life = three();
        check(life.drop_generation(v(1)), "v1 is active");
        check(life.drop_generation(v(2)), "Dropped");
        check(life.drop_generation(v(3)), "v3 is registered");
    }
}
