//! What became of the event types of one version in another: their names there, and the operations between.

use std::collections::BTreeMap;

use crate::lens::{Op, Way};
use crate::registry::{Hop, Registry, hops};
use crate::version::Version;

/// The way of an event type to another version.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    /// What it is called in the base.
    pub(super) from: &'a str,
    /// The operations on the way, where there are any; what is undone is not among them.
    pub(super) lenses: Vec<(Way, &'a [Op])>,
}

/// The ways of all event types.
#[derive(Debug, Default)]
pub(super) struct Course<'a> {
    origins: BTreeMap<&'a str, Origin<'a>>,
    fates: BTreeMap<&'a str, &'a str>,
}

impl<'a> Course<'a> {
    /// From a version to its child.
    pub(super) fn of_child(child: &'a Version) -> Course<'a> {
        let mut course = Course::default();
        for (name, edge) in &child.edges {
            let lenses = [(Way::Up, edge.lens.ops())].into_iter().filter(|(_, ops)| !ops.is_empty());
            course.add(edge.from.as_str(), name.as_str(), lenses.collect());
        }
        course
    }

    /// From a version to any other.
    pub(super) fn between(registry: &'a Registry, base: &'a Version, onto: &Version) -> Course<'a> {
        let mut course = Course::default();
        let Some(way) = registry.way(base.no, onto.no) else { return course };
        for name in base.shapes.keys() {
            let Some(hops) = hops(&way, name) else { continue };
            let to = hops.last().map_or(name, |hop| hop.name);
            course.add(name.as_str(), to.as_str(), lenses(&hops));
        }
        course
    }

    fn add(&mut self, from: &'a str, to: &'a str, lenses: Vec<(Way, &'a [Op])>) {
        self.origins.insert(to, Origin { from, lenses });
        self.fates.insert(from, to);
    }

    /// Where a type of the other version comes from; none if it is new there.
    pub(super) fn origin(&self, name: &str) -> Option<&Origin<'a>> {
        self.origins.get(name)
    }

    /// What a type of the base is called in the other version; none if it ends.
    pub(super) fn fate(&self, name: &str) -> Option<&'a str> {
        self.fates.get(name).copied()
    }

    /// Whether a type of this name is the same type in both, with nothing in between.
    pub(super) fn is_straight(&self, name: &str) -> bool {
        self.origin(name).is_some_and(|origin| origin.from == name && origin.lenses.is_empty())
    }

    /// Whether a type comes from the same one as on another course, by the same operations.
    pub(super) fn agrees(&self, other: &Course<'_>, name: &str) -> bool {
        match (self.origin(name), other.origin(name)) {
            (Some(a), Some(b)) => a.from == b.from && a.lenses == b.lenses,
            (None, None) => true,
            _ => false,
        }
    }
}

/// The operations of the hops; going down a lens and up an equal one comes to nothing.
fn lenses<'a>(hops: &[Hop<'a>]) -> Vec<(Way, &'a [Op])> {
    let mut lenses: Vec<(Way, &'a [Op])> = Vec::new();
    for hop in hops {
        let next = (hop.way, hop.edge.lens.ops());
        match lenses.last() {
            _ if next.1.is_empty() => {}
            Some((Way::Down, ops)) if hop.way == Way::Up && *ops == next.1 => drop(lenses.pop()),
            _ => lenses.push(next),
        }
    }
    lenses
}
