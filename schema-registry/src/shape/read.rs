//! Bytes to a row, checked and laid out in one pass, without a tree in between.

use std::fmt;

use selfsame_record::{Extra, Row, Value, ValueRef};
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{EventShape, Invalid, Node};
use crate::json::{pointer, text};
use crate::limits::EVENT_DEPTH_MAX;
use crate::schema::{Kind, Schema, UNKNOWN_MEMBER, missing_member};

impl EventShape {
    /// Checks and lays out an event's payload in one pass.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: the bytes are not JSON, have a key twice, nest deeper than
    /// [`EVENT_DEPTH_MAX`], or do not fit the schema.
    pub fn read(&self, json: &[u8]) -> Result<Row, Invalid> {
        let text = utf8(json)?;
        let row = Row { slots: vec![Value::Absent; self.slots.len()], extras: Vec::new() };
        let mut lay = Lay { shape: self, row, invalid: None };
        let mut parser = serde_json::Deserializer::from_str(text);
        let done = At { lay: &mut lay, slot: 0 }.deserialize(&mut parser).and_then(|()| parser.end());
        if let Err(error) = done {
            let not_json = || Invalid { pointer: String::new(), message: format!("not JSON: {error}") };
            return Err(lay.invalid.unwrap_or_else(not_json));
        }
        lay.finish()
    }
}

fn utf8(json: &[u8]) -> Result<&str, Invalid> {
    let whole = |message: String| Invalid { pointer: String::new(), message };
    let text = std::str::from_utf8(json)
        .map_err(|e| whole(format!("not JSON: byte {} is not UTF-8", e.valid_up_to() + 1)))?;
    if text.starts_with('\u{feff}') {
        return Err(whole("not JSON: it begins with a byte order mark: leave that out".to_owned()));
    }
    Ok(text)
}

/// What has been laid out so far. The parser's own errors carry no place, so the first problem is kept
/// here.
struct Lay<'s> {
    shape: &'s EventShape,
    row: Row,
    invalid: Option<Invalid>,
}

impl<'s> Lay<'s> {
    fn refuse<E: serde::de::Error>(&mut self, pointer: String, message: impl Into<String>) -> E {
        self.invalid.get_or_insert_with(|| Invalid { pointer, message: message.into() });
        E::custom("refused")
    }

    fn refuse_slot<E: serde::de::Error>(&mut self, slot: u16, below: &str, message: impl Into<String>) -> E {
        let pointer = self.shape.at(slot).map_or("", |slot| slot.pointer.as_str());
        self.refuse(format!("{pointer}{below}"), message)
    }

    fn node(&self, slot: u16) -> Option<&'s Node> {
        self.shape.nodes.get(usize::from(slot))
    }

    /// Puts a value in its slot; false if there is one already.
    fn put(&mut self, slot: u16, value: Value) -> bool {
        match self.row.slots.get_mut(usize::from(slot)) {
            Some(place) if *place == Value::Absent => {
                *place = value;
                true
            }
            _ => false,
        }
    }

    /// Checks a value without members and puts it in its slot.
    fn leaf<E: serde::de::Error>(&mut self, slot: u16, json: &str) -> Result<(), E> {
        let Some(node) = self.node(slot) else { return Ok(()) };
        let value = match self.value(node, json) {
            Ok(value) => value,
            Err(e) => return Err(self.refuse_slot(slot, &e.pointer, e.message)),
        };
        if let Err(message) = node.schema.check_slot(value.as_ref()) {
            return Err(self.refuse_slot(slot, "", message));
        }
        if let (Kind::Array(items), Value::Json(json)) = (&node.schema.kind, &value)
            && let Err((below, message)) = items.check(json)
        {
            return Err(self.refuse_slot(slot, &below, message));
        }
        self.put(slot, value);
        Ok(())
    }

    fn value(&self, node: &Node, json: &str) -> Result<Value, text::TextError> {
        let lone = || text::TextError { pointer: String::new(), message: text::LONE_SURROGATE.to_owned() };
        match json.as_bytes().first() {
            Some(b'[' | b'{') => {
                text::compact(json, EVENT_DEPTH_MAX.saturating_sub(node.depth)).map(Value::Json)
            }
            Some(b'"') => text::unquote(json).map(|text| Value::Text(text.into_owned())).ok_or_else(lone),
            _ => Ok(text::leaf(json).value().to_value()),
        }
    }

    /// Keeps a member that the schema does not name.
    fn extra<E: serde::de::Error>(&mut self, host: u16, key: String, json: &str) -> Result<(), E> {
        let depth = self.node(host).map_or(0, |node| node.depth + 1);
        match text::compact(json, EVENT_DEPTH_MAX.saturating_sub(depth)) {
            Ok(json) => {
                self.row.extras.push(Extra { host, key, json });
                Ok(())
            }
            Err(e) => {
                let below = format!("{}{}", pointer::child("", &key), e.pointer);
                Err(self.refuse_slot(host, &below, e.message))
            }
        }
    }

    /// Orders the members that the schema does not name, and refuses a key that stands twice.
    fn finish(mut self) -> Result<Row, Invalid> {
        self.row.extras.sort_unstable();
        let mut pairs = self.row.extras.iter().zip(self.row.extras.iter().skip(1));
        let Some((twice, _)) = pairs.find(|(a, b)| a.host == b.host && a.key == b.key) else {
            return Ok(self.row);
        };
        let host = self.shape.at(twice.host).map_or("", |slot| slot.pointer.as_str());
        let pointer = pointer::child(host, &twice.key);
        Err(Invalid { pointer, message: format!("the key `{}` stands twice", twice.key) })
    }
}

