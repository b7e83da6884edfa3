//! What the producers sent and what the engine acknowledged: the measure of every read.
//!
//! Each user belongs to one producer, who sends the user's events one after the other, numbered from 1 on.
//! So the state of a user at a position is known but for the event that is under way.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use selfsame_sim::Random;

/// An event's identity: who published it, and its id. The source is the same for all.
pub(super) type EventName = (String, String);

/// Everything that was sent and acknowledged.
#[derive(Debug, Default)]
pub(super) struct Book {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    users: BTreeMap<String, History>,
    /// The users with at least one acknowledged event, to choose from.
    known: Vec<String>,
    acked: BTreeMap<EventName, u64>,
    last: u64,
}

/// One user's events.
#[derive(Debug, Default)]
struct History {
    /// The number of the last event that was sent.
    sent: u64,
    /// The positions of the acknowledged events, the first one's first.
    acked: Vec<u64>,
}

/// How many of a user's events an answer may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Acknowledged at or before the answer's position: these must be there.
    pub(super) least: u64,
    /// Those, and the one under way, if it is not known to stand later.
    pub(super) most: u64,
}

impl Book {
    /// The number of the user's next event, which is being sent from now on.
    pub(super) fn send(&self, user: &str) -> u64 {
        let mut pages = self.pages.lock();
        let history = pages.users.entry(user.to_owned()).or_default();
        history.sent += 1;
        history.sent
    }

    /// Notes that the user's next event has that position.
    pub(super) fn ack(&self, user: &str, name: EventName, position: u64) {
        let mut pages = self.pages.lock();
        let history = pages.users.entry(user.to_owned()).or_default();
        history.acked.push(position);
        if history.acked.len() == 1 {
            pages.known.push(user.to_owned());
        }
        pages.acked.insert(name, position);
        pages.last = pages.last.max(position);
    }

    /// A user of whom an event is acknowledged, and the position of the last such event.
    pub(super) fn some_user(&self, random: &mut Random) -> Option<(String, u64)> {
        let pages = self.pages.lock();
        let user = random.pick(&pages.known)?.clone();
        let last = pages.users.get(&user).and_then(|history| history.acked.last().copied())?;
        Some((user, last))
    }

    /// How many of the user's events an answer at that position may show.
    pub(super) fn bounds(&self, user: &str, position: u64) -> Bounds {
        let pages = self.pages.lock();
        let Some(history) = pages.users.get(user) else { return Bounds { least: 0, most: 0 } };
        let least = history.acked.partition_point(|at| *at <= position);
        let most = if least < history.acked.len() { least as u64 } else { history.sent };
        Bounds { least: least as u64, most }
    }

    /// How many users have an event that is acknowledged at or before the position.
    pub(super) fn users(&self) -> u64 {
        self.pages.lock().known.len() as u64
    }

    /// How many events were acknowledged.
    pub(super) fn events(&self) -> u64 {
        self.pages.lock().acked.len() as u64
    }

    /// The highest position that was acknowledged.
    pub(super) fn last(&self) -> u64 {
        self.pages.lock().last
    }

    /// How many events of each user were acknowledged.
    pub(super) fn totals(&self) -> Vec<(String, u64)> {
        let pages = self.pages.lock();
        pages.users.iter().map(|(user, history)| (user.clone(), history.acked.len() as u64)).collect()
    }

    /// Every acknowledged event with its position.
    pub(super) fn take_acked(&self) -> BTreeMap<EventName, u64> {
        std::mem::take(&mut self.pages.lock().acked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_shows_what_was_acknowledged_and_at_most_what_is_under_way() {
        let book = Book::default();
        let name = |id: u64| ("p".to_owned(), id.to_string());
        for (id, position) in [(1, 10), (2, 20)] {
            assert_eq!(book.send("u"), id);
            book.ack("u", name(id), position);
        }
        assert_eq!(book.send("u"), 3, "under way");
        for (position, least, most) in [(9, 0, 0), (10, 1, 1), (19, 1, 1), (20, 2, 3), (99, 2, 3)] {
            assert_eq!(book.bounds("u", position), Bounds { least, most }, "#{position}");
        }
        assert_eq!(book.bounds("nobody", 99), Bounds { least: 0, most: 0 });
        assert_eq!((book.users(), book.events(), book.last()), (1, 2, 20));
    }
}
