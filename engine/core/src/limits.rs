//! Every limit on what comes in, in one place. `docs/operations.md` lists them; tests reach each.

use crate::quotas::Quota;

/// Bytes of one event as it arrives: envelope and data in structured mode, data in binary mode.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Events that are published as one unit.
pub const EVENTS_PER_UNIT_MAX: usize = 1000;
/// Bytes of one unit as it arrives.
pub const UNIT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// CloudEvents attributes of one event.
pub const ATTRIBUTES_MAX: usize = 32;
/// Bytes of one attribute's value.
pub const ATTRIBUTE_BYTES_MAX: usize = 1024;
/// Bytes that one group commit gathers before it is closed; one unit may exceed it.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Schema versions in one log.
pub const VERSIONS_MAX: usize = 1000;
/// Generations in memory at once: the active one, standbys, candidates and those being built.
pub const GENERATIONS_MAX: usize = 8;
/// Jobs that one request leases.
pub const LEASE_JOBS_MAX: usize = 100;
/// Bytes of a worker's reason for giving a job back.
pub const REASON_BYTES_MAX: usize = 1024;
/// Refusals that are recorded whole per principal and minute; the rest of the minute is counted.
pub const REFUSALS_PER_MINUTE: u32 = 100;
/// Refusals that are recorded whole per minute, of all principals together.
pub const REFUSALS_PER_MINUTE_IN_ALL: u32 = 1000;
/// Principals whose refusals are counted apart; those of more are counted together.
pub const COUNTED_PRINCIPALS_MAX: usize = 1000;
/// Bytes that are kept of a refused event's data.
pub const REFUSED_DATA_BYTES_MAX: usize = 4096;
/// Refusals that stay readable in memory; older ones are in the log.
pub const REFUSALS_SHOWN_MAX: usize = 1000;
/// Jobs that were given up that stay readable in memory; older ones are in the log.
pub const DEAD_JOBS_SHOWN_MAX: usize = 1000;
/// Rows of the census that name a principal; what others write is counted together.
pub const CENSUS_ROWS_MAX: usize = 1000;
/// Samples that are kept of each event type and writer version.
pub const SAMPLES_PER_VERSION: usize = 16;
/// Events of a type and writer version that are looked at one by one as they come.
pub const SAMPLES_FIRST: u64 = 64;
/// Of the events after those, every so manieth is looked at.
pub const SAMPLE_EVERY: u64 = 64;
/// Bytes of the samples of one event type.
pub const SAMPLE_TYPE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of all samples.
pub const SAMPLE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Event types or projections of one principal whose decision is kept; those of more are decided each time.
pub const GATES_MAX: usize = 4096;
/// Signed commands that were taken and have not expired.
pub const NONCES_MAX: usize = 10_000;
/// The longest time that a signed command may be good for, in milliseconds.
pub const COMMAND_TTL_MS_MAX: u64 = 60 * 60 * 1000;
/// Bytes of a signed command.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;
/// Plans that have not expired.
pub const PLANS_MAX: usize = 1000;
/// How long a plan is good for, in milliseconds, if its author does not say.
pub const PLAN_TTL_MS: u64 = 24 * 60 * 60 * 1000;
/// The longest time that a plan may be good for, in milliseconds.
pub const PLAN_TTL_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;
/// Evidence that is kept for one plan; the oldest goes.
pub const EVIDENCE_PER_PLAN_MAX: usize = 16;
/// Records that evidence may be behind the head at the cutover.
pub const EVIDENCE_BEHIND_MAX: u64 = 1_000_000;
/// Bytes of a comparison that are kept as evidence.
pub const EVIDENCE_BYTES_MAX: usize = 64 * 1024;
/// Moments of the log, a second or more apart, that guards can look back to.
pub const METER_MARKS_MAX: usize = 4096;
/// Rows of one generation that a watch keeps as touched until they are taken; with more it is lost.
pub const TOUCHED_MAX: usize = 200_000;
/// Records per second that a build's budget allows at least.
pub const BUILD_RATE_MIN: u64 = 100;
/// Bytes that a build's budget allows a generation at least.
pub const BUILD_BYTES_MIN: u64 = 1024 * 1024;
/// Percent of one processor's time that a build takes if its budget does not say.
pub const BUILD_SHARE_DEFAULT: u8 = 50;
/// Records in a run of the index that says which kinds of records are where, at least and at most.
pub const RUN_RECORDS_MIN: u64 = 256;
/// See above.
pub const RUN_RECORDS_MAX: u64 = 4096;
/// Kinds that one run tells apart; one with more counts as holding anything.
pub const KINDS_PER_RUN_MAX: usize = 32;
/// Kinds that the index tells apart: event types, each with a version that it was written in.
pub const KINDS_MAX: usize = 16 * 1024;
/// Sets of kinds that the index keeps; a run with another one counts as holding anything.
pub const KIND_SETS_MAX: usize = 16 * 1024;
/// Lines of the autonomy ledger; those of more agents are counted together.
pub const AUTONOMY_ROWS_MAX: usize = 1000;
/// Codes of refusals that the autonomy ledger counts apart for each agent.
pub const AUTONOMY_CODES_MAX: usize = 64;
/// Registrations of agents.
pub const REGISTRATIONS_PER_HOUR: Quota = Quota { each: 1000, all: 4000 };
/// Plans of agents.
pub const PLANS_PER_HOUR: Quota = Quota { each: 4000, all: 16_000 };
/// Cutovers of agents.
pub const CUTOVERS_PER_HOUR: Quota = Quota { each: 1000, all: 4000 };
/// Builds of one agent that are under way.
pub const AGENT_BUILDS_MAX: usize = 3;
/// Generations that one agent had built, or has under way, and that no version serves from yet.
pub const AGENT_GENERATIONS_MAX: usize = 4;
/// Plans of one agent that have not expired.
pub const AGENT_PLANS_MAX: usize = 250;
/// So many versions of an agent that others or guards had to take back open its breaker.
pub const BREAKER_REWINDS: usize = 3;
/// Within this time, in milliseconds; and so long it stays open.
pub const BREAKER_WINDOW_MS: u64 = 60 * 60 * 1000;
/// Quarantines in force.
pub const QUARANTINES_MAX: usize = 64;
/// Event types, and principals, that one quarantine names.
pub const QUARANTINE_NAMES_MAX: usize = 32;
