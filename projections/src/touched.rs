//! What folds touched while somebody watches: the keys, and not what became of them.
//!
//! A key is noted each time that its row is changed, made or deleted, so it may stand there more than
//! once, and a row may be what it was before. Whoever takes the keys reads the rows anew. A row that only
//! moves in memory, because another one was deleted, is not touched: who walks a table goes from its end
//! to its beginning and misses none.

use std::fmt;
use std::sync::Arc;

use selfsame_record::Position;

/// What a row, or a pending job, is found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A row of a cache or a view.
    Row(Arc<str>),
    /// A job, by the position of its source event.
    Job(Position),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Row(key) => f.write_str(key),
            Key::Job(source) => source.fmt(f),
        }
    }
}

/// A row or a pending job of one projection that a fold changed, made or took out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Touched {
    /// Which one of the plan's projections; see [`Plan::at`](crate::Plan::at).
    pub projection: usize,
    /// Which row of it.
    pub key: Key,
}

/// The keys that were touched since they were last taken; nothing is noted while nobody watches.
#[derive(Debug)]
pub(crate) struct Notes<T>(Option<Vec<T>>);

impl<T> Default for Notes<T> {
    fn default() -> Notes<T> {
        Notes(None)
    }
}

impl<T> Notes<T> {
    pub(crate) fn note(&mut self, key: impl FnOnce() -> T) {
        if let Some(keys) = &mut self.0 {
            keys.push(key());
        }
    }

    /// Begins to note, or ends it and forgets what was not taken.
    pub(crate) fn set(&mut self, begins: bool) {
        if begins {
            self.0.get_or_insert_default();
        } else {
            self.0 = None;
        }
    }

    pub(crate) fn take(&mut self) -> Vec<T> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
