//! What becomes of the event types between two versions: proven where it can be, tried where it cannot.
//!
//! For each direction, in this order: what the lens makes of the schema that is left must lie within the
//! schema that is arrived at, by inclusion; the last logged events of the type are read; documents that are
//! made from the schema are read. One document that fails outweighs every proof and every label.
//!
//! Bounded by the number of documents and by [`JUDGED_BYTES_MAX`], never by a clock: the same versions and
//! the same events give the same report.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_record::{EventType, Row, VersionNo};
use serde_json::Value;

use super::{Hop, Leg, Registry, hops};
use crate::compat::compare;
use crate::decoder::Decoder;
use crate::document::EventSchemas;
use crate::inclusion::{Gap, INCLUSION_STEPS_MAX, Inclusion, examine};
use crate::json::pointer;
use crate::json::tree::Node;
use crate::lens::{Lens, Loss, Way};
use crate::problem::{Problem, Problems};
use crate::propose::{Proposal, offered};
use crate::report::{Direction, Labels, Report, TypeReport, Verdict, Witness};
use crate::sample::{Budget, documents, has_strangers};
use crate::shape::EventShape;
use crate::version::{Slots, Version};

/// Bytes of made documents that are read for one report: 8 MiB.
pub const JUDGED_BYTES_MAX: usize = 8 << 20;

/// What is made of one schema to be read the other way.
const MADE: Budget = Budget { documents: 48, bytes: 256 << 10 };
/// What is made to look for a witness where there is no proof.
const SEARCHED: Budget = Budget { documents: 400, bytes: 1 << 20 };

/// Events that were logged, for a judgement to try.
pub trait Samples {
    /// The last events of a type, whichever version they were written in.
    fn of(&self, event_type: &str) -> Vec<Logged<'_>>;
}

/// One logged event.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'a> {
    /// Where it stands.
    pub at: selfsame_record::Position,
    /// The version that it was written in.
    pub version: VersionNo,
    /// What was written.
    pub row: &'a Row,
}

/// No events.
#[derive(Clone, Copy, Debug)]
pub struct NoSamples;

impl Samples for NoSamples {
    fn of(&self, _event_type: &str) -> Vec<Logged<'_>> {
        Vec::new()
    }
}

impl Registry {
    /// Judges a version that [`Registry::check`] gave against its parent; none if it has no parent. This is
    /// the part of the gate that tries documents, so it takes longer than the check.
    ///
    /// # Errors
    ///
    /// For every event type that some document of the parent's cannot be read in, a problem with that
    /// document; unless the type is said to be partial.
    pub fn judge(
        &self,
        version: &Arc<Version>,
        samples: &dyn Samples,
    ) -> Result<Option<Report>, Vec<Problem>> {
        let Some(parent) = version.parent else { return Ok(None) };
        let mut trial = self.clone();
        trial.insert(version.clone());
        let Some(report) = trial.report(parent, version.no, samples) else { return Ok(None) };
        let Some(parent) = self.version(parent) else { return Ok(None) };
        let mut problems = Problems::default();
        for t in &report.types {
            let partial = version.document.events().get(&t.event_type).is_some_and(|event| event.partial);
            if partial {
                continue;
            }
            let mendable = version.edge(t.event_type.as_str()).is_some_and(|edge| edge.mendable);
            match (&t.up, &t.down) {
                (Direction::Fails(witness), _) => problems.push(refused(version, parent, t, witness)),
                (_, Direction::Fails(witness)) if mendable => {
                    problems.push(refused(version, parent, t, witness));
                }
                _ => {}
            }
        }
        problems.or(Some(report))
    }

