//! What the three teams do.
//!
//! # Naive
//!
//! What one gets by changing the code and letting the migration tool do the rest. One migration makes the
//! new columns from the old ones and drops these; its down does the reverse. The instances are then replaced
//! one after the other. A profile is cached under `profile:<id>`, as the text that is answered. The job is
//! published after the commit; a worker reads the shape it was written for.
//!
//! # Textbook
//!
//! *Expand and contract* (parallel change): the new columns come beside the old ones, a trigger keeps both
//! in step, old rows are filled in batches; workers that read both shapes are deployed before the instances
//! that write the new one, and the other way round on the way back. The cache key carries the version, and a
//! release deletes the keys of its own version and of those before it: it cannot know later ones. Jobs go
//! through a *transactional outbox* and are published with an id, so that none is lost or doubled. When all
//! instances are back, the migration tool's down removes what the migration added.
//!
//! # Careful
//!
//! As the textbook, with what one learns from it. A lock is asked for with a timeout and again, and the
//! index is built concurrently. One cache entry holds the objects of all versions and the revision of the row
//! that they were made from: a write puts its revision there, and an object of an earlier revision is not
//! taken in (a lease, in other words). This must be in the old release before the change is thought of. A
//! rollback leaves the new columns where they are, and the workers go back when the queue has no message of
//! the new shape any more. The old columns are taken away weeks later, and then there is no way back.

/// A team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Practice {
    /// Changes the code and migrates in one step.
    Naive,
    /// Does what is written about changes without downtime.
    Textbook,
    /// Has done it often.
    Careful,
}

impl Practice {
    pub(super) const ALL: [Practice; 3] = [Practice::Naive, Practice::Textbook, Practice::Careful];

    pub(super) fn name(self) -> &'static str {
        match self {
            Practice::Naive => "naive",
            Practice::Textbook => "textbook",
            Practice::Careful => "careful",
        }
    }

    /// Whether jobs are written with the row and published by a relay.
    pub(super) fn has_outbox(self) -> bool {
        self != Practice::Naive
    }

    /// Whether new workers read the old shape too.
    pub(super) fn has_tolerant_workers(self) -> bool {
        self != Practice::Naive
    }
}
