//! One cell of a row: a value that is kept, compared, encoded for digests and shown as JSON.
//!
//! # Order
//!
//! `Absent < null < false < true < numbers and moments < texts < JSON < lists`. Numbers are ordered by value
//! ([`decimal`](crate::decimal)), so `1` and `1.0` stand at the same place although they are different
//! cells; texts are in the order of their Unicode scalar values.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::VecDeque;

use selfsame_record::{Micros, ValueRef};

use crate::limits::CELL_BYTES;
use crate::{decimal, json, moment};

/// What one column of a row holds. Two cells are equal if they say the same in the same form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The column is not there.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A moment, shown as RFC 3339 text.
    Time(Micros),
    /// Any other number, as its lexeme.
    Number(Box<str>),
    /// A string.
    Text(Box<str>),
    /// An array or an object as JSON text.
    Json(Box<str>),
    /// What `append` gathered, the oldest first.
    List(Box<List>),
}

/// A list that remembers its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    items: VecDeque<Cell>,
    bytes: usize,
}

/// A cell's content that is read where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CellRef<'a> {
    Absent,
    Null,
    Bool(bool),
    Int(i64),
    Time(Micros),
    Number(&'a str),
    Text(Cow<'a, str>),
    Json(Cow<'a, str>),
}

impl List {
    /// The items, the oldest first.
    pub fn items(&self) -> impl Iterator<Item = &Cell> {
        self.items.iter()
    }

    /// Appends an item; the oldest fall out until `max` are left.
    pub(crate) fn push(&mut self, item: Cell, max: usize) {
        self.bytes += item.bytes();
        self.items.push_back(item);
        while self.items.len() > max {
            let oldest = self.items.pop_front();
            self.bytes -= oldest.map_or(0, |cell| cell.bytes());
        }
    }

    /// The size that it would have after [`List::push`].
    pub(crate) fn bytes_after(&self, item: &Cell, max: usize) -> usize {
        let fall_out = (self.items.len() + 1).saturating_sub(max).min(self.items.len());
        let gone: usize = self.items.iter().take(fall_out).map(Cell::bytes).sum();
        self.bytes - gone + item.bytes()
    }
}

impl Cell {
    /// What the cell counts for in its row's size; one that is absent counts nothing.
    pub(crate) fn bytes(&self) -> usize {
        let text = match self {
            Cell::Absent => return 0,
            Cell::Number(text) | Cell::Text(text) | Cell::Json(text) => text.len(),
            Cell::List(list) => list.bytes,
            _ => 0,
        };
        CELL_BYTES + text
    }

    /// The place of the cell in an index: by value, so that cells of different form can be equal here.
    pub(crate) fn order(&self, other: &Cell) -> Ordering {
        let by_rank = || self.rank().cmp(&other.rank());
        match (self, other) {
            (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
            (Cell::Int(a) | Cell::Time(Micros(a)), Cell::Int(b) | Cell::Time(Micros(b))) => a.cmp(b),
            (Cell::Int(a) | Cell::Time(Micros(a)), Cell::Number(b)) => decimal::order(&a.to_string(), b),
            (Cell::Number(a), Cell::Int(b) | Cell::Time(Micros(b))) => decimal::order(a, &b.to_string()),
            (Cell::Number(a), Cell::Number(b)) => decimal::order(a, b),
            (Cell::Text(a), Cell::Text(b)) | (Cell::Json(a), Cell::Json(b)) => a.cmp(b),
            (Cell::List(a), Cell::List(b)) => order_lists(a, b),
            _ => by_rank(),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Cell::Absent => 0,
            Cell::Null => 1,
            Cell::Bool(_) => 2,
            Cell::Int(_) | Cell::Time(_) | Cell::Number(_) => 3,
            Cell::Text(_) => 4,
            Cell::Json(_) => 5,
            Cell::List(_) => 6,
        }
    }

    /// Appends bytes that differ between any two different cells and that end where they end.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Cell::Absent => out.push(0),
            Cell::Null => out.push(1),
            Cell::Bool(b) => out.extend([2, u8::from(*b)]),
            Cell::Int(n) => encode_number(3, *n, out),
            Cell::Time(Micros(n)) => encode_number(4, *n, out),
            Cell::Number(text) => encode_text(5, text, out),
            Cell::Text(text) => encode_text(6, text, out),
            Cell::Json(text) => encode_text(7, text, out),
            Cell::List(list) => {
                encode_number(8, list.items.len().try_into().unwrap_or(i64::MAX), out);
                list.items.iter().for_each(|item| item.encode(out));
            }
        }
    }

    /// Reads one cell that is not a list from the front of the bytes, and says what is left.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Cell, &[u8])> {
        let (&tag, rest) = bytes.split_first()?;
        Some(match tag {
            0 => (Cell::Absent, rest),
            1 => (Cell::Null, rest),
            2 => {
                let (&b, rest) = rest.split_first()?;
                (Cell::Bool(b != 0), rest)
            }
            3 | 4 => {
                let (number, rest) = rest.split_first_chunk()?;
                let number = i64::from_le_bytes(*number);
                (if tag == 3 { Cell::Int(number) } else { Cell::Time(Micros(number)) }, rest)
            }
            5..=7 => {
                let (len, rest) = rest.split_first_chunk()?;
                let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*len).try_into().ok()?)?;
                let text = Box::from(std::str::from_utf8(text).ok()?);
                let form = [Cell::Number, Cell::Text, Cell::Json].into_iter().nth(usize::from(tag) - 5)?;
                (form(text), rest)
            }
            _ => return None,
        })
    }

    /// Appends the cell as JSON; an absent one as `null`, which callers leave out beforehand.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Cell::List(list) => {
                out.push('[');
                for (i, item) in list.items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            _ => self.as_ref().write_json(out),
        }
    }

    /// The same content, borrowed. A list has no such form and reads as absent; expressions hold none.
    pub(crate) fn as_ref(&self) -> CellRef<'_> {
        match self {
            Cell::Absent | Cell::List(_) => CellRef::Absent,
            Cell::Null => CellRef::Null,
            Cell::Bool(b) => CellRef::Bool(*b),
            Cell::Int(n) => CellRef::Int(*n),
            Cell::Time(n) => CellRef::Time(*n),
            Cell::Number(text) => CellRef::Number(text),
            Cell::Text(text) => CellRef::Text(Cow::Borrowed(text)),
            Cell::Json(text) => CellRef::Json(Cow::Borrowed(text)),
        }
    }
}

