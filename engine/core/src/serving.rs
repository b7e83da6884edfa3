//! What readers see: the generations, and which of them answers, all as of one position.
//!
//! It follows the log batch by batch, after the records are durable, so nobody ever sees what a crash
//! could take back. A reader holds it still while it reads, and so gets one version at one position (P3).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use selfsame_projections::{Generation, Touched};
use selfsame_record::{ArchivedBody, ArchivedRecord, Micros, Name, Position, VersionNo};
use selfsame_schema::Registry;
use serde::Serialize;

use crate::admission::Admission;
use crate::autonomy::Autonomy;
use crate::brakes::Brakes;
use crate::census::Census;
use crate::control::{Control, EventRefused};
use crate::core::Core;
use crate::input::JobCounts;
use crate::kinds::Kinds;
use crate::lifecycle::Lifecycle;
use crate::limits::{DEAD_JOBS_SHOWN_MAX, REFUSALS_SHOWN_MAX};
use crate::meters::Meters;
use crate::plans::Plans;
use crate::probation::OnProbation;
use crate::quarantine::Quarantines;
use crate::samples::Samples;
use crate::sharing::{self, Share};
use crate::watching::{Lost, TouchedRows, WatchId, Watches};

/// What readers are told of versions and jobs.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// What admission decides by.
    pub admission: Arc<Admission>,
    /// The stages of all versions.
    pub lifecycle: Lifecycle,
    /// Plans and the evidence for them.
    pub plans: Arc<Plans>,
    /// What each agent changed, and what became of it.
    pub autonomy: Arc<Autonomy>,
    /// What operators have forbidden.
    pub brakes: Brakes,
    /// The version that is on probation, if there is one.
    pub probation: Option<OnProbation>,
    /// Events that operators have set aside.
    pub quarantines: Quarantines,
    /// What became of jobs, by queue.
    pub jobs: JobCounts,
    /// How many earlier generations are kept in step.
    pub standbys_max: usize,
}

/// A refusal that stays readable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The record that keeps it.
    pub position: Position,
    /// When.
    pub time: Micros,
    /// Who was refused.
    pub principal: String,
    /// What was refused and why.
    #[serde(flatten)]
    pub refused: EventRefused,
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadJob {
    /// Its queue.
    pub queue: Name,
    /// The position of its source event.
    pub job: Position,
    /// The record that says so.
    pub at: Position,
    /// Why.
    pub reason: String,
}

/// The folded state.
#[derive(Debug, Default)]
pub struct Serving {
    position: Position,
    generations: BTreeMap<VersionNo, Generation>,
    status: Status,
    refused: VecDeque<Shown>,
    refused_counts: BTreeMap<String, u64>,
    dead: VecDeque<DeadJob>,
    events: u64,
    census: Census,
    samples: Arc<Samples>,
    meters: Meters,
    watches: Watches,
    kinds: Kinds,
    sharing: Vec<Share>,
}

impl Serving {
    /// The last record that is folded and durable.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Events in the log.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Who wrote which version.
    pub fn census(&self) -> &Census {
        &self.census
    }

    /// The last events of each type. A copy of the `Arc` is what they were at this position.
    pub fn samples(&self) -> &Arc<Samples> {
        &self.samples
    }

    /// Which kinds of records are where.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The version that answers.
    pub fn active(&self) -> Option<VersionNo> {
        self.status.admission.active
    }

    /// The generation that answers.
    pub fn active_generation(&self) -> Option<&Generation> {
        self.active().and_then(|version| self.generations.get(&version))
    }

    /// A generation that is kept in step.
    pub fn generation(&self, version: VersionNo) -> Option<&Generation> {
        self.generations.get(&version)
    }

    /// All generations that are kept in step, by version.
    pub fn generations(&self) -> impl Iterator<Item = (VersionNo, &Generation)> {
        self.generations.iter().map(|(version, generation)| (*version, generation))
    }

    /// Versions and jobs.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What guards look back on.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The latest refused events, oldest first.
    pub fn refused(&self) -> impl DoubleEndedIterator<Item = &Shown> {
        self.refused.iter()
    }

    /// How many events were refused, by code.
    pub fn refused_counts(&self) -> &BTreeMap<String, u64> {
        &self.refused_counts
    }

