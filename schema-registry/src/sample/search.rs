//! The search for a document that one schema takes and another does not.

use serde_json::{Value, json};

use super::make::{Manner, make, name_for};
use super::mend::bases;
use super::part::{Part, flatten, of_item, of_member};
use super::vary::{self, Change, at};
use super::{Budget, CHANGES_MAX, CHOICES_MAX, Searched, Spent, shrink};
use crate::checked::Checked;
use crate::inclusion::Step;

/// A search under way.
pub(super) struct Search {
    valid: Checked,
    invalid: Checked,
    spent: Spent,
    searched: Searched,
}

impl Search {
    pub(super) fn new(valid: Checked, invalid: Checked, budget: Budget) -> Search {
        Search { valid, invalid, spent: Spent::new(budget), searched: Searched::default() }
    }

    pub(super) fn run(mut self, parts: [Part<'_>; 2], hints: &[Vec<Step>]) -> Searched {
        let mut bases: Vec<Value> = bases(parts[0], &self.valid).collect();
        bases.sort_by_cached_key(|base| base.to_string().len());
        let found = self.first(&bases, parts, hints);
        let stays = |value: &Value| self.valid.is_valid(value) && !self.invalid.is_valid(value);
        self.searched.witness = found.map(|witness| shrink::shrink(witness, &stays));
        self.searched
    }

    fn first(&mut self, bases: &[Value], parts: [Part<'_>; 2], hints: &[Vec<Step>]) -> Option<Value> {
        for base in bases {
            if self.is_witness(base)? {
                return Some(base.clone());
            }
        }
        for hint in hints {
            for base in bases.iter().take(CHOICES_MAX) {
                let (base, path, parts) = led(base, parts, hint);
                let value = at(&base, &path).unwrap_or(&Value::Null);
                let mut changes = vary::around(&path, value, &flatten(&parts));
                changes.extend(vary::pool(&parts).into_iter().map(|to| Change::new(&path, Some(to))));
                if let Some(found) = self.changed(&base, changes)? {
                    return Some(found);
                }
            }
        }
        for base in bases {
            if let Some(found) = self.changed(base, vary::changes(base, &parts, CHANGES_MAX))? {
                return Some(found);
            }
        }
        None
    }

    /// A witness among the changed documents; none at all if the budget is spent.
    fn changed(&mut self, base: &Value, changes: Vec<Change>) -> Option<Option<Value>> {
        if self.is_witness(base)? {
            return Some(Some(base.clone()));
        }
        for changed in changes.into_iter().filter_map(|change| change.apply(base)) {
            if self.is_witness(&changed)? {
                return Some(Some(changed));
            }
        }
        Some(None)
    }

    fn is_witness(&mut self, document: &Value) -> Option<bool> {
        if !self.spent.take(size(document)) {
            return None;
        }
        self.searched.tried += 1;
        let valid = self.valid.is_valid(document);
        self.searched.valid += usize::from(valid);
        Some(valid && !self.invalid.is_valid(document))
    }
}

/// About how many bytes a document takes as JSON text.
fn size(document: &Value) -> usize {
    match document {
        Value::Object(members) => {
            2 + members.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>()
        }
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::String(text) => text.len() + 2,
        _ => 5,
    }
}

/// The document with everything in it that lies on the way, the way as it is in the document, and what the
/// schemas say about its end.
fn led<'a>(base: &Value, roots: [Part<'a>; 2], hint: &[Step]) -> (Value, Vec<Step>, Vec<Part<'a>>) {
    let (mut document, mut path, mut parts) = (base.clone(), Vec::new(), roots.to_vec());
    // The schema that must take it speaks first, where there is anything to make.
    let mut first = vec![roots[0]];
    for step in hint {
        let (flat, inside) = (flatten(&parts), flatten(&first));
        let step = match step {
            Step::Other(pattern) => Step::Member(unlisted(&flat, pattern.as_deref())),
            step => step.clone(),
        };
        let (below, of_first) = match &step {
            Step::Item(index) => (of_item(&flat, *index), of_item(&inside, *index)),
            Step::Member(name) => (of_member(&flat, name), of_member(&inside, name)),
            Step::Other(_) => break,
        };
        let host = at(&document, &path);
        let fitting = matches!(
            (host, &step),
            (Some(Value::Object(_)), Step::Member(_)) | (Some(Value::Array(_)), Step::Item(_))
        );
        if !fitting {
            let empty = if matches!(step, Step::Item(_)) { json!([]) } else { json!({}) };
            match Change::new(&path, Some(empty)).apply(&document) {
                Some(changed) => document = changed,
                None => break,
            }
        }
        path.push(step);
        if at(&document, &path).is_none() {
            let made = make(&of_first, Manner { filled: false, choice: 0 });
            match Change::new(&path, Some(made)).apply(&document) {
                Some(changed) => document = changed,
                None => break,
            }
        }
        (parts, first) = (below, of_first);
    }
    (document, path, parts)
}

/// A name that matches the pattern, or that no schema lists.
fn unlisted(flat: &[Part<'_>], pattern: Option<&str>) -> String {
    if let Some(pattern) = pattern {
        return name_for(pattern);
    }
    let listed = |name: &&str| {
        flat.iter().any(|part| part.below("properties").is_some_and(|properties| properties.has(name)))
    };
    let names = ["other", "a", "x1", "A", "_", "zz"];
    names.into_iter().find(|name| !listed(name)).unwrap_or("other ").to_owned()
}