    /// What becomes of every event type on the way from one version to another; none if either is not there.
    pub fn report(&self, from: VersionNo, to: VersionNo, samples: &dyn Samples) -> Option<Report> {
        let (old, new) = (self.version(from)?, self.version(to)?);
        let way = self.way(from, to);
        let versions = way.iter().flatten().map(|leg| &**leg.to).chain([&**old, &**new]);
        let wholes: BTreeMap<VersionNo, Value> = versions.map(|v| (v.no, v.document.whole())).collect();
        let schemas = wholes.iter().map(|(no, whole)| (*no, EventSchemas::of(whole))).collect();
        let schemas = Schemas(schemas);
        let bytes_left = JUDGED_BYTES_MAX;
        let mut judge = Judge { registry: self, old, new, way, schemas, samples, bytes_left };
        let types = judge.types();
        let verdict = types.iter().map(|t| t.verdict).max().unwrap_or(Verdict::Identical);
        let class = types.iter().map(|t| t.class).max().unwrap_or(Verdict::Identical.class(false));
        let alone = |t: &TypeReport| matches!(t.verdict, Verdict::New | Verdict::Retired);
        let rollback_safe = types.iter().all(|t| t.down.is_total() || alone(t));
        let labels = types.iter().map(|t| t.labels).fold(Labels::IDENTICAL, Labels::and);
        Some(Report { from, to, verdict, class, rollback_safe, labels, types })
    }
}

/// The problem of a type that some document of the parent's cannot be read in.
fn refused(version: &Version, parent: &Version, t: &TypeReport, witness: &Witness) -> Problem {
    let unled = version.edge(t.event_type.as_str()).and_then(|edge| edge.unled.clone());
    let made = match witness.at {
        Some(at) => format!("the event at {at}"),
        None => "an event that is valid there".to_owned(),
    };
    let shows = format!("{made} cannot be read here: {}", witness.reason);
    let problem = match unled {
        Some(unled) => Problem { message: format!("{}; {shows}", unled.message), ..unled },
        None => {
            let place = pointer::child("/lenses", t.event_type.as_str());
            let message = format!("the lens does not lead every event of {} here; {shows}", parent.no);
            let help = "lead it here, or accept that such events are skipped with `partial: true` \
                        under the event type";
            Problem::new(place, message).help(help)
        }
    };
    problem.proposal(proposed(version, parent, t)).witness(witness.document.clone())
}

/// The lens that a type without one probably needs.
fn proposed(version: &Version, parent: &Version, t: &TypeReport) -> Vec<Proposal> {
    let edge = version.edge(t.event_type.as_str()).filter(|edge| edge.lens.is_empty());
    let proposal = edge.and_then(|edge| {
        let old = parent.document.event_schema_json(&edge.from)?;
        let own = version.document.event_schema_json(&t.event_type)?;
        Some(offered(&old, &own))
    });
    proposal.unwrap_or_default()
}

/// The schemas of every version on a way, as JSON.
struct Schemas<'a>(BTreeMap<VersionNo, EventSchemas<'a>>);

impl Schemas<'_> {
    fn of(&self, version: &Version, name: &EventType) -> Value {
        self.0.get(&version.no).and_then(|schemas| schemas.get(name)).unwrap_or(Value::Bool(true))
    }
}

struct Judge<'a> {
    registry: &'a Registry,
    old: &'a Version,
    new: &'a Version,
    way: Option<Vec<Leg<'a>>>,
    schemas: Schemas<'a>,
    samples: &'a dyn Samples,
    bytes_left: usize,
}

