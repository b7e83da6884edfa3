//! The walk over two schemas in step: which pair of places is compared with which, and with what result.
//!
//! A pair is looked at once. One that is reached again while it is being looked at counts as compatible; if
//! it then turns out not to be, the walk begins again with what is known by now, until nothing changes any
//! more. That is the greatest fixpoint: recursion alone makes nothing incompatible.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::{ChangeKind, Policy};
use super::source::{Node, Source};
use super::{
    COMPARE_DEPTH_MAX, COMPARE_STEPS_MAX, CompatError, SchemaChange, array, combined, object, scalar,
};
use crate::json::pointer;

/// Two places, by the identity of their schemas.
type Key = (usize, usize, usize, usize);

/// What holds between two schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) backward: bool,
    pub(crate) forward: bool,
}

impl Verdict {
    pub(crate) const FULL: Verdict = Verdict { backward: true, forward: true };

    fn and(self, other: Verdict) -> Verdict {
        Verdict { backward: self.backward && other.backward, forward: self.forward && other.forward }
    }
}

/// What was found between two schemas.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    own: Vec<SchemaChange>,
    inner: Vec<Key>,
    verdict: Verdict,
    policy: Policy,
}

impl Found {
    fn new(policy: Policy) -> Found {
        Found { own: Vec::new(), inner: Vec::new(), verdict: Verdict::FULL, policy }
    }

    /// Notes a change at a place, by its kind and the kind of its way back.
    pub(crate) fn add(&mut self, pointer: String, kind: ChangeKind, back: ChangeKind) {
        let (backward, forward) = (kind.passes(self.policy), back.passes(self.policy));
        self.verdict = self.verdict.and(Verdict { backward, forward });
        self.own.push(SchemaChange { pointer, kind, backward, forward });
    }

    /// The same, at a word of the new schema.
    pub(crate) fn add_at(&mut self, node: &Node<'_>, word: &str, kind: ChangeKind, back: ChangeKind) {
        self.add(pointer::child(&node.pointer, word), kind, back);
    }
}