/// One slot that is being read.
struct At<'a, 's> {
    lay: &'a mut Lay<'s>,
    slot: u16,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let schema = self.lay.shape.schema(self.slot);
        if matches!(schema, Some(Schema { kind: Kind::Object(_), .. })) {
            return deserializer.deserialize_any(self);
        }
        let json = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        self.lay.leaf(self.slot, json.get())
    }
}

impl At<'_, '_> {
    /// Something else than an object stands where an object must stand; null may be fine.
    fn other<E: serde::de::Error>(self, value: ValueRef<'_>) -> Result<(), E> {
        let Some(schema) = self.lay.shape.schema(self.slot) else { return Ok(()) };
        match schema.check_slot(value) {
            Ok(()) => {
                self.lay.put(self.slot, value.to_value());
                Ok(())
            }
            Err(message) => Err(self.lay.refuse_slot(self.slot, "", message)),
        }
    }

    fn missing<E: serde::de::Error>(self) -> Result<(), E> {
        let shape = self.lay.shape;
        for (key, slot) in shape.members(self.slot) {
            let absent = self.lay.row.slots.get(usize::from(*slot)) == Some(&Value::Absent);
            if absent && shape.at(*slot).is_some_and(|slot| slot.required) {
                return Err(self.lay.refuse_slot(self.slot, "", missing_member(key)));
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.other(ValueRef::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.other(ValueRef::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.other(ValueRef::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.other(ValueRef::Number(&value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.other(ValueRef::Number(&value.to_string()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.other(ValueRef::Text(value))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, _seq: A) -> Result<(), A::Error> {
        self.other(ValueRef::Json("[]"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.lay.put(self.slot, Value::Object);
        let host = self.slot;
        while let Some(key) = map.next_key_seed(MemberKey { shape: self.lay.shape, host })? {
            match key {
                Member::Known(slot) => {
                    if self.lay.row.slots.get(usize::from(slot)) != Some(&Value::Absent) {
                        let key = self.lay.shape.at(slot).map_or("", |slot| slot.key.as_str());
                        return Err(self.lay.refuse_slot(slot, "", format!("the key `{key}` stands twice")));
                    }
                    map.next_value_seed(At { lay: self.lay, slot })?;
                }
                Member::Unknown(key) if self.lay.shape.at(host).is_some_and(|slot| slot.open) => {
                    let json = map.next_value::<&RawValue>()?;
                    self.lay.extra(host, key, json.get())?;
                }
                Member::Unknown(key) => {
                    let below = pointer::child("", &key);
                    return Err(self.lay.refuse_slot(host, &below, UNKNOWN_MEMBER));
                }
            }
        }
        self.missing()
    }
}

/// A key that is looked up where the parser holds it.
struct MemberKey<'s> {
    shape: &'s EventShape,
    host: u16,
}

enum Member {
    Known(u16),
    Unknown(String),
}

impl<'de> DeserializeSeed<'de> for MemberKey<'_> {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberKey<'_> {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Member, E> {
        let known = self.shape.member(self.host, key).map(Member::Known);
        Ok(known.unwrap_or_else(|| Member::Unknown(key.to_owned())))
    }
}
