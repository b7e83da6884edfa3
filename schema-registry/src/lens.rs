//! A bidirectional change of an event's shape between a version and its parent.
//!
//! A lens is a list of operations from the parent's shape (A) to the version's own (B); the way back is
//! derived. What it means is settled as a whole: every field of B is a field of A, or given by the lens, or
//! an object that holds members moved into it, and the same the other way round ([`step`]). Registration
//! proves that both ways give valid documents ([`promise`]).
//!
//! That is for the operations that only add, remove and take elsewhere, which are led through slots. All of
//! them can be run on an event as a tree ([`run`]), and what each can lose is known ([`loss`]).

pub(crate) mod apply;
mod field;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "events are led through slots, which run four of the operations; the tree is for the others"
    )
)]
pub(crate) mod loss;
mod op;
mod promise;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "events are led through slots, which run four of the operations; the tree is for the others"
    )
)]
pub(crate) mod run;
mod step;

pub(crate) use op::{Op, parse_ops};
pub(crate) use promise::broken_promises;
pub(crate) use step::{Base, Step, StepSource};
