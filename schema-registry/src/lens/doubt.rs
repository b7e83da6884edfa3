//! Where an operation may fail on a document that is valid on the side that it comes from.
//!
//! An image says what a lens gives where it gives something; this says whether it always does. What cannot be
//! seen from the schema counts as a doubt. The limits on one event (bytes, depth, digits, steps) do not.

use serde_json::Value;

use super::image::{Purpose, image};
use super::op::{Op, Otherwise, Round, Scalar, Table};
use super::run::Way;
use super::run::side::{Key, SchemaSide, path_of};
use crate::json::pointer::Pointer;

/// A place and why an operation may fail there.
pub(crate) type Doubt = (String, String);

/// The doubts of a lens on a way that begins at this schema and leads to that one.
pub(crate) fn doubts(ops: &[Op], way: Way, schema: &Value, to: &Value) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (index, op) in ops.iter().enumerate().filter(|(_, op)| may_fail(op)) {
        let before = match way {
            Way::Up => ops.get(..index),
            Way::Down => ops.get(index + 1..),
        };
        let before = before.unwrap_or_default();
        match image(before, way, Purpose::Proof, schema, Some(to)) {
            Ok(seen) => one(op, way, &SchemaSide { root: &seen }, &[], &mut doubts),
            Err(astray) => doubts.push((astray.op, astray.message)),
        }
    }
    doubts
}

/// Whether the operation, or one within it, is of a kind that can fail on a value.
fn may_fail(op: &Op) -> bool {
    match op {
        Op::Convert { .. }
        | Op::Cast { .. }
        | Op::Scale { .. }
        | Op::Wrap { .. }
        | Op::Unwrap { .. }
        | Op::Split { .. }
        | Op::Join { .. }
        | Op::Derive { .. } => true,
        Op::In { lens, .. } | Op::Map { lens, .. } | Op::When { lens, .. } => lens.iter().any(may_fail),
        _ => false,
    }
}

fn one(op: &Op, way: Way, side: &SchemaSide<'_>, host: &[Key], doubts: &mut Vec<Doubt>) {
    let up = way == Way::Up;
    let place = |at: &Pointer| Place { side, path: [host, &path_of(at)].concat() };
    let mut doubt = |at: &Pointer, why: Option<&str>| {
        doubts.extend(why.map(|why| (shown(host, at), why.to_owned())));
    };
    match op {
        Op::Convert { at, up: table, down, otherwise } => {
            let table = if up { table } else { down };
            let listed = *otherwise != Otherwise::Fail || place(at).lists_only(table);
            doubt(at, (!listed).then_some("the table may have no entry for a value"));
        }
        Op::Cast { at, from, to } => {
            let (from, to) = if up { (*from, *to) } else { (*to, *from) };
            doubt(at, (!casts_always(from, to)).then_some("not every value can be cast"));
            doubt(
                at,
                (!place(at).is_of(&[from.name(), "null"])).then_some("the value may be of another type"),
            );
        }
        Op::Scale { at, round, .. } => {
            doubt(at, (*round == Round::Fail).then_some("the result may have to be rounded"));
            let fits = place(at).is_of(&["integer", "number", "null"]);
            doubt(at, (!fits).then_some("the value may be no number"));
        }
        Op::Wrap { at } | Op::Unwrap { at, .. } => {
            let picks = matches!(op, Op::Unwrap { .. }) == up;
            let fits = !picks || place(at).is_of(&["array"]);
            doubt(at, (!fits).then_some("the value may be no array"));
        }
        Op::Split { from: whole, to: parts, .. } | Op::Join { from: parts, to: whole, .. } => {
            let cuts = matches!(op, Op::Split { .. }) == up;
            let texts = if cuts { std::slice::from_ref(whole) } else { parts.as_slice() };
            for at in texts {
                doubt(at, (!place(at).is_of(&["string"])).then_some("the value may be no string"));
            }
        }
        Op::Derive { at, .. } => doubt(at, up.then_some("the expression may fail")),
        Op::In { at, lens } => nested(lens, way, side, &[host, &path_of(at)].concat(), doubts),
        Op::Map { at, lens } => {
            let within = [host, &path_of(at), &[Key::Each]].concat();
            nested(lens, way, side, &within, doubts);
        }
        Op::When { lens, .. } => nested(lens, way, side, host, doubts),
        _ => {}
    }
}

/// The operations within another one: what an earlier one of them makes of a place is not followed.
fn nested(lens: &[Op], way: Way, side: &SchemaSide<'_>, host: &[Key], doubts: &mut Vec<Doubt>) {
    let others = lens.iter().filter(|op| !matches!(op, Op::Add { .. } | Op::Remove { .. })).count();
    if others > 1 && lens.iter().any(may_fail) {
        let why = "what the operations make of each other is not followed";
        return doubts.push((shown(host, &Pointer::of(Vec::new())), why.to_owned()));
    }
    for op in lens.iter().filter(|op| may_fail(op)) {
        one(op, way, side, host, doubts);
    }
}

/// Casts that give a value for every one of the type.
fn casts_always(from: Scalar, to: Scalar) -> bool {
    use Scalar::{Boolean, Integer, Number, String};
    matches!((from, to), (Integer | Number | Boolean, String) | (Integer, Number))
}

fn shown(host: &[Key], at: &Pointer) -> String {
    let mut text = String::new();
    for key in host.iter().cloned().chain(path_of(at)) {
        text = match key {
            Key::Named(name) => crate::json::pointer::child(&text, &name),
            Key::Each => format!("{text}/*"),
        };
    }
    text
}

/// What the schema says of one place.
struct Place<'a> {
    side: &'a SchemaSide<'a>,
    path: Vec<Key>,
}

impl Place<'_> {
    /// The one schema of the place; none if several speak of it.
    fn schema(&self) -> Option<&Value> {
        let leaves = self.side.leaves(&self.path);
        let is_reference =
            |leaf: &&&Value| leaf.as_object().is_some_and(|o| o.len() == 1 && o.contains_key("$ref"));
        let mut own = leaves.iter().filter(|leaf| !is_reference(leaf));
        let first = own.next()?;
        own.next().is_none().then_some(*first)
    }

    /// Whether only values stand here that the table has.
    fn lists_only(&self, table: &Table) -> bool {
        let Some(schema) = self.schema() else { return false };
        let listed = schema.get("enum").and_then(Value::as_array);
        let all = listed.is_some_and(|list| list.iter().all(|value| table.get(value).is_some()));
        all || schema.get("const").is_some_and(|value| table.get(value).is_some())
    }

    /// Whether only values of these types stand here.
    fn is_of(&self, types: &[&str]) -> bool {
        let Some(schema) = self.schema() else { return false };
        match schema.get("type") {
            Some(Value::String(name)) => types.contains(&name.as_str()),
            Some(Value::Array(list)) => {
                list.iter().all(|name| name.as_str().is_some_and(|name| types.contains(&name)))
            }
            _ => {
                let listed = schema.get("enum").and_then(Value::as_array);
                let one = schema.get("const").map(std::slice::from_ref);
                listed.map(Vec::as_slice).or(one).is_some_and(|all| all.iter().all(|v| is_of(v, types)))
            }
        }
    }
}

fn is_of(value: &Value, types: &[&str]) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    types.contains(&name)
}
