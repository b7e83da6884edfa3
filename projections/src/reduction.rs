//! What an event does to a row or a queue, compiled.
//!
//! The steps of one event touch different columns, so their order (set, add, max, min, append) does not
//! show; each is computed from the row as it was before the event.

use crate::cell::{Cell, CellRef};
use crate::decimal;
use crate::event::{EventRead, Origin};
use crate::limits::{INDEX_TEXT_BYTES_MAX, ROW_BYTES_MAX};
use crate::skipped::Reason;
use crate::table::{Change, Table};

/// What one event type does in one projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// The row goes.
    Delete,
    /// The row is made if it is not there, and changed.
    Change(Box<[Step]>),
    /// A job input, field by field in the order of the names.
    Input(Box<[(Box<str>, Origin)]>),
}

/// One change of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) column: u16,
    pub(crate) verb: Verb,
    pub(crate) operand: Origin,
    pub(crate) in_index: bool,
}

/// How a column changes. In the order in which a document's reductions apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    /// The operand as it is; an absent one removes the column.
    Set,
    /// As `Set`, into a column that other reductions count with: a number must be an integer by value.
    SetInteger,
    /// The sum; an absent or `null` column counts as 0.
    Add,
    /// The operand if it is more, or the column is absent or `null`.
    Max,
    /// The operand if it is less, or the column is absent or `null`.
    Min,
    /// The operand at the end of a list, of which the last `max` items stay.
    Append {
        /// Items that stay.
        max: usize,
    },
}

impl Step {
    /// What the step changes, if it changes anything.
    fn change(&self, current: &Cell, operand: CellRef<'_>) -> Result<Option<Change>, Reason> {
        let is_nothing = matches!(operand, CellRef::Absent | CellRef::Null);
        if is_nothing && !matches!(self.verb, Verb::Set | Verb::SetInteger) {
            return Ok(None);
        }
        let operand = match self.verb {
            Verb::Set => operand,
            Verb::SetInteger | Verb::Add | Verb::Max | Verb::Min => integral(operand)?,
            Verb::Append { max } => return Ok(Some(Change::Push { item: operand.into_cell(), max })),
        };
        let new = match self.verb {
            Verb::Add => CellRef::Int(sum(current, &operand)?),
            Verb::Max if !is_beyond(&operand, current, std::cmp::Ordering::Greater) => return Ok(None),
            Verb::Min if !is_beyond(&operand, current, std::cmp::Ordering::Less) => return Ok(None),
            _ => operand,
        };
        if new.is(current) {
            return Ok(None);
        }
        if self.in_index && text_len(&new) > INDEX_TEXT_BYTES_MAX {
            return Err(Reason::IndexTextTooLong);
        }
        Ok(Some(Change::Put(new.into_cell())))
    }
}

