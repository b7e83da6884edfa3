//! What a reader asks of a view, and how that becomes a range of one index.
//!
//! Values arrive as text and are read by the kind of their column.

use std::ops::Bound;
use std::sync::Arc;

use selfsame_record::Digest;
use thiserror::Error;

use crate::cell::Cell;
use crate::index::{self, Place, Range};
use crate::limits::PAGE_ROWS_MAX;
use crate::row::{Column, ColumnKind};
use crate::{decimal, moment};

/// A question to a view.
///
/// Numbers are compared by value, so `1` finds `1.0`; texts are in the order of their Unicode scalar values.
/// A bound leaves out the rows in which its column is absent or `null`; without bounds they come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The columns of one of the view's indexes, in its order; none for the order of the keys.
    pub index: Vec<String>,
    /// Columns and the values that they must have: the first ones of the index, in its order.
    pub equal: Vec<(String, String)>,
    /// The least value of the next column (of the key, in the order of the keys), included.
    pub from: Option<String>,
    /// The value at which to stop, not included.
    pub until: Option<String>,
    /// Whether the last rows come first.
    pub descending: bool,
    /// Rows of one page, 1 to [`PAGE_ROWS_MAX`].
    pub limit: usize,
    /// Where to go on: [`Page::next`] of the page before.
    pub after: Option<String>,
}

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Key and compact JSON of each row.
    pub rows: Vec<(String, String)>,
    /// Where the next page begins, if there is more.
    pub next: Option<String>,
}

/// Why a query cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The view has no such index.
    #[error("the view has no index over `{index}`: its indexes are {known}")]
    UnknownIndex {
        /// The columns asked for.
        index: String,
        /// Those there are.
        known: String,
    },
    /// `equal` does not name the first columns of the index.
    #[error("`{column}` is not column {number} of the index `{index}`: fix its columns in their order")]
    NotThePrefix {
        /// The column named.
        column: String,
        /// Which column of the index stands there, counted from 1.
        number: usize,
        /// The columns of the index.
        index: String,
    },
    /// `equal` names a column, and the order of the keys has none.
    #[error("the order of the keys has no column `{column}`: name an index that begins with it")]
    NoColumns {
        /// The column named.
        column: String,
    },
    /// All columns have a value, and there is a bound.
    #[error("every column of the index `{index}` has a value already: leave `from` and `until` out")]
    NothingToBound {
        /// The columns of the index.
        index: String,
    },
    /// A value is not one of its column.
    #[error("`{value}` is not a value of `{column}`: give {expected}")]
    Value {
        /// The column.
        column: String,
        /// The text given.
        value: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// Too many rows, or none.
    #[error("a page has 1 to {PAGE_ROWS_MAX} rows, not {limit}: set `limit` within that")]
    Limit {
        /// The rows asked for.
        limit: usize,
    },
    /// The cursor is damaged or belongs to another query.
    #[error("the cursor does not belong to this query: begin again without `after`")]
    Cursor,
}

/// The columns of one index, by name and kind.
pub(crate) type IndexColumns<'a> = [&'a Column];

fn shown(columns: &IndexColumns<'_>) -> String {
    columns.iter().map(|column| &*column.name).collect::<Vec<_>>().join(",")
}

impl Query {
    /// Checks the number of rows.
    pub(crate) fn check_limit(&self) -> Result<(), QueryError> {
        let limit = self.limit;
        if (1..=PAGE_ROWS_MAX).contains(&limit) { Ok(()) } else { Err(QueryError::Limit { limit }) }
    }

    /// The part of the index that answers the query, from the cursor on.
    pub(crate) fn range(&self, columns: &IndexColumns<'_>) -> Result<Range, QueryError> {
        let prefix = self.prefix(columns)?;
        let mut range = if columns.is_empty() { self.key_range() } else { self.cell_range(columns, prefix)? };
        if let Some(text) = &self.after {
            let place = self.read_cursor(columns, text).ok_or(QueryError::Cursor)?;
            if !index::contains(&range, &place) {
                return Err(QueryError::Cursor);
            }
            let edge = if self.descending { &mut range.1 } else { &mut range.0 };
            *edge = Bound::Excluded(place);
        }
        Ok(range)
    }

