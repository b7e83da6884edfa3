//! Documents made from schemas: valid ones, and ones that one schema takes and another does not.
//!
//! The same schemas give the same documents. How many are made, how large they are together and how small a
//! witness is made is bounded, so that whoever asks knows how long it takes. What is found is certain, since
//! it was checked; that nothing is found proves nothing.

mod make;
mod mend;
mod part;
mod reach;
mod search;
mod shrink;
mod strangers;
mod text;
mod vary;

use std::collections::BTreeSet;

use serde_json::Value;
pub(crate) use strangers::has_strangers;

use crate::checked::Checked;
use crate::inclusion::Step;
use mend::bases;
use part::Source;
use search::Search;

/// Documents that are made whole: one per branch, type or listed value, counted round.
const CHOICES_MAX: usize = 24;
/// Changes that are tried for one document.
const CHANGES_MAX: usize = 1200;

/// How much is made at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Documents that are checked.
    pub documents: usize,
    /// Bytes of all of them together, as JSON text.
    pub bytes: usize,
}

impl Default for Budget {
    /// What a search of some ten milliseconds affords.
    fn default() -> Budget {
        Budget { documents: 4000, bytes: 4 << 20 }
    }
}

/// What a search for a witness found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Searched {
    /// Valid under the one schema, and not under the other.
    pub witness: Option<Value>,
    /// How many documents were tried.
    pub tried: usize,
    /// How many of them the first schema takes.
    pub valid: usize,
    /// Why no documents were tried.
    pub untried: Option<Untried>,
}

/// Which of the schemas cannot be checked with, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untried {
    /// The one that must take a witness.
    Inside(String),
    /// The one that must not.
    Outside(String),
}

/// Valid documents, distinct, the smallest first.
pub fn documents(schema: &Value, budget: Budget) -> Vec<Value> {
    let Ok(checked) = Checked::compile(&reach::pruned(schema)) else { return Vec::new() };
    let source = Source::new(schema);
    let mut found: Vec<(usize, String, Value)> = Vec::new();
    let mut spent = Spent::new(budget);
    let mut seen = BTreeSet::new();
    let bases: Vec<Value> = bases(source.root(), &checked).collect();
    let mut keep = |document: Value, spent: &mut Spent| {
        let text = document.to_string();
        if seen.contains(&text) {
            return true;
        }
        let goes_on = spent.take(text.len());
        if goes_on && checked.is_valid(&document) {
            found.push((text.len(), text.clone(), document));
        }
        seen.insert(text);
        goes_on
    };
    for base in &bases {
        keep(base.clone(), &mut spent);
    }
    'bases: for base in &bases {
        for change in vary::changes(base, &[source.root()], CHANGES_MAX) {
            let changed = change.apply(base);
            if !changed.is_none_or(|changed| keep(changed, &mut spent)) {
                break 'bases;
            }
        }
    }
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    found.into_iter().map(|(_, _, document)| document).collect()
}

/// Looks for a document that is valid under `inside` and not under `outside`.
pub fn witness(inside: &Value, outside: &Value, budget: Budget) -> Searched {
    witness_at(inside, outside, &[], budget)
}

/// The same, and first at these places.
pub(crate) fn witness_at(inside: &Value, outside: &Value, hints: &[Vec<Step>], budget: Budget) -> Searched {
    let compile = |schema| Checked::compile(&reach::pruned(schema));
    let untried = |why| Searched { untried: Some(why), ..Searched::default() };
    let valid = match compile(inside) {
        Ok(valid) => valid,
        Err(why) => return untried(Untried::Inside(why)),
    };
    let invalid = match compile(outside) {
        Ok(invalid) => invalid,
        Err(why) => return untried(Untried::Outside(why)),
    };
    let (inside, outside) = (Source::new(inside), Source::new(outside));
    Search::new(valid, invalid, budget).run([inside.root(), outside.root()], hints)
}

/// What of a budget is left.
struct Spent {
    left: Budget,
}

impl Spent {
    fn new(left: Budget) -> Spent {
        Spent { left }
    }

    /// Takes one document of that many bytes; false if the budget does not have it.
    fn take(&mut self, bytes: usize) -> bool {
        let enough = self.left.documents > 0 && self.left.bytes >= bytes;
        self.left.documents = self.left.documents.saturating_sub(1);
        self.left.bytes = self.left.bytes.saturating_sub(bytes);
        enough
    }
}
