//! What the log says in the end, held against what was acknowledged.

use std::collections::BTreeMap;

use selfsame_core::Control;
use selfsame_log::Log;
use selfsame_record::{ArchivedBody, ArchivedRecord};

use super::book::EventName;
use super::family::Projection;
use super::findings::{Fault, Findings};
use crate::failure::Outcome;
use crate::twin::each;

/// Records of interest, by position.
#[derive(Debug, Default)]
pub(super) struct Logged {
    /// Where each event is.
    events: BTreeMap<EventName, Vec<u64>>,
    /// The jobs, and the record that finished each.
    jobs: BTreeMap<u64, Option<u64>>,
    /// Jobs that were handed out or finished after they were finished.
    doubled_jobs: Vec<String>,
    /// From which position on which version was active.
    switches: Vec<(u64, u64)>,
}

impl Logged {
    /// Reads the whole log.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(super) fn read(log: &dyn Log) -> Outcome<Logged> {
        let mut logged = Logged::default();
        each(log, &mut |record| {
            logged.take(record);
            Ok(())
        })?;
        Ok(logged)
    }

    /// From which position on which version was active, ascending.
    pub(super) fn switches(&self) -> &[(u64, u64)] {
        &self.switches
    }

    /// Jobs that there were.
    pub(super) fn jobs(&self) -> u64 {
        self.jobs.len() as u64
    }

    fn take(&mut self, record: &ArchivedRecord) {
        let at = record.at().get();
        match &record.body {
            ArchivedBody::Event(event) => {
                let name = (record.principal.as_str().to_owned(), event.id.as_str().to_owned());
                self.event(name, at, event.event_type.as_str() == "user.registered");
            }
            ArchivedBody::Control(json) => {
                if let Ok(control) = Control::parse(json) {
                    self.control(&control, at);
                }
            }
        }
    }

    fn event(&mut self, name: EventName, at: u64, has_job: bool) {
        self.events.entry(name).or_default().push(at);
        if has_job {
            self.jobs.insert(at, None);
        }
    }

    fn control(&mut self, control: &Control, at: u64) {
        match control {
            Control::CutOver { version, .. } | Control::Rewound { version, .. } => {
                self.switches.push((at, u64::from(version.get())));
            }
            Control::Leased { queue, jobs, .. } if queue.as_str() == Projection::Welcome.name() => {
                jobs.iter().for_each(|job| self.leased(job.get(), at));
            }
            Control::JobDone { job, .. } | Control::JobDead { job, .. } => self.finished(job.get(), at),
            _ => {}
        }
    }

    fn leased(&mut self, job: u64, at: u64) {
        if let Some(Some(done)) = self.jobs.get(&job) {
            self.doubled_jobs.push(format!("job #{job} was leased at #{at}, and finished at #{done}"));
        }
    }

    fn finished(&mut self, job: u64, at: u64) {
        match self.jobs.insert(job, Some(at)) {
            None => self.doubled_jobs.push(format!("#{at} finishes #{job}, which has no job")),
            Some(Some(done)) => {
                self.doubled_jobs.push(format!("job #{job} was finished at #{done} and again at #{at}"));
            }
            Some(None) => {}
        }
    }

    /// Counts what differs from what was acknowledged.
    pub(super) fn judge(&self, acked: &BTreeMap<EventName, u64>, findings: &Findings) {
        for ((who, id), position) in acked {
            let found = self.events.get(&(who.clone(), id.clone()));
            if found.is_none_or(|found| !found.contains(position)) {
                let what =
                    format!("event {id} of {who} was acknowledged at #{position}, and is at {found:?}");
                findings.add(Fault::LostEvent, what);
            }
        }
        for ((who, id), found) in &self.events {
            if found.len() > 1 {
                findings.add(Fault::DoubledEvent, format!("event {id} of {who} is at {found:?}"));
            }
            if !acked.contains_key(&(who.clone(), id.clone())) {
                let what = format!("event {id} of {who} is at {found:?}, and was never acknowledged");
                findings.add(Fault::LostEvent, what);
            }
        }
        for what in &self.doubled_jobs {
            findings.add(Fault::DoubledJob, what.clone());
        }
        for (job, _) in self.jobs.iter().filter(|(_, done)| done.is_none()) {
            findings.add(Fault::LostJob, format!("job #{job} has no outcome"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(id: &str) -> EventName {
        ("p".to_owned(), id.to_owned())
    }

    /// Three events at #1 to #3, the first with a job that was finished at #4; `forge` spoils it.
    #[track_caller]
    fn check(forge: impl FnOnce(&mut Logged, &mut BTreeMap<EventName, u64>), expect: &[Fault]) {
        let (mut logged, mut acked) = (Logged::default(), BTreeMap::new());
        for (id, at) in [("a", 1), ("b", 2), ("c", 3)] {
            logged.event(name(id), at, id == "a");
            acked.insert(name(id), at);
        }
        logged.leased(1, 3);
        logged.finished(1, 4);
        forge(&mut logged, &mut acked);
        let findings = Findings::default();
        logged.judge(&acked, &findings);
        let found: Vec<Fault> =
            Fault::ALL.into_iter().flat_map(|f| (0..findings.count(f)).map(move |_| f)).collect();
        assert_eq!(found, expect, "{:?}", findings.said());
    }

    #[test]
    fn each_difference_between_log_and_acknowledgements_is_counted() {
        use Fault::{DoubledEvent, DoubledJob, LostEvent, LostJob};
        check(|_, _| {}, &[]);
        check(|logged, _| drop(logged.events.remove(&name("b"))), &[LostEvent]);
        check(|_, acked| _ = acked.insert(name("b"), 3), &[LostEvent]);
        check(|_, acked| _ = acked.remove(&name("b")), &[LostEvent]);
        check(|logged, _| logged.event(name("b"), 9, false), &[DoubledEvent]);
        check(|logged, _| logged.leased(1, 5), &[DoubledJob]);
        check(|logged, _| logged.finished(1, 5), &[DoubledJob]);
        check(|logged, _| logged.finished(2, 5), &[DoubledJob]);
        check(
            |logged, acked| {
                logged.event(name("d"), 6, true);
                acked.insert(name("d"), 6);
            },
            &[LostJob],
        );
    }
}
