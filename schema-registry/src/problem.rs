//! What is wrong with a document, and where.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::PROBLEMS_MAX;
use crate::propose::Proposal;

/// One thing wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON Pointer into the document; empty for the document as a whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A document that shows it: valid on one side of a lens, and not to be read on the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<serde_json::Value>,
    /// The operations of a lens that would probably mend it, to be confirmed.
    #[serde(default, skip_serializing_if = "<[Proposal]>::is_empty")]
    pub proposal: Box<[Proposal]>,
}

impl Problem {
    /// A problem without advice.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Problem {
        let (pointer, message) = (pointer.into(), message.into());
        Problem { pointer, message, help: None, witness: None, proposal: Box::default() }
    }

    /// The same problem, with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The same problem, with operations that would probably mend it; its advice says so, if there are any.
    #[must_use]
    pub fn proposal(mut self, proposal: Vec<Proposal>) -> Problem {
        if !proposal.is_empty() {
            let there =
                "a lens that probably leads there is in `proposal`, and `selfsame lens propose` writes it";
            let help = self.help.take();
            self.help = Some(help.map_or(there.to_owned(), |help| format!("{help}: {there}")));
        }
        self.proposal = proposal.into();
        self
    }

    /// The same problem, with a document that shows it.
    #[must_use]
    pub fn witness(mut self, witness: serde_json::Value) -> Problem {
        self.witness = Some(witness);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

impl std::error::Error for Problem {}

/// The problems of one document, as many as are listed.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub(crate) fn push(&mut self, problem: Problem) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(problem);
        }
    }

    /// Adds one without advice.
    pub(crate) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.push(Problem::new(pointer, message));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether there is one at the place or below it.
    pub(crate) fn below(&self, place: &str) -> bool {
        let here =
            |p: &Problem| p.pointer.strip_prefix(place).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        self.0.iter().any(here)
    }

    /// The list itself.
    pub(crate) fn into_list(self) -> Vec<Problem> {
        self.0
    }

    /// The value, if there are no problems.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// What an author should know of a document that is fine, each thing once, as many as are listed.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    seen: BTreeSet<String>,
    list: Vec<Problem>,
}

impl Notes {
    /// Adds one.
    pub(crate) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        let note = Problem::new(pointer, message);
        self.once(&note.to_string(), note);
    }

    /// Adds one, unless there was one about the same.
    pub(crate) fn once(&mut self, about: &str, note: Problem) {
        if self.list.len() < PROBLEMS_MAX && self.seen.insert(about.to_owned()) {
            self.list.push(note);
        }
    }

    /// The list itself.
    pub(crate) fn into_list(self) -> Vec<Problem> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_its_place_first() {
        let problem = Problem::new("/events/a", "must be an object").help("write `{}`");
        assert_eq!(problem.to_string(), "/events/a: must be an object");
        assert_eq!(Problem::new("", "is empty").to_string(), "is empty");
    }
}
