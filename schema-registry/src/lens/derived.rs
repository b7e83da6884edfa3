//! The expressions of a lens's `derive` operations, compiled once against what they read.
//!
//! The variable `event` is the object that the operation works on: the payload, or within `in` and `map`
//! the object or element that these lead to. At the outermost level its fields have the types of the schema
//! at that point of the lens; within, nothing is known of them before an event is there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::image::{Purpose, image};
use super::op::Op;
use super::run::Way;
use crate::cel::{CelValue, Document, Expression, SchemaFields};
use crate::json::tree::Node;
use crate::limits::EVENT_DEPTH_MAX;
use crate::problem::Problem;

/// Expressions by their source.
#[derive(Debug, Default)]
pub(crate) struct Derived(BTreeMap<String, Expression>);

impl Derived {
    /// Compiles every expression of a lens that begins at this schema.
    pub(crate) fn compile(ops: &[Op], schema: &Value) -> Result<Derived, Problem> {
        let mut derived = Derived::default();
        for (index, op) in ops.iter().enumerate() {
            let place = format!("/{index}/derive/cel");
            match op {
                Op::Derive { cel, .. } => {
                    // What the operations before it make of the schema is what it reads.
                    let before = ops.get(..index).unwrap_or_default();
                    let seen =
                        image(before, Way::Up, Purpose::Proof, schema, None).unwrap_or(Value::Bool(true));
                    derived.add(cel, &seen, &place)?;
                }
                op => derived.within(op, &place)?,
            }
        }
        Ok(derived)
    }

    fn within(&mut self, op: &Op, place: &str) -> Result<(), Problem> {
        let (Op::In { lens, .. } | Op::Map { lens, .. } | Op::When { lens, .. }) = op else { return Ok(()) };
        for op in lens {
            match op {
                Op::Derive { cel, .. } => self.add(cel, &Value::Bool(true), place)?,
                op => self.within(op, place)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, cel: &str, schema: &Value, place: &str) -> Result<(), Problem> {
        let fields = SchemaFields::new(schema).map_err(|e| Problem::new(place, e.to_string()))?;
        let expression = Expression::compile(cel, &fields).map_err(|e| Problem::new(place, e.to_string()))?;
        self.0.insert(cel.to_owned(), expression);
        Ok(())
    }

    /// The value of an expression for the object of its scope; the message says why there is none.
    pub(crate) fn compute(&self, cel: &str, scope: &Node) -> Result<Option<Node>, String> {
        let Some(expression) = self.0.get(cel) else { return Ok(None) };
        let scope = Scope(scope);
        let value = expression.evaluate(&scope).map_err(|e| e.to_string())?;
        Node::parse(&value.to_json(), EVENT_DEPTH_MAX).map(Some).map_err(|e| e.said().1)
    }
}

/// An object of an event, as an expression reads it.
struct Scope<'a>(&'a Node);

impl Scope<'_> {
    fn at(&self, path: &[String]) -> Option<&Node> {
        path.iter().try_fold(self.0, |node, key| match node {
            Node::Object(members) => members.get(key),
            _ => None,
        })
    }
}

impl Document for Scope<'_> {
    fn get(&self, path: &[String]) -> Option<CelValue<'_>> {
        self.at(path).map(value)
    }

    fn has(&self, path: &[String]) -> bool {
        self.at(path).is_some()
    }
}

fn value(node: &Node) -> CelValue<'_> {
    match node {
        Node::Null => CelValue::Null,
        Node::Bool(value) => CelValue::Bool(*value),
        Node::Number(lexeme) => CelValue::Number(Cow::Borrowed(lexeme)),
        Node::Text(text) => CelValue::Text(Cow::Borrowed(text)),
        Node::Array(items) => CelValue::List(items.iter().map(value).collect()),
        Node::Object(members) => CelValue::Object(
            members.iter().map(|(key, node)| (Cow::Borrowed(key.as_str()), value(node))).collect(),
        ),
    }
}
