//! A bidirectional change of an event's shape between a version and its parent.
//!
//! A lens is a list of operations from the parent's shape (A) to the version's own (B); the way back is
//! derived. Operations that only take fields over are settled as a whole: every field of B is a field of A,
//! or given by the lens, or an object that holds members moved into it, and the same the other way round
//! ([`step`]), and it is proven that both ways give valid documents ([`promise`]). All operations run on a
//! document as a tree ([`run`]); what they make of a schema is [`image`]'s to say.

pub(crate) mod apply;
mod derive;
mod derived;
mod doubt;
mod field;
mod image;
mod loss;
mod op;
mod promise;
pub(crate) mod run;
mod step;

use serde_json::Value;

pub use derive::derive;
use derived::Derived;
pub use image::Purpose;
use image::image;
pub(crate) use loss::{Loss, losses};
pub(crate) use op::{Op, parse_ops};
pub(crate) use promise::broken_promises;
pub(crate) use run::Failure;
pub use run::Way;
use run::side::SchemaSide;
use run::{Context, Program};
pub(crate) use step::{Base, Step, StepSource};

use crate::json::tree::Node;
use crate::limits::EVENT_DEPTH_MAX;
use crate::problem::{Problem, Problems};

/// The operations between the older and the newer shape of an event, ready to run.
#[derive(Debug)]
pub struct Lens {
    ops: Vec<Op>,
    program: Program,
    derived: Derived,
    /// What can be lost on the way up, and on the way down.
    losses: (Loss, Loss),
}

impl Lens {
    /// Reads a lens between two schemas: a list of operations as a schema-version document writes it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the operations in themselves, each with its place in the list.
    pub fn parse(operations: &Value, old: &Value, new: &Value) -> Result<Lens, Vec<Problem>> {
        let mut problems = Problems::default();
        let ops = parse_ops(operations, "", &mut problems);
        let ops = problems.or(ops.unwrap_or_default())?;
        Lens::between(ops, old, new).map_err(|problem| vec![problem])
    }

    /// The lens that leaves everything as it is.
    pub(crate) fn none() -> Lens {
        let side = SchemaSide { root: &Value::Bool(true) };
        let program = Program::compile(&[], &side, &side);
        Lens { ops: Vec::new(), program, derived: Derived::default(), losses: (Loss::Exact, Loss::Exact) }
    }

    /// The lens of these operations between an older and a newer schema.
    pub(crate) fn between(ops: Vec<Op>, old: &Value, new: &Value) -> Result<Lens, Problem> {
        let (below, above) = (SchemaSide { root: old }, SchemaSide { root: new });
        let program = Program::compile(&ops, &below, &above);
        let (derived, losses) = (Derived::compile(&ops, old)?, losses(&ops, &below, &above));
        Ok(Lens { ops, program, derived, losses })
    }

    /// The schema that the lens leads to from an older one, references that it touches written out.
    ///
    /// # Errors
    ///
    /// If an operation does not find its place in the schema.
    pub fn lead(&self, schema: &Value) -> Result<Value, Problem> {
        let led = image(&self.ops, Way::Up, Purpose::Schema, schema, None);
        led.map_err(|astray| Problem::new(astray.op, astray.message))
    }

    /// The schema of what the lens makes of a schema's documents, on the way to another schema.
    pub(crate) fn image(&self, way: Way, schema: &Value, to: &Value) -> Result<Value, Problem> {
        let image = image(&self.ops, way, Purpose::Proof, schema, Some(to));
        image.map_err(|astray| Problem::new(astray.op, astray.message))
    }

    /// A document of the older shape in the newer one, as compact JSON text.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, or if an operation fails on it.
    pub fn up(&self, document: &str) -> Result<String, Problem> {
        self.convert(Way::Up, document)
    }

    /// A document of the newer shape in the older one, as compact JSON text.
    ///
    /// # Errors
    ///
    /// As [`Lens::up`].
    pub fn down(&self, document: &str) -> Result<String, Problem> {
        self.convert(Way::Down, document)
    }

    fn convert(&self, way: Way, document: &str) -> Result<String, Problem> {
        let mut node = Node::parse(document, EVENT_DEPTH_MAX).map_err(|e| {
            let (pointer, message) = e.said();
            Problem::new(pointer, message)
        })?;
        self.run(way, &mut node).map_err(|e| Problem::new(e.pointer, e.message))?;
        Ok(node.to_text())
    }

    /// Changes a document from one shape to the other.
    pub(crate) fn run(&self, way: Way, document: &mut Node) -> Result<(), Failure> {
        let context = Context { derive: &|cel, scope| self.derived.compute(cel, scope) };
        self.program.run(way, document, &context)
    }

    /// The operations, from the older shape to the newer one.
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Whether it leaves every document as it is.
    pub(crate) fn is_empty(&self) -> bool {
        self.ops.iter().all(|op| matches!(op, Op::Retype { .. }))
    }

    /// Whether all of it can be led through slots.
    pub(crate) fn leads_through_slots(&self) -> bool {
        self.ops.iter().all(|op| op.leads_through_slots() || matches!(op, Op::Retype { .. }))
    }

    /// Whether all that it does is to add fields.
    pub(crate) fn adds_only(&self) -> bool {
        self.ops.iter().all(|op| matches!(op, Op::Add { .. } | Op::Derive { .. }))
    }

    /// Where an operation may fail on a document of a schema, on the way to another one.
    pub(crate) fn doubts(&self, way: Way, schema: &Value, to: &Value) -> Vec<(String, String)> {
        doubt::doubts(&self.ops, way, schema, to)
    }

    /// What can be lost on a way.
    pub(crate) fn loss(&self, way: Way) -> &Loss {
        if way == Way::Up { &self.losses.0 } else { &self.losses.1 }
    }

    /// The operations as short texts, in the order in which they are run.
    pub(crate) fn texts(&self, way: Way) -> Vec<String> {
        match way {
            Way::Up => self.ops.iter().map(Op::forward).collect(),
            Way::Down => self.ops.iter().rev().map(Op::backward).collect(),
        }
    }
}
