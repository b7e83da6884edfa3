//! One entry of the log.
//!
//! The envelope and an event's payload are archived as they are declared here: a field more or less is a
//! new format number ([`FORMAT`](crate::FORMAT)). A control record's body is JSON, since its kinds grow
//! with every life-cycle step and are never on the hot path; the core package owns that enum.
//!
//! As JSON (serde), a record is its full form: nothing is left out, nothing is worked out. An export of the
//! audit trail is made of it.

use std::hash::Hasher;

use rkyv::{Archive, Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::hex;
use crate::position::{Micros, Position};
use crate::row::Row;

/// One entry of the log: who caused it, when it was taken in, and what it says.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its [`Position`], as a number.
    pub position: u64,
    /// When the sequencer took it, as [`Micros`]. Never earlier than the record before.
    pub time_us: i64,
    /// Who caused it.
    pub principal: String,
    /// What it says.
    pub body: Body,
}

/// What a record says.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "nearly every record is an event")]
pub enum Body {
    /// From a service.
    Event(Event),
    /// What became true about the system, as JSON.
    Control(String),
}

/// A CloudEvents 1.0 event, in the version that its producer wrote.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// `type`.
    pub event_type: String,
    /// `subject`.
    pub key: String,
    /// `source`.
    pub source: String,
    /// `id`, unique within the source.
    pub id: String,
    /// The schema version that the payload is written in.
    pub version: u32,
    /// `time`, if the producer said one, as [`Micros`].
    pub occurred_us: Option<i64>,
    /// Hash over everything that the producer said, to tell a repetition from a contradiction.
    #[serde(with = "hex")]
    pub fingerprint: [u8; 16],
    /// Where in the durable in-tray it came from, if it came that way.
    pub tray: Option<TraySeq>,
    /// All other attributes, by name.
    pub attributes: Vec<Attribute>,
    /// The payload.
    pub row: Row,
}

/// A CloudEvents attribute that the engine has no use for and keeps.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value as text.
    pub value: String,
}

/// A message's place in a durable in-tray. Sequence numbers start again when a stream is made anew, so
/// the stream's identity is part of the place.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
)]
pub struct TraySeq {
    /// Identity of the stream: a hash of its name and the time it was made.
    pub stream: u64,
    /// Sequence number within the stream.
    pub seq: u64,
}

/// Identity of an event: 128 bits of SipHash over (principal, source, id).
///
/// The key is fixed, so that every replay computes the same; a principal who makes two of its own ids
/// collide only suppresses its own event, which an id used twice does anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u128);

impl EventId {
    /// The identity of the event that `principal` calls `id` at `source`.
    pub fn of(principal: &str, source: &str, id: &str) -> EventId {
        let mut hasher = SipHasher13::new_with_keys(0x5e1f, 0x5a3e);
        for part in [principal, source, id] {
            hasher.write_u64(part.len() as u64);
            hasher.write(part.as_bytes());
        }
        EventId(hasher.finish128().as_u128())
    }
}

impl Event {
    /// 128 bits of SipHash over everything that the producer said, for [`Event::fingerprint`].
    pub fn compute_fingerprint(&self) -> [u8; 16] {
        let mut hasher = SipHasher13::new_with_keys(0x5e1f, 0xf19e);
        let occurred = self.occurred_us.map_or_else(String::new, |us| us.to_string());
        let mut texts = vec![self.event_type.as_str(), &self.key, &occurred];
        texts.extend(self.attributes.iter().flat_map(|a| [a.name.as_str(), a.value.as_str()]));
        for text in texts {
            hasher.write_u64(text.len() as u64);
            hasher.write(text.as_bytes());
        }
        hasher.write_u32(self.version);
        self.row.feed(&mut |bytes| hasher.write(bytes));
        hasher.finish128().as_bytes()
    }
}

impl Record {
    /// The position as a type.
    pub fn at(&self) -> Position {
        Position::new(self.position)
    }
}

impl ArchivedRecord {
    /// The position as a type.
    pub fn at(&self) -> Position {
        Position::new(self.position.to_native())
    }

    /// When the sequencer took the record.
    pub fn time(&self) -> Micros {
        Micros(self.time_us.to_native())
    }

    /// The event, if it is one.
    pub fn event(&self) -> Option<&ArchivedEvent> {
        match &self.body {
            ArchivedBody::Event(event) => Some(event),
            ArchivedBody::Control(_) => None,
        }
    }

    /// The same record, owned.
    pub fn to_record(&self) -> Record {
        let body = match &self.body {
            ArchivedBody::Event(event) => Body::Event(event.to_event()),
            ArchivedBody::Control(json) => Body::Control(json.as_str().to_owned()),
        };
        let (position, time_us) = (self.position.to_native(), self.time_us.to_native());
        Record { position, time_us, principal: self.principal.as_str().to_owned(), body }
    }

    /// The event's identity, if it is one.
    pub fn event_id(&self) -> Option<EventId> {
        self.event().map(|e| EventId::of(&self.principal, &e.source, &e.id))
    }
}

impl ArchivedEvent {
    fn to_event(&self) -> Event {
        let attribute = |a: &ArchivedAttribute| Attribute {
            name: a.name.as_str().to_owned(),
            value: a.value.as_str().to_owned(),
        };
        let tray = |t: &ArchivedTraySeq| TraySeq { stream: t.stream.to_native(), seq: t.seq.to_native() };
        Event {
            event_type: self.event_type.as_str().to_owned(),
            key: self.key.as_str().to_owned(),
            source: self.source.as_str().to_owned(),
            id: self.id.as_str().to_owned(),
            version: self.version.to_native(),
            occurred_us: self.occurred_us.as_ref().map(|us| us.to_native()),
            fingerprint: self.fingerprint,
            tray: self.tray.as_ref().map(tray),
            attributes: self.attributes.iter().map(attribute).collect(),
            row: self.row.to_row(),
        }
    }

    /// When it happened, as far as the producer said so.
    pub fn occurred(&self) -> Option<Micros> {
        self.occurred_us.as_ref().map(|us| Micros(us.to_native()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(value: &str) -> Event {
        Event {
            event_type: "a".into(),
            key: "k".into(),
            source: "/s".into(),
            id: "1".into(),
            version: 1,
            occurred_us: None,
            fingerprint: [0; 16],
            tray: None,
            attributes: vec![],
            row: Row { slots: vec![crate::Value::Object, crate::Value::number(value)], extras: vec![] },
        }
    }

    #[test]
    fn a_fingerprint_is_of_what_was_said_and_stays_what_it_was() {
        let first = event("1").compute_fingerprint();
        assert_eq!(first, event("1").compute_fingerprint());
        assert_ne!(first, event("1.0").compute_fingerprint());
        // Kept in logs: another value here means that old logs no longer know their repetitions.
        assert_eq!(u128::from_le_bytes(first), 12_016_119_626_254_489_226_002_985_648_358_260_598);
    }

    #[test]
    fn parts_of_an_identity_do_not_run_into_each_other() {
        assert_ne!(EventId::of("a", "bc", "d"), EventId::of("ab", "c", "d"));
        assert_eq!(EventId::of("a", "b", "c"), EventId::of("a", "b", "c"));
    }
}
