//! Places in a schema: found, emptied, filled, and the objects around them made and unmade.

use serde_json::{Value, json};

use super::{Imager, below};
use crate::json::pointer::Pointer;
use crate::lens::image::facts::{Member, words};
use crate::lens::image::object::{each_branch, each_part};
use crate::lens::image::value::either;

/// A change of the object that a place lies in; says whether the place is there.
type Change<'f> = &'f mut dyn FnMut(&mut Value) -> Result<bool, String>;

impl Imager<'_> {
    /// Changes the object that `keys` lead to, branch by branch. `at` is the whole place, for messages.
    pub(super) fn host(
        &self,
        keys: &[String],
        schema: &mut Value,
        at: &Pointer,
        change: Change<'_>,
    ) -> Result<(), String> {
        if self.reach(keys, &[], schema, change)? {
            return Ok(());
        }
        Err(format!("there is no field `{at}`"))
    }

    fn reach(
        &self,
        keys: &[String],
        above: &[String],
        schema: &mut Value,
        change: Change<'_>,
    ) -> Result<bool, String> {
        let Some((key, rest)) = keys.split_first() else { return each_branch(self.of, schema, change) };
        each_branch(self.of, schema, &mut |branch| {
            let Some(member) = self.of.member(branch, key) else { return Ok(false) };
            self.must_be_object(&member.schema, &below(above, key))?;
            let mut inner = member.schema;
            let found = self.reach(rest, &[above, std::slice::from_ref(key)].concat(), &mut inner, change)?;
            if found {
                self.say(branch, key, &inner, member.required)?;
            }
            Ok(found)
        })
    }

    fn must_be_object(&self, schema: &Value, place: &str) -> Result<(), String> {
        let types = self.of.types(schema);
        if types.contains("array") && !types.contains("object") {
            return Err(format!("`{place}` is an array: a lens reaches its elements with `map`"));
        }
        if !types.contains("object") {
            return Err(format!("`{place}` is {}, which has no fields", words(&types)));
        }
        if types.iter().any(|name| !["object", "null"].contains(name)) {
            return Err(format!("`{place}` is {}: reach the fields of the object with `in`", words(&types)));
        }
        Ok(())
    }

    /// What stands at a place, and whether always; none if no field is there.
    pub(super) fn find(&self, at: &Pointer, schema: &Value) -> Result<Option<Member>, String> {
        let mut member = Member { schema: schema.clone(), required: true };
        let mut above = Vec::new();
        for key in at.tokens() {
            if !above.is_empty() {
                self.must_be_object(&member.schema, &Pointer::of(above.clone()).to_string())?;
            }
            let certain = member.required && self.of.types(&member.schema).len() == 1;
            let Some(found) = self.of.member(&member.schema, key) else { return Ok(None) };
            member = Member { required: (certain || above.is_empty()) && found.required, ..found };
            above.push(key.clone());
        }
        Ok(Some(member))
    }

    /// Says in every part of an object that names a key what stands there.
    pub(super) fn say(
        &self,
        branch: &mut Value,
        key: &str,
        schema: &Value,
        required: bool,
    ) -> Result<(), String> {
        each_part(self.of, branch, &mut |part| {
            if part.names(key) {
                part.say(key, schema.clone());
                part.require(key, required);
            } else {
                part.admit(key);
            }
            Ok(())
        })
    }

    /// Takes a field away and gives what stood there.
    pub(super) fn taken(&self, at: &Pointer, schema: &mut Value) -> Result<Member, String> {
        let Some((host, key)) = at.split() else { return Err("names no field".to_owned()) };
        let member = self.find(at, schema)?;
        self.host(host, schema, at, &mut |branch| {
            let found = self.of.member(branch, key).is_some();
            each_part(self.of, branch, &mut |part| {
                if part.names(key) || found {
                    part.take(key);
                }
                Ok(())
            })?;
            Ok(found)
        })?;
        member.ok_or_else(|| format!("there is no field `{at}`"))
    }

    /// Puts a field where none is. `make`: objects on the way are made where they are absent or null.
    pub(super) fn put(
        &self,
        at: &Pointer,
        value: Value,
        always: bool,
        schema: &mut Value,
        make: bool,
    ) -> Result<(), String> {
        if self.find(at, schema)?.is_some() {
            return Err(format!("there is a field `{at}` already"));
        }
        if make {
            return self.filled(at.tokens(), &[], &value, always, schema);
        }
        let Some((host, key)) = at.split() else { return Ok(()) };
        let host_at = Pointer::of(host.to_vec());
        self.host(host, schema, &host_at, &mut |branch| {
            each_part(self.of, branch, &mut |part| {
                part.put(key, value.clone(), always);
                Ok(())
            })?;
            Ok(true)
        })
    }

    fn filled(
        &self,
        keys: &[String],
        above: &[String],
        value: &Value,
        always: bool,
        schema: &mut Value,
    ) -> Result<(), String> {
        let Some((key, rest)) = keys.split_first() else { return Ok(()) };
        let here = [above, std::slice::from_ref(key)].concat();
        each_branch(self.of, schema, &mut |branch| {
            let member = self.of.member(branch, key).filter(|_| !rest.is_empty());
            let (stands, required) = match member {
                None => (made(rest, value), always),
                Some(member) => {
                    self.must_be_object(&member.schema, &Pointer::of(here.clone()).to_string())?;
                    let certain = member.required && self.of.types(&member.schema).len() == 1;
                    let mut inner = member.schema;
                    self.filled(rest, &here, value, always, &mut inner)?;
                    let inner = if certain { inner } else { either(inner, made(rest, value)) };
                    (inner, member.required || always)
                }
            };
            each_part(self.of, branch, &mut |part| {
                part.put(key, stands.clone(), required);
                Ok(())
            })?;
            Ok(true)
        })
        .map(drop)
    }

    /// Unmakes the objects around a place that was emptied, from the inside on, but for the outermost `kept`.
    pub(super) fn prune(&self, at: &Pointer, kept: usize, schema: &mut Value) -> Result<(), String> {
        let Some((mut hosts, _)) = at.split() else { return Ok(()) };
        while let Some((key, around)) = hosts.split_last().filter(|_| hosts.len() > kept) {
            let host_at = Pointer::of(hosts.to_vec());
            self.host(around, schema, &host_at, &mut |branch| {
                let Some(member) = self.of.member(branch, key) else { return Ok(false) };
                match self.left(&member.schema) {
                    Left::Always => {}
                    Left::Perhaps => each_part(self.of, branch, &mut |part| {
                        part.require(key, false);
                        Ok(())
                    })?,
                    Left::Nothing => each_part(self.of, branch, &mut |part| {
                        part.take(key);
                        Ok(())
                    })?,
                }
                Ok(true)
            })?;
            hosts = around;
        }
        Ok(())
    }

    /// What may be left in an object.
    fn left(&self, schema: &Value) -> Left {
        let mut schema = schema.clone();
        let (mut keys, mut closed) = (Vec::new(), false);
        let looked = each_part(self.of, &mut schema, &mut |part| {
            let properties = part.0.get("properties").and_then(Value::as_object);
            keys.extend(properties.into_iter().flat_map(|members| members.keys().cloned()));
            let only = |word| {
                part.0.get(word) == Some(&Value::Bool(false)) && !part.0.contains_key("patternProperties")
            };
            closed |= only("additionalProperties") || only("unevaluatedProperties");
            Ok(())
        });
        let members: Vec<Member> = keys.iter().filter_map(|key| self.of.member(&schema, key)).collect();
        if members.iter().any(|member| member.required) && self.of.types(&schema).len() == 1 {
            return Left::Always;
        }
        if looked.is_ok() && closed && schema.get("anyOf").is_none() && members.is_empty() {
            Left::Nothing
        } else {
            Left::Perhaps
        }
    }
}

/// What may be left in an object that something was taken from.
enum Left {
    Always,
    Perhaps,
    Nothing,
}

/// An object that is made because something is put into it.
fn made(keys: &[String], value: &Value) -> Value {
    keys.iter().rev().fold(value.clone(), |inner, key| {
        json!({ "type": "object", "properties": { key: inner }, "required": [key], "additionalProperties": false })
    })
}