    /// The latest jobs that were given up, oldest first.
    pub fn dead_jobs(&self) -> impl DoubleEndedIterator<Item = &DeadJob> {
        self.dead.iter()
    }

    /// Begins to note which rows of these generations are touched by the commits that follow.
    ///
    /// # Errors
    ///
    /// The first of the versions that has no generation here.
    pub fn watch(&mut self, versions: &[VersionNo]) -> Result<WatchId, VersionNo> {
        self.watches.watch(&mut self.generations, versions)
    }

    /// Ends a watch.
    #[expect(clippy::needless_pass_by_value, reason = "it is no use after this")]
    pub fn unwatch(&mut self, id: WatchId) {
        self.watches.unwatch(&mut self.generations, &id);
    }

    /// What was touched since it was last taken, by generation: every row that is different now, and some
    /// that are not.
    ///
    /// # Errors
    ///
    /// If the watch cannot tell all any longer, which it will not again.
    pub fn take_touched(&mut self, id: &WatchId) -> Result<TouchedRows, Lost> {
        self.watches.take(id)
    }

    /// How many rows wait to be taken.
    ///
    /// # Errors
    ///
    /// As [`Serving::take_touched`].
    pub fn touched_waiting(&self, id: &WatchId) -> Result<usize, Lost> {
        self.watches.waiting(id)
    }

    /// Keeps from here on what each commit touches in the generation that answers. Several may follow, and
    /// each ends it once.
    pub fn follow(&mut self) {
        self.watches.follow(&mut self.generations, self.status.admission.active);
    }

    /// Ends what [`Serving::follow`] began.
    ///
    /// # Panics
    ///
    /// If nobody follows.
    pub fn unfollow(&mut self) {
        self.watches.unfollow(&mut self.generations);
    }

    /// The version that answers and what the last commit touched in it, by projection and then in order; a
    /// key may stand there more than once. It is kept until the next commit. `None` if nobody follows or
    /// nothing answers.
    ///
    /// After a commit that switches, it is what that commit's records touched in the new version. The
    /// difference between the two versions is no part of it.
    pub fn last_touched(&self) -> Option<(VersionNo, &[Touched])> {
        self.watches.followed()
    }

    /// Puts together what a restart has: the decided state, and the generations that were folded anew.
    ///
    /// # Panics
    ///
    /// If a generation that the core says is live is missing, or any is not at the head, or one left out what
    /// none before it has.
    pub fn assemble(mut self, core: &Core, generations: Vec<Generation>) -> Serving {
        assert_eq!(self.position, core.head(), "the log was read to its head");
        self.status = core.status();
        let registry = Arc::clone(&self.status.admission.registry);
        for mut generation in generations {
            let whole = self.fill_from(&mut generation, &registry);
            assert!(whole, "{} has everything that it left out", generation.version());
            self.generations.insert(generation.version(), generation);
        }
        self.sharing = sharing::shares(&self.generations);
        let at_head = self.generations.values().all(|g| g.position() == self.position);
        assert!(at_head, "every generation is folded up to {}", self.position);
        let have: Vec<VersionNo> = self.generations.keys().copied().collect();
        assert_eq!(have, self.status.admission.live, "the generations are those that are live");
        self.count_failures(None);
        self
    }

    /// Takes in what does not need a generation: positions, counts, samples, refusals.
    pub fn observe(&mut self, record: &ArchivedRecord) {
        assert_eq!(record.at(), self.position.next(), "records are taken in one by one");
        self.position = record.at();
        self.kinds.take_in(record);
        match &record.body {
            ArchivedBody::Event(event) => {
                self.events += 1;
                self.meters.event(record.time());
                self.census.take_in(record, event);
                Arc::make_mut(&mut self.samples).take_in(record.at(), event);
            }
            ArchivedBody::Control(json) => {
                self.meters.control(record.time(), json);
                self.observe_control(record, json);
            }
        }
    }

