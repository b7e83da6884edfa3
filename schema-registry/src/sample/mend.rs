//! Documents that are made whole, and changed where they are not valid.

use std::collections::BTreeSet;

use serde_json::Value;

use super::CHOICES_MAX;
use super::make::{Manner, make};
use super::part::{Part, flatten, of_item, of_member};
use super::vary::{self, Change};
use crate::checked::Checked;
use crate::inclusion::Step;

/// Filled documents that are made whole.
const FILLED_MAX: usize = 6;
/// Repairs of one document that is not valid.
const REPAIRS_MAX: usize = 12;

/// Documents that are made whole, mended where they are not valid; each once.
pub(super) fn bases<'a>(root: Part<'a>, checked: &Checked) -> impl Iterator<Item = Value> {
    let choices =
        flatten(&[root]).iter().map(|part| part.list("anyOf").len().max(part.list("oneOf").len())).max();
    let choices = choices.unwrap_or(0).clamp(4, CHOICES_MAX);
    let minimal = (0..choices).map(|choice| Manner { filled: false, choice });
    let filled = (0..FILLED_MAX).map(|choice| Manner { filled: true, choice });
    let mut seen = BTreeSet::new();
    minimal
        .chain(filled)
        .map(|manner| mended(make(&[root], manner), root, checked))
        .filter(|base| seen.insert(base.to_string()))
        .collect::<Vec<_>>()
        .into_iter()
}

/// The document, changed where it is not valid until it is, or as far as that leads.
fn mended(mut document: Value, root: Part<'_>, checked: &Checked) -> Value {
    for _ in 0..REPAIRS_MAX {
        let Err((pointer, _)) = checked.check(&document) else { return document };
        let Some((path, value, parts)) = follow(&document, root, &pointer) else { return document };
        let flat = flatten(&parts);
        let manners = (0..6).map(|choice| Manner { filled: choice % 2 == 1, choice });
        let made = manners.map(|manner| Change::new(&path, Some(make(&parts, manner))));
        let gone = (!path.is_empty()).then(|| Change::new(&path, None));
        let changes = made.chain(gone).chain(vary::around(&path, value, &flat));
        let better = |changed: &Value| match checked.check(changed) {
            Ok(()) => true,
            Err((place, _)) => !place.starts_with(&pointer),
        };
        let mended = changes.filter_map(|change| change.apply(&document)).find(better);
        match mended {
            Some(mended) => document = mended,
            None => return document,
        }
    }
    document
}

/// The place at a pointer: the way there, the value, and what schemas say about it.
fn follow<'v, 'a>(
    document: &'v Value,
    root: Part<'a>,
    pointer: &str,
) -> Option<(Vec<Step>, &'v Value, Vec<Part<'a>>)> {
    let pointer = crate::json::pointer::Pointer::parse(pointer).ok()?;
    let (mut path, mut value, mut parts) = (Vec::new(), document, vec![root]);
    for key in pointer.tokens() {
        let flat = flatten(&parts);
        if let Value::Array(items) = value {
            let index = key.parse::<usize>().ok()?;
            (value, parts) = (items.get(index)?, of_item(&flat, index));
            path.push(Step::Item(index));
        } else {
            (value, parts) = (value.get(key)?, of_member(&flat, key));
            path.push(Step::Member(key.clone()));
        }
    }
    Some((path, value, parts))
}
