//! A row as a reader sees it, and the columns that it has.

use selfsame_record::Digest;

use crate::cell::Cell;
use crate::json;

/// What a column holds, as far as the document says it beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Nothing but `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// An integer, as it was written unless it is counted with: `1.0` is one.
    Integer,
    /// A number.
    Number,
    /// A moment.
    Time,
    /// A string.
    Text,
    /// An array or an object.
    Json,
    /// What `append` gathers.
    List,
    /// Different things in different events.
    Any,
}

impl ColumnKind {
    /// Whether an index can hold it and a query name its values.
    pub fn is_scalar(self) -> bool {
        !matches!(self, ColumnKind::Null | ColumnKind::Json | ColumnKind::List | ColumnKind::Any)
    }

    /// The kind that holds what either holds.
    pub(crate) fn join(self, other: ColumnKind) -> ColumnKind {
        use ColumnKind::{Any, Integer, Null, Number};
        match (self, other) {
            (a, b) if a == b => a,
            (Null, kind) | (kind, Null) => kind,
            (Integer, Number) | (Number, Integer) => Number,
            _ => Any,
        }
    }

    /// The kind's name in messages, with its article.
    pub(crate) fn article(self) -> &'static str {
        match self {
            ColumnKind::Null => "`null`",
            ColumnKind::Boolean => "a boolean",
            ColumnKind::Integer => "an integer",
            ColumnKind::Number => "a number",
            ColumnKind::Time => "a moment",
            ColumnKind::Text => "a text",
            ColumnKind::Json => "an array or an object",
            ColumnKind::List => "a list",
            ColumnKind::Any => "of no single kind",
        }
    }
}

/// One column of a projection.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Column {
    /// Its name.
    pub name: Box<str>,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A row that is read where it lies. Columns are in the order of their names.
#[derive(Clone, Copy, Debug)]
pub struct RowRef<'a> {
    pub(crate) columns: &'a [Column],
    pub(crate) cells: &'a [Cell],
}

impl<'a> RowRef<'a> {
    /// The columns that are there, with what they hold.
    pub fn cells(self) -> impl Iterator<Item = (&'a str, &'a Cell)> {
        let named = self.columns.iter().zip(self.cells).map(|(column, cell)| (&*column.name, cell));
        named.filter(|(_, cell)| **cell != Cell::Absent)
    }

    /// What the column holds, if it is there.
    pub fn cell(self, column: &str) -> Option<&'a Cell> {
        self.cells().find(|(name, _)| *name == column).map(|(_, cell)| cell)
    }

    /// The row as compact JSON; a column that is absent is left out.
    pub fn to_json(self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// Appends what [`RowRef::to_json`] gives.
    pub fn write_json(self, out: &mut String) {
        json::write_object(self.cells(), out, Cell::write_json);
    }
}

/// The digest of a row: its key and, by name, each column that is there. Columns that are absent do not
/// count, so that a version which only knows more columns has the same digest.
pub(crate) fn digest(key: &str, columns: &[Column], cells: &[Cell], scratch: &mut Vec<u8>) -> Digest {
    scratch.clear();
    for (name, cell) in (RowRef { columns, cells }).cells() {
        scratch.extend((name.len() as u64).to_le_bytes());
        scratch.extend(name.as_bytes());
        cell.encode(scratch);
    }
    Digest::of(&[key.as_bytes(), scratch])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        names.iter().map(|name| Column { name: (*name).into(), kind: ColumnKind::Any }).collect()
    }

    #[test]
    fn an_absent_column_is_not_there_and_null_is() {
        let columns = columns(&["a", "b", "c"]);
        let cells = [Cell::Int(1), Cell::Absent, Cell::Null];
        let row = RowRef { columns: &columns, cells: &cells };
        assert_eq!(row.to_json(), r#"{"a":1,"c":null}"#);
        assert_eq!((row.cell("b"), row.cell("c"), row.cell("x")), (None, Some(&Cell::Null), None));
    }

    #[test]
    fn a_digest_is_of_key_names_and_cells() {
        let of = |key: &str, names: &[&str], cells: &[Cell]| digest(key, &columns(names), cells, &mut vec![]);
        let first = of("k", &["a"], &[Cell::Int(1)]);
        assert_eq!(first, of("k", &["a", "b"], &[Cell::Int(1), Cell::Absent]));
        assert_ne!(first, of("l", &["a"], &[Cell::Int(1)]));
        assert_ne!(first, of("k", &["b"], &[Cell::Int(1)]));
        assert_ne!(first, of("k", &["a"], &[Cell::Number("1.0".into())]));
        assert_ne!(of("k", &["a"], &[Cell::Null]), of("k", &["a"], &[Cell::Absent]));
        // Kept in reports and compared across releases: another value here is another fold revision.
        assert_eq!(first.short(), "d891d9e2bebf");
    }

    #[test]
    fn kinds_join() {
        use ColumnKind::{Any, Integer, Null, Number, Text};
        for (a, b, joined) in [
            (Integer, Integer, Integer),
            (Integer, Number, Number),
            (Null, Text, Text),
            (Text, Integer, Any),
            (Any, Null, Any),
        ] {
            assert_eq!((a.join(b), b.join(a)), (joined, joined));
        }
    }
}
