//! An event as an expression reads it: through the lens into the reader's shape, with its envelope.

use std::borrow::Cow;

use selfsame_record::{ArchivedEvent, ArchivedRecord, ArchivedRow, Key, Micros};
use selfsame_schema::Decoded;

use crate::cell::{Cell, CellRef};
use crate::decimal;
use crate::skipped::Reason;

/// Where an expression takes its value from. There is deliberately no position among them: two logs with
/// the same events and other control records between them must give the same state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A slot of the reader's shape.
    Slot(u16),
    /// The producer's time, else the record's.
    Time,
    /// The event's key.
    Key,
    /// The event's type, as the reader's version calls it.
    Type,
    /// The event's id.
    Id,
    /// The event's source.
    Source,
    /// Who published it.
    Principal,
    /// The same value for every event.
    Literal(Cell),
}

/// An event under a fold.
#[derive(Clone, Copy)]
pub(crate) struct EventRead<'a> {
    pub(crate) record: &'a ArchivedRecord,
    pub(crate) event: &'a ArchivedEvent,
    pub(crate) decoded: &'a Decoded<'a, ArchivedRow>,
    /// What the reader's version calls the event's type.
    pub(crate) event_type: &'a str,
}

impl<'a> EventRead<'a> {
    pub(crate) fn time(self) -> Micros {
        self.event.occurred().unwrap_or(self.record.time())
    }

    pub(crate) fn read(self, source: &'a Origin) -> CellRef<'a> {
        match source {
            Origin::Slot(slot) => CellRef::of(self.decoded.get(*slot), || self.decoded.json_at(*slot)),
            Origin::Time => CellRef::Time(self.time()),
            Origin::Key => text(&self.event.key),
            Origin::Type => text(self.event_type),
            Origin::Id => text(&self.event.id),
            Origin::Source => text(&self.event.source),
            Origin::Principal => text(&self.record.principal),
            Origin::Literal(cell) => cell.as_ref(),
        }
    }

    /// The key of the row that the event changes.
    ///
    /// # Errors
    ///
    /// If it is absent, `null`, or nothing that a row can be found by.
    pub(crate) fn key(self, source: &'a Origin) -> Result<Cow<'a, str>, Reason> {
        let key = match self.read(source) {
            CellRef::Text(text) => text,
            CellRef::Int(number) => Cow::Owned(number.to_string()),
            CellRef::Number(lexeme) => {
                Cow::Owned(decimal::to_i64(lexeme).ok_or(Reason::KeyInvalid)?.to_string())
            }
            CellRef::Absent | CellRef::Null => return Err(Reason::KeyMissing),
            _ => return Err(Reason::KeyInvalid),
        };
        if is_key(&key) { Ok(key) } else { Err(Reason::KeyInvalid) }
    }
}

fn text(text: &str) -> CellRef<'_> {
    CellRef::Text(Cow::Borrowed(text))
}

/// Whether [`Key::parse`] takes the text, without making one.
pub(crate) fn is_key(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii() && !b.is_ascii_control();
    let sized = (1..=Key::LEN_MAX).contains(&text.len());
    sized && (text.bytes().all(plain) || !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_is_what_the_record_package_calls_one(text in prop_oneof![
            "(?s).{0,6}", "[a-z\u{7f}\u{80}\u{9f}\n ä]{0,4}", "a{510,514}", "ä{255,257}",
        ]) {
            prop_assert_eq!(is_key(&text), Key::parse(&text).is_ok());
        }
    }
}
