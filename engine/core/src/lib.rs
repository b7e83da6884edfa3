//! The synchronous, pure state machine: it decides from the log prefix and the request at hand.
//!
//! No clock, file, socket, thread or random number is used here. What the outside knows enters as an
//! [`Input`] and counts when it is in a record; what follows leaves as an [`Effect`].
//!
//! ```text
//! Draft ─ Admission ─ Input ─ Core::prepare ─ Batch ─(the node appends)─ Serving::commit ─ Effect
//! ```

// The order of a hash map is not in the log, so a pure package never goes by it.
#![warn(clippy::iter_over_hash_type)]

mod admission;
mod autonomy;
mod batch;
mod boundary;
mod bounded;
mod brakes;
mod budget;
mod census;
mod change;
mod change_id;
mod checked;
mod cloud_event;
mod command;
mod control;
mod core;
mod decide;
mod ids;
mod input;
mod kinds;
mod ledger;
mod lifecycle;
pub mod limits;
mod meters;
mod operator;
mod plans;
mod probation;
mod protection;
mod quarantine;
mod quotas;
mod recovery;
mod refusal;
mod refusals;
mod samples;
mod serving;
mod sharing;
mod tray;
mod watching;

pub use crate::admission::{Admission, Admitted, no_active_version, principal};
pub use crate::autonomy::{Autonomy, AutonomyLine, Breaker, Record as AutonomyRecord};
pub use crate::batch::Batch;
pub use crate::boundary::{
    ApprovalRules, Ask, Boundary, Context, Decision, Gate, Gates, InForce, Loaded, Member, Policy,
    PrincipalKind, Rate, Resource,
};
pub use crate::brakes::{Brakes, Freeze};
pub use crate::budget::Budget;
pub use crate::census::{Census, Written};
pub use crate::change_id::{EvidenceId, Nonce, PlanId};
pub use crate::checked::{Checked, check_document, invalid_document};
pub use crate::cloud_event::{BATCH, Draft, STRUCTURED};
pub use crate::command::{COMMAND_CONTEXT, Command, Signed};
pub use crate::control::{Control, EventRefused};
pub use crate::core::{Core, ENGINE, ReplayError, Settings};
pub use crate::input::{
    Answer, Compared, Drafted, Effect, Input, JobCounts, LeasedJob, Placed, Plane, Request, Switched, Ticket,
    Window,
};
pub use crate::kinds::{Kind, Kinds, Reads, Span};
pub use crate::ledger::QueueCounts;
pub use crate::lifecycle::{Lifecycle, Repair, Stage, Switch};
pub use crate::operator::Order;
pub use crate::plans::{
    Approval, Evidence, Finding, OpenPlan, Planned, Plans, Predicted, RowsChanged, Rule, Validated,
};
pub use crate::probation::{OnProbation, ProbationStarted, SettledAs};
pub use crate::protection::namespaces_of;
pub use crate::quarantine::{Quarantine, Quarantines};
pub use crate::quotas::Quota;
pub use crate::recovery::{RecoveryError, Visit, recover, recover_core, recover_core_with};
pub use crate::refusal::{Code, Refusal, Retry};
pub use crate::samples::{Sample, Samples};
pub use crate::serving::{DeadJob, Serving, Shown, Status, fold};
pub use crate::watching::{Lost, TouchedRows, WatchId};
