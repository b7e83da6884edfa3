//! Which events the log has, to tell a repetition from a new event and from a contradiction.
//!
//! An id is remembered for good, by (principal, source, id), so one publisher can never suppress the
//! event of another. 48 bytes or so per event.

use std::collections::HashMap;

use selfsame_record::{EventId, MultisetDigest, Position};

/// Where an event stands and what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its position.
    pub(crate) at: Position,
    /// Its fingerprint.
    pub(crate) fingerprint: [u8; 16],
}

/// All events of the log by identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    known: HashMap<EventId, Known>,
}

impl Ids {
    /// The event with this identity, if it is in the log.
    pub(crate) fn get(&self, id: EventId) -> Option<Known> {
        self.known.get(&id).copied()
    }

    /// Remembers an event.
    ///
    /// # Panics
    ///
    /// If the identity is in use: the core decides on repetitions before a record is made.
    pub(crate) fn insert(&mut self, id: EventId, known: Known) {
        let before = self.known.insert(id, known);
        assert!(before.is_none(), "{} repeats the event of {before:?}", known.at);
    }

    /// A digest over all identities with positions and fingerprints. Takes time with their number.
    pub(crate) fn digest(&self) -> MultisetDigest {
        let mut sum = MultisetDigest::default();
        #[expect(
            clippy::disallowed_methods,
            clippy::iter_over_hash_type,
            reason = "a sum does not depend on the order"
        )]
        for (id, known) in self.known.iter() {
            let parts: [&[u8]; 3] = [&id.0.to_le_bytes(), &known.at.get().to_le_bytes(), &known.fingerprint];
            sum.insert(&selfsame_record::Digest::of(&parts));
        }
        sum
    }
}
