//! The rows of a projection, whatever its kind, as one who compares two of them reads them: by key, each
//! with a digest, and all of them in pieces while folds go on in between.

use selfsame_record::{Digest, Position};

use crate::queue::Queue;
use crate::table::Table;
use crate::touched::Key;

/// The rows of a cache or a view, or the pending jobs of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side<'a> {
    Table(&'a Table),
    Queue(&'a Queue),
}

/// A row as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RowText {
    Json(String),
    TooLong,
}

/// Where a walk is: what stands there and behind it was seen. It goes from the end to the beginning.
///
/// A table puts its last row where a deleted one stood, so a walk from the beginning could miss a row that
/// moves from before it to behind it. From the end to the beginning a row moves only to where the walk has
/// yet to go: it may be seen twice and is never missed. Side that come are put at the end and are touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(u64);

impl Cursor {
    pub(crate) const END: Cursor = Cursor(u64::MAX);

    pub(crate) fn is_at_the_beginning(self) -> bool {
        self.0 == 0
    }
}

impl Side<'_> {
    pub(crate) fn len(self) -> u64 {
        match self {
            Side::Table(table) => table.len() as u64,
            Side::Queue(queue) => queue.len() as u64,
        }
    }

    pub(crate) fn digest(self) -> Digest {
        match self {
            Side::Table(table) => table.digest(),
            Side::Queue(queue) => queue.digest(),
        }
    }

    /// The digest of the row with this key: of key, column names and cells, or of a job's event and input.
    pub(crate) fn member(self, key: &Key) -> Option<Digest> {
        match (self, key) {
            (Side::Table(table), Key::Row(key)) => table.member(key),
            (Side::Queue(queue), Key::Job(source)) => queue.member_of(*source),
            _ => None,
        }
    }

    /// The next rows of a walk, at most so many, and where it is then.
    pub(crate) fn next(self, cursor: Cursor, limit: usize) -> (Vec<(Key, Digest)>, Cursor) {
        match self {
            Side::Table(table) => {
                let end = usize::try_from(cursor.0).unwrap_or(usize::MAX).min(table.len());
                let from = end.saturating_sub(limit);
                let rows = table.range(from, end).map(|(key, member)| (Key::Row(key.clone()), member));
                (rows.collect(), Cursor(from as u64))
            }
            Side::Queue(queue) => {
                let rows = queue.before(Position::new(cursor.0)).take(limit);
                let rows: Vec<_> = rows.map(|(source, member)| (Key::Job(source), member)).collect();
                let first = match rows.last() {
                    Some((Key::Job(source), _)) if rows.len() == limit => source.get(),
                    _ => 0,
                };
                (rows, Cursor(first))
            }
        }
    }

    /// The row with this key as JSON, if it takes at most so many bytes.
    pub(crate) fn text(self, key: &Key, bytes_max: usize) -> Option<RowText> {
        let json = match (self, key) {
            (Side::Table(table), Key::Row(key)) => {
                let (_, bytes) = table.at(Some(table.find(key)?));
                if bytes > bytes_max {
                    return Some(RowText::TooLong);
                }
                table.get(key)?.to_json()
            }
            (Side::Queue(queue), Key::Job(source)) => {
                let json = &queue.get(*source)?.json;
                if json.len() > bytes_max {
                    return Some(RowText::TooLong);
                }
                json.to_string()
            }
            _ => return None,
        };
        Some(if json.len() > bytes_max { RowText::TooLong } else { RowText::Json(json) })
    }
}