fn integral(operand: CellRef<'_>) -> Result<CellRef<'_>, Reason> {
    match operand {
        CellRef::Number(lexeme) => decimal::to_i64(lexeme).map(CellRef::Int).ok_or(Reason::NotAnInteger),
        other => Ok(other),
    }
}

fn sum(current: &Cell, operand: &CellRef<'_>) -> Result<i64, Reason> {
    let before = if let Cell::Int(number) = current { *number } else { 0 };
    let CellRef::Int(number) = operand else {
        return Err(Reason::NotAnInteger);
    };
    before.checked_add(*number).ok_or(Reason::SumOutOfRange)
}

/// Whether the operand stands on that side of what the column holds, or the column holds nothing yet.
fn is_beyond(operand: &CellRef<'_>, current: &Cell, side: std::cmp::Ordering) -> bool {
    match (operand, current) {
        (CellRef::Int(new), Cell::Int(old)) => new.cmp(old) == side,
        (CellRef::Time(new), Cell::Time(old)) => new.cmp(old) == side,
        (CellRef::Text(new), Cell::Text(old)) => (**new).cmp(old) == side,
        _ => true,
    }
}

fn text_len(value: &CellRef<'_>) -> usize {
    match value {
        CellRef::Number(text) => text.len(),
        CellRef::Text(text) => text.len(),
        _ => 0,
    }
}

/// Folds one event into the row with this key: all steps or, if one of them fails, none.
pub(crate) fn fold_row(
    table: &mut Table,
    key: &str,
    steps: &[Step],
    read: EventRead<'_>,
    scratch: &mut Vec<(u16, Change)>,
) -> Result<(), Reason> {
    scratch.clear();
    let found = table.find(key);
    let (cells, mut bytes) = table.at(found);
    for step in steps {
        let current = cells.get(usize::from(step.column)).unwrap_or(&Cell::Absent);
        if let Some(change) = step.change(current, read.read(&step.operand))? {
            bytes = bytes + change.bytes(current) - current.bytes();
            scratch.push((step.column, change));
        }
    }
    if bytes > ROW_BYTES_MAX {
        return Err(Reason::RowTooLarge);
    }
    table.apply(key, found, scratch.drain(..), bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use selfsame_record::Micros;

    use super::*;

    #[track_caller]
    fn check(verb: Verb, current: Cell, operand: CellRef<'_>, expect: Result<Option<Cell>, Reason>) {
        let step = Step { column: 0, verb, operand: Origin::Key, in_index: true };
        let got = step.change(&current, operand).map(|change| {
            change.map(|change| match change {
                Change::Put(cell) => cell,
                Change::Push { item, .. } => item,
            })
        });
        assert_eq!(got, expect);
    }

    fn text(text: &str) -> CellRef<'_> {
        CellRef::Text(Cow::Borrowed(text))
    }

    fn number(lexeme: &str) -> Cell {
        Cell::Number(lexeme.into())
    }

    #[test]
    fn set_takes_the_value_as_it_was_written() {
        check(Verb::Set, Cell::Int(1), CellRef::Int(2), Ok(Some(Cell::Int(2))));
        check(Verb::Set, Cell::Int(1), CellRef::Int(1), Ok(None));
        check(Verb::Set, Cell::Int(1), CellRef::Number("1.0"), Ok(Some(number("1.0"))));
        check(Verb::Set, Cell::Int(1), CellRef::Null, Ok(Some(Cell::Null)));
        check(Verb::Set, Cell::Int(1), CellRef::Absent, Ok(Some(Cell::Absent)));
        check(Verb::Set, Cell::Absent, CellRef::Json(Cow::Borrowed("[]")), Ok(Some(Cell::Json("[]".into()))));
        check(Verb::SetInteger, Cell::Absent, CellRef::Number("2.0"), Ok(Some(Cell::Int(2))));
        check(Verb::SetInteger, Cell::Absent, CellRef::Number("1e30"), Err(Reason::NotAnInteger));
    }

    #[test]
    fn add_counts_within_64_bits_from_0() {
        check(Verb::Add, Cell::Absent, CellRef::Int(2), Ok(Some(Cell::Int(2))));
        check(Verb::Add, Cell::Null, CellRef::Int(0), Ok(Some(Cell::Int(0))));
        check(Verb::Add, Cell::Int(3), CellRef::Number("-1.0"), Ok(Some(Cell::Int(2))));
        check(Verb::Add, Cell::Int(3), CellRef::Int(0), Ok(None));
        check(Verb::Add, Cell::Int(3), CellRef::Null, Ok(None));
        check(Verb::Add, Cell::Int(i64::MAX), CellRef::Int(1), Err(Reason::SumOutOfRange));
        check(Verb::Add, Cell::Int(0), CellRef::Number("9223372036854775808"), Err(Reason::NotAnInteger));
    }

    #[test]
    fn max_and_min_keep_the_outermost() {
        check(Verb::Max, Cell::Absent, CellRef::Int(-5), Ok(Some(Cell::Int(-5))));
        check(Verb::Max, Cell::Null, CellRef::Int(-5), Ok(Some(Cell::Int(-5))));
        check(Verb::Max, Cell::Int(3), CellRef::Int(2), Ok(None));
        check(Verb::Max, Cell::Int(3), CellRef::Number("4.0"), Ok(Some(Cell::Int(4))));
        check(Verb::Min, Cell::Int(3), CellRef::Int(2), Ok(Some(Cell::Int(2))));
        check(Verb::Min, Cell::Int(3), CellRef::Absent, Ok(None));
        check(Verb::Min, Cell::Time(Micros(3)), CellRef::Time(Micros(4)), Ok(None));
        check(Verb::Max, Cell::Text("z".into()), text("ä"), Ok(Some(Cell::Text("ä".into()))));
        check(Verb::Min, Cell::Text("z".into()), text("ä"), Ok(None));
    }

    #[test]
    fn append_skips_what_is_not_there() {
        let append = Verb::Append { max: 3 };
        check(append, Cell::Absent, CellRef::Int(1), Ok(Some(Cell::Int(1))));
        check(append, Cell::Absent, CellRef::Null, Ok(None));
        check(append, Cell::Absent, CellRef::Absent, Ok(None));
    }

    #[test]
    fn a_column_of_an_index_takes_short_texts_only() {
        let longest = "x".repeat(INDEX_TEXT_BYTES_MAX);
        let fits = Cell::Text(longest.as_str().into());
        check(Verb::Set, Cell::Absent, text(&longest), Ok(Some(fits)));
        let longer = format!("{longest}x");
        check(Verb::Set, Cell::Absent, text(&longer), Err(Reason::IndexTextTooLong));
        check(Verb::Max, Cell::Absent, text(&longer), Err(Reason::IndexTextTooLong));
    }
}
