//! Any list of operations between any two schemas, over any document.
//!
//! The input is four lines: the operations, the older schema, the newer one, a document. The newer schema
//! may be `null`; the one that the lens leads to is tried in any case. Beside the document some are tried that
//! are made from the schemas. What is held against what:
//!
//! - a lens gives JSON, or a named failure;
//! - what it makes of a valid document is valid under the image of the schema, for the `jsonschema`
//!   crate;
//! - what is registered keeps its report: on a way that is said to be total every document arrives, on one
//!   that is said to be exact it comes back as it was;
//! - a decoder gives what the lens gives on text.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use selfsame_record::VersionNo;
use selfsame_schema::sample::{Budget, documents};
use selfsame_schema::{Direction, Document, Lens, NoSamples, Purpose, Registry, Way, derive};
use selfsame_schema_fuzz::{Oracle, Vocabulary, is_plain, keeps, mutate, same};
use serde_json::{Value, json};

static VOCABULARY: Vocabulary = Vocabulary::new(
    concat!(include_str!("../vocabulary/schema.txt"), include_str!("../vocabulary/lens.txt")),
    "",
);

/// What is made from each schema.
const MADE: Budget = Budget { documents: 6, bytes: 4096 };

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, &VOCABULARY)
});

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.split('\n').collect();
    let [operations, old, new, document] = lines.as_slice() else { return };
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(operations), Some(old), Some(new)) = (read(operations), read(old), read(new)) else { return };
    if !new.is_null() {
        try_lens(&operations, &old, &new, document);
    }
    if let Ok(led) = derive(&operations, Way::Up, Purpose::Schema, &old, None) {
        try_lens(&operations, &old, &led, document);
    }
});

/// One lens between two schemas, over a document and some that are made from the schemas.
fn try_lens(operations: &Value, old: &Value, new: &Value, document: &str) {
    let Ok(lens) = Lens::parse(operations, old, new) else { return };
    let _ = lens.lead(old);
    let of = |schema| {
        let made = documents(schema, MADE).into_iter().map(|made| made.to_string());
        made.chain([document.to_owned()]).collect::<Vec<_>>()
    };
    let (olds, mut news) = (of(old), of(new));
    news.extend(olds.iter().filter_map(|document| lens.up(document).ok()));
    let up = Side { lens: &lens, operations, way: Way::Up, from: old, to: new };
    olds.iter().for_each(|document| up.try_document(document));
    let down = Side { lens: &lens, operations, way: Way::Down, from: new, to: old };
    news.iter().for_each(|document| down.try_document(document));
    let Some((registry, [is_up, is_down])) = registered(operations, old, new) else { return };
    olds.iter().for_each(|document| up.try_report(&registry, &is_up, document));
    news.iter().for_each(|document| down.try_report(&registry, &is_down, document));
}

/// One way of a lens.
struct Side<'a> {
    lens: &'a Lens,
    operations: &'a Value,
    way: Way,
    from: &'a Value,
    to: &'a Value,
}

fn run(lens: &Lens, way: Way, document: &str) -> Option<String> {
    if way == Way::Up { lens.up(document).ok() } else { lens.down(document).ok() }
}

impl Side<'_> {
    /// What the lens gives is JSON, and lies in the image.
    fn try_document(&self, document: &str) {
        let Some(led) = run(self.lens, self.way, document) else { return };
        serde_json::from_str::<&serde_json::value::RawValue>(&led).unwrap_or_else(|e| panic!("{led}: {e}"));
        if !is_plain(document) || !is_plain(&led) {
            return;
        }
        let Ok(read) = serde_json::from_str::<Value>(document) else { return };
        let Ok(led) = serde_json::from_str::<Value>(&led) else { return };
        if !keeps(self.from, &read) || !Oracle::new(self.from).is_some_and(|oracle| oracle.takes(&read)) {
            return;
        }
        let image = derive(self.operations, self.way, Purpose::Proof, self.from, Some(self.to));
        let Ok(image) = image else { return };
        if let Some(oracle) = Oracle::new(&image) {
            assert!(oracle.takes(&led), "{:?}: {read} -> {led}\n{image}", self.way);
        }
    }

    /// What was said of this way holds for a document.
    fn try_report(&self, registry: &Registry, said: &Direction, document: &str) {
        let way = self.way;
        let (from, to) = if way == Way::Up { (1, 2) } else { (2, 1) };
        let (from, to) = (VersionNo::new(from).expect("not 0"), VersionNo::new(to).expect("not 0"));
        let shape = |no| registry.version(no).and_then(|v| v.event("t")).expect("it is in both").clone();
        let Ok(row) = shape(from).read(document.as_bytes()) else { return };
        let Ok(read) = serde_json::from_str::<Value>(document) else { return };
        let decoder = |from, to| registry.decoder(from, to, "t").expect("there is a way");
        let there = decoder(from, to);
        let total = matches!(said, Direction::Exact | Direction::Residue { .. } | Direction::Lossy { .. });
        let named = keeps(self.from, &read);
        let decoded = match there.decode(&row) {
            Ok(decoded) => decoded,
            Err(error) => {
                return assert!(!total || !named, "{way:?} is {said:?}: {document}: {error}");
            }
        };
        let json = decoded.to_json();
        let arrived = shape(to).read(json.as_bytes()).unwrap_or_else(|e| panic!("{json}: {e}"));
        if !named {
            return;
        }
        let parsed = |json: &str| serde_json::from_str::<Value>(json).expect("JSON");
        if is_plain(document) && is_plain(&json) {
            let led = run(self.lens, way, document).unwrap_or_else(|| panic!("{way:?}: {json} not led"));
            let (led, seen) = (parsed(&led), parsed(&json));
            assert!(same(&led, &seen), "{way:?}: the lens {led}, the decoder {seen}");
        }
        if matches!(said, Direction::Exact) {
            let back = decoder(to, from);
            let again = back.decode(&arrived).unwrap_or_else(|e| panic!("{way:?}: {json}: {e}"));
            let again = parsed(&again.to_json());
            assert!(same(&again, &read), "{way:?}: {read} -> {json} -> {again}");
        }
    }
}

/// The two schemas as versions of a registry, and what the report says of each way.
fn registered(operations: &Value, old: &Value, new: &Value) -> Option<(Registry, [Direction; 2])> {
    let mut registry = Registry::new();
    let first = json!({ "selfsame": 1, "name": "fuzz", "events": { "t": { "schema": old } } });
    let first = checked(&registry, &first)?;
    registry.insert(first);
    let second = json!({
        "selfsame": 1, "name": "fuzz", "parent": "v1", "events": { "t": { "schema": new } },
        "lenses": { "t": operations },
    });
    let second = checked(&registry, &second)?;
    let report = registry.judge(&second, &NoSamples).ok()??;
    registry.insert(second);
    let [t] = report.types.as_slice() else { return None };
    Some((registry, [t.up.clone(), t.down.clone()]))
}

fn checked(registry: &Registry, document: &Value) -> Option<std::sync::Arc<selfsame_schema::Version>> {
    registry.check(&Document::parse(&document.to_string()).ok()?).ok()
}
