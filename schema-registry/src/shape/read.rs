//! Bytes to a row, checked and laid out in one pass, without a tree in between.

use selfsame_record::{Extra, Row, Value};

use super::{EventShape, Invalid, Node};
use crate::json::pointer;
use crate::json::scan::{NotJson, Scan};
use crate::json::text::{self, TextError};
use crate::limits::EVENT_DEPTH_MAX;
use crate::schema::{Members, UNKNOWN_MEMBER, beyond, missing_member};

impl EventShape {
    /// Checks and lays out an event's payload in one pass. If the schema says something that has no layout
    /// ([`EventShape::unchecked_places`]), the payload is then checked as a whole.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: the bytes are not JSON, have a key twice, nest deeper than
    /// [`EVENT_DEPTH_MAX`], or do not fit the schema.
    pub fn read(&self, json: &[u8]) -> Result<Row, Invalid> {
        let text = utf8(json)?;
        let row = Row { slots: vec![Value::Absent; self.slots.len()], extras: Vec::new() };
        let mut lay = Lay { shape: self, scan: Scan::new(text), row };
        lay.value(0)?;
        lay.end(text.len())?;
        let row = lay.finish()?;
        self.check_whole(text)?;
        Ok(row)
    }

    fn check_whole(&self, text: &str) -> Result<(), Invalid> {
        let Some(checked) = &self.whole.checked else { return Ok(()) };
        let value = serde_json::from_str(text).map_err(|e| refused(String::new(), beyond(&e)))?;
        checked.check(&value).map_err(|(pointer, message)| refused(pointer, message))
    }
}

fn refused(pointer: String, message: impl Into<String>) -> Invalid {
    Invalid { pointer, message: message.into() }
}

impl From<NotJson> for Invalid {
    fn from(error: NotJson) -> Invalid {
        refused(String::new(), format!("not JSON: {} (byte {})", error.what, error.at + 1))
    }
}

fn utf8(json: &[u8]) -> Result<&str, Invalid> {
    let whole = |message: String| refused(String::new(), message);
    let text = std::str::from_utf8(json)
        .map_err(|e| whole(format!("not JSON: byte {} is not UTF-8", e.valid_up_to() + 1)))?;
    if text.starts_with('\u{feff}') {
        return Err(whole("not JSON: it begins with a byte order mark: leave that out".to_owned()));
    }
    Ok(text)
}

/// What has been laid out so far.
struct Lay<'s, 'a> {
    shape: &'s EventShape,
    scan: Scan<'a>,
    row: Row,
}

