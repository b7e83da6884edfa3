//! Seeded simulation over the pure crates, and the twin that shows what a rewind must come to.
//!
//! One seed is one history: publishing in several versions, contradictions and repetitions, registering,
//! building, switching, jobs, failing appends and crashes. After every step named properties are checked;
//! a failure names the seed, so that it can be seen again.

mod documents;
mod random;
mod twin;
mod world;

pub use crate::documents::{DOCUMENTS, PROFILE_V1, PROFILE_V2, PROFILE_V3};
pub use crate::random::Random;
pub use crate::twin::{Twin, TwinError, core_of};
pub use crate::world::{Failure, Report, run};
