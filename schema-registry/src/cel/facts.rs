//! What is known of a place while a part of an expression is checked: `has(event.a)` and `event.a != null`
//! hold on one side of a condition and not on the other.

use std::collections::BTreeSet;

use super::plan::Source;

/// A place that a fact can be about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) source: Source,
    pub(super) way: Vec<Hop>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hop {
    Key(String),
    Index(i64),
}

impl Subject {
    pub(super) fn below(&self, hop: Hop) -> Subject {
        let mut way = self.way.clone();
        way.push(hop);
        Subject { source: self.source, way }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    Present(Subject),
    NotNull(Subject),
}

/// What follows from a condition.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) when_true: Vec<Fact>,
    pub(super) when_false: Vec<Fact>,
}

impl Outcome {
    pub(super) fn when_true(fact: Option<Fact>) -> Outcome {
        Outcome { when_true: fact.into_iter().collect(), when_false: Vec::new() }
    }

    pub(super) fn negated(self) -> Outcome {
        Outcome { when_true: self.when_false, when_false: self.when_true }
    }

    /// Of two conditions that both hold when the whole is true.
    pub(super) fn both(self, other: Outcome) -> Outcome {
        let when_true = self.when_true.into_iter().chain(other.when_true).collect();
        Outcome { when_true, when_false: Vec::new() }
    }
}

/// The facts that hold at the part being checked.
#[derive(Debug, Default)]
pub(super) struct Facts(BTreeSet<Fact>);

impl Facts {
    /// Adds facts; gives those that were not known, to be taken back.
    pub(super) fn add(&mut self, facts: &[Fact]) -> Vec<Fact> {
        facts.iter().filter(|fact| self.0.insert((*fact).clone())).cloned().collect()
    }

    pub(super) fn take_back(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.0.remove(fact);
        }
    }

    pub(super) fn present(&self, subject: Option<&Subject>) -> bool {
        subject.is_some_and(|s| self.0.contains(&Fact::Present(s.clone())))
    }

    pub(super) fn not_null(&self, subject: Option<&Subject>) -> bool {
        subject.is_some_and(|s| self.0.contains(&Fact::NotNull(s.clone())))
    }
}
