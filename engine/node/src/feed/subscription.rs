//! One subscriber's feed: first the part that it asks for, then what happens.
//!
//! It is pulled: nothing is read for a subscriber who does not take. Messages come in bunches.

use std::sync::Arc;

use selfsame_core::Switch;
use selfsame_record::{Name, Position, VersionNo};
use tokio::sync::OwnedSemaphorePermit;

use crate::feed::ALIVE_EVERY;
use crate::feed::message::{Ended, Message, More};
use crate::feed::part::Part;
use crate::feed::topic::{Batch, Cursor, Lost};
use crate::handle::Handle;

/// Messages of one bunch, about.
const BUNCH: usize = 256;
/// Bytes of one bunch, about: a group commit is not parted.
const BUNCH_BYTES: usize = 256 * 1024;

/// Where a feed begins.
#[derive(Debug)]
pub(crate) struct Start {
    /// The last commit that does not come through the topic.
    pub(crate) position: Position,
    /// The version that answers there.
    pub(crate) version: Option<VersionNo>,
    /// The switches since `from`.
    pub(crate) switches: Vec<Switch>,
    /// Whether a repair changed rows since `from`.
    pub(crate) anew: bool,
    /// What the subscriber has.
    pub(crate) from: Option<Position>,
    /// Whether it begins with all rows if it has none, and again after a switch.
    pub(crate) snapshot: Option<bool>,
}

/// A feed that is open. Dropping it ends it.
pub(crate) struct Feed {
    pub(super) handle: Handle,
    pub(super) cursor: Cursor,
    /// The cache or view; none for switches alone.
    pub(super) projection: Option<Name>,
    /// Whether a switch begins with all rows again.
    again: bool,
    /// The last commit that is in what was said.
    pub(super) seen: Position,
    pub(super) version: Option<VersionNo>,
    /// The position of the last message.
    said: Position,
    /// The position that the subscriber has everything up to, as far as it does.
    complete: Option<Position>,
    pub(super) out: Vec<Message>,
    pub(super) state: State,
    _permit: OwnedSemaphorePermit,
}

/// What comes next.
pub(super) enum State {
    /// The part that was asked for.
    Part(Part),
    /// What happens.
    Live,
    /// Nothing.
    Over,
}

impl Feed {
    pub(super) fn new(
        handle: Handle,
        permit: OwnedSemaphorePermit,
        cursor: Cursor,
        projection: Option<Name>,
        start: Start,
    ) -> Feed {
        let Start { position, version, switches, anew, from, snapshot } = start;
        let mut feed = Feed {
            handle,
            cursor,
            projection,
            again: snapshot == Some(true),
            seen: position,
            version,
            said: Position::ZERO,
            complete: from,
            out: vec![],
            state: State::Live,
            _permit: permit,
        };
        let all_rows = (from.is_none() && snapshot != Some(false)) || !switches.is_empty() || anew;
        match (feed.projection.is_some(), from) {
            (true, _) if all_rows => feed.begin(position, version, &switches),
            (true, Some(from)) if from < position => {
                feed.state = Part::since(version, from, position).map_or(State::Over, State::Part);
            }
            _ => {
                feed.out.extend(switches.iter().map(|switch| Message::switch(switch, More::No)));
                feed.out.push(Message::caught_up(position, version));
            }
        }
        feed
    }

    /// The next messages; `None` after the last.
    pub(crate) async fn next(&mut self) -> Option<Vec<Message>> {
        loop {
            if !self.out.is_empty() {
                let complete = self.out.iter().rev().find(|message| message.completes);
                self.complete = complete.map(|message| message.position).or(self.complete);
                self.said = self.out.last().map_or(self.said, |message| message.position);
                return Some(std::mem::take(&mut self.out));
            }
            match self.state {
                State::Over => return None,
                State::Live => self.follow().await,
                State::Part(_) => self.go_on().await,
            }
        }
    }

    /// The last message of a feed that ends from this side.
    pub(crate) fn ended(&self, why: Ended) -> Message {
        Message::ended(self.seen.max(self.said), self.version, self.complete, why)
    }

    /// The switches, and all rows from their beginning.
    pub(super) fn begin(&mut self, position: Position, version: Option<VersionNo>, switches: &[Switch]) {
        self.out.extend(switches.iter().map(|switch| Message::switch(switch, More::Yes)));
        (self.seen, self.version) = (position, version);
        let (Some(version), Some(projection)) = (version, &self.projection) else {
            return self.end(Ended::ProjectionGone);
        };
        self.out.push(Message::reset(position, version, projection.as_str()));
        self.state = State::Part(Part::all(version, position));
    }

    pub(super) fn end(&mut self, why: Ended) {
        let ending = self.ended(why);
        self.out.push(ending);
        self.state = State::Over;
    }

    pub(super) fn lose(&mut self, lost: Lost) {
        match lost {
            Lost::Closed => self.end(Ended::Stopping),
            Lost::Lagged => {
                self.out.push(Message::lagged(self.seen.max(self.said), self.version, self.complete));
                self.state = State::Over;
            }
        }
    }

    /// Waits for what happens, or shows that nothing does.
    async fn follow(&mut self) {
        match tokio::time::timeout(ALIVE_EVERY, self.cursor.next()).await {
            Ok(Ok(batch)) => self.take(&batch),
            Ok(Err(lost)) => return self.lose(lost),
            Err(_) => {
                // All up to this position is in the topic, so the order of these two lines matters.
                let position = self.handle.position();
                match self.cursor.try_next() {
                    Ok(None) => {
                        self.seen = self.seen.max(position);
                        self.out.push(Message::alive(self.seen, self.version));
                    }
                    Ok(Some(batch)) => self.take(&batch),
                    Err(lost) => return self.lose(lost),
                }
            }
        }
        // What else waits goes with it; a loss is met the next time.
        while self.out.len() < BUNCH
            && self.out.iter().map(|message| message.json.len()).sum::<usize>() < BUNCH_BYTES
            && matches!(self.state, State::Live)
            && let Ok(Some(batch)) = self.cursor.try_next()
        {
            self.take(&batch);
        }
    }

    fn take(&mut self, batch: &Arc<Batch>) {
        if batch.until <= self.seen {
            return;
        }
        let switched = !batch.switches.is_empty();
        if self.projection.is_some() && batch.gone {
            return self.go(batch);
        }
        let repaired = batch.anew && !switched;
        if self.projection.is_some() && (repaired || (switched && self.again)) {
            return self.begin(batch.until, batch.version, &batch.switches);
        }
        (self.seen, self.version) = (batch.until, batch.version);
        self.out.extend(batch.switches.iter().map(|switch| Message::switch(switch, More::No)));
        self.out.extend(batch.rows.iter().map(|(_, message)| message.clone()));
    }

    /// The projection went with a switch.
    pub(super) fn go(&mut self, batch: &Batch) {
        let caught_up = matches!(self.state, State::Live);
        let more = if caught_up { More::No } else { More::Yes };
        self.out.extend(batch.switches.iter().map(|switch| Message::switch(switch, more)));
        (self.seen, self.version) = (batch.until, batch.version);
        if let Some(last) = batch.switches.last().filter(|_| caught_up) {
            self.complete = Some(last.at);
        }
        self.end(Ended::ProjectionGone);
    }
}
