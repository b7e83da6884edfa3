//! Whether a step gives every member that the side it leads to requires, for every document that is valid
//! on the side it comes from.
//!
//! Types, bounds and values are the same on both sides, field by field (that is checked before), so what is
//! left to prove is: wherever the step gives an object, it gives the object's required members.

use selfsame_record::Value as Slot;

use super::step::{Base, Step};
use crate::shape::{EventShape, SlotKind};

/// The required slots that some valid document lacks after the step.
pub(crate) fn broken_promises(step: &Step, from: &EventShape, to: &EventShape) -> Vec<u16> {
    let proof = Proof { step, from };
    let mut broken = Vec::new();
    for host in 0..to.len() {
        let required = |slot: &u16| to.at(*slot).is_some_and(|slot| slot.required);
        let members = to.members(host).iter().map(|(_, slot)| *slot).filter(required);
        broken.extend(members.filter(|member| !proof.kept(host, *member)));
    }
    broken
}

/// What is known of a document on the side that the step leads from.
#[derive(Clone, Copy)]
enum Known {
    /// The slot is not absent.
    There(u16),
    /// The slot is an object.
    Object(u16),
}

struct Proof<'a> {
    step: &'a Step,
    from: &'a EventShape,
}

impl Proof<'_> {
    /// Whether the member is there whenever its object is. An object is there for one of three reasons.
    fn kept(&self, host: u16, member: u16) -> bool {
        let Some(source) = self.step.source(host) else { return true };
        let from = match &source.base {
            Base::From(host) => Some(*host),
            Base::Given(_) => None,
        };
        let base_fine = match &source.base {
            Base::From(host) => self.present(member, Known::Object(*host)),
            Base::Given(Slot::Object) => self.present(member, Known::Object(0)),
            Base::Given(_) => true,
        };
        let implied = |maker: Known| from.is_some_and(|host| self.is_object(host, maker));
        let mut makers = source.makers.iter().map(|maker| Known::There(*maker));
        base_fine && makers.all(|maker| implied(maker) || self.present(member, maker))
    }

    /// Whether the member is there in every document that has `known`, given that the member's object is.
    fn present(&self, member: u16, known: Known) -> bool {
        let Some(source) = self.step.source(member) else { return false };
        let base = match &source.base {
            Base::From(slot) => self.is_there(*slot, known),
            Base::Given(default) => *default != Slot::Absent,
        };
        base || source.makers.iter().any(|maker| self.is_there(*maker, known))
    }

    /// Whether every valid document that has `known` has `slot` too.
    fn is_there(&self, slot: u16, known: Known) -> bool {
        for (distance, place) in self.from.outwards(slot).enumerate() {
            let Some(at) = self.from.at(place) else { return false };
            let certain = distance == 0 || !at.nullable;
            match known {
                Known::There(there) if there == place => return certain,
                Known::Object(there) if there == place => return true,
                Known::There(there) | Known::Object(there) if self.around(place, there) => return true,
                _ if at.required && certain => {}
                _ => return false,
            }
        }
        true
    }

    /// Whether `slot` is an object in every valid document that has `known`.
    fn is_object(&self, slot: u16, known: Known) -> bool {
        let (Known::There(there) | Known::Object(there)) = known;
        let object = |at: &crate::shape::Slot| at.kind == SlotKind::Object && !at.nullable;
        self.around(slot, there) || (self.is_there(slot, known) && self.from.at(slot).is_some_and(object))
    }

    /// Whether the first slot is an object around the second.
    fn around(&self, outer: u16, inner: u16) -> bool {
        self.from.outwards(inner).skip(1).any(|place| place == outer)
    }
}
