//! Documents from schemas, and reading from one version to another on JSON in and JSON out.

use selfsame_record::VersionNo;
use selfsame_schema::{Document, NoSamples, Registry};
use serde_json::{Value, json};

/// The version with this number.
pub(crate) fn v(no: u32) -> VersionNo {
    VersionNo::new(no).expect("not 0")
}

/// A document with one event type `t`.
pub(crate) fn document(parent: Option<u32>, schema: &Value, lens: &Value) -> String {
    let mut document = json!({"selfsame": 1, "name": "test", "events": {"t": {"schema": schema}}});
    if let Some(parent) = parent {
        document["parent"] = json!(format!("v{parent}"));
        document["lenses"] = json!({"t": lens});
    }
    document.to_string()
}

/// Adds a version; the problems as lines if it is refused.
pub(crate) fn add(registry: &mut Registry, text: &str) -> Result<VersionNo, String> {
    let document = Document::parse(text);
    let version = document.and_then(|document| {
        let version = registry.check(&document)?;
        registry.judge(&version, &NoSamples).map(|_| version)
    });
    let version =
        version.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    Ok(registry.insert(version?).no())
}

/// A first schema and a chain of lenses with the schemas that they lead to.
pub(crate) fn chain(first: &Value, more: &[(Value, Value)]) -> Result<Registry, String> {
    let mut registry = Registry::new();
    let mut last = add(&mut registry, &document(None, first, &Value::Null))?;
    for (lens, schema) in more {
        last = add(&mut registry, &document(Some(last.get()), schema, lens))?;
    }
    Ok(registry)
}

/// What `reader` makes of JSON that `writer` wrote; the result is valid for the reader or this panics.
pub(crate) fn read_as(registry: &Registry, writer: u32, reader: u32, json: &str) -> Result<String, String> {
    let shape = registry.version(v(writer)).unwrap().event("t").unwrap();
    let row = shape.read(json.as_bytes()).map_err(|e| format!("invalid: {e}"))?;
    let decoder = registry.decoder(v(writer), v(reader), "t").expect("both have the type");
    let decoded = decoder.decode(&row).map_err(|e| format!("inexpressible: {e}"))?;
    let out = decoded.to_json();
    let read = decoder.reader().read(out.as_bytes());
    let read = read.unwrap_or_else(|e| panic!("v{writer} {json}\nv{reader} {out}\n{e}"));
    for (slot, _) in (0..).zip(decoder.reader().slots()) {
        use selfsame_record::{RowRead, ValueRef};
        let (got, expect) = (decoded.get(slot), read.slot(slot));
        let text = |value: ValueRef<'_>| match value {
            ValueRef::Json(json) if json.starts_with('"') => serde_json::from_str(json).unwrap(),
            other => format!("{other:?}"),
        };
        let same = got == expect
            || matches!((got, expect), (ValueRef::Json(_), ValueRef::Text(t)) if text(got) == t);
        assert!(same, "slot {slot} of {out}: {got:?} and {expect:?}");
    }
    Ok(out)
}
