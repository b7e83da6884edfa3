//! An operation that a walk found, its places relative to where it was found.

use serde_json::{Map, Value, json};

use super::Proposal;
use super::place::Place;
use crate::compat::source::Node;
use crate::json::pointer;

/// Reasons of inner operations that one sentence lists.
const REASONS_MAX: usize = 8;

/// What a member is on one side.
#[derive(Clone, Debug)]
pub(super) struct End<'a> {
    pub(super) schemas: Vec<Node<'a>>,
    pub(super) place: Place<'a>,
    pub(super) required: bool,
}

/// An operation with its place, seen from the scope that it was found in.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    pub(super) name: &'static str,
    /// `at`, or `from`.
    pub(super) at: Vec<String>,
    pub(super) to: Option<Vec<String>>,
    /// The other members of the operation.
    pub(super) rest: Map<String, Value>,
    /// The operations inside, for one that has a scope.
    pub(super) lens: Vec<Found<'a>>,
    pub(super) confidence: u8,
    pub(super) reason: String,
    /// For an addition or a removal: what came or went.
    pub(super) end: Option<End<'a>>,
}

impl<'a> Found<'a> {
    /// An operation at a place.
    pub(super) fn new(
        name: &'static str,
        at: &[&str],
        confidence: u8,
        reason: impl Into<String>,
    ) -> Found<'a> {
        let at = at.iter().map(|key| (*key).to_owned()).collect();
        let (to, rest, lens) = (None, Map::new(), Vec::new());
        Found { name, at, to, rest, lens, confidence, reason: reason.into(), end: None }
    }

    /// From one place to another.
    pub(super) fn path(name: &'static str, from: Vec<String>, to: Vec<String>) -> Found<'a> {
        Found { at: from, to: Some(to), ..Found::new(name, &[], 0, "") }
    }

    /// With another member.
    #[must_use]
    pub(super) fn with(mut self, key: &str, value: Value) -> Found<'a> {
        self.rest.insert(key.to_owned(), value);
        self
    }

    /// Operations within a scope, as one operation.
    pub(super) fn scope(name: &'static str, at: &[&str], lens: Vec<Found<'a>>) -> Found<'a> {
        let confidence = lens.iter().map(|inner| inner.confidence).min().unwrap_or(0);
        let mut reasons: Vec<&str> = lens.iter().map(|inner| inner.reason.as_str()).collect();
        let more = reasons.len().saturating_sub(REASONS_MAX);
        reasons.truncate(REASONS_MAX);
        let mut reason = reasons.join("; ");
        if more > 0 {
            reason.push_str(&format!("; and {more} more"));
        }
        Found { lens, ..Found::new(name, at, confidence, reason) }
    }

    /// The operation without what lies too deep for a lens; none if nothing is left of it.
    pub(super) fn within(mut self, depth: usize) -> Option<Found<'a>> {
        if self.lens.is_empty() {
            return Some(self);
        }
        let below = depth.checked_sub(1)?;
        self.lens = self.lens.into_iter().filter_map(|inner| inner.within(below)).collect();
        (!self.lens.is_empty()).then_some(self)
    }

    /// How many operations it is, those inside counted.
    pub(super) fn size(&self) -> usize {
        1 + self.lens.iter().map(Found::size).sum::<usize>()
    }

    /// The same operation, seen from the object around.
    #[must_use]
    pub(super) fn below(mut self, key: &str) -> Found<'a> {
        self.at.insert(0, key.to_owned());
        if let Some(to) = &mut self.to {
            to.insert(0, key.to_owned());
        }
        self
    }

    /// The operation as a document writes it.
    pub(super) fn op(&self) -> Value {
        let mut body = Map::new();
        match &self.to {
            // It names its places itself.
            None if ["split", "join"].contains(&self.name) => {}
            Some(to) => {
                body.insert("from".to_owned(), written(&self.at));
                body.insert("to".to_owned(), written(to));
            }
            None => {
                body.insert("at".to_owned(), written(&self.at));
            }
        }
        body.extend(self.rest.clone());
        if !self.lens.is_empty() {
            body.insert("lens".to_owned(), self.lens.iter().map(Found::op).collect());
        }
        json!({ self.name: body })
    }

    /// The proposal.
    pub(super) fn proposal(self) -> Proposal {
        Proposal { op: self.op(), confidence: self.confidence, reason: self.reason }
    }
}

/// A place as a JSON Pointer.
pub(super) fn text(at: &[String]) -> String {
    at.iter().fold(String::new(), |host, key| pointer::child(&host, key))
}

fn written(at: &[String]) -> Value {
    Value::String(text(at))
}
