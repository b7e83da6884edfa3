//! The guarded time after a cutover: when it ends and how, and when it ends early.
//!
//! Guards are evaluated after every group commit, on what the engine measured of itself; a guard that fails is a
//! record, and the next record is the rewind. What was measured is in the record, so a replay evaluates
//! nothing.
//!
//! # Invariants
//!
//! 1. At most one version is on probation, and it is the active one: any switch ends it.
//! 2. A probation never passes on silence: too few events, or a guard without data, is inconclusive, and the
//!    document says beforehand what that leads to.

use selfsame_record::{Micros, Name, Position, VersionNo};
use selfsame_schema::{
    Guard, GuardOutcome, Inconclusive, Latencies, Over, Probation, Reading, Readings, Version,
};
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::control::Control;
use crate::core::Core;
use crate::input::Answer;
use crate::refusal::{Code, Refusal};
use crate::serving::Serving;

/// The body of a `probation-started` record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbationStarted {
    /// The version that is on probation.
    pub version: VersionNo,
    /// The version that a failure goes back to.
    pub from: VersionNo,
    /// When it is over at the latest.
    pub until: Micros,
    /// After how many events it is over.
    pub events: u64,
    /// With fewer events than this it is inconclusive.
    pub samples_min: u64,
    /// What an inconclusive one leads to.
    pub inconclusive: Inconclusive,
    /// How often it may be extended.
    pub extend_max: u32,
    /// What was measured before the cutover.
    pub before: Readings,
}

/// How a probation ended without a rewind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettledAs {
    /// Every guard held.
    Passed,
    /// Too little was seen, and the document says that it is settled all the same.
    Inconclusive,
    /// A guard failed, or too little was seen, and the version before may not serve any longer.
    NoWayBack,
}

/// A version on probation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnProbation {
    /// As it began.
    #[serde(flatten)]
    pub started: ProbationStarted,
    /// Its record.
    pub since: Position,
    /// Events in the log before it.
    pub events_before: u64,
    /// How often it was extended.
    pub extended: u32,
}

impl OnProbation {
    /// What the state is after a record.
    pub(crate) fn apply(state: &mut Option<OnProbation>, at: Position, control: &Control, events: u64) {
        match control {
            Control::ProbationStarted(started) => {
                let (started, since) = (started.clone(), at);
                *state = Some(OnProbation { started, since, events_before: events, extended: 0 });
            }
            Control::ProbationExtended { until, events, .. } => {
                if let Some(on) = state {
                    (on.started.until, on.started.events) = (*until, *events);
                    on.extended += 1;
                }
            }
            Control::Settled { .. } | Control::CutOver { .. } | Control::Rewound { .. } => *state = None,
            _ => {}
        }
    }

    fn is_over(&self, events: u64, now: Micros) -> bool {
        now >= self.started.until || events.saturating_sub(self.events_before) >= self.started.events
    }
}

/// The record that begins the probation of a version that takes over from another.
pub(crate) fn begin(version: &Version, from: VersionNo, serving: &Serving, now: Micros) -> Option<Control> {
    let probation = version.probation()?;
    let before = measured(serving, from, None, Over::Events(probation.events), Latencies::default(), now);
    Some(Control::ProbationStarted(ProbationStarted {
        version: version.no(),
        from,
        until: now.plus_ms(probation.time_ms),
        events: probation.events,
        samples_min: probation.samples_min,
        inconclusive: probation.inconclusive,
        extend_max: probation.extend_max,
        before,
    }))
}

/// What the engine measures of a version; `against`: of the version that its unchanged projections are held
/// against.
fn measured(
    serving: &Serving,
    version: VersionNo,
    against: Option<(VersionNo, &[Name])>,
    over: Over,
    latency: Latencies,
    now: Micros,
) -> Readings {
    let rows = serving.generation(version).map(|generation| generation.sizes().collect()).unwrap_or_default();
    let changed = against.into_iter().flat_map(|(from, names)| {
        names.iter().filter_map(move |name| Some((name.clone(), differing(serving, version, from, name)?)))
    });
    let (events, rates) = serving.meters().over(over, now);
    Readings { rows, changed: changed.collect(), events: Some(events), rates, latency }
}

/// Rows by which a projection of two versions differs: 0 if the digests are equal, otherwise at least 1. Nothing
/// while one of them leaves out events that the other does not: a quarantine is no fault of the version.
fn differing(serving: &Serving, version: VersionNo, from: VersionNo, name: &Name) -> Option<u64> {
    let leaves_out = |version| Some(serving.generation(version)?.exclusions());
    if leaves_out(version)? != leaves_out(from)? {
        return None;
    }
    let line = |version| {
        let report = serving.generation(version)?.report();
        report.into_iter().find(|line| line.name == *name)
    };
    let (now, before) = (line(version)?, line(from)?);
    let least = now.rows.abs_diff(before.rows).max(1);
    Some(if now.digest == before.digest { 0 } else { least })
}

/// A guard that reads a rate or a latency says nothing before there are enough samples.
fn needs_samples(guard: &Guard) -> bool {
    guard.reads().any(|path| path.starts_with("rates") || path.starts_with("latency"))
}

impl Core {
    /// The version that is on probation, if there is one.
    pub fn on_probation(&self) -> Option<&OnProbation> {
        self.probation.as_ref()
    }

