//! Expressions: where a column, a key or a job's field takes its value from.
//!
//! `$.a.b` and `$/a/b` are paths into the event as this version sees it, `$` is the whole event; `$time`,
//! `$key`, `$type`, `$id`, `$source` and `$principal` come from the envelope. Anything else is a literal,
//! and `$$` begins a text with one `$`.

use selfsame_record::Value as Number;
use selfsame_schema::{EventShape, SlotKind};
use serde_json::Value;

use super::Problems;
use super::spot::{Spot, escape};
use crate::cell::{Cell, CellRef};
use crate::event::Origin;
use crate::row::ColumnKind;

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    pub(crate) source: Origin,
    pub(crate) kind: ColumnKind,
    /// As it stands in the document.
    pub(crate) text: String,
}

const ENVELOPE: [(&str, Origin, ColumnKind); 6] = [
    ("$time", Origin::Time, ColumnKind::Time),
    ("$key", Origin::Key, ColumnKind::Text),
    ("$type", Origin::Type, ColumnKind::Text),
    ("$id", Origin::Id, ColumnKind::Text),
    ("$source", Origin::Source, ColumnKind::Text),
    ("$principal", Origin::Principal, ColumnKind::Text),
];

/// Reads an expression over events of this shape.
pub(crate) fn read(spot: &Spot<'_>, shape: &EventShape, problems: &mut Problems) -> Option<Expression> {
    let (source, kind) = match spot.value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(rest) if !rest.starts_with('$') => read_reference(text, spot, shape, problems)?,
            rest => (literal(Cell::Text(rest.unwrap_or(text).into())), ColumnKind::Text),
        },
        Value::Null => (literal(Cell::Null), ColumnKind::Null),
        Value::Bool(b) => (literal(Cell::Bool(*b)), ColumnKind::Boolean),
        Value::Number(number) => {
            let number = Number::number(&number.to_string());
            let kind =
                if matches!(number, Number::Int(_)) { ColumnKind::Integer } else { ColumnKind::Number };
            (literal(CellRef::of(number.as_ref(), || None).into_cell()), kind)
        }
        Value::Array(_) | Value::Object(_) => {
            problems.push(spot.problem("must be an expression, not an array or an object").help(FORMS));
            return None;
        }
    };
    let text = spot.value.as_str().map_or_else(|| spot.value.to_string(), str::to_owned);
    Some(Expression { source, kind, text })
}

const FORMS: &str = "use `$.field`, `$/json/pointer`, `$time`, `$key`, `$type`, `$id`, `$source`, \
                     `$principal`, or a literal; a text that begins with `$` is written with `$$`";

fn literal(cell: Cell) -> Origin {
    Origin::Literal(cell)
}

fn read_reference(
    text: &str,
    spot: &Spot<'_>,
    shape: &EventShape,
    problems: &mut Problems,
) -> Option<(Origin, ColumnKind)> {
    if let Some((_, source, kind)) = ENVELOPE.into_iter().find(|(name, ..)| *name == text) {
        return Some((source, kind));
    }
    let Some(pointer) = pointer_of(text) else {
        problems.push(spot.problem(format!("`{text}` is not an expression")).help(FORMS));
        return None;
    };
    let found = shape.slot(&pointer).and_then(|slot| Some((slot, shape.slots().get(usize::from(slot))?)));
    let Some((number, slot)) = found else {
        let message = format!("the event has no field `{pointer}`, which `{text}` names");
        problems.push(spot.problem(message).help(fields_of(shape, &pointer)));
        return None;
    };
    Some((Origin::Slot(number), column_kind(slot.kind)))
}

/// The JSON Pointer that a path means.
fn pointer_of(text: &str) -> Option<String> {
    let rest = text.strip_prefix('$')?;
    if rest.is_empty() || rest.starts_with('/') {
        return Some(rest.to_owned());
    }
    let steps: Vec<&str> = rest.strip_prefix('.')?.split('.').collect();
    let whole = steps.iter().all(|step| !step.is_empty());
    whole.then(|| steps.iter().map(|step| format!("/{}", escape(step))).collect())
}

/// What stands where the pointer's last step was looked for.
fn fields_of(shape: &EventShape, pointer: &str) -> String {
    let host = pointer.rsplit_once('/').map_or("", |(host, _)| host);
    let host = if shape.slot(host).is_some() { host } else { "" };
    let parent = shape.slot(host);
    let members = shape.slots().iter().filter(|slot| slot.parent.is_some() && slot.parent == parent);
    let names: Vec<String> = members.take(16).map(|slot| format!("`{}`", slot.pointer)).collect();
    if names.is_empty() {
        "its schema has no properties".into()
    } else {
        format!("it has {}", names.join(", "))
    }
}

fn column_kind(kind: SlotKind) -> ColumnKind {
    match kind {
        SlotKind::Boolean => ColumnKind::Boolean,
        SlotKind::Integer => ColumnKind::Integer,
        SlotKind::Number => ColumnKind::Number,
        SlotKind::String { .. } => ColumnKind::Text,
        SlotKind::Array | SlotKind::Object => ColumnKind::Json,
        SlotKind::Any => ColumnKind::Any,
    }
}

/// Reads an expression that rows are found by: text or integer.
pub(crate) fn read_key(spot: &Spot<'_>, shape: &EventShape, problems: &mut Problems) -> Option<Origin> {
    let expression = read(spot, shape, problems)?;
    let Expression { source, kind, text } = expression;
    let is_key = match &source {
        Origin::Literal(Cell::Text(text)) => crate::event::is_key(text),
        _ => matches!(kind, ColumnKind::Text | ColumnKind::Integer),
    };
    if !is_key {
        let message = format!("`{text}` is {}, and a key is a text or an integer", kind.article());
        let message = if kind == ColumnKind::Text {
            format!("`{text}` is not a key: 1 to 512 bytes without control characters")
        } else {
            message
        };
        problems.push(spot.problem(message));
        return None;
    }
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_pointers() {
        let rows = [
            ("$", Some("")),
            ("$.a", Some("/a")),
            ("$.a.b~/c", Some("/a/b~0~1c")),
            ("$/a/b~0", Some("/a/b~0")),
            ("$.", None),
            ("$.a..b", None),
            ("$position", None),
            ("$a", None),
        ];
        for (text, pointer) in rows {
            assert_eq!(pointer_of(text).as_deref(), pointer, "{text}");
        }
    }

    #[test]
    fn numbers_without_fraction_are_integers() {
        assert_eq!(Number::number("7"), Number::Int(7));
    }
}
