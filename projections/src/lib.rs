//! Projections: state folded from the log.
//!
//! A [`Plan`] is what a schema version's document says about its projections, checked and compiled; a
//! [`Generation`] is the state that follows from it and from the log. Everything here is pure: the same
//! records give the same rows, the same digests and the same notes about skipped events.
//!
//! # What a document says
//!
//! | member | kinds | meaning |
//! |---|---|---|
//! | `kind` | all | `cache`, `view` or `jobs` |
//! | `key` | cache, view | what rows are found by, a text or an integer; `$key` if it is left out |
//! | `on` | all | what each event type does |
//! | `indexes` | view | lists of columns, `[[locale, registered_at]]` |
//! | `retry` | jobs | `{attempts: 5, backoff: 1s..5m}`, which are the defaults |
//! | `lease` | jobs | how long a worker holds a job, `30s` if it is left out |
//!
//! On an event a cache or a view says `delete`, or an object of reductions, each with columns and their
//! expressions; a queue says `input` with fields. Reductions make the row if it is not there, even if none
//! of them changes a column.
//!
//! | reduction | meaning | absent operand | `null` operand |
//! |---|---|---|---|
//! | `set` | the value as it was written | removes the column | is kept |
//! | `add` | 64-bit sum, from 0 | nothing | nothing |
//! | `max`, `min` | extreme of integers, moments (`$time`) or texts | nothing | nothing |
//! | `append` | `{value: $.a, max: 10}`: the last `max` values | nothing | nothing |
//!
//! Beside the reductions, or beside `input`, `when` is a condition in CEL over the event as the version sees it
//! (`event.a.b`). Where it is false, the event is none of the projection's; where it has no value, the event
//! is skipped.
//!
//! One event changes a column once. Expressions are `$.a.b` and `$/a/b` (paths into the event as the version
//! sees it), `$` (all of it), `$time` (the producer's, else the log's), `$key`, `$type`, `$id`, `$source`,
//! `$principal`, and literals; `$$` begins a text with one `$`.

// The order of a hash map is not in the log, so a pure package never goes by it.
#![warn(clippy::iter_over_hash_type)]

mod arrival;
mod cache;
mod cell;
mod compare;
mod compared;
mod compile;
mod condition;
mod decimal;
mod event;
mod exclusion;
mod generation;
mod index;
mod json;
mod keys;
mod limits;
mod moment;
mod plan;
mod query;
mod queue;
mod reduction;
mod row;
mod rows;
mod side;
mod skipped;
mod table;
mod touched;
mod unit;
mod view;

pub use cache::Cache;
pub use cell::{Cell, List};
pub use compare::{CompareError, Comparison, Skip};
pub use compared::{Change, ComparedProjection, RowChange, RowSample};
pub use exclusion::Exclusion;
pub use generation::{Generation, Lent, ProjectionReport};
pub use keys::TouchedKeys;
pub use limits::*;
pub use plan::{Plan, ProjectionKind, ProjectionPlan, QueuePlan};
pub use query::{Page, Query, QueryError};
pub use queue::{JobInput, Queue};
pub use row::{Column, ColumnKind, RowRef};
pub use rows::{Rows, Walk};
pub use skipped::{Notes, Reason, Skipped, SkippedLine};
pub use touched::{Key, Touched};
pub use view::View;