impl Judge<'_> {
    fn types(&mut self) -> Vec<TypeReport> {
        let way = self.way.take();
        let mut reached: BTreeSet<&EventType> = BTreeSet::new();
        let mut types = Vec::new();
        for event_type in self.old.shapes.keys() {
            let hops = way.as_ref().and_then(|way| hops(way, event_type));
            let name = hops.as_ref().map(|hops| hops.last().map_or(event_type, |hop| hop.name));
            match (hops, name) {
                (Some(hops), Some(name)) => {
                    reached.insert(name);
                    types.push(self.changed(event_type, name, &hops));
                }
                // Both have it, and no lens leads from one to the other: they only share a name.
                _ if self.new.shapes.contains_key(event_type) => {
                    reached.insert(event_type);
                    types.push(TypeReport::alone(event_type, Verdict::Rejected));
                }
                _ => types.push(TypeReport::alone(event_type, Verdict::Retired)),
            }
        }
        let new = self.new.shapes.keys().filter(|name| !reached.contains(name));
        types.extend(new.map(|name| TypeReport::alone(name, Verdict::New)));
        types.sort_by(|a, b| a.event_type.cmp(&b.event_type));
        types
    }

    fn changed(&mut self, old: &EventType, new: &EventType, hops: &[Hop<'_>]) -> TypeReport {
        let was = Some(old).filter(|old| *old != new).cloned();
        let ops: Vec<String> = hops.iter().flat_map(|hop| hop.edge.lens.texts(hop.way)).collect();
        if hops.iter().all(|hop| matches!(hop.edge.slots, Slots::Same)) {
            let (up, down) = (Direction::Exact, Direction::Exact);
            let verdict = if was.is_some() { Verdict::LensExact } else { Verdict::Identical };
            let (labels, class) = (Labels::IDENTICAL, verdict.class(false));
            return TypeReport {
                event_type: new.clone(),
                was,
                verdict,
                class,
                up,
                down,
                ops,
                labels,
                changes: vec![],
            };
        }
        let proven = hops.iter().all(|hop| !matches!(hop.edge.slots, Slots::Anew));
        let from = End { version: self.old, name: old, schema: self.schemas.of(self.old, old) };
        let to = End { version: self.new, name: new, schema: self.schemas.of(self.new, new) };
        let (there, back) = (there(hops, &self.schemas), back_again(hops, &from, &self.schemas));
        let up = self.direction(&from, &to, &there, proven);
        let down = self.direction(&to, &from, &back, proven);
        let has_lens = hops.iter().any(|hop| !hop.edge.lens.is_empty());
        let verdict = Verdict::of(&up, &down, has_lens);
        let adds_only = hops.iter().all(|hop| hop.way == Way::Up && hop.edge.lens.adds_only());
        let compared = compare(&from.schema, &to.schema).ok();
        let labels =
            compared.as_ref().map_or(Labels::UNKNOWN, |c| Labels { strict: c.strict, lenient: c.lenient });
        let changes = compared.map(|c| c.changes).unwrap_or_default();
        let class = verdict.class(adds_only);
        TypeReport { event_type: new.clone(), was, verdict, class, up, down, ops, labels, changes }
    }
}

/// One end of a way.
struct End<'a> {
    version: &'a Version,
    name: &'a EventType,
    /// Its schema with everything that it refers to.
    schema: Value,
}

impl<'a> End<'a> {
    fn shape(&self) -> Option<&'a Arc<EventShape>> {
        self.version.event(self.name.as_str())
    }
}

/// A lens of a way, and the schema at its end.
struct Run<'a> {
    lens: &'a Lens,
    way: Way,
    to: Value,
}

/// The lenses of a way, in the order in which they are run.
fn there<'a>(hops: &[Hop<'a>], schemas: &Schemas<'_>) -> Vec<Run<'a>> {
    let to = |hop: &Hop<'a>| schemas.of(hop.version, hop.name);
    let run = |hop: &Hop<'a>| Run { lens: &hop.edge.lens, way: hop.way, to: to(hop) };
    hops.iter().map(run).collect()
}

/// The same on the way back, to where the first of them begins.
fn back_again<'a>(hops: &[Hop<'a>], from: &End<'_>, schemas: &Schemas<'_>) -> Vec<Run<'a>> {
    let ends = hops.iter().map(|hop| schemas.of(hop.version, hop.name));
    let ends = std::iter::once(from.schema.clone()).chain(ends);
    let run = |(hop, to): (&Hop<'a>, Value)| Run { lens: &hop.edge.lens, way: hop.way.back(), to };
    let mut runs: Vec<Run<'a>> = hops.iter().zip(ends).map(run).collect();
    runs.reverse();
    runs
}

