//! The operations, each as a change of a schema.

use serde_json::{Value, json};

use super::facts::{Definitions, Member, type_of, words};
use super::object::each_part;
use super::value::{cast, converted, either, elements, scaled, without_null};
use super::{Astray, Purpose, Way};
use crate::json::pointer::{self, Pointer};
use crate::lens::op::Op;
use crate::lens::run::kept;
use crate::lens::run::side::Scope;

mod place;
mod scope;

/// Values of an image, definitions aside.
const IMAGE_VALUES_MAX: usize = 50_000;

/// One way of a lens over a schema.
pub(super) struct Imager<'a> {
    pub(super) of: Definitions<'a>,
    pub(super) way: Way,
    pub(super) purpose: Purpose,
    /// Whether the side that the lens leads to says which numbers are integers.
    pub(super) whole: bool,
}

/// What an operation makes of the member at its place: what stands there then, and whether always.
type Made = Result<(Value, bool), String>;

impl Imager<'_> {
    /// Runs the operations in the order of the way.
    pub(super) fn run(&self, scope: &Scope<'_>, schema: &mut Value, place: &str) -> Result<(), Astray> {
        let mut order: Vec<(usize, &Op)> = scope.ops.iter().enumerate().collect();
        if self.way == Way::Down {
            order.reverse();
        }
        for (index, op) in order {
            let place = format!("{place}/{index}");
            self.op(op, &Scope { index, ..*scope }, schema, &place)?;
            let large = !within(schema, &mut { IMAGE_VALUES_MAX });
            if large || self.of.exhausted() {
                let message = "makes the schema too large or too entangled to be followed: \
                               name definitions once and choices by a member"
                    .to_owned();
                return Err(Astray { op: place, message });
            }
        }
        Ok(())
    }

    fn op(&self, op: &Op, here: &Scope<'_>, schema: &mut Value, place: &str) -> Result<(), Astray> {
        let astray = |message| Astray { op: place.to_owned(), message };
        let inner = |ops| Scope { ops, index: 0, outer: Some(here), ..*here };
        match op {
            Op::In { at, lens } => self.within(at, &inner(lens), schema, &format!("{place}/in/lens")),
            Op::Map { at, lens } => self.for_each(at, &inner(lens), schema, &format!("{place}/map/lens")),
            Op::When { at, equals, lens } => {
                self.when(at, equals, &inner(lens), schema, &format!("{place}/when/lens"))
            }
            op => self.plain(op, here, schema).map_err(astray),
        }
    }

    fn plain(&self, op: &Op, here: &Scope<'_>, schema: &mut Value) -> Result<(), String> {
        let up = self.way == Way::Up;
        match op {
            Op::Add { at, schema: named, default } | Op::Remove { at, schema: named, default } => {
                if matches!(op, Op::Add { .. }) == up {
                    self.added(at, named.as_ref(), default.as_ref(), schema)
                } else {
                    self.taken(at, schema)?;
                    // An object that is left empty goes too, if the side that is led to does not know it.
                    let kept = if up { kept(at, here, self.way) } else { at.tokens().len() };
                    self.prune(at, kept, schema)
                }
            }
            Op::Rename { from, to } | Op::Move { from, to } => {
                let (from, to) = if up { (from, to) } else { (to, from) };
                self.moved(from, to, here, schema)
            }
            Op::Convert { at, up: table, down, otherwise } => {
                let table = if up { table } else { down };
                self.changed(at, schema, |m| {
                    Ok((converted(self.of, &m.schema, table, otherwise), m.required))
                })
            }
            Op::Cast { at, from, to } => {
                let (from, to) = if up { (*from, *to) } else { (*to, *from) };
                let wrong = |message| format!("`{at}` {message}");
                self.changed(at, schema, |m| {
                    Ok((cast(self.of, &m.schema, from, to).map_err(wrong)?, m.required))
                })
            }
            Op::Scale { at, .. } => {
                let wrong = |message| format!("`{at}` {message}");
                let whole = self.whole.then(|| here.at(at, self.way).whole);
                self.changed(at, schema, |m| {
                    Ok((scaled(self.of, &m.schema, whole).map_err(wrong)?, m.required))
                })
            }
            Op::Nullable { .. } | Op::Require { .. } | Op::Relax { .. } => self.presence(op, schema),
            Op::Wrap { at } => self.wrapped(at, up, None, schema),
            Op::Unwrap { at, otherwise, .. } => self.wrapped(at, !up, otherwise.as_ref(), schema),
            Op::Split { from, to, .. } if up => self.cut(from, to, here, schema),
            Op::Split { from, to, .. } => self.joined(to, from, here, schema),
            Op::Join { from, to, .. } if up => self.joined(from, to, here, schema),
            Op::Join { from, to, .. } => self.cut(to, from, here, schema),
            Op::Derive { at, .. } if up => self.put(at, Value::Bool(true), false, schema, true),
            Op::Derive { at, .. } => self.taken(at, schema).map(drop),
            Op::Retype { .. } | Op::In { .. } | Op::Map { .. } | Op::When { .. } => Ok(()),
        }
    }

    fn presence(&self, op: &Op, schema: &mut Value) -> Result<(), String> {
        let proof = self.purpose == Purpose::Proof;
        match (op, self.way) {
            (Op::Nullable { at, null_as }, Way::Down) => {
                self.changed(at, schema, |m| Ok(self.no_null(m, null_as, false)))
            }
            (Op::Require { at, default }, Way::Up)
            | (Op::Relax { at, default: Some(default) }, Way::Down) => {
                self.changed(at, schema, |m| Ok(self.no_null(m, default, true)))
            }
            (Op::Nullable { at, .. }, Way::Up) if !proof => self.changed(at, schema, |m| {
                Ok((either(m.schema.clone(), json!({ "type": "null" })), m.required))
            }),
            (Op::Relax { at, .. }, Way::Up) | (Op::Require { at, .. }, Way::Down) if !proof => {
                self.changed(at, schema, |m| Ok((m.schema.clone(), false)))
            }
            (Op::Nullable { at, .. } | Op::Require { at, .. } | Op::Relax { at, .. }, _) => {
                self.changed(at, schema, |m| Ok((m.schema.clone(), m.required)))
            }
            _ => Ok(()),
        }
    }

    /// The member with a value in the place of null, and of nothing if `absent`.
    fn no_null(&self, member: &Member, value: &Value, absent: bool) -> (Value, bool) {
        let null = self.of.types(&member.schema).contains("null");
        let filled = null || (absent && !member.required);
        let rest = if null { without_null(self.of, &member.schema) } else { member.schema.clone() };
        let schema = match (filled, self.purpose) {
            (false, _) | (true, Purpose::Schema) => rest,
            (true, Purpose::Proof) => self.or_value(rest, value),
        };
        (schema, member.required || absent)
    }

    /// A schema, or a value that the lens gives: the schema alone, if it takes the value.
    fn or_value(&self, schema: Value, value: &Value) -> Value {
        if self.of.takes(&schema, value) { schema } else { either(schema, self.value(value)) }
    }

    fn wrapped(
        &self,
        at: &Pointer,
        into: bool,
        otherwise: Option<&Value>,
        schema: &mut Value,
    ) -> Result<(), String> {
        self.changed(at, schema, |m| {
            if into {
                let array = json!({ "type": "array", "items": m.schema, "minItems": 1, "maxItems": 1 });
                return Ok((array, m.required));
            }
            let types = self.of.types(&m.schema);
            let Some((item, some)) = elements(self.of, &m.schema) else {
                return Err(format!("`{at}` is {}, and not an array", words(&types)));
            };
            Ok(match otherwise {
                Some(value) if !some => (self.or_value(item, value), m.required),
                _ => (item, m.required && some),
            })
        })
    }

    /// The schema of a value that the lens gives.
    fn value(&self, value: &Value) -> Value {
        match self.purpose {
            Purpose::Proof => json!({ "const": value }),
            Purpose::Schema => json!({ "type": type_of(value) }),
        }
    }

    fn added(
        &self,
        at: &Pointer,
        named: Option<&Value>,
        default: Option<&Value>,
        schema: &mut Value,
    ) -> Result<(), String> {
        let stands = match (self.purpose, named, default) {
            (Purpose::Schema, Some(named), _) => named.clone(),
            (Purpose::Schema, None, None) => Value::Bool(true),
            (_, _, Some(default)) => self.value(default),
            // Nothing stands there yet, and yet it is a field: not the same as one that was taken away.
            (Purpose::Proof, _, None) => json!({ "not": {} }),
        };
        self.put(at, stands, default.is_some(), schema, false)
    }

    fn moved(
        &self,
        from: &Pointer,
        to: &Pointer,
        here: &Scope<'_>,
        schema: &mut Value,
    ) -> Result<(), String> {
        if from.tokens().starts_with(to.tokens()) || to.tokens().starts_with(from.tokens()) {
            return Err(format!("`{from}` and `{to}` lie within each other"));
        }
        let same_host = from.split().map(|(host, _)| host) == to.split().map(|(host, _)| host);
        if same_host {
            return self.renamed(from, to, schema);
        }
        if self.find(to, schema)?.is_some() {
            return Err(format!("there is a field `{to}` already"));
        }
        let member = self.taken(from, schema)?;
        self.prune(from, kept(from, here, self.way), schema)?;
        self.put(to, member.schema, member.required, schema, true)
    }

    fn renamed(&self, from: &Pointer, to: &Pointer, schema: &mut Value) -> Result<(), String> {
        let (Some((host, old)), Some((_, new))) = (from.split(), to.split()) else { return Ok(()) };
        self.host(host, schema, from, &mut |branch| {
            if self.of.member(branch, new).is_some() {
                return Err(format!("there is a field `{to}` already"));
            }
            let found = self.of.member(branch, old).is_some();
            each_part(self.of, branch, &mut |part| {
                if part.names(old) {
                    let (schema, required) = (part.said(old), part.requires(old));
                    part.take(old);
                    part.put(new, schema, required);
                } else {
                    part.admit(new);
                }
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn cut(
        &self,
        whole: &Pointer,
        parts: &[Pointer],
        here: &Scope<'_>,
        schema: &mut Value,
    ) -> Result<(), String> {
        let member = self.taken(whole, schema)?;
        let types = self.of.types(&member.schema);
        if !types.contains("string") {
            return Err(format!("`{whole}` is {}, and not a string", words(&types)));
        }
        let always = member.required && types.len() == 1;
        self.prune(whole, kept(whole, here, self.way), schema)?;
        for (index, part) in parts.iter().enumerate() {
            self.put(part, json!({ "type": "string" }), always && index == 0, schema, true)?;
        }
        Ok(())
    }

    fn joined(
        &self,
        parts: &[Pointer],
        whole: &Pointer,
        here: &Scope<'_>,
        schema: &mut Value,
    ) -> Result<(), String> {
        let mut always = false;
        for part in parts {
            let member = self.taken(part, schema)?;
            let types = self.of.types(&member.schema);
            if !types.contains("string") {
                return Err(format!("`{part}` is {}, and not a string", words(&types)));
            }
            always |= member.required && types.len() == 1;
        }
        for part in parts {
            self.prune(part, kept(part, here, self.way), schema)?;
        }
        self.put(whole, json!({ "type": "string" }), always, schema, true)
    }

    /// Changes what stands at a place.
    fn changed(
        &self,
        at: &Pointer,
        schema: &mut Value,
        mut change: impl FnMut(&Member) -> Made,
    ) -> Result<(), String> {
        let Some((host, key)) = at.split() else {
            let (changed, _) = change(&Member { schema: schema.take(), required: true })?;
            *schema = changed;
            return Ok(());
        };
        self.host(host, schema, at, &mut |branch| {
            let Some(member) = self.of.member(branch, key) else { return Ok(false) };
            let (changed, required) = change(&member)?;
            self.say(branch, key, &changed, required)?;
            Ok(true)
        })
    }
}

/// Whether a schema has no more values than are left; counts them down.
fn within(schema: &Value, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    match schema {
        Value::Array(list) => list.iter().all(|value| within(value, left)),
        Value::Object(members) => members.values().all(|value| within(value, left)),
        _ => true,
    }
}

/// A place below a place.
fn below(host: &[String], key: &str) -> String {
    pointer::child(&Pointer::of(host.to_vec()).to_string(), key)
}