    /// Sees that no probation stands in the way of a cutover.
    ///
    /// # Errors
    ///
    /// If there is one.
    pub(crate) fn no_probation(&self) -> Result<(), Refusal> {
        let Some(on) = &self.probation else { return Ok(()) };
        let version = on.started.version;
        let left = on.started.events.saturating_sub(self.events.saturating_sub(on.events_before));
        let detail = format!("{version} is on probation since {}, for {left} more events at most", on.since);
        Err(Refusal::new(Code::OnProbation, detail)
            .next("wait until it is settled: `selfsame state` shows it; or rewind it")
            .field("version", version.to_string()))
    }

    /// Evaluates the guards of the version that is on probation, and writes what follows.
    pub(crate) fn probe(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        latency: Latencies,
        now: Micros,
        serving: &Serving,
    ) -> Answer {
        let Some(on) = self.probation.clone() else { return Answer::Noted {} };
        let Some(version) = self.registry.version(on.started.version).cloned() else {
            return Answer::Noted {};
        };
        assert_eq!(serving.position(), self.head, "guards are evaluated on everything that is decided");
        let readings = readings(&on, &version, latency, now, serving);
        let enough = self.events.saturating_sub(on.events_before) >= on.started.samples_min;
        let tripped = version.guards().iter().zip(&readings).find(|(guard, reading)| {
            reading.outcome == GuardOutcome::Fail && (enough || !needs_samples(guard))
        });
        if let Some((_, reading)) = tripped {
            let tripped = Control::GuardTripped { version: version.no(), reading: reading.clone() };
            self.write(batch, principal, tripped, now);
            let reason = format!("the guard `{}` tripped: {}", reading.guard, reading.detail);
            return self.go_back(batch, principal, &on, &reason, readings, now);
        }
        if !on.is_over(self.events, now) {
            return Answer::Noted {};
        }
        let passed = enough && readings.iter().all(|reading| reading.outcome == GuardOutcome::Pass);
        if passed {
            return self.settle(batch, principal, SettledAs::Passed, readings, now);
        }
        self.inconclusive(batch, principal, &on, &version, readings, now)
    }

    fn inconclusive(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        on: &OnProbation,
        version: &Version,
        readings: Vec<Reading>,
        now: Micros,
    ) -> Answer {
        match on.started.inconclusive {
            Inconclusive::Settle => self.settle(batch, principal, SettledAs::Inconclusive, readings, now),
            Inconclusive::Extend if on.extended < on.started.extend_max => {
                let Probation { events, time_ms, .. } = version.probation().cloned().unwrap_or_default();
                let taken = self.events.saturating_sub(on.events_before);
                let (version, until) = (version.no(), now.plus_ms(time_ms));
                let events = taken.saturating_add(events);
                let record = Control::ProbationExtended { version, until, events, readings };
                self.write(batch, principal, record, now);
                Answer::Noted {}
            }
            Inconclusive::Extend | Inconclusive::Rewind => {
                let taken = self.events.saturating_sub(on.events_before);
                let reason = format!("the probation was inconclusive after {taken} events");
                self.go_back(batch, principal, on, &reason, readings, now)
            }
        }
    }

    /// Rewinds to the version before, if it may serve.
    fn go_back(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        on: &OnProbation,
        reason: &str,
        readings: Vec<Reading>,
        now: Micros,
    ) -> Answer {
        let to = on.started.from;
        let standbys_max = self.settings.standbys_max;
        let records = self.brakes.may_serve(to).and_then(|()| {
            self.life.rewind(
                to,
                None,
                &crate::decide::bounded(reason, crate::limits::REASON_BYTES_MAX),
                standbys_max,
            )
        });
        match records {
            Ok(records) => {
                // While a cold rewind is built the guards have spoken: the probation is over.
                let cold = !matches!(records.first(), Some(Control::Rewound { .. }));
                let answer = self.change(batch, principal, records, now);
                if cold {
                    self.settle(batch, principal, SettledAs::NoWayBack, readings, now);
                }
                answer
            }
            Err(_) => self.settle(batch, principal, SettledAs::NoWayBack, readings, now),
        }
    }

    fn settle(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        outcome: SettledAs,
        readings: Vec<Reading>,
        now: Micros,
    ) -> Answer {
        let Some(on) = &self.probation else { return Answer::Noted {} };
        let version = on.started.version;
        let settled = Control::Settled { version, outcome, readings };
        self.write(batch, principal, settled, now);
        let surplus = self.life.surplus(version, self.settings.standbys_max);
        self.change(batch, principal, surplus, now);
        Answer::Noted {}
    }
}

impl Serving {
    /// How the guards of the version on probation stand at this moment; none if there is no such version.
    pub fn guards(&self, latency: Latencies, now: Micros) -> Vec<Reading> {
        let registry = &self.status().admission.registry;
        let on = self.status().probation.as_ref();
        let found = on.and_then(|on| Some((on, registry.version(on.started.version)?)));
        found.map(|(on, version)| readings(on, version, latency, now, self)).unwrap_or_default()
    }
}

fn readings(
    on: &OnProbation,
    version: &Version,
    latency: Latencies,
    now: Micros,
    serving: &Serving,
) -> Vec<Reading> {
    let unchanged = version.probation().map(|probation| probation.unchanged.as_slice()).unwrap_or_default();
    let against = (on.started.from, unchanged);
    let read = |guard: &Guard| {
        let readings = measured(serving, version.no(), Some(against), guard.over(), latency, now);
        guard.evaluate(&readings, &on.started.before)
    };
    version.guards().iter().map(read).collect()
}
