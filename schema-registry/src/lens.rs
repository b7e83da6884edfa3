//! A bidirectional change of an event's shape between a version and its parent.
//!
//! A lens is a list of operations from the parent's shape (A) to the version's own (B); the way back is
//! derived. What it means is settled as a whole: every field of B is a field of A, or given by the lens, or
//! an object that holds members moved into it, and the same the other way round ([`step`]). Registration
//! proves that both ways give valid documents ([`promise`]).

pub(crate) mod apply;
mod field;
mod op;
mod promise;
mod step;

pub(crate) use op::{Op, parse_ops};
pub(crate) use promise::broken_promises;
pub(crate) use step::{Base, Step, StepSource};
