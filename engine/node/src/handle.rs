//! How everything else talks to a running engine: ask for a change, read what is served.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use selfsame_core::{
    Admission, Answer, Boundary, Code, Draft, EventRefused, Plane, Refusal, Request, Serving, limits,
};
use selfsame_log::Log;
use selfsame_record::{Position, Principal, TraySeq};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::audit::Trail;
use crate::builder::BuildProgress;
use crate::lane::{LANE_MAX, Lane, NoRoom, Urgent};
use crate::sequencer::{ENGINE, INBOX_MAX, Message, Reply, Shared};

/// The longest that a reader waits for a position.
pub const AT_LEAST_WAIT: Duration = Duration::from_secs(5);

/// A way to a running engine. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) plane: Plane,
}

/// An answer that is under way. Requests of one caller are decided in the order of their submission.
pub struct Pending(Result<oneshot::Receiver<Reply>, Reply>);

impl Pending {
    /// Waits for the answer.
    pub async fn reply(self) -> Reply {
        match self.0 {
            Ok(receiver) => receiver.await.unwrap_or_else(|_| stopping()),
            Err(reply) => reply,
        }
    }
}

impl Handle {
    /// The same way, for what comes in on the operator plane.
    #[must_use]
    pub fn as_operator(&self) -> Handle {
        Handle { plane: Plane::Operator, ..self.clone() }
    }

    /// Hands a request to the sequencer, without waiting. Operators' orders and rewinds go before what waits.
    pub fn submit(&self, principal: &Principal, request: Request) -> Pending {
        if Lane::is_for(self.plane, &request) {
            return self.submit_first(principal, request);
        }
        let (reply, receiver) = oneshot::channel();
        let (principal, plane, at) = (principal.clone(), self.plane, Instant::now());
        self.put(Message::Ask { principal, plane, request, reply, at }, receiver)
    }

    fn put(&self, ask: Message, receiver: oneshot::Receiver<Reply>) -> Pending {
        match self.inbox.try_send(ask) {
            Ok(()) => Pending(Ok(receiver)),
            Err(TrySendError::Full(_)) => Pending(Err(self.refused(overloaded(INBOX_MAX)))),
            Err(TrySendError::Closed(_)) => Pending(Err(stopping())),
        }
    }

    fn submit_first(&self, principal: &Principal, request: Request) -> Pending {
        let (reply, receiver) = oneshot::channel();
        let urgent = Urgent { principal: principal.clone(), plane: self.plane, request, reply };
        match self.shared.lane.put(urgent) {
            Ok(()) => {
                // A full inbox keeps the sequencer awake, and it looks at the lane each time.
                let _ = self.inbox.try_send(Message::Wake);
                Pending(Ok(receiver))
            }
            Err(NoRoom::Shared(urgent)) => {
                let Urgent { principal, plane, request, reply } = *urgent;
                self.put(Message::Ask { principal, plane, request, reply, at: Instant::now() }, receiver)
            }
            Err(NoRoom::Full) => Pending(Err(self.refused(overloaded(LANE_MAX)))),
            Err(NoRoom::Closed) => Pending(Err(stopping())),
        }
    }

    /// Hands a request to the sequencer, and waits for room in its inbox first.
    pub async fn submit_waiting(&self, principal: &Principal, request: Request) -> Pending {
        let (reply, receiver) = oneshot::channel();
        let (principal, plane, at) = (principal.clone(), self.plane, Instant::now());
        let ask = Message::Ask { principal, plane, request, reply, at };
        match self.inbox.send(ask).await {
            Ok(()) => Pending(Ok(receiver)),
            Err(_) => Pending(Err(stopping())),
        }
    }

    /// Asks for something and waits for the answer.
    pub async fn ask(&self, principal: &Principal, request: Request) -> Reply {
        self.submit(principal, request).reply().await
    }

