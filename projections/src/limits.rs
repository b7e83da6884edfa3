//! How large projections and their rows may be.
//!
//! A document beyond a limit is refused when the version is registered; an event that would bring a row
//! beyond one changes nothing in that projection and is noted ([`Skipped`](crate::Skipped)).

/// Columns of one projection, or fields of one job input.
pub const COLUMNS_MAX: usize = 128;
/// Indexes of one view.
pub const INDEXES_MAX: usize = 8;
/// Columns of one index.
pub const INDEX_COLUMNS_MAX: usize = 4;
/// Bytes of a text or of a number's lexeme in a column that an index holds.
pub const INDEX_TEXT_BYTES_MAX: usize = 512;
/// Bytes of one row or of one job input: what its cells hold, and [`CELL_BYTES`] for each.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// What a cell counts for in a row's size, beside the text that it holds.
pub const CELL_BYTES: usize = 16;
/// What a row or a job input counts for in a generation's size, beside its key and what it holds.
pub const ROW_OVERHEAD_BYTES: usize = 160;
/// What an entry of an index counts for in a generation's size, beside its cells.
pub const INDEX_ENTRY_BYTES: usize = 64;
/// Items of an appended list.
pub const LIST_MAX: u64 = 1000;
/// Rows of one page.
pub const PAGE_ROWS_MAX: usize = 1000;
/// Sample positions that are kept per kind of skipped event.
pub const SAMPLES_MAX: usize = 8;
/// Rows that one comparison of two generations walks, of both together: those of the projections whose
/// digests differ. As many keys of rows that differ are remembered at most.
pub const COMPARED_ROWS_MAX: u64 = 20_000_000;
/// Rows that a comparison shows of each projection, for each way in which rows differ.
pub const ROW_SAMPLES_MAX: usize = 8;
/// Bytes of a row, as JSON, that a comparison shows.
pub const SAMPLE_ROW_BYTES_MAX: usize = 2048;

/// Attempts of a job if its queue does not say.
pub const ATTEMPTS_DEFAULT: u32 = 5;
/// The most attempts of a job.
pub const ATTEMPTS_MAX: u32 = 100;
/// The first wait between two attempts if the queue does not say: one second.
pub const BACKOFF_MIN_MS_DEFAULT: u64 = 1_000;
/// The longest wait between two attempts if the queue does not say: five minutes.
pub const BACKOFF_MAX_MS_DEFAULT: u64 = 300_000;
/// How long a worker holds a job if the queue does not say: thirty seconds.
pub const LEASE_MS_DEFAULT: u64 = 30_000;
/// The shortest lease: a tenth of a second.
pub const LEASE_MS_MIN: u64 = 100;
/// The longest lease and the longest wait between two attempts: one day.
pub const DURATION_MS_MAX: u64 = 86_400_000;
