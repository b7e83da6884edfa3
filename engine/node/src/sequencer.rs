//! The one writer: takes what waits, lets the core decide, appends one group commit, folds it, answers.
//!
//! While one commit is being synced the next one gathers in the inbox, so the more is waiting the more one
//! sync carries. If an append fails the core is ahead of the log: from then on every request is refused,
//! readers go on with what is durable, and a restart decides upon what is on disk.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::RwLock;
use selfsame_core::{
    Answer, Batch, Budget, Code, Core, Effect, Input, Plane, Refusal, Request, Serving, Stage, Ticket,
};
use selfsame_log::{AppendError, Log};
use selfsame_projections::Generation;
use selfsame_record::{Block, Body, Position, Principal, VersionNo};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tracing::{error, info};

use crate::audit::{Trail, Writer};
use crate::builder::{Builder, HANDOVER_BEHIND_MAX, complete};
use crate::clock;
use crate::feed::Hub;
use crate::identity::Rates;
use crate::lane::{Lane, Urgent};
use crate::latency::Latency;
use crate::readers::Readers;

/// Requests that wait at most; more are refused as overload.
pub const INBOX_MAX: usize = 8192;
pub use selfsame_core::ENGINE;

/// What arrives at the sequencer.
#[expect(clippy::large_enum_variant, reason = "nearly every message is a request")]
pub(crate) enum Message {
    /// Somebody asks for something.
    Ask { principal: Principal, plane: Plane, request: Request, reply: oneshot::Sender<Reply>, at: Instant },
    /// Something is in the reserved lane.
    Wake,
    /// A builder has a generation near the head.
    Built(Box<Generation>),
    /// A builder gave up.
    BuildFailed { version: VersionNo, reason: String },
    /// Write what is due.
    Tick,
    /// Finish what waits and end.
    Stop,
}

/// An answer, and what it was given at.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The head of the log, everything up to it durable and applied.
    pub position: Position,
    /// The version that answers from there on.
    pub version: Option<VersionNo>,
    /// What became of the request.
    pub outcome: Result<Answer, Refusal>,
}

/// Head of the log, and the version that answers there.
type Stand = (Position, Option<VersionNo>);

/// What the sequencer and the handles share.
pub(crate) struct Shared {
    pub(crate) serving: Arc<RwLock<Serving>>,
    pub(crate) position: watch::Sender<Position>,
    pub(crate) read_only: AtomicBool,
    pub(crate) builder: Builder,
    /// Leave to check a document.
    pub(crate) checks: Arc<Semaphore>,
    /// Who reads which version.
    pub(crate) readers: Readers,
    /// How long publishers and readers wait.
    pub(crate) latency: Latency,
    /// Who is told of changes.
    pub(crate) feeds: Hub,
    /// How much each member of the boundary may send.
    pub(crate) rates: Rates,
    /// What goes before everything that waits.
    pub(crate) lane: Lane,
    /// What is signed of the log.
    pub(crate) trail: Arc<Trail>,
}

pub(crate) struct Sequencer {
    core: Core,
    log: Arc<dyn Log>,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Message>,
    waiting: VecDeque<Input>,
    /// Who waits for an answer; since when, if it is a publisher.
    replies: HashMap<Ticket, (oneshot::Sender<Reply>, Option<Instant>)>,
    next_ticket: u64,
    engine: Principal,
    /// Takes what is durable into the audit trail.
    audit: Writer,
    /// Where the guards of a probation were evaluated last.
    probed: Position,
}

impl Sequencer {
    pub(crate) fn new(
        core: Core,
        log: Arc<dyn Log>,
        shared: Arc<Shared>,
        inbox: mpsc::Receiver<Message>,
        audit: Writer,
    ) -> Sequencer {
        #[expect(clippy::expect_used, reason = "a constant")]
        let engine = Principal::parse(ENGINE).expect("a principal");
        let (waiting, replies) = (VecDeque::new(), HashMap::new());
        Sequencer {
            core,
            log,
            shared,
            inbox,
            waiting,
            replies,
            next_ticket: 1,
            engine,
            audit,
            probed: Position::ZERO,
        }
    }

