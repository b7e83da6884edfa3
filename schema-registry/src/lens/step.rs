//! One way of a lens, slot by slot: where each slot of the side it leads to has its value from.
//!
//! A value that is given (a default) stands there when its object does. An object stands there when it did
//! on the side that the step leads from, or when a member that came from elsewhere is there: such a member
//! is one of its makers. So an object that only a move made is unmade on the way back, and one that was
//! there stays.

use selfsame_record::Value as Slot;

use crate::shape::EventShape;

/// Where the value in a slot comes from, makers aside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Base {
    /// A slot of the side that the step leads from.
    From(u16),
    /// A default; absent for nothing.
    Given(Slot),
}

/// Where the value in a slot comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepSource {
    pub(crate) base: Base,
    /// For an object: slots of the other side whose being there makes it.
    pub(crate) makers: Vec<u16>,
}

/// One way of a lens.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    sources: Vec<StepSource>,
}

impl Step {
    /// The step from one shape to another with these bases, one per slot of the latter.
    pub(crate) fn new(bases: Vec<Base>, from: &EventShape, to: &EventShape) -> Step {
        let sources = bases.into_iter().map(|base| StepSource { base, makers: Vec::new() }).collect();
        let mut step = Step { sources };
        for slot in 0..to.len() {
            step.note_made(slot, from, to);
        }
        step
    }

    /// Notes the slot's value as a maker of the objects around it that it did not lie in before.
    fn note_made(&mut self, slot: u16, from: &EventShape, to: &EventShape) {
        let Some(Base::From(origin)) = self.base(slot).cloned() else { return };
        let mut around = to.outwards(slot).skip(1).peekable();
        let origin_host = from.at(origin).and_then(|origin| origin.parent);
        let host = around.peek().and_then(|host| self.base(*host));
        if matches!((host, origin_host), (Some(Base::From(a)), Some(b)) if *a == b) {
            return;
        }
        for host in around {
            let Some(source) = self.sources.get_mut(usize::from(host)) else { return };
            if matches!(source.base, Base::From(host) if from.outwards(origin).any(|o| o == host)) {
                return;
            }
            source.makers.push(origin);
        }
    }

    /// Where the slot's value comes from, makers aside.
    pub(crate) fn base(&self, slot: u16) -> Option<&Base> {
        self.source(slot).map(|source| &source.base)
    }

    /// Where the slot's value comes from.
    pub(crate) fn source(&self, slot: u16) -> Option<&StepSource> {
        self.sources.get(usize::from(slot))
    }
}