impl<'s> Lay<'s, '_> {
    /// The problem at a slot, or below it.
    #[cold]
    fn at(&self, slot: u16, below: &str, message: impl Into<String>) -> Invalid {
        let pointer = self.shape.at(slot).map_or("", |slot| slot.pointer.as_str());
        refused(format!("{pointer}{below}"), message)
    }

    #[cold]
    fn in_text(&self, slot: u16, below: &str, error: TextError) -> Invalid {
        match error {
            TextError::NotJson(error) => error.into(),
            TextError::Refused { pointer, message } => self.at(slot, &format!("{below}{pointer}"), message),
        }
    }

    /// Reads the value of a slot: checks it and puts it there.
    fn value(&mut self, slot: u16) -> Result<(), Invalid> {
        let shape = self.shape;
        let Some(node) = shape.nodes.get(usize::from(slot)) else { return Ok(()) };
        let value = match self.scan.peek() {
            b'{' => match node.object() {
                Some(members) => return self.object(slot, node, members),
                None => self.compact(slot, node)?,
            },
            b'[' => self.compact(slot, node)?,
            b'"' => self.text(slot)?,
            b't' => self.scan.literal("true").map(|()| Value::Bool(true))?,
            b'f' => self.scan.literal("false").map(|()| Value::Bool(false))?,
            b'n' => self.scan.literal("null").map(|()| Value::Null)?,
            _ => Value::number(self.scan.number()?),
        };
        if let Err((below, message)) = node.schema.check_value(value.as_ref()) {
            return Err(self.at(slot, &below, message));
        }
        self.put(slot, value);
        Ok(())
    }

    fn text(&mut self, slot: u16) -> Result<Value, Invalid> {
        let lexeme = self.scan.string()?;
        match text::value_of(lexeme) {
            Some(text) => Ok(Value::Text(text.into_owned())),
            None => Err(self.at(slot, "", text::LONE_SURROGATE)),
        }
    }

    fn compact(&mut self, slot: u16, node: &Node) -> Result<Value, Invalid> {
        let compact = text::compact(&mut self.scan, EVENT_DEPTH_MAX.saturating_sub(node.depth));
        compact.map(Value::Json).map_err(|e| self.in_text(slot, "", e))
    }

    fn put(&mut self, slot: u16, value: Value) {
        if let Some(place) = self.row.slots.get_mut(usize::from(slot)) {
            *place = value;
        }
    }

    fn object(&mut self, host: u16, node: &'s Node, members: &'s Members) -> Result<(), Invalid> {
        self.put(host, Value::Object);
        self.scan.pass();
        let (mut count, mut required) = (0_u64, 0);
        while !(count == 0 && self.scan.take(b'}')) {
            if self.member(host, node, members)? {
                required += 1;
            }
            count += 1;
            if !text::comma(&mut self.scan, b'}')? {
                break;
            }
        }
        if required < node.required {
            return Err(self.missing(host, node));
        }
        let extras = &self.row.extras;
        let there = |key: &str| extras.iter().any(|extra| extra.host == host && extra.key == key);
        members.check_as_whole(count, &there).map_err(|message| self.at(host, "", message))
    }

    /// Reads a member; tells whether it is one that must be there.
    fn member(&mut self, host: u16, node: &Node, members: &Members) -> Result<bool, Invalid> {
        self.scan.peek();
        let lexeme = self.scan.string()?;
        let Some(key) = text::value_of(lexeme) else {
            return Err(self.at(host, "", text::LONE_SURROGATE));
        };
        text::colon(&mut self.scan)?;
        let Some(slot) = node.member(&key) else {
            return self.extra(host, node, members, &key).map(|()| false);
        };
        if self.row.slots.get(usize::from(slot)) != Some(&Value::Absent) {
            return Err(self.at(slot, "", format!("the key `{key}` stands twice")));
        }
        self.value(slot)?;
        Ok(self.shape.at(slot).is_some_and(|slot| slot.required))
    }

    /// Keeps a member that the schema does not name.
    fn extra(&mut self, host: u16, node: &Node, members: &Members, key: &str) -> Result<(), Invalid> {
        if !members.open {
            return Err(self.at(host, &pointer::child("", key), UNKNOWN_MEMBER));
        }
        let depth_left = EVENT_DEPTH_MAX.saturating_sub(node.depth + 1);
        let json = text::compact(&mut self.scan, depth_left)
            .map_err(|e| self.in_text(host, &pointer::child("", key), e))?;
        members.check_other(key, &json).map_err(|(below, message)| self.at(host, &below, message))?;
        self.row.extras.push(Extra { host, key: key.to_owned(), json });
        Ok(())
    }

    #[cold]
    fn missing(&self, host: u16, node: &Node) -> Invalid {
        let absent = |slot: u16| self.row.slots.get(usize::from(slot)) == Some(&Value::Absent);
        let must = |slot: u16| self.shape.at(slot).is_some_and(|slot| slot.required);
        let missing = node.members.iter().find(|(_, slot)| must(*slot) && absent(*slot));
        self.at(host, "", missing_member(missing.map_or("", |(key, _)| key)))
    }

    /// Nothing may follow the payload.
    fn end(&mut self, length: usize) -> Result<(), Invalid> {
        self.scan.peek();
        if self.scan.at() < length {
            return Err(self.scan.wrong("something follows after the value").into());
        }
        Ok(())
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
        Err(refused(pointer, format!("the key `{}` stands twice", twice.key)))
    }
}
