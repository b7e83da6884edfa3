//! The walk over two schemas in step.
//!
//! What a pair of schemas gives does not depend on where it stands, so a pair that was seen is not walked
//! again: a definition that many fields share costs one walk, and one copy of its operations for each.

use std::collections::BTreeMap;

use super::found::Found;
use super::place::Place;
use super::{PROPOSE_DEPTH_MAX, PROPOSE_STEPS_MAX, RECURSION_MAX};
use super::{choice, member, moves, value};
use crate::compat::CompatError;
use crate::compat::source::{Node, Source};

/// Where the two schemas lie in memory.
type Key = (Vec<usize>, Vec<usize>);

/// What leads from one place to another.
#[derive(Clone, Debug)]
pub(super) enum Way<'a> {
    /// These operations, perhaps none.
    By(Vec<Found<'a>>),
    /// Nothing: what stands there is removed and something else added.
    Other,
}

impl<'a> Way<'a> {
    pub(super) fn none() -> Way<'a> {
        Way::By(Vec::new())
    }
}

/// Two schema documents that are walked in step.
pub(super) struct Walk<'a, 's> {
    pub(super) old: &'s Source<'a>,
    pub(super) new: &'s Source<'a>,
    seen: BTreeMap<Key, Way<'a>>,
    open: BTreeMap<Key, usize>,
    steps: usize,
    depth: usize,
    /// Whether the walk turned back somewhere below; what it found there holds for that place only.
    cut: bool,
}

impl<'a, 's> Walk<'a, 's> {
    pub(super) fn new(old: &'s Source<'a>, new: &'s Source<'a>) -> Walk<'a, 's> {
        let (seen, open) = (BTreeMap::new(), BTreeMap::new());
        Walk { old, new, seen, open, steps: 0, depth: 0, cut: false }
    }

    /// The operations from the one root to the other.
    pub(super) fn root(&mut self) -> Result<Vec<Found<'a>>, CompatError> {
        let (old, new) = (self.old.root(), self.new.root());
        match self.pair(&[old], &[new])? {
            Way::By(mut found) => {
                // A lens changes the fields of a payload, not the payload as a whole.
                found.retain(|found| !found.at.is_empty());
                moves::settled(self, found)
            }
            Way::Other => Ok(Vec::new()),
        }
    }

    /// What leads from where the old schemas hold to where the new ones do.
    pub(super) fn pair(&mut self, old: &[Node<'a>], new: &[Node<'a>]) -> Result<Way<'a>, CompatError> {
        let key = (Place::identity(old), Place::identity(new));
        if let Some(way) = self.seen.get(&key).cloned() {
            if let Way::By(found) = &way {
                self.step(found.iter().map(Found::size).sum())?;
            }
            return Ok(way);
        }
        self.step(1)?;
        let entered = self.open.get(&key).copied().unwrap_or(0);
        if entered >= RECURSION_MAX || self.depth >= PROPOSE_DEPTH_MAX {
            self.cut = true;
            return Ok(Way::none());
        }
        self.open.insert(key.clone(), entered + 1);
        self.depth += 1;
        let cut = std::mem::take(&mut self.cut);
        let (old, new) = (Place::of(self.old, old)?, Place::of(self.new, new)?);
        let way = self.places(&old, &new)?;
        self.depth -= 1;
        self.open.insert(key.clone(), entered);
        if !self.cut {
            self.seen.insert(key, way.clone());
        }
        self.cut |= cut;
        Ok(way)
    }

    /// Counts what the walk does.
    fn step(&mut self, count: usize) -> Result<(), CompatError> {
        self.steps += count;
        if self.steps > PROPOSE_STEPS_MAX {
            return Err(CompatError::TooManySteps { steps_max: PROPOSE_STEPS_MAX });
        }
        Ok(())
    }

    /// The same for places that are looked up already. Null is the host's to lead across.
    pub(super) fn places(&mut self, old: &Place<'a>, new: &Place<'a>) -> Result<Way<'a>, CompatError> {
        if old.types.is_empty() || new.types.is_empty() {
            // What could only be null, or only will be, says nothing about the other side's values.
            return Ok(if old.types == new.types { Way::none() } else { Way::Other });
        }
        if !old.branches.is_empty() || !new.branches.is_empty() {
            return choice::between(self, old, new);
        }
        if let Some(way) = value::retyped(self, old, new)? {
            return Ok(way);
        }
        let both = |name| old.types.contains(name) && new.types.contains(name);
        let mut found = Vec::from_iter(value::listed(old, new));
        if both("object") {
            found.extend(member::members(self, old, new)?);
            let (from, to) = (old.values(), new.values());
            if !from.is_empty() && !to.is_empty() {
                found.extend(self.each(&from, &to)?);
            }
        }
        if both("array") {
            let (from, to) = (old.items(), new.items());
            if !from.is_empty() && !to.is_empty() {
                found.extend(self.each(&from, &to)?);
            }
        }
        Ok(Way::By(found))
    }

    /// What leads from the elements of an array, or the values of a map, to those of another.
    fn each(&mut self, old: &[Node<'a>], new: &[Node<'a>]) -> Result<Option<Found<'a>>, CompatError> {
        let Way::By(inner) = self.pair(old, new)? else { return Ok(None) };
        let (old, new) = (Place::of(self.old, old)?, Place::of(self.new, new)?);
        let mut lens = Vec::new();
        if new.null && !old.null && !old.types.is_empty() {
            lens.extend(value::nullable(self.old, &old)?);
        }
        let (of_value, of_members): (Vec<_>, Vec<_>) = inner.into_iter().partition(|f| f.at.is_empty());
        // An array in an array, or a map in one, is out of reach.
        lens.extend(of_value.into_iter().filter(|found| found.name != "map"));
        let of_members = moves::settled(self, of_members)?;
        // No lens leads from an element into itself, so where elements are of several types, the operations
        // are those of the objects among them.
        lens.extend(of_members);
        Ok((!lens.is_empty()).then(|| Found::scope("map", &[], lens)))
    }
}
