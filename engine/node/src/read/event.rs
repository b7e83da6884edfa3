//! Records as people and programs read them: one event through the lenses, and any record as the log
//! has it.

use selfsame_core::{Code, Refusal};
use selfsame_record::{
    ArchivedBody, ArchivedEvent, ArchivedRecord, Event, Micros, Position, Principal, VersionNo,
};
use selfsame_record::{Body as RecordBody, Record};
use selfsame_schema::Registry;
use serde_json::{Value, json};

use crate::clock::show_time;
use crate::handle::Handle;
use crate::read::body::{Body, to_json};
use crate::read::{Refused, Served};

/// The event at a position, as the active version reads it, or the one that is asked for, live or not.
/// Reads the log, so it may wait for a disk.
///
/// # Errors
///
/// If no event is there, `reader` may not read its type, or the version cannot say what was written.
pub fn event(
    handle: &Handle,
    reader: Option<&Principal>,
    at: Position,
    read_as: Option<&str>,
) -> Result<Served, Refused> {
    let (position, active) = handle.read(|serving| (serving.position(), serving.active()));
    let registry = handle.admission().registry.clone();
    let read = || {
        let asked = read_as.map(|name| handle.admission().find_version(name)).transpose()?;
        let (record, event) = find(handle, at, position)?;
        handle.may_read_type(reader, &event.event_type)?;
        let reader = asked.or(active).or(VersionNo::new(event.version));
        let (event_type, data) = decoded(&registry, &event, reader)?;
        let mut members = record_members(at, Micros(record.time_us), &record.principal);
        extend(&mut members, envelope(&event));
        if event_type != event.event_type {
            extend(&mut members, json!({ "type": event_type, "written_type": event.event_type }));
        }
        Ok((reader, with_data(&members, &data)))
    };
    let (reader, json) = read().map_err(|refusal| Refused { position, version: active, refusal })?;
    let mut body = Body::new(position, reader);
    body.put_raw("event", &json);
    Ok(body.served())
}

fn find(handle: &Handle, at: Position, head: Position) -> Result<(Record, Event), Refusal> {
    let nothing = || {
        Refusal::new(Code::NotFound, format!("there is no event at {at}: the log is at {head}"))
            .next("ask for a position that an answer has named")
    };
    if at == Position::ZERO || at > head {
        return Err(nothing());
    }
    let read = selfsame_log::record(&**handle.log(), at);
    let record =
        read.map_err(|err| Refusal::new(Code::UnreadableLog, format!("the log cannot be read: {err}")))?;
    let mut record = record.ok_or_else(nothing)?;
    let body = std::mem::replace(&mut record.body, RecordBody::Control(String::new()));
    match body {
        RecordBody::Event(event) => Ok((record, event)),
        RecordBody::Control(_) => {
            Err(Refusal::new(Code::NotFound, format!("{at} is a control record and not an event"))
                .next("see it with `selfsame log dump`"))
        }
    }
}

/// The event's type and payload as the reader's version has them.
fn decoded(
    registry: &Registry,
    event: &Event,
    reader: Option<VersionNo>,
) -> Result<(String, String), Refusal> {
    let writer = VersionNo::new(event.version);
    let decoder = writer.zip(reader).and_then(|(w, r)| registry.decoder(w, r, &event.event_type));
    let shown = reader.map_or_else(String::new, |reader| reader.to_string());
    let decoder = decoder.ok_or_else(|| {
        let detail = format!("{shown} has no event type `{}`", event.event_type);
        Refusal::new(Code::UnknownType, detail)
            .next(format!("read it as v{}, which it was written in", event.version))
    })?;
    let decoded = decoder.decode(&event.row).map_err(|err| {
        let detail = format!("{shown} cannot say what was written: {err}");
        Refusal::new(Code::InvalidEvent, detail)
            .next(format!("read it as v{}, which it was written in", event.version))
    })?;
    Ok((decoder.event_type().to_string(), decoded.to_json()))
}

fn record_members(at: Position, time: Micros, principal: &str) -> Value {
    json!({ "position": at, "time": show_time(time), "principal": principal })
}

fn envelope(event: &Event) -> Value {
    let attributes = event.attributes.iter().map(|a| (a.name.clone(), Value::from(a.value.clone())));
    json!({
        "type": event.event_type,
        "key": event.key,
        "source": event.source,
        "id": event.id,
        "written_in": VersionNo::new(event.version),
        "occurred": event.occurred_us.map(|us| show_time(Micros(us))),
        "attributes": Value::Object(attributes.collect()),
    })
}

fn extend(members: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (members, more) {
        members.extend(more);
    }
}

/// The members with `data` behind them, which is JSON text already.
fn with_data(members: &Value, data: &str) -> String {
    let mut json = members.to_string();
    json.pop();
    json.push_str(",\"data\":");
    json.push_str(data);
    json.push('}');
    json
}

/// A record as one line of JSON, an event's data in the shape that it was written in.
pub fn record_line(registry: &Registry, record: &ArchivedRecord) -> String {
    let mut members = record_members(record.at(), record.time(), record.principal.as_str());
    match &record.body {
        ArchivedBody::Control(json) => {
            let control: Value = serde_json::from_str(json).unwrap_or_else(|_| Value::from(json.as_str()));
            extend(&mut members, json!({ "control": control }));
            members.to_string()
        }
        ArchivedBody::Event(event) => {
            extend(&mut members, archived_envelope(event));
            with_data(&members, &written(registry, event))
        }
    }
}

fn archived_envelope(event: &ArchivedEvent) -> Value {
    let attributes = event.attributes.iter().map(|a| (a.name.to_string(), Value::from(a.value.as_str())));
    let occurred = event.occurred_us.as_ref().map(|us| show_time(Micros(us.to_native())));
    json!({
        "type": event.event_type.as_str(),
        "key": event.key.as_str(),
        "source": event.source.as_str(),
        "id": event.id.as_str(),
        "written_in": VersionNo::new(event.version.to_native()),
        "occurred": occurred,
        "attributes": Value::Object(attributes.collect()),
    })
}

/// The payload as it was written; `null` if the log does not have the version, which only damage does.
fn written(registry: &Registry, event: &ArchivedEvent) -> String {
    let version = VersionNo::new(event.version.to_native()).and_then(|no| registry.version(no));
    let shape = version.and_then(|version| version.event(&event.event_type));
    shape.map_or_else(|| to_json(&()), |shape| shape.write_json(&event.row))
}
