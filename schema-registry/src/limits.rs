//! How large documents, schemas, lenses and events may be.

use crate::guard::Over;

/// Bytes of a schema-version document: 4 MiB.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Objects and arrays within each other in a schema-version document.
pub const DOCUMENT_DEPTH_MAX: usize = 96;
/// Values (of any kind, at any depth) in a schema-version document.
pub const DOCUMENT_VALUES_MAX: usize = 200_000;
/// Event types of one version.
pub const EVENTS_MAX: usize = 1024;
/// Schemas that the event schemas of one version share.
pub const DEFINITIONS_MAX: usize = 4096;
/// Slots of one event type: properties at any depth, and the root. A row has all of them, so that this many
/// take 256 KiB for an event in memory; objects beyond are kept as JSON text, one slot each.
pub const SLOTS_MAX: usize = 8192;
/// Schemas within each other in one event type or definition, its own counted. No event is deeper.
pub const SCHEMA_DEPTH_MAX: usize = EVENT_DEPTH_MAX;
/// Schemas of one event type, each counted wherever a reference leads to it.
pub const SCHEMA_PLACES_MAX: usize = 65_536;
/// Schemas below a reference that is followed; of a larger one the value is kept as JSON text.
pub const INLINED_PLACES_MAX: usize = 4096;
/// References that are followed within each other.
pub const REFERENCES_MAX: usize = 64;
/// Operations of one event type's lens, those within other operations counted.
pub const LENS_OPS_MAX: usize = 256;
/// Lenses within each other in one event type's lens, its own list not counted.
pub const LENS_DEPTH_MAX: usize = 8;
/// Entries of one table of a `convert`.
pub const TABLE_ENTRIES_MAX: usize = 1024;
/// Parts that a `split` cuts a string into, or a `join` puts together.
pub const SPLIT_PARTS_MAX: usize = 16;
/// Bytes that a lens may put into one event beyond what was written: 1 MiB.
pub const LENS_GIVEN_BYTES_MAX: usize = 1 << 20;
/// Operations that a lens may do on one event, each element of a `map` counted: more is a sign of an event
/// that is not what the lens was written for.
pub const LENS_STEPS_MAX: usize = 1_000_000;
/// Projections of one version.
pub const PROJECTIONS_MAX: usize = 64;
/// Guards of one version.
pub const GUARDS_MAX: usize = 32;
/// Events that a guard looks back on, at most.
pub const GUARD_EVENTS_MAX: u64 = 100_000;
/// Seconds that a guard looks back on, at most: a day.
pub const GUARD_SECONDS_MAX: u64 = 86_400;
/// What a guard looks back on if it does not say.
pub const GUARD_OVER_DEFAULT: Over = Over::Events(1000);
/// Events of a probation, at most.
pub const PROBATION_EVENTS_MAX: u64 = 1_000_000_000;
/// Events of a probation that does not say.
pub const PROBATION_EVENTS_DEFAULT: u64 = 1000;
/// The shortest probation: 5 s.
pub const PROBATION_MS_MIN: u64 = 5_000;
/// The longest probation: 7 days.
pub const PROBATION_MS_MAX: u64 = 7 * 86_400_000;
/// How long a probation is that does not say: 10 minutes.
pub const PROBATION_MS_DEFAULT: u64 = 600_000;
/// With fewer events than this a probation that does not say is inconclusive.
pub const PROBATION_SAMPLES_DEFAULT: u64 = 1;
/// How often a probation is extended, at most.
pub const PROBATION_EXTENSIONS_MAX: u32 = 10;
/// How often a probation is extended that does not say.
pub const PROBATION_EXTENSIONS_DEFAULT: u32 = 3;
/// Bytes of a property's key.
pub const PROPERTY_BYTES_MAX: usize = 256;
/// Values of one `enum`.
pub const ENUM_MAX: usize = 1024;
/// Bytes of a regular expression in a schema.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Bytes that one compiled regular expression may take.
pub const PATTERN_SIZE_MAX: usize = 1 << 20;
/// Objects and arrays within each other in an event's payload, the payload itself counted.
pub const EVENT_DEPTH_MAX: usize = 32;
/// Problems that one refusal lists; what lies beyond is not looked for.
pub const PROBLEMS_MAX: usize = 64;
/// Part of every content id: raised when the meaning of a document's words changes.
pub const FOLD_REVISION: u32 = 1;
