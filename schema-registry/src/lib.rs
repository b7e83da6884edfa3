//! Schema versions: documents, shapes, lenses, lineage.
//!
//! A [`Document`] is what an author writes; the [`Registry`] checks it against its parent and makes it a
//! [`Version`]. Of every event type a version has an [`EventShape`], which reads and writes payloads, and
//! between any two versions there is a [`Decoder`], the one way in which a reader sees what a writer wrote.
//!
//! Two JSON Schemas are compared by the labels that people know ([`compat`]), and by whether one includes the
//! other, which is proven, refuted by a document ([`sample`]) or not decided ([`inclusion`]).
//!
//! Everything here is pure: the same documents in the same order give the same registry, and the same bytes
//! the same row. What projections make of events is not known here.

// The order of a hash map is not in the log, so a pure package never goes by it.
#![warn(clippy::iter_over_hash_type)]

pub mod cel;
mod checked;
pub mod compat;
mod decoder;
mod document;
pub mod duration;
mod guard;
pub mod inclusion;
mod json;
mod lens;
mod limits;
mod probation;
mod problem;
mod propose;
mod registry;
mod report;
pub mod sample;
mod schema;
mod shape;
mod version;

pub use compat::{ChangeKind, Comparison, CompatError, Label, SchemaChange};
pub use decoder::{Decoded, Decoder, Inexpressible};
pub use document::Document;
pub use guard::{Guard, GuardOutcome, Latencies, Over, Rates, Ratio, Reading, Readings};
pub use inclusion::{Gap, Inclusion, includes};
pub use lens::{Lens, Purpose, Way, derive};
pub use limits::*;
pub use probation::{Inconclusive, Poison, PoisonBuild, PoisonLive, Probation};
pub use problem::Problem;
pub use propose::{OFFERED_OPS_MAX, PROPOSE_DEPTH_MAX, PROPOSE_STEPS_MAX, Proposal, RECURSION_MAX, propose};
pub use registry::{
    Change, Conflict, JUDGED_BYTES_MAX, Logged, NoSamples, Rebased, Registry, Samples, TypeChange,
};
pub use report::{Class, Direction, Labels, Report, TypeReport, Verdict, Witness};
pub use shape::{EventShape, Invalid, Slot, SlotKind, Unchecked};
pub use version::{ContentId, Version};
