//! Steering a build that is under way: pause, resume, abandon.
//!
//! Each is idempotent: asking for what is so already writes nothing and is answered the same. A pause holds
//! over a restart, which loses what was folded: the build then begins again from the log when it is resumed.
//! An abandoned build leaves nothing; a rewind that waited for it is given up with it.

use selfsame_record::{Position, VersionNo};

use crate::control::Control;
use crate::lifecycle::{Lifecycle, Stage};
use crate::refusal::{Code, Refusal};

/// How the reason of a build that somebody abandoned begins.
const ABANDONED: &str = "abandoned";

impl Lifecycle {
    /// Decides on letting the build of `version` wait; `None` if it waits already.
    ///
    /// # Errors
    ///
    /// If it is not being built.
    pub fn pause(&self, version: VersionNo) -> Result<Option<Control>, Refusal> {
        let paused = self.is_paused(version)?;
        Ok((!paused).then_some(Control::BuildPaused { version }))
    }

    /// Decides on letting the build of `version` go on; `None` if it does.
    ///
    /// # Errors
    ///
    /// If it is not being built.
    pub fn resume(&self, version: VersionNo) -> Result<Option<Control>, Refusal> {
        let paused = self.is_paused(version)?;
        Ok(paused.then_some(Control::BuildResumed { version }))
    }

    /// Decides on ending the build of `version` without a generation; `None` if it was abandoned before.
    ///
    /// # Errors
    ///
    /// If it is not being built.
    pub fn abandon(&self, version: VersionNo, reason: &str) -> Result<Option<Control>, Refusal> {
        if let Stage::Failed { reason } = self.known(version)?
            && reason.starts_with(ABANDONED)
        {
            return Ok(None);
        }
        self.is_paused(version)?;
        let reason = if reason.is_empty() { "no reason was given" } else { reason };
        Ok(Some(Control::BuildFailed { version, reason: format!("{ABANDONED}: {reason}") }))
    }

    /// Whether the version is being built, paused or not.
    pub(crate) fn is_building(&self, version: VersionNo) -> bool {
        matches!(self.stages.get(&version), Some(Stage::Building { .. }))
    }

    fn is_paused(&self, version: VersionNo) -> Result<bool, Refusal> {
        match self.known(version)? {
            Stage::Building { paused, .. } => Ok(*paused),
            stage => Err(not_building(version, stage)),
        }
    }

    pub(super) fn set_paused(&mut self, at: Position, version: VersionNo, to: bool) {
        let stage = self.stages.get_mut(&version);
        let Some(Stage::Building { paused, .. }) = stage else {
            panic!("{at} steers the build of {version}, which is not being built");
        };
        *paused = to;
    }
}

fn not_building(version: VersionNo, stage: &Stage) -> Refusal {
    Refusal::new(Code::NotBuilding, format!("{version} is {}, so no build of it is under way", stage.word()))
        .next(match stage {
            stage if stage.is_live() => {
                format!("it is built; let go of it with `selfsame version drop {version}`")
            }
            _ => format!("build it with `selfsame version build {version}`"),
        })
        .field("version", version.to_string())
        .field("stage", stage.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use selfsame_record::Digest;

    const V1: VersionNo = VersionNo::FIRST;

    fn building() -> Lifecycle {
        let mut life = Lifecycle::default();
        let registered = Control::Registered { version: V1, id: Digest::default(), document: String::new() };
        life.apply(Position::new(1), &registered, 0);
        life.apply(Position::new(2), &Control::BuildStarted { version: V1, budget: Budget::default() }, 0);
        life
    }

    /// A decision, and what it comes to when it is asked for twice.
    #[track_caller]
    fn check(
        life: &mut Lifecycle,
        decide: impl Fn(&Lifecycle) -> Result<Option<Control>, Refusal>,
        expect: [&str; 2],
    ) {
        for expect in expect {
            let said = match decide(life) {
                Ok(Some(record)) => {
                    life.apply(Position::new(9), &record, 0);
                    record.to_json()
                }
                Ok(None) => "so already".to_owned(),
                Err(refusal) => refusal.detail,
            };
            assert_eq!(said, expect);
        }
    }

    #[test]
    fn asking_twice_writes_once() {
        let mut life = building();
        let paused = r#"{"kind":"build-paused","version":"v1"}"#;
        check(&mut life, |life| life.pause(V1), [paused, "so already"]);
        assert_eq!(life.ready(V1, Digest::default(), None), None, "a build that waits makes no candidate");
        let resumed = r#"{"kind":"build-resumed","version":"v1"}"#;
        check(&mut life, |life| life.resume(V1), [resumed, "so already"]);
        check(&mut life, |life| life.pause(V1), [paused, "so already"]);
        let failed = r#"{"kind":"build-failed","version":"v1","reason":"abandoned: too slow"}"#;
        check(&mut life, |life| life.abandon(V1, "too slow"), [failed, "so already"]);
        let refused = "v1 is failed, so no build of it is under way";
        check(&mut life, |life| life.pause(V1), [refused; 2]);
        check(&mut life, |life| life.resume(V1), [refused; 2]);
    }

    #[test]
    fn only_a_build_that_is_under_way_is_steered() {
        let mut life = building();
        life.apply(Position::new(3), &Control::CandidateReady { version: V1, digest: Digest::default() }, 0);
        let refused = "v1 is candidate, so no build of it is under way";
        check(&mut life, |life| life.pause(V1), [refused; 2]);
        check(&mut life, |life| life.abandon(V1, ""), [refused; 2]);
        let unknown = "there is no schema version v7; live versions: v1";
        let v7 = VersionNo::new(7).expect("a version");
        check(&mut life, |life| life.abandon(v7, ""), [unknown; 2]);
    }
}
