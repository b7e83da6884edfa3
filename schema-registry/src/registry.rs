//! All schema versions that were registered, and the ways between them.
//!
//! The registry is a fold of the registrations in the log: it knows nothing that they do not say, and
//! versions never change or go. Versions form a tree; the way from one to another goes down to the nearest
//! common ancestor and up from there, lens by lens.

mod gate;
mod judge;
mod names;
mod promises;
mod rebase;
mod reserved;
mod transitive;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use judge::{JUDGED_BYTES_MAX, Logged, NoSamples, Samples};
pub use rebase::{Conflict, Rebased};
use selfsame_record::{EventType, VersionNo};

use crate::decoder::{Chain, ChainStep, Composer, Decoder, Stretch, Table};
use crate::document::Document;
use crate::lens::Way;
use crate::problem::Problem;
use crate::shape::EventShape;
use crate::version::{ContentId, Edge, PREFIX_DIGITS_MIN, Slots, Version};

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

impl Change {
    /// What the hops of a type come to.
    fn along(hops: &[Hop<'_>]) -> Change {
        if hops.iter().all(|hop| matches!(hop.edge.slots, Slots::Same) && hop.edge.lens.ops().is_empty()) {
            return Change::Same;
        }
        Change::Changed { ops: hops.iter().flat_map(|hop| hop.edge.lens.texts(hop.way)).collect() }
    }
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
    pub fn check(&self, document: &Document) -> Result<Arc<Version>, Vec<Problem>> {
        gate::check(self, document).map(Arc::new)
    }

    /// Takes in a version that [`Registry::check`] gave.
    ///
    /// # Panics
    ///
    /// If another version was taken in since: its number must be the next one.
    pub fn insert(&mut self, version: impl Into<Arc<Version>>) -> Arc<Version> {
        let version = version.into();
        assert_eq!(version.no, self.next_no(), "a version is taken in before the next one is checked");
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
        let (written, shape) = self.version(writer)?.shapes.get_key_value(event_type)?;
        let legs = self.way(writer, reader)?;
        let hops = hops(&legs, written)?;
        let (name, to) = hops.last().map_or((written, shape), |hop| (hop.name, hop.shape));
        let decoder = if hops.iter().any(Hop::is_anew) {
            let chain = Chain { writer: shape.clone(), stretches: stretches(shape, &hops) };
            Decoder::of_chain(name.clone(), to.clone(), chain)
        } else {
            Decoder::of_table(name.clone(), through(shape, &hops))
        };
        Some(Arc::new(decoder))
    }

    /// Whether both versions read every event of a type alike, whichever version wrote or will write it: they
    /// and all versions on the way between them have the type under one name, with one schema and no lens.
    ///
    /// The way from a writer to one of them differs from the way to the other only by a part of the way
    /// between the two.
    pub fn reads_alike(&self, one: VersionNo, other: VersionNo, event_type: &str) -> bool {
        let shapes = self.version(one).and_then(|version| version.shapes.get_key_value(event_type));
        let Some(((name, _), way)) = shapes.zip(self.way(one, other)) else { return false };
        let hops = hops(&way, name);
        hops.is_some_and(|hops| hops.iter().all(|h| h.name == name) && Change::along(&hops) == Change::Same)
    }

    /// What becomes of each event type on the way from one version to another, by the name at its end; of a
    /// type that ends, by the name that it has.
    pub fn changes(&self, from: VersionNo, to: VersionNo) -> Vec<TypeChange> {
        let (Some(old), Some(new)) = (self.version(from), self.version(to)) else { return Vec::new() };
        let way = self.way(from, to);
        let mut reached: BTreeSet<&EventType> = BTreeSet::new();
        let mut changes = Vec::new();
        for event_type in old.shapes.keys() {
            let hops = way.as_ref().and_then(|way| hops(way, event_type));
            let (name, change) = match &hops {
                Some(hops) => (hops.last().map_or(event_type, |hop| hop.name), Change::along(hops)),
                None if new.shapes.contains_key(event_type) => continue,
                None => (event_type, Change::Gone),
            };
            reached.insert(name);
            changes.push(TypeChange { event_type: name.clone(), change });
        }
        let anew = new.shapes.keys().filter(|name| !reached.contains(name));
        changes.extend(anew.map(|name| TypeChange { event_type: name.clone(), change: Change::New }));
        changes.sort_by(|a, b| a.event_type.cmp(&b.event_type));
        changes
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

/// One event type on one leg of a way.
pub(crate) struct Hop<'a> {
    /// The edge that is taken.
    pub(crate) edge: &'a Edge,
    /// Which way it is taken.
    pub(crate) way: Way,
    /// The version at its end.
    pub(crate) version: &'a Version,
    /// What the type is called there.
    pub(crate) name: &'a EventType,
    /// Its shape there.
    pub(crate) shape: &'a Arc<EventShape>,
}

impl Hop<'_> {
    /// Whether the document has to be laid out anew.
    fn is_anew(&self) -> bool {
        matches!(self.edge.slots, Slots::Anew)
    }
}

/// The table over hops that all lead through slots.
fn through(shape: &Arc<EventShape>, hops: &[Hop<'_>]) -> Table {
    let mut composer = Composer::new(shape);
    for hop in hops {
        match (&hop.edge.slots, hop.way) {
            (Slots::Steps { up, .. }, Way::Up) => composer.step(up, hop.shape),
            (Slots::Steps { down, .. }, Way::Down) => composer.step(down, hop.shape),
            (Slots::Same | Slots::Anew, _) => composer.same(hop.shape),
        }
    }
    composer.finish()
}

/// The stretches of a way from a shape on, those that lead through slots apart.
fn stretches(writer: &Arc<EventShape>, hops: &[Hop<'_>]) -> Vec<Stretch> {
    let mut from = writer;
    let mut stretches = Vec::new();
    for run in hops.chunk_by(|a, b| a.is_anew() == b.is_anew()) {
        if run.iter().any(Hop::is_anew) {
            let step = |hop: &Hop<'_>| ChainStep { lens: hop.edge.lens.clone(), way: hop.way };
            stretches.push(Stretch::Tree(run.iter().map(step).collect()));
        } else if !run.iter().all(|hop| matches!(hop.edge.slots, Slots::Same)) {
            stretches.push(Stretch::Slots { from: from.clone(), table: through(from, run) });
        }
        from = run.last().map_or(from, |hop| hop.shape);
    }
    stretches
}

/// An event type along a way; none if it ends before.
fn hops<'a>(way: &[Leg<'a>], written: &'a EventType) -> Option<Vec<Hop<'a>>> {
    let mut name = written;
    let mut hops = Vec::with_capacity(way.len());
    for leg in way {
        let (next, edge, way) = if leg.is_up() {
            let (next, edge) = leg.child.edge_from(name.as_str())?;
            (next, edge, Way::Up)
        } else {
            let edge = leg.child.edge(name.as_str())?;
            (&edge.from, edge, Way::Down)
        };
        hops.push(Hop { edge, way, version: leg.to, name: next, shape: leg.to.event(next.as_str())? });
        name = next;
    }
    Some(hops)
}
