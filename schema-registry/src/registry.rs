//! All schema versions that were registered, and the ways between them.
//!
//! The registry is a fold of the registrations in the log: it knows nothing that they do not say, and
//! versions never change or go. Versions form a tree; the way from one to another goes down to the nearest
//! common ancestor and up from there, lens by lens.

mod gate;

use std::collections::BTreeSet;
use std::sync::Arc;

use selfsame_record::{EventType, VersionNo};

use crate::decoder::{Composer, Decoder};
use crate::document::Document;
use crate::problem::Problem;
use crate::version::{ContentId, Edge, PREFIX_DIGITS_MIN, Version};

/// All schema versions, by number. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    versions: Arc<Vec<Arc<Version>>>,
}

/// What becomes of one event type between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// The event type.
    pub event_type: EventType,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only in the version that the change leads to, or there anew after a version without it.
    New,
    /// Only in the version that the change leads from.
    Gone,
    /// Read alike by both.
    Same,
    /// In both, with operations between them.
    Changed {
        /// The operations as short texts, in the direction of the change: `add /locale`.
        ops: Vec<String>,
    },
}

/// One edge of the lineage on the way between two versions.
struct Leg<'a> {
    /// The version whose edge it is: the child of the two.
    child: &'a Arc<Version>,
    /// The version that it leads to.
    to: &'a Arc<Version>,
}

impl Leg<'_> {
    fn is_up(&self) -> bool {
        self.child.no == self.to.no
    }
}

impl Registry {
    /// No versions.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Checks everything about a document that concerns events and lenses, against the parent that it
    /// names. The version gets the next number. A document that is registered already passes again;
    /// [`Registry::find`] tells.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place in the document.
    pub fn check(&self, document: &Document) -> Result<Version, Vec<Problem>> {
        gate::check(self, document)
    }

    /// Takes in a version that [`Registry::check`] gave.
    ///
    /// # Panics
    ///
    /// If another version was taken in since: its number must be the next one.
    pub fn insert(&mut self, version: Version) -> Arc<Version> {
        assert_eq!(version.no, self.next_no(), "a version is taken in before the next one is checked");
        let version = Arc::new(version);
        Arc::make_mut(&mut self.versions).push(version.clone());
        version
    }

    /// The version with this number.
    pub fn version(&self, no: VersionNo) -> Option<&Arc<Version>> {
        self.versions.get(usize::try_from(no.get()).ok()?.checked_sub(1)?)
    }

    /// All versions, by number.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<Version>> {
        self.versions.iter()
    }

    /// The version with this content; the first one, if there are several.
    pub fn find(&self, id: &ContentId) -> Option<&Arc<Version>> {
        self.versions().find(|version| version.id == *id)
    }

    /// The version that is called `v2`, or by its content id, or by at least eight digits that no other
    /// version's id begins with.
    pub fn resolve(&self, name: &str) -> Option<&Arc<Version>> {
        if let Ok(no) = VersionNo::parse(name) {
            return self.version(no);
        }
        if name.len() < PREFIX_DIGITS_MIN {
            return None;
        }
        let mut found = self.versions().filter(|version| version.id.to_string().starts_with(name));
        let first = found.next()?;
        found.all(|version| version.id == first.id).then_some(first)
    }

    /// The number that the next version gets.
    ///
    /// # Panics
    ///
    /// If there are 2^32 - 1 versions.
    #[expect(clippy::expect_used, reason = "a log with that many registrations is beyond any store")]
    pub fn next_no(&self) -> VersionNo {
        let next = u32::try_from(self.versions.len() + 1).ok().and_then(VersionNo::new);
        next.expect("versions are numbered with 32 bits")
    }

    /// How `reader` reads what `writer` wrote; none if either version is not there, or if the type is not in
    /// both and in every version on the way between them. Composed anew each time: keep it.
    pub fn decoder(&self, writer: VersionNo, reader: VersionNo, event_type: &str) -> Option<Arc<Decoder>> {
        let mut composer = Composer::new(self.version(writer)?.event(event_type)?);
        for leg in self.way(writer, reader)? {
            let to = leg.to.event(event_type)?;
            match leg.child.edge(event_type)? {
                Edge::Same => composer.same(to),
                Edge::Lens { up, .. } if leg.is_up() => composer.step(up, to),
                Edge::Lens { down, .. } => composer.step(down, to),
            }
        }
        Some(Arc::new(composer.finish()))
    }

    /// What becomes of each event type on the way from one version to another, by name.
    pub fn changes(&self, from: VersionNo, to: VersionNo) -> Vec<TypeChange> {
        let (Some(old), Some(new)) = (self.version(from), self.version(to)) else { return Vec::new() };
        let types: BTreeSet<&EventType> = old.shapes.keys().chain(new.shapes.keys()).collect();
        let way = self.way(from, to);
        let change =
            |event_type: &EventType| match (old.event(event_type.as_str()), new.event(event_type.as_str())) {
                (_, None) => Change::Gone,
                (None, _) => Change::New,
                _ => way.as_ref().and_then(|way| ops(way, event_type)).map_or(Change::New, |ops| {
                    match ops.is_empty() {
                        true => Change::Same,
                        false => Change::Changed { ops },
                    }
                }),
            };
        types.into_iter().map(|t| TypeChange { event_type: t.clone(), change: change(t) }).collect()
    }

    /// The version and its ancestors, the root last.
    fn lineage(&self, no: VersionNo) -> Vec<&Arc<Version>> {
        std::iter::successors(self.version(no), |version| self.version(version.parent?)).collect()
    }

    /// Down from `from` to the nearest common ancestor, then up to `to`; none if there is no such ancestor.
    fn way(&self, from: VersionNo, to: VersionNo) -> Option<Vec<Leg<'_>>> {
        let (down, up) = (self.lineage(from), self.lineage(to));
        let is_common = |version: &&Arc<Version>| up.iter().any(|other| other.no == version.no);
        let common = down.iter().find(|version| is_common(version))?.no;
        let pairs = down.iter().zip(down.iter().skip(1));
        let mut way: Vec<Leg<'_>> = pairs
            .take_while(|(child, _)| child.no != common)
            .map(|(child, parent)| Leg { child, to: parent })
            .collect();
        let ascent: Vec<Leg<'_>> = up
            .iter()
            .take_while(|version| version.no != common)
            .map(|child| Leg { child, to: child })
            .collect();
        way.extend(ascent.into_iter().rev());
        Some(way)
    }
}

/// The operations of a type along a way; none if a version on it lacks the type.
fn ops(way: &[Leg<'_>], event_type: &EventType) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for leg in way {
        match leg.child.edge(event_type.as_str())? {
            Edge::Same => {}
            Edge::Lens { ops, .. } if leg.is_up() => texts.extend(ops.iter().map(|(up, _)| up.clone())),
            Edge::Lens { ops, .. } => texts.extend(ops.iter().rev().map(|(_, down)| down.clone())),
        }
    }
    Some(texts)
}