    /// Takes in a batch that is durable. `status` is the core's, if the batch has control records.
    ///
    /// # Panics
    ///
    /// If the records do not follow on the last ones.
    pub fn commit(&mut self, records: &[ArchivedRecord], adopt: Option<Generation>, status: Option<Status>) {
        let adopted = adopt.as_ref().map(Generation::version);
        // The failures of a generation that was folded anew are not those since.
        let active_before = self.active().filter(|version| adopted != Some(*version));
        if let Some(status) = status {
            self.status = status;
        }
        if let Some(generation) = adopt {
            assert_eq!(generation.position(), self.position, "a generation is adopted in step");
            self.watches.gone(&mut self.generations, generation.version());
            self.generations.insert(generation.version(), generation);
            self.sharing = sharing::shares(&self.generations);
        }
        self.watches.align(&mut self.generations, self.status.admission.active);
        sharing::part(&self.sharing, &mut self.generations);
        let registry = Arc::clone(&self.status.admission.registry);
        for record in records {
            self.observe(record);
            for generation in self.generations.values_mut() {
                fold(generation, record, &registry);
            }
        }
        for generation in self.generations.values_mut() {
            generation.settle();
        }
        self.watches.hand_on(&mut self.generations, &self.sharing);
        sharing::join(&self.sharing, &mut self.generations);
        self.drop_retired();
        self.count_failures(active_before);
    }

    fn count_failures(&mut self, active_before: Option<VersionNo>) {
        let Some(count) = self.active_generation().map(Generation::skipped_count) else {
            return;
        };
        if self.active() == active_before {
            self.meters.fold_failures(count);
        } else {
            self.meters.restart_fold_failures(count);
        }
    }

    fn drop_retired(&mut self) {
        let live = &self.status.admission.live;
        let retired = self.generations.keys().filter(|version| !live.contains(version)).copied();
        let retired = retired.collect::<Vec<_>>();
        for version in &retired {
            self.watches.gone(&mut self.generations, *version);
            self.generations.remove(version);
        }
        if !retired.is_empty() {
            self.sharing = sharing::shares(&self.generations);
        }
    }

    /// Leaves out of a generation that is to be built what a live one has as well.
    pub fn leave_out_shared(&self, generation: &mut Generation) {
        let others: Vec<&Generation> = self.generations.values().collect();
        sharing::leave_out_shared(generation, &others, &self.status.admission.registry);
    }

    /// Gives a generation what it left out; false if no live generation has something of it any longer.
    ///
    /// # Panics
    ///
    /// If the generation is not at the same position.
    pub fn fill(&self, generation: &mut Generation) -> bool {
        assert_eq!(generation.position(), self.position, "what is lent is of one position");
        self.fill_from(generation, &self.status.admission.registry)
    }

    fn fill_from(&self, generation: &mut Generation, registry: &Registry) -> bool {
        let others: Vec<&Generation> = self.generations.values().collect();
        sharing::fill(generation, &others, registry)
    }

    fn observe_control(&mut self, record: &ArchivedRecord, json: &str) {
        if !json.starts_with(r#"{"kind":"event-refused""#) && !json.starts_with(r#"{"kind":"job-dead""#) {
            return;
        }
        match Control::parse(json) {
            Ok(Control::EventRefused(refused)) => self.show(record, refused),
            Ok(Control::JobDead { queue, job, reason }) => {
                if self.dead.len() == DEAD_JOBS_SHOWN_MAX {
                    self.dead.pop_front();
                }
                self.dead.push_back(DeadJob { queue, job, at: record.at(), reason });
            }
            _ => {}
        }
    }

    fn show(&mut self, record: &ArchivedRecord, refused: EventRefused) {
        *self.refused_counts.entry(refused.code.clone()).or_insert(0) += 1;
        if self.refused.len() == REFUSALS_SHOWN_MAX {
            self.refused.pop_front();
        }
        let principal = record.principal.as_str().to_owned();
        self.refused.push_back(Shown { position: record.at(), time: record.time(), principal, refused });
    }
}

/// Folds one record into a generation: the one way, for live records, builds, restarts and replays (P6).
pub fn fold(generation: &mut Generation, record: &ArchivedRecord, registry: &Registry) {
    generation.fold(record, registry);
    let ArchivedBody::Control(json) = &record.body else { return };
    if !is_job_outcome(json) {
        return;
    }
    if let Ok(Control::JobDone { queue, job, .. } | Control::JobDead { queue, job, .. }) =
        Control::parse(json)
    {
        generation.finish_job(queue.as_str(), job);
    }
}

/// Whether a control record, by its body, says that a job is done or dead: what a fold reads of them.
pub(crate) fn is_job_outcome(json: &str) -> bool {
    json.starts_with(r#"{"kind":"job-d"#)
}
