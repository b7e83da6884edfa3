//! Who writes and who reads which version.
//!
//! Writers are a fold of the log, so they are as of the answer's position; readers are counted in memory
//! since the process started.

use std::collections::BTreeMap;

use selfsame_core::{Serving, Written};
use selfsame_record::VersionNo;
use serde_json::{Map, Value, json};

use crate::clock::show_time;
use crate::handle::Handle;
use crate::read::Served;
use crate::read::body::Body;
use crate::readers::{Read, Readers, Who};

/// What one principal did with one version.
#[derive(Clone, Copy, Default)]
struct Row {
    wrote: Option<Written>,
    read: Option<Read>,
}

/// Every principal with each version that it wrote or read.
pub fn census(handle: &Handle) -> Served {
    let readers = &handle.shared.readers;
    handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        body.put("reads_since", &show_time(readers.since()));
        let rows = rows(serving, readers, |_| true);
        body.put("rows", &rows.iter().map(|(at, row)| row_json(serving, at, row)).collect::<Vec<Value>>());
        body.served()
    })
}

/// Everybody who wrote or read the version, as rows of the census.
pub(crate) fn used_by(serving: &Serving, readers: &Readers, version: VersionNo) -> Vec<Value> {
    let rows = rows(serving, readers, |other| other == version);
    rows.iter().map(|(at, row)| row_json(serving, at, row)).collect()
}

fn rows(
    serving: &Serving,
    readers: &Readers,
    wanted: impl Fn(VersionNo) -> bool,
) -> BTreeMap<(Who, VersionNo), Row> {
    let mut rows: BTreeMap<(Who, VersionNo), Row> = BTreeMap::new();
    let census = serving.census();
    let named = census.writers().map(|(who, version, wrote)| (Who::Named(who.to_owned()), version, wrote));
    let others = census.others().map(|(version, wrote)| (Who::Others, version, wrote));
    for (who, version, wrote) in named.chain(others).filter(|(_, version, _)| wanted(*version)) {
        rows.entry((who, version)).or_default().wrote = Some(*wrote);
    }
    for (who, version, read) in readers.rows().into_iter().filter(|(_, version, _)| wanted(*version)) {
        rows.entry((who, version)).or_default().read = Some(read);
    }
    rows
}

fn row_json(serving: &Serving, (who, version): &(Who, VersionNo), row: &Row) -> Value {
    let mut members = Map::new();
    let (principal, group) = match who {
        Who::Named(name) => (Some(name.as_str()), None),
        Who::Unnamed => (None, Some("unnamed")),
        Who::Others => (None, Some("others")),
    };
    members.insert("principal".to_owned(), json!(principal));
    if let Some(group) = group {
        members.insert("group".to_owned(), group.into());
    }
    members.insert("version".to_owned(), json!(version));
    let stage = serving.status().lifecycle.stage(*version);
    members.insert("stage".to_owned(), json!(stage.map(selfsame_core::Stage::word)));
    members.insert("wrote".to_owned(), row.wrote.map_or(Value::Null, |wrote| written_json(&wrote)));
    let latest = principal.and_then(|name| serving.census().latest(name)).map(|(latest, _)| latest);
    if let Some(latest) = latest.filter(|latest| row.wrote.is_some() && latest != version) {
        members.insert("writes_now".to_owned(), json!(latest));
    }
    let read = |read: Read| json!({ "count": read.count, "last_time": show_time(read.last_time) });
    members.insert("read".to_owned(), row.read.map_or(Value::Null, read));
    Value::Object(members)
}

fn written_json(wrote: &Written) -> Value {
    json!({
        "events": wrote.events,
        "first": wrote.first,
        "last": wrote.last,
        "last_time": show_time(wrote.last_time),
    })
}