impl Judge<'_> {
    /// What the way does to the documents of the end that it comes from.
    fn direction(&mut self, from: &End<'_>, to: &End<'_>, lenses: &[Run<'_>], proven: bool) -> Direction {
        let Some(decoder) = self.registry.decoder(from.version.no, to.version.no, from.name.as_str()) else {
            return Direction::None;
        };
        let inclusion = if proven { Inclusion::Proven } else { included(from, to, lenses) };
        if let Some(witness) = self.logged(&decoder, from).or_else(|| self.made(&decoder, from)) {
            return Direction::Fails(Box::new(witness));
        }
        match inclusion {
            Inclusion::Proven => lost(lenses),
            Inclusion::Unknown { places } => Direction::Undecided {
                places: places.iter().map(|gap| format!("`{}`: {}", gap.pointer, gap.reason)).collect(),
            },
            // A witness is a document of the image, which need not be what the lens makes of any document.
            Inclusion::Refuted { witness } => match refuted(&decoder, from, lenses, &witness) {
                Some(witness) => Direction::Fails(Box::new(witness)),
                None => Direction::Undecided { places: vec![format!("`{witness}` may come of the lens")] },
            },
        }
    }

    /// A logged event of the version that the way comes from that cannot be read.
    fn logged(&self, decoder: &Decoder, from: &End<'_>) -> Option<Witness> {
        let logged = self.samples.of(from.name.as_str());
        logged.iter().filter(|event| event.version == from.version.no).find_map(|event| {
            let wrong = decoder.decode(event.row).err()?;
            let document = serde_json::from_str(&from.shape()?.write_json(event.row)).ok()?;
            Some(Witness { document, pointer: wrong.pointer, reason: wrong.reason, at: Some(event.at) })
        })
    }

    /// A made document that cannot be read.
    fn made(&mut self, decoder: &Decoder, from: &End<'_>) -> Option<Witness> {
        if self.bytes_left == 0 {
            return None;
        }
        // What an open object takes beside its properties is judged when it is met: a member that a later
        // version names is adopted if it fits.
        for document in documents(&from.schema, MADE) {
            if has_strangers(&from.schema, &document) {
                continue;
            }
            let text = document.to_string();
            self.bytes_left = self.bytes_left.saturating_sub(text.len());
            if let Some(witness) = fails(decoder, from, &document, &text) {
                return Some(witness);
            }
        }
        None
    }
}

/// Whether the lenses make something of every document of the one schema, and all of it lies within the other.
fn included(from: &End<'_>, to: &End<'_>, lenses: &[Run<'_>]) -> Inclusion {
    let mut schema = from.schema.clone();
    let mut places = Vec::new();
    for Run { lens, way, to } in lenses {
        let doubts = lens.doubts(*way, &schema, to);
        places.extend(doubts.into_iter().map(|(pointer, reason)| Gap { pointer, reason }));
        match lens.image(*way, &schema, to) {
            Ok(after) => schema = after,
            Err(Problem { pointer, message: reason, .. }) => {
                return Inclusion::Unknown { places: vec![Gap { pointer, reason }] };
            }
        }
    }
    match examine(&schema, &to.schema, INCLUSION_STEPS_MAX, SEARCHED).inclusion {
        Inclusion::Proven if !places.is_empty() => Inclusion::Unknown { places },
        inclusion => inclusion,
    }
}

/// The document, if it is valid on its side and cannot be read on the other.
fn fails(decoder: &Decoder, from: &End<'_>, document: &Value, text: &str) -> Option<Witness> {
    let row = from.shape()?.read(text.as_bytes()).ok()?;
    let wrong = decoder.decode(&row).err()?;
    Some(Witness { document: document.clone(), pointer: wrong.pointer, reason: wrong.reason, at: None })
}

/// A witness against the inclusion of the image, as a document of the side that the way comes from.
fn refuted(decoder: &Decoder, from: &End<'_>, lenses: &[Run<'_>], witness: &Value) -> Option<Witness> {
    let mut document = Node::from_value(witness);
    for Run { lens, way, .. } in lenses.iter().rev() {
        lens.run(way.back(), &mut document).ok()?;
    }
    let mut text = String::new();
    document.write(&mut text);
    fails(decoder, from, &serde_json::from_str(&text).ok()?, &text)
}

/// What gets lost on a way on which every document arrives: the worst of what its operations lose.
fn lost(lenses: &[Run<'_>]) -> Direction {
    let (mut residue, mut lossy) = (BTreeSet::new(), BTreeSet::new());
    for Run { lens, way, .. } in lenses {
        match lens.loss(*way) {
            Loss::Exact => {}
            Loss::Residue(fields) => residue.extend(fields.iter().cloned()),
            Loss::Lossy(fields) => lossy.extend(fields.iter().cloned()),
        }
    }
    match (lossy.is_empty(), residue.is_empty()) {
        (false, _) => Direction::Lossy { fields: lossy.into_iter().collect() },
        (true, false) => Direction::Residue { fields: residue.into_iter().collect() },
        (true, true) => Direction::Exact,
    }
}