/// The walk.
pub(crate) struct Walk<'a> {
    pub(crate) old: &'a Source<'a>,
    pub(crate) new: &'a Source<'a>,
    policy: Policy,
    steps: usize,
    depth: usize,
    /// `None` while it is being looked at.
    pairs: BTreeMap<Key, Option<Found>>,
    /// What an open pair counts as, where that is less than compatible both ways.
    assumed: BTreeMap<Key, Verdict>,
    /// The open pairs whose assumption was used.
    relied_on: BTreeSet<Key>,
    stable: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(old: &'a Source<'a>, new: &'a Source<'a>, policy: Policy) -> Walk<'a> {
        let (pairs, assumed, relied_on) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Walk { old, new, policy, steps: 0, depth: 0, pairs, assumed, relied_on, stable: true }
    }

    /// Compares the two documents: the verdict and the changes, each once.
    pub(crate) fn run(mut self) -> Result<(Verdict, Vec<SchemaChange>), CompatError> {
        let (old, new) = (self.old.root(), self.new.root());
        loop {
            self.stable = true;
            self.pairs.clear();
            self.relied_on.clear();
            let (key, verdict) = self.enter(&old, &new)?;
            if self.stable {
                return Ok((verdict, self.changes(key)));
            }
        }
    }

    /// Every change that is reachable from a pair, in the order of the walk.
    fn changes(&self, root: Key) -> Vec<SchemaChange> {
        let mut changes: Vec<SchemaChange> = Vec::new();
        let (mut seen, mut open) = (BTreeSet::new(), vec![root]);
        while let Some(key) = open.pop() {
            let Some(Some(found)) = self.pairs.get(&key) else { continue };
            if seen.insert(key) {
                changes.extend(found.own.iter().cloned());
                open.extend(found.inner.iter().rev());
            }
        }
        changes.sort_by(|a, b| (&a.pointer, a.kind).cmp(&(&b.pointer, b.kind)));
        changes.dedup();
        changes
    }

    /// What holds between two places, without making it part of a result.
    pub(crate) fn pair(&mut self, old: &Node<'a>, new: &Node<'a>) -> Result<Verdict, CompatError> {
        self.enter(old, new).map(|(_, verdict)| verdict)
    }

    /// Makes what holds between two places part of a result.
    pub(crate) fn descend(
        &mut self,
        found: &mut Found,
        old: &Node<'a>,
        new: &Node<'a>,
    ) -> Result<(), CompatError> {
        let (key, verdict) = self.enter(old, new)?;
        found.verdict = found.verdict.and(verdict);
        found.inner.push(key);
        Ok(())
    }

    fn enter(&mut self, old: &Node<'a>, new: &Node<'a>) -> Result<(Key, Verdict), CompatError> {
        let (old, new) = (self.old.resolve(old)?, self.new.resolve(new)?);
        let (a, b) = (identity(&old), identity(&new));
        let key = (a.0, a.1, b.0, b.1);
        let assumed = self.assumed.get(&key).copied().unwrap_or(Verdict::FULL);
        match self.pairs.get(&key) {
            Some(Some(found)) => return Ok((key, found.verdict)),
            Some(None) => {
                self.relied_on.insert(key);
                return Ok((key, assumed));
            }
            None => {}
        }
        self.step(&new)?;
        self.pairs.insert(key, None);
        self.depth += 1;
        let found = self.look(&old, &new)?;
        self.depth -= 1;
        let verdict = found.verdict;
        if self.relied_on.contains(&key) && assumed.and(verdict) != assumed {
            self.assumed.insert(key, assumed.and(verdict));
            self.stable = false;
        }
        self.pairs.insert(key, Some(found));
        Ok((key, verdict))
    }

    fn step(&mut self, at: &Node<'_>) -> Result<(), CompatError> {
        self.steps += 1;
        if self.steps > COMPARE_STEPS_MAX {
            return Err(CompatError::TooManySteps { steps_max: COMPARE_STEPS_MAX });
        }
        if self.depth >= COMPARE_DEPTH_MAX {
            return Err(CompatError::TooDeep { pointer: at.pointer.clone(), depth_max: COMPARE_DEPTH_MAX });
        }
        Ok(())
    }

    fn look(&mut self, old: &Node<'a>, new: &Node<'a>) -> Result<Found, CompatError> {
        let mut found = Found::new(self.policy);
        scalar::annotations(old, new, &mut found);
        let at = || new.pointer.clone();
        if (old.is_empty() && new.is_empty()) || (old.is_false() && new.is_false()) {
            return Ok(found);
        }
        if new.is_empty() || old.is_false() {
            found.add(at(), ChangeKind::TypeExtended, ChangeKind::TypeNarrowed);
            return Ok(found);
        }
        if old.is_empty() || new.is_false() {
            found.add(at(), ChangeKind::TypeNarrowed, ChangeKind::TypeExtended);
            return Ok(found);
        }
        if combined::as_lists(self, old, new, &mut found)? {
            return Ok(found);
        }
        let Some(shared) = scalar::types(old, new, &mut found) else { return Ok(found) };
        scalar::constraints(old, new, &shared, &mut found);
        if shared.object {
            object::compare(self, old, new, &mut found)?;
        }
        if shared.array {
            array::compare(self, old, new, &mut found)?;
        }
        combined::compare(self, old, new, &mut found)?;
        combined::negation(self, old, new, &mut found)?;
        Ok(found)
    }
}

/// What a schema is known by during a walk: where it lies in memory, and which of its types is meant.
fn identity(node: &Node<'_>) -> (usize, usize) {
    let only = node.only.map_or(0, |name| name.as_ptr().addr());
    (std::ptr::from_ref(node.value).addr(), only)
}