/// A string that a lens found among members unknown to its writer comes as JSON text with its escapes.
fn of_json(text: &str) -> CellRef<'_> {
    let string = text.starts_with('"').then(|| serde_json::from_str(text).ok()).flatten();
    string.map_or(CellRef::Json(Cow::Borrowed(text)), |string| CellRef::Text(Cow::Owned(string)))
}

fn order_lists(a: &List, b: &List) -> Ordering {
    let mut steps = a.items.iter().zip(&b.items).map(|(x, y)| x.order(y));
    let first = steps.find(|step| step.is_ne());
    first.unwrap_or_else(|| a.items.len().cmp(&b.items.len()))
}

fn encode_number(tag: u8, number: i64, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend(number.to_le_bytes());
}

/// A text's length is written with 32 bits: a row's limit is far below 4 GiB.
fn encode_text(tag: u8, text: &str, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(text.as_bytes());
}

impl<'a> CellRef<'a> {
    /// A slot's value. An object's members lie elsewhere, so `object` writes its JSON text.
    pub(crate) fn of(value: ValueRef<'a>, object: impl FnOnce() -> Option<String>) -> CellRef<'a> {
        match value {
            ValueRef::Absent => CellRef::Absent,
            ValueRef::Null => CellRef::Null,
            ValueRef::Object => object().map_or(CellRef::Absent, |text| CellRef::Json(Cow::Owned(text))),
            ValueRef::Bool(b) => CellRef::Bool(b),
            ValueRef::Int(n) => CellRef::Int(n),
            ValueRef::Number(text) => CellRef::Number(text),
            ValueRef::Text(text) => CellRef::Text(Cow::Borrowed(text)),
            ValueRef::Json(text) => of_json(text),
        }
    }

    /// Whether the cell holds this content already.
    pub(crate) fn is(&self, cell: &Cell) -> bool {
        !matches!(cell, Cell::List(_)) && cell.as_ref() == *self
    }

    /// The content as a cell of its own.
    pub(crate) fn into_cell(self) -> Cell {
        match self {
            CellRef::Absent => Cell::Absent,
            CellRef::Null => Cell::Null,
            CellRef::Bool(b) => Cell::Bool(b),
            CellRef::Int(n) => Cell::Int(n),
            CellRef::Time(n) => Cell::Time(n),
            CellRef::Number(text) => Cell::Number(text.into()),
            CellRef::Text(text) => Cell::Text(text.into()),
            CellRef::Json(text) => Cell::Json(text.into()),
        }
    }

    /// Appends the content as JSON.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self {
            CellRef::Absent | CellRef::Null => out.push_str("null"),
            CellRef::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            CellRef::Int(n) => out.push_str(&n.to_string()),
            CellRef::Time(n) => json::write_text(&moment::to_text(*n), out),
            CellRef::Number(text) => out.push_str(text),
            CellRef::Text(text) => json::write_text(text, out),
            CellRef::Json(text) => out.push_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_order() -> Vec<Cell> {
        let mut list = List::default();
        list.push(Cell::Int(1), 3);
        vec![
            Cell::Absent,
            Cell::Null,
            Cell::Bool(false),
            Cell::Bool(true),
            Cell::Int(-3),
            Cell::Number("-2.5".into()),
            Cell::Time(Micros(5)),
            Cell::Number("1e30".into()),
            Cell::Text("".into()),
            Cell::Text("ab".into()),
            Cell::Text("ä".into()),
            Cell::Json("[]".into()),
            Cell::List(Box::new(list)),
        ]
    }

    #[test]
    fn cells_have_a_total_order() {
        let cells = in_order();
        for (i, a) in cells.iter().enumerate() {
            for (j, b) in cells.iter().enumerate() {
                assert_eq!(a.order(b), i.cmp(&j), "{a:?} and {b:?}");
            }
        }
        assert_eq!(Cell::Number("1.0".into()).order(&Cell::Int(1)), Ordering::Equal);
    }

    #[test]
    fn encodings_differ_and_read_back() {
        let cells = in_order();
        let encoded: Vec<Vec<u8>> = cells
            .iter()
            .map(|cell| {
                let mut out = vec![];
                cell.encode(&mut out);
                out
            })
            .collect();
        for (i, cell) in cells.iter().enumerate() {
            assert_eq!(encoded.iter().filter(|e| **e == encoded[i]).count(), 1);
            let scalar = !matches!(cell, Cell::List(_));
            assert_eq!(Cell::decode(&encoded[i]), scalar.then(|| (cell.clone(), &[][..])));
            for cut in 0..encoded[i].len() {
                assert_eq!(Cell::decode(&encoded[i][..cut]), None, "{cell:?} cut to {cut} bytes");
            }
        }
    }

    #[test]
    fn a_full_list_loses_its_oldest_items_and_knows_its_size() {
        let mut list = List::default();
        for n in 0..5 {
            let item = Cell::Text("x".repeat(n).into());
            let foreseen = list.bytes_after(&item, 3);
            list.push(item, 3);
            assert_eq!(list.bytes, foreseen);
            assert_eq!(list.bytes, list.items().map(Cell::bytes).sum::<usize>());
        }
        let mut out = String::new();
        Cell::List(Box::new(list)).write_json(&mut out);
        assert_eq!(out, r#"["xx","xxx","xxxx"]"#);
    }

    #[test]
    fn content_is_compared_in_place() {
        for cell in in_order().iter().filter(|cell| !matches!(cell, Cell::List(_))) {
            assert!(cell.as_ref().is(cell));
            assert_eq!(&cell.as_ref().into_cell(), cell);
        }
        assert!(!CellRef::Int(1).is(&Cell::Number("1.0".into())));
        assert!(!CellRef::Absent.is(&Cell::List(Box::default())));
    }

    #[test]
    fn a_string_with_escapes_is_read_as_the_string() {
        let of = |text: &'static str| CellRef::of(ValueRef::Json(text), || None).into_cell();
        assert_eq!(of(r#""a\u00e4\n""#), Cell::Text("aä\n".into()));
        assert_eq!(of(r#"["a"]"#), Cell::Json(r#"["a"]"#.into()));
    }
}
