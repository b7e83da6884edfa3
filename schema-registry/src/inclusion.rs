//! Whether every document that one schema takes is valid under another one, three-valued.
//!
//! [`includes`] looks for a proof, word by word, over the whole vocabulary of 2020-12 and draft-07, with
//! references followed and recursion by induction. Where it finds none it looks for a document that is valid
//! under the one and not under the other, first at the places where the proof stopped. What is proven holds
//! for every document, and a witness was checked under both schemas; what is neither is named with the
//! places at which it was not decided.
//!
//! `format` and `content…` are annotations, as they are for the checks of this package. Patterns are
//! compared as texts.
//!
//! Not here: the labels that people know (`compat`), and how documents are made (`sample`).

mod array;
mod combined;
pub(crate) mod doc;
pub(crate) mod eval;
mod never;
mod object;
mod prove;
mod same;
mod scalar;
mod value;
mod view;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::json::pointer;
use crate::sample::{self, Budget, Searched};
use doc::Doc;
use prove::{Open, Prover};
use view::View;

pub(crate) use doc::percent_decoded;
pub(crate) use eval::Patterns;
pub(crate) use prove::Step;
pub(crate) use value::Types;

/// Pairs of places that one search for a proof looks at.
pub const INCLUSION_STEPS_MAX: usize = 20_000;
/// Places that are named where something is not decided.
pub const GAPS_MAX: usize = 16;

/// What is known about whether one schema's documents are all valid under another one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "lowercase")]
pub enum Inclusion {
    /// They are.
    Proven,
    /// Neither a proof nor a witness was found.
    Unknown {
        /// Where the search for a proof stopped.
        places: Vec<Gap>,
    },
    /// They are not.
    Refuted {
        /// A document that is valid under the one and not under the other.
        witness: Value,
    },
}

impl Inclusion {
    /// Whether it is proven.
    pub fn is_proven(&self) -> bool {
        matches!(self, Inclusion::Proven)
    }

    /// The witness against it.
    pub fn witness(&self) -> Option<&Value> {
        match self {
            Inclusion::Refuted { witness } => Some(witness),
            _ => None,
        }
    }
}

/// A place at which it was not decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// JSON Pointer into the schema that should take the documents.
    pub pointer: String,
    /// Why there is no proof.
    pub reason: String,
}

/// An answer, and the search for a witness, if there was one.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// The answer.
    pub inclusion: Inclusion,
    /// What was tried; nothing if there is a proof.
    pub searched: Searched,
}

/// Whether every document that is valid under `sub` is valid under `sup`.
pub fn includes(sub: &Value, sup: &Value) -> Inclusion {
    examine(sub, sup, INCLUSION_STEPS_MAX, Budget::default()).inclusion
}

/// The same, within other limits: at most `steps_max` pairs of places for the proof, and the budget for the
/// search for a witness.
pub fn examine(sub: &Value, sup: &Value, steps_max: usize, budget: Budget) -> Examined {
    let answer = |inclusion| Examined { inclusion, searched: Searched::default() };
    let read = |which: &str, schema| Doc::read(schema).map_err(|why| unread(which, &why));
    let (inside, outside) = match (read("the one that is included", sub), read("the other one", sup)) {
        (Ok(inside), Ok(outside)) => (inside, outside),
        (Err(gap), _) | (_, Err(gap)) => return answer(Inclusion::Unknown { places: vec![gap] }),
    };
    let mut prover = Prover::new(steps_max);
    let view = View::of(&[inside.root()], Types::ALL);
    if prover.holds(&view, outside.root()) {
        return answer(Inclusion::Proven);
    }
    let hints: BTreeSet<Vec<Step>> = prover.gaps.iter().map(|gap| gap.path.clone()).collect();
    let mut hints: Vec<Vec<Step>> = hints.into_iter().collect();
    hints.sort_by_key(Vec::len);
    let searched = sample::witness_at(sub, sup, &hints, budget);
    let inclusion = match searched.witness.clone() {
        Some(mut witness) => {
            witness.sort_all_objects();
            Inclusion::Refuted { witness }
        }
        None => Inclusion::Unknown { places: named(&outside, &prover.gaps) },
    };
    Examined { inclusion, searched }
}

fn unread(which: &str, why: &str) -> Gap {
    Gap { pointer: String::new(), reason: format!("{which} cannot be looked at: {why}") }
}

/// The places of gaps, by their pointers.
fn named(outside: &Doc<'_>, gaps: &[Open<'_>]) -> Vec<Gap> {
    let wanted: Vec<usize> = gaps.iter().map(|gap| gap.place.id()).collect();
    let pointers = outside.pointers(&wanted);
    let name = |gap: &Open<'_>| {
        let host = pointers.get(&gap.place.id()).cloned().unwrap_or_default();
        let pointer = gap.word.map_or(host.clone(), |word| pointer::child(&host, word));
        Gap { pointer, reason: gap.reason.clone() }
    };
    let places: BTreeSet<Gap> = gaps.iter().map(name).collect();
    places.into_iter().take(GAPS_MAX).collect()
}
