//! A lens run on the parent's schema, and what it leads to held against the version's own.

use std::collections::BTreeMap;

use selfsame_record::Value as Slot;

use super::Op;
use super::field::{Field, Origin, lay_out};
use super::step::{Base, Step};
use crate::json::pointer::{self, Pointer};
use crate::problem::Problems;
use crate::schema::{Schema, describe, field_schema, shells};
use crate::shape::{EventShape, SlotKind};

/// What a lens makes of the parent's schema.
#[derive(Debug)]
pub(crate) struct Image {
    root: Field,
    /// What the way back puts where the lens removed a field, by the parent's slots.
    removed: BTreeMap<u16, Slot>,
}

/// A place in the version's own schema where the lens leads to something else.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Astray {
    /// JSON Pointer from the event's schema on.
    pub(crate) pointer: String,
    pub(crate) message: String,
}

impl Image {
    /// The parent's schema itself.
    pub(crate) fn of(parent: &Schema) -> Image {
        Image { root: Field::of_parent(parent), removed: BTreeMap::new() }
    }

    /// Runs one operation. `own` is the version's own schema; the message says why it cannot be run.
    pub(crate) fn apply(&mut self, op: &Op, own: &Schema) -> Result<(), String> {
        match op {
            Op::Add { at, schema, default } => {
                let said = schema.as_ref().and_then(|json| field_schema(json, "", &mut Problems::default()));
                let Some(schema) = said.as_ref().or_else(|| own.at(at.tokens())) else {
                    return Err(format!(
                        "the schema has no field `{at}`: add it there, or say the `schema` here"
                    ));
                };
                let field = Field::given(schema, default.as_ref())?;
                self.put(at, field, Field::object)
            }
            Op::Remove { at, default, .. } => {
                let field = self.take(at)?;
                let slots = lay_out(&field.schema(), default.as_ref())?;
                note_removed(&field, &mut slots.into_iter(), &mut self.removed);
                self.root.prune(at.split().map_or(&[], |(host, _)| host));
                Ok(())
            }
            Op::Rename { from, to } | Op::Move { from, to } => {
                let field = self.take(from)?;
                self.put(to, field, Field::object_made)?;
                self.root.prune(from.split().map_or(&[], |(host, _)| host));
                Ok(())
            }
            _ => Err(format!("`{}` is not led through slots", op.forward())),
        }
    }

    fn take(&mut self, at: &Pointer) -> Result<Field, String> {
        let missing = || format!("there is no field `{at}`");
        let (host, key) = at.split().ok_or_else(missing)?;
        self.root.object(host)?.members.remove(key).ok_or_else(missing)
    }

    fn put(&mut self, at: &Pointer, field: Field, find: Find) -> Result<(), String> {
        let (host, key) = at.split().ok_or_else(|| format!("`{at}` names no field"))?;
        let host = find(&mut self.root, host)?;
        if host.members.contains_key(key) {
            return Err(format!("there is a field `{at}` already"));
        }
        host.members.insert(key.to_owned(), field);
        Ok(())
    }

    /// The ways up and down between the parent's shape and the version's own.
    ///
    /// # Errors
    ///
    /// The first place where the lens leads to something else than the version's schema.
    pub(crate) fn lead(&self, parent: &EventShape, own: &EventShape) -> Result<(Step, Step), Astray> {
        let mut up = vec![Base::Given(Slot::Absent); own.slots().len()];
        let mut down = vec![Base::Given(Slot::Absent); parent.slots().len()];
        for (slot, default) in &self.removed {
            set(&mut down, *slot, Base::Given(default.clone()));
        }
        let mut walk = Walk { own, up: &mut up, down: &mut down };
        walk.field(&self.root, 0, "")?;
        Ok((Step::new(up, parent, own), Step::new(down, own, parent)))
    }
}

type Find = for<'a> fn(&'a mut Field, &[String]) -> Result<&'a mut Field, String>;

fn note_removed(field: &Field, slots: &mut dyn Iterator<Item = Slot>, removed: &mut BTreeMap<u16, Slot>) {
    let value = slots.next().unwrap_or(Slot::Absent);
    if let Origin::Parent(slot) = field.origin {
        removed.insert(slot, value);
    }
    field.members.values().for_each(|member| note_removed(member, slots, removed));
}

fn set(bases: &mut [Base], slot: u16, base: Base) {
    if let Some(place) = bases.get_mut(usize::from(slot)) {
        *place = base;
    }
}

struct Walk<'a> {
    own: &'a EventShape,
    up: &'a mut [Base],
    down: &'a mut [Base],
}

impl Walk<'_> {
    fn field(&mut self, field: &Field, slot: u16, place: &str) -> Result<(), Astray> {
        self.shell(field, slot, place)?;
        match &field.origin {
            Origin::Parent(from) => {
                set(self.up, slot, Base::From(*from));
                set(self.down, *from, Base::From(slot));
            }
            Origin::Given(default) => set(self.up, slot, Base::Given(default.clone())),
            Origin::Made => {}
        }
        let at = |key: &str| pointer::child(&format!("{place}/properties"), key);
        let own: Vec<(String, u16)> =
            self.own.members(slot).iter().map(|(key, slot)| (key.to_string(), *slot)).collect();
        for (key, slot) in &own {
            let Some(member) = field.members.get(key) else {
                let message =
                    format!("the lens does not lead to `{key}`, which the schema has: add it in the lens");
                return Err(Astray { pointer: at(key), message });
            };
            self.field(member, *slot, &at(key))?;
        }
        let lost = field.members.keys().find(|key| self.own.member(slot, key).is_none());
        lost.map_or(Ok(()), |key| {
            let message = format!(
                "the lens leads to `{key}` here, which the schema does not have: remove it in the lens"
            );
            Err(Astray { pointer: format!("{place}/properties"), message })
        })
    }

    /// What stands here must be the same, members aside. What the lens made only has to be an object.
    fn shell(&self, field: &Field, slot: u16, place: &str) -> Result<(), Astray> {
        let Some(own) = self.own.schema(slot) else { return Ok(()) };
        let made = field.origin == Origin::Made && own.slot_kind() == SlotKind::Object;
        let Some((below, lens, schema)) = shells(&field.schema, own).filter(|_| !made) else { return Ok(()) };
        let message = if below == "/type" {
            format!("the lens leads to {} here, the schema says {}", describe(&field.schema), describe(own))
        } else {
            format!("the lens leads to {lens} here, the schema says {schema}")
        };
        Err(Astray { pointer: format!("{place}{below}"), message })
    }
}
