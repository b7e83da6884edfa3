//! A log in memory with the versions that were registered, for tests.

#![expect(dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;

use selfsame_projections::{Generation, Plan, Query};
use selfsame_record::{Block, Body, Event, Record, VersionNo};
use selfsame_schema::{Document, Problem, Registry};

/// Versions and records.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) records: Vec<Record>,
}

impl World {
    pub(crate) fn with(yaml: &str) -> World {
        let mut world = World::default();
        world.register(yaml);
        world
    }

    /// Registers a document and says what is wrong with its projections.
    pub(crate) fn compile(yaml: &str) -> Result<Plan, Vec<Problem>> {
        let document = Document::parse(yaml).expect("a document");
        let version = Registry::new().check(&document).expect("a version");
        Plan::compile(&version)
    }

    pub(crate) fn register(&mut self, yaml: &str) -> VersionNo {
        let document = Document::parse(yaml).expect("a document");
        let version = self.registry.check(&document).expect("a version");
        self.registry.insert(version).no()
    }

    fn push(&mut self, body: Body) -> &mut Record {
        let position = self.records.len() as u64 + 1;
        let time_us = 1_000_000 * i64::try_from(position).expect("a time");
        self.records.push(Record { position, time_us, principal: "web".into(), body });
        self.records.last_mut().expect("the record")
    }

    pub(crate) fn control(&mut self) {
        self.push(Body::Control("{}".into()));
    }

    /// Takes in an event as a producer of this version writes it. Ids follow the number of events, not the
    /// position, so that control records make no difference.
    pub(crate) fn event(&mut self, version: u32, event_type: &str, key: &str, json: &str) {
        let no = VersionNo::new(version).expect("a version");
        let shape = self.registry.version(no).and_then(|v| v.event(event_type)).expect("an event type");
        let row = shape.read(json.as_bytes()).expect("a valid event");
        let id = self.records.iter().filter(|r| matches!(r.body, Body::Event(_))).count().to_string();
        let occurred_us = Some(1_000_000 * id.parse::<i64>().expect("a number"));
        self.push(Body::Event(Event {
            event_type: event_type.into(),
            key: key.into(),
            source: "/test".into(),
            id,
            version,
            occurred_us,
            fingerprint: [0; 16],
            tray: None,
            attributes: vec![],
            row,
        }));
    }

    /// A generation of this version before the first record.
    pub(crate) fn empty(&self, version: u32) -> Generation {
        let version = VersionNo::new(version).and_then(|no| self.registry.version(no)).expect("a version");
        let plan = Plan::compile(version).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Generation::new(version.clone(), Arc::new(plan))
    }

    /// Folds records up to and with this position; `each` is called after each one.
    pub(crate) fn fold_to(
        &self,
        generation: &mut Generation,
        until: usize,
        mut each: impl FnMut(&mut Generation),
    ) {
        let from = usize::try_from(generation.position().get()).expect("a position");
        for records in self.records[from..until].chunks(100) {
            let block = Block::pack(&records.to_vec());
            for record in Block::view(block.as_bytes()).expect("a block").records() {
                generation.fold(record, &self.registry);
                each(generation);
            }
        }
    }

    /// The generation of this version, folded from all records.
    pub(crate) fn generation(&self, version: u32) -> Generation {
        let mut generation = self.empty(version);
        self.fold_to(&mut generation, self.records.len(), |_| {});
        generation
    }
}

/// The row with this key in the cache or the view, as JSON.
pub(crate) fn row(generation: &Generation, projection: &str, key: &str) -> String {
    let cached = generation.cache(projection).and_then(|cache| cache.get(key));
    let viewed = generation.view(projection).and_then(|view| view.get(key));
    cached.or(viewed).map_or_else(|| "none".to_owned(), |row| row.to_json())
}

/// The skipped events as lines: event type, projection, reason, sample positions.
pub(crate) fn skipped(generation: &Generation) -> Vec<String> {
    let line = |line: selfsame_projections::SkippedLine<'_>| {
        let projection = line.projection.map_or("*", |name| name.as_str());
        let samples: Vec<String> = line.notes.samples.iter().map(ToString::to_string).collect();
        format!("{} {projection} {:?} {}", line.event_type, line.reason, samples.join(" "))
    };
    generation.skipped().lines().map(line).collect()
}

/// All rows of the view `rows` by an index, page by page.
pub(crate) fn listing(generation: &Generation, index: &[&str]) -> Vec<(String, String)> {
    let index = index.iter().map(|name| (*name).to_owned()).collect();
    let mut query = Query { index, limit: 3, ..Query::default() };
    let mut rows = vec![];
    loop {
        let page = generation.view("rows").expect("a view").query(&query).expect("a page");
        rows.extend(page.rows);
        let Some(next) = page.next else { return rows };
        query.after = Some(next);
    }
}