    fn prefix(&self, columns: &IndexColumns<'_>) -> Result<Vec<Cell>, QueryError> {
        let mut cells = vec![];
        for (i, (name, value)) in self.equal.iter().enumerate() {
            let Some(column) = columns.get(i).filter(|column| *column.name == **name) else {
                let (column, index) = (name.clone(), shown(columns));
                if columns.is_empty() {
                    return Err(QueryError::NoColumns { column });
                }
                return Err(QueryError::NotThePrefix { column, number: i + 1, index });
            };
            cells.push(read_value(column, value)?);
        }
        Ok(cells)
    }

    fn key_range(&self) -> Range {
        let edge = |key: &String| Place { cells: [].into(), key: Some(Arc::from(key.as_str())) };
        let first = self.from.as_ref().map_or_else(|| Place::before(vec![]), edge);
        let last = self.until.as_ref().map_or_else(|| Place::behind(vec![]), edge);
        (Bound::Included(first), Bound::Excluded(last))
    }

    fn cell_range(&self, columns: &IndexColumns<'_>, prefix: Vec<Cell>) -> Result<Range, QueryError> {
        let next = columns.get(prefix.len());
        let bound = |text: &Option<String>| match (text, next) {
            (None, _) => Ok(None),
            (Some(value), Some(column)) => read_value(column, value).map(Some),
            (Some(_), None) => Err(QueryError::NothingToBound { index: shown(columns) }),
        };
        let and = |cell: Cell| prefix.iter().cloned().chain([cell]).collect();
        let (first, last) = match (bound(&self.from)?, bound(&self.until)?) {
            (None, None) => (Place::before(prefix.clone()), Place::behind(prefix)),
            (Some(from), None) => (Place::before(and(from)), Place::behind(prefix)),
            (Some(from), Some(until)) => (Place::before(and(from)), Place::before(and(until))),
            (None, Some(until)) => (Place::behind(and(Cell::Null)), Place::before(and(until))),
        };
        Ok((Bound::Included(first), Bound::Excluded(last)))
    }

    /// The cursor that goes on behind the place: hexadecimal digits over a mark of index and direction,
    /// the place's cells and its key.
    pub(crate) fn write_cursor(&self, columns: &IndexColumns<'_>, place: &Place) -> String {
        let mut bytes = self.mark(columns).to_vec();
        place.cells.iter().for_each(|cell| cell.encode(&mut bytes));
        bytes.extend(place.key.as_deref().unwrap_or_default().as_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn read_cursor(&self, columns: &IndexColumns<'_>, text: &str) -> Option<Place> {
        let bytes = from_hex(text)?;
        let mut rest = bytes.strip_prefix(&self.mark(columns))?;
        let mut cells = vec![];
        for _ in columns {
            let (cell, left) = Cell::decode(rest)?;
            cells.push(cell);
            rest = left;
        }
        let key = std::str::from_utf8(rest).ok().filter(|key| !key.is_empty())?;
        Some(Place { cells: cells.into(), key: Some(key.into()) })
    }

    fn mark(&self, columns: &IndexColumns<'_>) -> [u8; 4] {
        let digest = Digest::of(&[shown(columns).as_bytes(), &[u8::from(self.descending)]]);
        digest.0.first_chunk().copied().unwrap_or_default()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn read_value(column: &Column, text: &str) -> Result<Cell, QueryError> {
    let (cell, expected) = match column.kind {
        ColumnKind::Boolean => (read_bool(text), "`true` or `false`"),
        ColumnKind::Integer | ColumnKind::Number => (read_number(text), "a JSON number"),
        ColumnKind::Time => {
            (moment::parse(text).map(Cell::Time), "an RFC 3339 time, or microseconds since 1970")
        }
        _ => (Some(Cell::Text(text.into())), "a text"),
    };
    cell.ok_or_else(|| {
        let value = text.chars().take(64).collect();
        QueryError::Value { column: column.name.to_string(), value, expected }
    })
}

fn read_bool(text: &str) -> Option<Cell> {
    match text {
        "true" => Some(Cell::Bool(true)),
        "false" => Some(Cell::Bool(false)),
        _ => None,
    }
}

fn read_number(text: &str) -> Option<Cell> {
    let as_written = || text.parse().map_or_else(|_| Cell::Number(text.into()), Cell::Int);
    decimal::is_number(text).then(as_written)
}