    /// Runs until it is told to stop, or every handle is gone.
    pub(crate) fn run(mut self) {
        let repairing = self.core.lifecycle().repairing().iter().copied();
        for version in self.core.lifecycle().building().into_iter().chain(repairing) {
            info!(%version, "build goes on after a restart");
            self.start_build(version);
        }
        let mut going = true;
        while going || !self.waiting.is_empty() {
            self.take_lane();
            if self.waiting.is_empty() {
                match self.inbox.blocking_recv() {
                    Some(message) => going = self.take(message),
                    None => going = false,
                }
            }
            while going && self.waiting.len() < INBOX_MAX {
                match self.inbox.try_recv() {
                    Ok(message) => going = self.take(message),
                    Err(_) => break,
                }
            }
            self.take_lane();
            if !self.waiting.is_empty() {
                self.step();
            }
        }
        self.shared.lane.close();
        self.shared.feeds.close();
    }

    /// Puts what is in the reserved lane before everything that waits, in its order.
    fn take_lane(&mut self) {
        for urgent in self.shared.lane.take().into_iter().rev() {
            let ticket = Ticket(self.next_ticket);
            self.next_ticket += 1;
            let Urgent { principal, plane, request, reply } = urgent;
            self.replies.insert(ticket, (reply, None));
            self.waiting.push_front(Input { ticket, principal, plane, request });
        }
    }

