//! Operations that hold a lens: within an object, for each element or value, in one branch of a choice.

use serde_json::{Value, json};

use super::Imager;
use crate::json::pointer::Pointer;
use crate::lens::image::Astray;
use crate::lens::image::facts::{type_of, words};
use crate::lens::image::object::{each_branch, each_part};
use crate::lens::image::value::{either, elements, listed};
use crate::lens::op::Op;
use crate::lens::run::side::Scope;

impl Imager<'_> {
    pub(super) fn within(
        &self,
        at: &Pointer,
        lens: &Scope<'_>,
        schema: &mut Value,
        place: &str,
    ) -> Result<(), Astray> {
        let mut inner = Ok(());
        let changed = self.changed(at, schema, |m| {
            let types = self.of.types(&m.schema);
            if !types.contains("object") {
                return Err(format!("`{at}` is {}, which has no fields", words(&types)));
            }
            let mut below = m.schema.clone();
            inner = self.run(lens, &mut below, place);
            Ok((below, m.required))
        });
        inner.and(changed.map_err(|message| Astray { op: op_of(place), message }))
    }

    pub(super) fn for_each(
        &self,
        at: &Pointer,
        lens: &Scope<'_>,
        schema: &mut Value,
        place: &str,
    ) -> Result<(), Astray> {
        let mut inner = Ok(());
        let changed = self.changed(at, schema, |m| {
            let types = self.of.types(&m.schema);
            let mut all = Value::Bool(false);
            for name in types.iter().filter(|name| !["array", "object"].contains(name)) {
                all = either(all, json!({ "type": name }));
            }
            if let Some((mut item, some)) = elements(self.of, &m.schema) {
                inner = self.run(lens, &mut item, place);
                let some = if some && !may_go(lens.ops) { 1 } else { 0 };
                all = either(all, json!({ "type": "array", "items": item, "minItems": some }));
            }
            if types.contains("object") {
                let mut values = m.schema.clone();
                let ran = self.values(&mut values, lens, place);
                inner = std::mem::replace(&mut inner, Ok(())).and(ran);
                all = either(all, values);
            }
            if !types.contains("array") && !types.contains("object") {
                return Err(format!("`{at}` is {}: `map` is for arrays and objects", words(&types)));
            }
            Ok((all, m.required))
        });
        inner.and(changed.map_err(|message| Astray { op: op_of(place), message }))
    }

    /// Runs a lens on every value of an object.
    fn values(&self, schema: &mut Value, lens: &Scope<'_>, place: &str) -> Result<(), Astray> {
        let mut inner = Ok(());
        let ran = each_branch(self.of, schema, &mut |branch| {
            let (mut properties, mut rest, mut required) = (serde_json::Map::new(), None, Vec::new());
            let mut keys = Vec::new();
            each_part(self.of, branch, &mut |part| {
                keys.extend(
                    part.0
                        .get("properties")
                        .and_then(Value::as_object)
                        .into_iter()
                        .flat_map(|m| m.keys().cloned()),
                );
                let other =
                    part.0.get("additionalProperties").or_else(|| part.0.get("unevaluatedProperties"));
                let other = if part.0.contains_key("patternProperties") {
                    Some(Value::Bool(true))
                } else {
                    other.cloned()
                };
                rest = rest.take().or(other);
                Ok(())
            })?;
            for key in keys {
                let Some(member) = self.of.member(branch, &key) else { continue };
                required.extend((member.required && !may_go(lens.ops)).then(|| Value::from(key.as_str())));
                let mut below = member.schema;
                inner =
                    std::mem::replace(&mut inner, Ok(())).and_then(|()| self.run(lens, &mut below, place));
                properties.insert(key, below);
            }
            let mut rest = rest.unwrap_or(Value::Bool(true));
            // Where any other value may stand beside the named ones, nothing is known of it.
            let open = rest == Value::Bool(true) && !properties.is_empty();
            if rest != Value::Bool(false) && !open {
                inner = std::mem::replace(&mut inner, Ok(())).and_then(|()| self.run(lens, &mut rest, place));
            }
            *branch = json!({ "type": "object", "properties": properties, "additionalProperties": rest });
            if let Some(members) = branch.as_object_mut().filter(|_| !required.is_empty()) {
                members.insert("required".to_owned(), required.into());
            }
            Ok(true)
        });
        inner.and(ran.map(drop).map_err(|message| Astray { op: op_of(place), message }))
    }

    pub(super) fn when(
        &self,
        at: &Pointer,
        equals: &Value,
        lens: &Scope<'_>,
        schema: &mut Value,
        place: &str,
    ) -> Result<(), Astray> {
        let mut inner = Ok(());
        let ran = each_branch(self.of, schema, &mut |branch| {
            let Some(member) = self.find(at, branch)? else { return Ok(false) };
            let listed = listed(self.of, &member.schema);
            match listed.as_deref() {
                Some(values) if !values.contains(equals) => return Ok(false),
                None if !self.of.types(&member.schema).contains(type_of(equals)) => return Ok(false),
                _ => {}
            }
            let mut changed = branch.clone();
            inner = std::mem::replace(&mut inner, Ok(())).and_then(|()| self.run(lens, &mut changed, place));
            let always = member.required && listed.is_some_and(|values| values.len() == 1);
            *branch = if always { changed } else { either(branch.take(), changed) };
            Ok(true)
        });
        inner?;
        match ran {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("`{at}` is never `{equals}`")),
            Err(message) => Err(message),
        }
        .map_err(|message| Astray { op: op_of(place), message })
    }
}

/// Whether an element may be gone after these operations.
fn may_go(ops: &[Op]) -> bool {
    ops.iter().any(|op| match op {
        Op::Wrap { at } | Op::Unwrap { at, .. } => at.tokens().is_empty(),
        Op::When { lens, .. } => may_go(lens),
        _ => false,
    })
}

/// The operation around a lens: `/2/map` of `/2/map/lens`, as `/2`.
fn op_of(place: &str) -> String {
    let mut tokens: Vec<&str> = place.split('/').collect();
    tokens.truncate(tokens.len().saturating_sub(2));
    tokens.join("/")
}
