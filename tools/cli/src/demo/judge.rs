//! The judgement: whether what was seen, and what is in the log, is what was promised.

use std::collections::{BTreeMap, BTreeSet};

use selfsame_core::{Control, Switch};
use selfsame_log::Log;
use selfsame_node::Handle;
use selfsame_record::{ArchivedBody, Digest, Position, VersionNo};

use super::watch::Seen;
use crate::failure::Outcome;
use crate::twin::each;

/// What the log says, for the judgement.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// The ids of all events.
    pub(super) events: BTreeSet<(String, String)>,
    /// How often each job was finished.
    pub(super) finished: BTreeMap<u64, u64>,
}

/// Reads the log for the judgement.
pub(super) fn read_log(log: &dyn Log) -> Outcome<Logged> {
    let mut logged = Logged::default();
    each(log, &mut |record| {
        match &record.body {
            ArchivedBody::Event(event) => {
                logged.events.insert((event.source.as_str().to_owned(), event.id.as_str().to_owned()));
            }
            ArchivedBody::Control(json) => {
                if let Ok(Control::JobDone { job, .. }) = Control::parse(json) {
                    *logged.finished.entry(job.get()).or_insert(0) += 1;
                }
            }
        }
        Ok(())
    })?;
    Ok(logged)
}

/// The position, and the digest of a generation there.
pub(super) fn live_digest(handle: &Handle, version: VersionNo) -> Option<(Position, Digest)> {
    handle.read(|serving| serving.generation(version).map(|g| (serving.position(), g.digest())))
}

/// How many answers named another version than the one that was active at their position.
pub(super) fn wrong_version(seen: &Seen, switches: &[Switch]) -> u64 {
    let active = |position: u64| {
        let before = switches.iter().rev().find(|switch| switch.at.get() <= position);
        before.map_or(0, |switch| u64::from(switch.to.get()))
    };
    seen.answers.iter().filter(|(position, version)| active(*position) != *version).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_another_version_than_the_active_one_is_counted() {
        let switch = |at, to| Switch {
            at: Position::new(at),
            from: None,
            to: VersionNo::new(to).expect("not 0"),
            rewind: false,
            events_before: 0,
        };
        let switches = [switch(5, 1), switch(10, 2), switch(20, 1)];
        let answers = BTreeSet::from([(5, 1), (9, 1), (10, 2), (19, 2), (20, 1), (10, 1), (21, 2), (4, 1)]);
        let seen = Seen { answers, ..Seen::default() };
        assert_eq!(wrong_version(&seen, &switches), 3, "#10 as v1, #21 as v2, #4 before any version");
    }
}