    /// Admits events of a principal and turns them into a request: to publish all of them, or to note the first refusal.
    ///
    /// `type_hint` is the event type that the transport says; `tray` the message's place in the in-tray.
    pub fn admit(
        &self,
        principal: &Principal,
        drafts: &[Draft],
        type_hint: Option<&str>,
        tray: Option<TraySeq>,
    ) -> Request {
        let admission = self.admission();
        let mut events = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            match admission.admit_from((principal, self.plane), draft, type_hint, tray) {
                Ok(admitted) => events.push(admitted),
                Err(refusal) => {
                    let refusal = if drafts.len() > 1 { refusal.in_batch(index) } else { refusal };
                    return note_refused(Some(draft), refusal, tray);
                }
            }
        }
        Request::Publish { events }
    }

    /// Brings a boundary into force from the next record on, or lifts the one that is in force.
    pub async fn bind(&self, boundary: Option<Arc<Boundary>>) -> Reply {
        #[expect(clippy::expect_used, reason = "a constant")]
        let engine = Principal::parse(ENGINE).expect("a principal");
        self.as_operator().ask(&engine, Request::Bound { boundary }).await
    }

    /// Publishes events as one unit: all of them or none.
    pub async fn publish(&self, principal: &Principal, drafts: &[Draft]) -> Reply {
        let request = self.admit(principal, drafts, None, None);
        self.ask(principal, request).await
    }

    /// What admission decides by at this moment.
    pub fn admission(&self) -> Arc<Admission> {
        Arc::clone(&self.shared.serving.read().status().admission)
    }

    /// Reads the folded state at one position. Keep it short: the sequencer waits meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Serving) -> T) -> T {
        read(&self.shared.serving.read())
    }

    /// Waits until the record at `position` is applied.
    ///
    /// # Errors
    ///
    /// If it is not within [`AT_LEAST_WAIT`].
    pub async fn at_least(&self, position: Position) -> Result<(), Refusal> {
        let mut watched = self.shared.position.subscribe();
        let reached = watched.wait_for(|at| *at >= position);
        match tokio::time::timeout(AT_LEAST_WAIT, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(stopping_refusal()),
            Err(_) => Err(behind(position, self.position())),
        }
    }

    /// The last record that is durable and applied.
    pub fn position(&self) -> Position {
        *self.shared.position.borrow()
    }

    /// How far each shadow build is.
    pub fn builds(&self) -> Vec<BuildProgress> {
        self.shared.builder.progress()
    }

    /// Whether an append failed and no more records are taken.
    pub fn is_read_only(&self) -> bool {
        self.shared.read_only.load(Ordering::Relaxed)
    }

    /// The audit trail.
    pub fn trail(&self) -> &Trail {
        &self.shared.trail
    }

    /// The log, to read.
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// Finishes what waits and ends the engine.
    pub async fn stop(&self) {
        // Already gone if nobody takes it.
        let _ = self.inbox.send(Message::Stop).await;
    }

    pub(crate) async fn tick(&self) {
        let _ = self.inbox.send(Message::Tick).await;
    }

    /// The answer to what is refused before the sequencer.
    pub(crate) fn answered(&self, refusal: Refusal) -> Pending {
        Pending(Err(self.refused(refusal)))
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> Reply {
        self.read(|serving| Reply {
            position: serving.position(),
            version: serving.active(),
            outcome: Err(refusal),
        })
    }
}

/// The request that notes a refused event, with as much of it as could be read.
pub fn note_refused(draft: Option<&Draft>, refusal: Refusal, tray: Option<TraySeq>) -> Request {
    let attribute = |name: &str| draft.and_then(|d| d.attribute(name)).map(|v| v.chars().take(256).collect());
    let data = draft.map(|draft| {
        let kept = draft.data.get(..limits::REFUSED_DATA_BYTES_MAX).unwrap_or(&draft.data);
        String::from_utf8_lossy(kept).into_owned()
    });
    let refused = EventRefused {
        code: refusal.code.as_str().to_owned(),
        detail: refusal.detail.clone(),
        event_type: attribute("type"),
        source: attribute("source"),
        id: attribute("id"),
        subject: attribute("subject"),
        data,
        tray,
    };
    Request::NoteRefused { refused, refusal }
}

fn overloaded(max: usize) -> Refusal {
    Refusal::new(Code::Overloaded, format!("{max} requests are waiting, which is the limit"))
        .next("wait a moment and send it again; a repeated event is recognised by its id")
}

fn stopping_refusal() -> Refusal {
    Refusal::new(Code::Stopping, "the engine is stopping").next("send it again when it is back")
}

fn stopping() -> Reply {
    Reply { position: Position::ZERO, version: None, outcome: Err(stopping_refusal()) as Result<Answer, _> }
}

fn behind(asked: Position, position: Position) -> Refusal {
    let seconds = AT_LEAST_WAIT.as_secs();
    Refusal::new(Code::Behind, format!("{asked} was not there within {seconds} s: the log is at {position}"))
        .next("ask for a position that an answer has named")
        .field("position", position.get())
}
