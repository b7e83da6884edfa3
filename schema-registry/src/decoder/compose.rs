//! A table from the steps between writer and reader.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_record::Value;

use super::Table;
use super::source::{Derived, Source};
use crate::lens::{Base, Step, StepSource};
use crate::shape::{EventShape, SlotKind};

/// A table that is being composed: it reads into the last shape that was stepped to.
pub(crate) struct Composer {
    writer: Arc<EventShape>,
    reader: Arc<EventShape>,
    sources: Vec<Source>,
    hosts: Vec<Option<u16>>,
    taken: BTreeMap<u16, BTreeSet<String>>,
    identity: bool,
}

impl Composer {
    /// Reads the writer's shape as it is.
    pub(crate) fn new(writer: &Arc<EventShape>) -> Composer {
        let object = |slot: &u16| writer.at(*slot).is_some_and(|at| at.kind == SlotKind::Object);
        Composer {
            writer: writer.clone(),
            reader: writer.clone(),
            sources: (0..writer.len()).map(Source::Slot).collect(),
            hosts: (0..writer.len()).map(|slot| Some(slot).filter(object)).collect(),
            taken: BTreeMap::new(),
            identity: true,
        }
    }

    /// Goes on to a shape that has the same slots.
    pub(crate) fn same(&mut self, to: &Arc<EventShape>) {
        assert_eq!(self.reader.len(), to.len(), "shapes without a lens between them have the same slots");
        self.reader = to.clone();
    }

    /// Goes on to the shape that the step leads to.
    pub(crate) fn step(&mut self, step: &Step, to: &Arc<EventShape>) {
        self.identity = false;
        let from = std::mem::replace(&mut self.reader, to.clone());
        let before = std::mem::take(&mut self.sources);
        let hosts = self.step_hosts(step);
        for slot in 0..to.len() {
            let adopts = self.take_key(slot, &from, &hosts, step);
            let source = match step.source(slot) {
                Some(source) => self.compose(slot, source, &before, adopts),
                None => given(Value::Absent),
            };
            self.sources.push(source);
        }
        self.hosts.iter_mut().for_each(|host| *host = host.and_then(|h| hosts.get(&h).copied()));
    }

    /// The objects of the shape before and what they are after the step.
    fn step_hosts(&self, step: &Step) -> BTreeMap<u16, u16> {
        let slots = 0..self.reader.len();
        let pairs = slots.filter_map(|slot| match step.base(slot)? {
            Base::From(from) => Some((*from, slot)),
            Base::Given(_) => None,
        });
        pairs.filter(|(_, slot)| self.reader.at(*slot).is_some_and(|at| at.open)).collect()
    }

    /// Notes that a member of an object now has a key that was free for unknown members. Gives the writer's
    /// object and the key if the slot adopts such a member.
    fn take_key(
        &mut self,
        slot: u16,
        from: &EventShape,
        hosts: &BTreeMap<u16, u16>,
        step: &Step,
    ) -> Option<(u16, String)> {
        let at = self.reader.at(slot)?;
        let host = at.parent?;
        let host_before = hosts.iter().find(|(_, after)| **after == host).map(|(before, _)| *before)?;
        if from.member(host_before, &at.key).is_some() {
            return None;
        }
        let writer_host = self.hosts.iter().position(|to| *to == Some(host_before))?;
        let writer_host = u16::try_from(writer_host).ok()?;
        let key = at.key.clone();
        let first = self.taken.entry(writer_host).or_default().insert(key.clone());
        let source = step.source(slot)?;
        let added = matches!(source.base, Base::Given(_)) && source.makers.is_empty();
        Some((writer_host, key)).filter(|_| first && added)
    }

    fn compose(
        &self,
        slot: u16,
        source: &StepSource,
        before: &[Source],
        adopts: Option<(u16, String)>,
    ) -> Source {
        let earlier =
            |slot: u16| before.get(usize::from(slot)).cloned().unwrap_or_else(|| given(Value::Absent));
        let base = match &source.base {
            Base::From(slot) => earlier(*slot),
            Base::Given(value) => {
                let host = self.reader.at(slot).and_then(|at| at.parent);
                let host = host.and_then(|host| self.sources.get(usize::from(host)));
                let when = host.filter(|host| !self.always_object(host)).cloned();
                Source::derived(Derived::Given { value: value.clone(), when, adopts })
            }
        };
        if source.makers.is_empty() {
            return base;
        }
        let makers = source.makers.iter().map(|slot| earlier(*slot)).collect();
        Source::derived(Derived::Made { base, makers })
    }

    fn always_object(&self, source: &Source) -> bool {
        match source {
            Source::Slot(slot) => self.always(*slot) && self.writer.at(*slot).is_some_and(|at| !at.nullable),
            Source::Derived(derived) => match derived.as_ref() {
                Derived::Given { value, when, adopts } => {
                    *value == Value::Object && when.is_none() && adopts.is_none()
                }
                Derived::Made { base, makers } => {
                    let there = |maker: &Source| matches!(maker, Source::Slot(slot) if self.always(*slot));
                    self.always_object(base) || makers.iter().any(there)
                }
            },
        }
    }

    /// Whether every valid row of the writer has the slot.
    fn always(&self, slot: u16) -> bool {
        let mut around = self.writer.outwards(slot).filter_map(|slot| self.writer.at(slot));
        around.next().is_some_and(|at| at.required) && around.all(|at| at.required && !at.nullable)
    }

    /// The table.
    pub(crate) fn finish(self) -> Table {
        let mut adopted: Vec<(u16, String, u16)> = Vec::new();
        for (slot, source) in (0..).zip(&self.sources) {
            if let Some((host, key)) = adoption(source) {
                adopted.push((*host, key.clone(), slot));
            }
        }
        adopted.sort_unstable();
        Table {
            reader: self.reader,
            sources: self.sources,
            hosts: self.hosts,
            taken: self.taken,
            adopted,
            identity: self.identity,
        }
    }
}

/// The unknown member that a source takes over.
fn adoption(source: &Source) -> Option<&(u16, String)> {
    match source {
        Source::Slot(_) => None,
        Source::Derived(derived) => match derived.as_ref() {
            Derived::Given { adopts, .. } => adopts.as_ref(),
            Derived::Made { base, .. } => adoption(base),
        },
    }
}

fn given(value: Value) -> Source {
    Source::derived(Derived::Given { value, when: None, adopts: None })
}