    /// Whether to go on.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Ask { principal, plane, request, reply, at } => {
                let ticket = Ticket(self.next_ticket);
                self.next_ticket += 1;
                let asked = matches!(request, Request::Publish { .. }).then_some(at);
                self.replies.insert(ticket, (reply, asked));
                self.waiting.push_back(Input { ticket, principal, plane, request });
            }
            Message::Built(generation) => self.take_built(*generation),
            Message::BuildFailed { version, reason } => {
                self.enqueue(Request::BuildFailed { version, reason });
            }
            Message::Wake => {}
            Message::Tick => {
                self.shared.rates.counted().into_iter().for_each(|request| self.enqueue(request));
                self.enqueue(Request::Tick);
                // A probation ends by time alone, too.
                self.enqueue(Request::Probe { latency: self.shared.latency.read() });
            }
            Message::Stop => return false,
        }
        true
    }

    fn enqueue(&mut self, request: Request) {
        let (ticket, principal) = (Ticket(0), self.engine.clone());
        self.waiting.push_back(Input { ticket, principal, plane: Plane::Operator, request });
    }

    /// Folds the last records into a built generation; it is adopted only if nothing comes in between, so
    /// what waits is decided first.
    fn take_built(&mut self, mut generation: Generation) {
        while !self.waiting.is_empty() {
            self.step();
        }
        let version = generation.version();
        let head = self.core.head();
        // Nobody may wait for it any longer, or it may have been told to wait since it was handed over.
        let Some((budget, paused)) = self.ordered(version) else { return };
        if paused || head.records_since(generation.position()) > 4 * HANDOVER_BEHIND_MAX {
            return self.shared.builder.start(generation, budget, paused);
        }
        if self.shared.read_only.load(Ordering::Relaxed) {
            return;
        }
        match complete(&*self.log, &mut generation, head, self.core.registry(), budget) {
            Ok(()) => self.enqueue(Request::Candidate { generation: Box::new(generation) }),
            Err(reason) => self.enqueue(Request::BuildFailed { version, reason }),
        }
        self.step();
        match self.core.lifecycle().stage(version) {
            Some(stage) if stage.is_live() => self.shared.builder.finished(version, head),
            // It left out what nobody has any longer, and is built again.
            Some(Stage::Building { .. }) => {}
            _ => self.shared.builder.stop(version),
        }
    }

    /// One group commit.
    fn step(&mut self) {
        if self.shared.read_only.load(Ordering::Relaxed) {
            return self.refuse_all();
        }
        let batch = self.core.prepare(&mut self.waiting, clock::now(), &self.shared.serving.read());
        match self.commit(batch) {
            Ok(effects) => {
                let stand = self.stand();
                effects.into_iter().for_each(|effect| self.perform(effect, stand));
                self.probe();
            }
            Err((err, effects)) => self.halt(&err, effects),
        }
    }

    /// While a version is on probation its guards are evaluated on what was just folded, before anything else
    /// is decided.
    fn probe(&mut self) {
        let head = self.core.head();
        if self.core.on_probation().is_none() || self.probed == head {
            return;
        }
        self.probed = head;
        let (ticket, principal, plane) = (Ticket(0), self.engine.clone(), Plane::Operator);
        let request = Request::Probe { latency: self.shared.latency.read() };
        self.waiting.push_front(Input { ticket, principal, plane, request });
    }

    fn commit(&mut self, batch: Batch) -> Result<Vec<Effect>, (AppendError, Vec<Effect>)> {
        let Batch { records, effects, adopt, .. } = batch;
        if records.is_empty() {
            return Ok(effects);
        }
        let block = Block::pack(&records);
        if let Err(err) = self.log.append(&block) {
            return Err((err, effects));
        }
        let control = records.iter().any(|r| matches!(r.body, Body::Control(_)));
        let status = control.then(|| self.core.status());
        #[expect(clippy::expect_used, reason = "the block was packed a moment ago")]
        let view = Block::view(block.as_bytes()).expect("a packed block reads back");
        let mut serving = self.shared.serving.write();
        let before = serving.position();
        self.shared.feeds.tidy(&mut serving);
        serving.commit(view.records(), adopt, status);
        let position = serving.position();
        drop(serving);
        // This thread alone commits, so the state is still that of the position.
        self.shared.feeds.publish(&self.shared.serving.read(), before);
        self.shared.position.send_replace(position);
        self.audit.append(block);
        Ok(effects)
    }

    /// What answers are given at.
    fn stand(&self) -> Stand {
        let serving = self.shared.serving.read();
        (serving.position(), serving.active())
    }

    fn perform(&mut self, effect: Effect, stand: Stand) {
        match effect {
            Effect::Answer { ticket, outcome } => self.answer(ticket, outcome, stand),
            Effect::StartBuild { version } => self.start_build(version),
            Effect::PauseBuild { version } => self.shared.builder.pause(version, true),
            Effect::ResumeBuild { version } => self.shared.builder.pause(version, false),
            Effect::StopBuild { version } => self.shared.builder.stop(version),
            Effect::ServeFrom { version, from } => info!(%version, %from, "another version answers"),
        }
    }

    fn start_build(&self, version: VersionNo) {
        // What is folded anew is folded whole, whatever others hold of it.
        let generation = match self.core.lifecycle().repairing().contains(&version) {
            true => self.core.new_shadow(version),
            false => self.core.new_generation_beside(version, &self.shared.serving.read()),
        };
        if let Some((generation, (budget, paused))) = generation.zip(self.ordered(version)) {
            self.shared.builder.start(generation, budget, paused);
        }
    }

    /// The budget of the version's build, and whether it waits; `None` if it is not being built.
    fn ordered(&self, version: VersionNo) -> Option<(Budget, bool)> {
        match self.core.lifecycle().stage(version) {
            Some(Stage::Building { budget, paused, .. }) => Some((*budget, *paused)),
            _ if self.core.lifecycle().repairing().contains(&version) => Some((Budget::default(), false)),
            _ => None,
        }
    }

    fn answer(&mut self, ticket: Ticket, outcome: Result<Answer, Refusal>, (position, version): Stand) {
        let Some((reply, asked)) = self.replies.remove(&ticket) else { return };
        if let Some(asked) = asked {
            self.shared.latency.published(asked.elapsed());
        }
        // A caller who went away has lost nothing but the answer.
        let _ = reply.send(Reply { position, version, outcome });
    }

    fn halt(&mut self, err: &AppendError, effects: Vec<Effect>) {
        error!(err = err as &dyn std::error::Error, "append failed, no more records are taken");
        self.shared.read_only.store(true, Ordering::Relaxed);
        let stand = self.stand();
        for effect in effects {
            if let Effect::Answer { ticket, .. } = effect {
                self.answer(ticket, Err(read_only(err)), stand);
            }
        }
    }

    fn refuse_all(&mut self) {
        let stand = self.stand();
        while let Some(input) = self.waiting.pop_front() {
            self.answer(input.ticket, Err(read_only(&AppendError::Halted)), stand);
        }
    }
}

fn read_only(err: &AppendError) -> Refusal {
    Refusal::new(Code::ReadOnly, format!("nothing was written: {err}"))
        .next("mend what the engine's log says is wrong (a full disk, most likely) and restart it")
        .next("reading goes on meanwhile; what was acknowledged is safe")
}
