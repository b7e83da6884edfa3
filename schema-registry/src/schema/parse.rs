//! A schema from its JSON, with every problem it has, and with what it says that does not compile.

mod base;
mod object;
mod reference;
mod union;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

pub(crate) use words::ANNOTATIONS;

use super::cut::cut;
use super::library::{Library, Scope, bundle, references, references_of_root, rings};
use super::meet::meet;
use super::{Kind, Schema};
use crate::checked::{Checked, Dialect, lookup, pointed};
use crate::json::pointer;
use crate::limits::{SCHEMA_DEPTH_MAX, SCHEMA_PLACES_MAX, SLOTS_MAX};
use crate::problem::{Notes, Problem, Problems};
use crate::shape::Unchecked;
use reference::Names;

/// The schema of an event, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) schema: Arc<Schema>,
    /// What of it does not compile, in order.
    pub(crate) unchecked: Vec<Unchecked>,
    /// Checks the whole payload; there if something does not compile.
    pub(crate) checked: Option<Arc<Checked>>,
}

/// A part of a schema, read.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    schema: Arc<Schema>,
    /// Schemas in it, with everything that is referred to.
    places: usize,
    /// Schemas within each other in it.
    height: usize,
    /// What of it does not compile.
    unchecked: Arc<BTreeSet<Unchecked>>,
}

/// The schema of an event's payload: an object, not null, with a limited number of slots.
pub(crate) fn event_schema<'a>(
    json: &'a Value,
    place: &str,
    library: &mut Library<'a>,
    problems: &mut Problems,
    notes: &mut Notes,
) -> Option<Compiled> {
    let before = problems.count();
    let mut reader = Reader::new(json, place, library, problems, notes)?;
    let read = reader.schema(json);
    let mut unchecked = std::mem::take(&mut reader.unchecked);
    let read = read.filter(|_| problems.count() == before)?;
    if read.places > SCHEMA_PLACES_MAX {
        let message = format!(
            "the schema has {} places with all that it refers to, over the limit of {SCHEMA_PLACES_MAX}",
            read.places
        );
        problems.add(place, message);
        return None;
    }
    let Some(schema) = rooted(&read.schema, json, &mut unchecked) else {
        problems.add(place, "an event's schema must have `type: object`");
        return None;
    };
    let Some(schema) = cut(&schema) else {
        let fields = schema.members().map_or(0, |members| members.properties.len()) + 1;
        problems.add(place, format!("the schema has {fields} fields, over the limit of {SLOTS_MAX}"));
        return None;
    };
    let mut checked = None;
    if !unchecked.is_empty() {
        match Checked::compile(&bundle(json, library)) {
            Ok(compiled) => checked = Some(Arc::new(compiled)),
            Err(message) => {
                problems.add(place, message);
                return None;
            }
        }
        for part in &unchecked {
            let message = format!("`{}` is checked on the whole event, which is slower", part.keyword);
            notes.add(place_in(place, &part.pointer, library), message);
        }
    }
    Some(Compiled { schema, unchecked: unchecked.into_iter().collect(), checked })
}

/// The schema with an object at its root, as every event has; none if there could be something else.
fn rooted(schema: &Arc<Schema>, json: &Value, unchecked: &mut BTreeSet<Unchecked>) -> Option<Arc<Schema>> {
    if schema.nullable {
        return None;
    }
    match &schema.kind {
        Kind::Object(_) => return Some(schema.clone()),
        Kind::Tagged(_) => {}
        Kind::Types(types) => {
            let object_alone = types.names() == ["an object"];
            types.object.as_ref().filter(|_| object_alone)?;
        }
        _ => return None,
    }
    let words = ["oneOf", "anyOf", "allOf", "$ref", "enum", "const"];
    let keyword = words.into_iter().find(|word| json.get(*word).is_some()).unwrap_or("type");
    unchecked.insert(Unchecked { pointer: String::new(), keyword: keyword.to_owned() });
    Some(Arc::new(Schema::made_object()))
}

/// Where a place of an event's schema stands in the document.
fn place_in(place: &str, at: &str, library: &Library<'_>) -> String {
    if library.lookup(at).is_some() { at.to_owned() } else { format!("{place}{at}") }
}

/// The schema of a value by itself: all of it has to compile.
pub(crate) fn field_schema(json: &Value, place: &str, problems: &mut Problems) -> Option<Schema> {
    let before = problems.count();
    let (mut library, mut notes) = (Library::empty(), Notes::default());
    let mut reader = Reader::new(json, place, &mut library, problems, &mut notes)?;
    let read = reader.schema(json);
    for part in std::mem::take(&mut reader.unchecked) {
        let message = format!("`{}` does not compile, which a lens needs: say less here", part.keyword);
        reader.problems.add(format!("{place}{}", part.pointer), message);
    }
    let read = read.filter(|_| problems.count() == before)?;
    if read.places > SCHEMA_PLACES_MAX {
        problems.add(place, format!("the schema has more than {SCHEMA_PLACES_MAX} places"));
        return None;
    }
    cut(&read.schema).map(|schema| Schema::clone(&schema))
}

/// Reads the definitions that no event refers to, for the problems that they have.
pub(crate) fn unused_definitions<'a>(
    library: &mut Library<'a>,
    dialect: Dialect,
    problems: &mut Problems,
    notes: &mut Notes,
) {
    let known: BTreeSet<String> = library.parsed.keys().map(|(_, at)| at.clone()).collect();
    let anything = &Value::Bool(true);
    for name in library.all().collect::<Vec<_>>() {
        let at = super::library::definition(name);
        if !known.contains(&at)
            && let Some(mut reader) = Reader::new(anything, "", library, problems, notes)
        {
            reader.dialect = dialect;
            reader.definition(Scope::Shared, &at);
        }
    }
}

/// A schema that is being read.
struct Reader<'a, 'r> {
    root: &'a Value,
    /// Where the event's schema stands in its document.
    root_place: &'r str,
    dialect: Dialect,
    library: &'r mut Library<'a>,
    /// The event's own places that references lead to.
    names: Names,
    problems: &'r mut Problems,
    notes: &'r mut Notes,
    unchecked: BTreeSet<Unchecked>,
    scope: Scope,
    /// The definition that is being read.
    definition: String,
    /// JSON Pointer to the schema that is being read, in its scope.
    at: String,
    depth: usize,
    /// Definitions that are being read within each other.
    hops: usize,
}

impl<'a, 'r> Reader<'a, 'r> {
    fn new(
        root: &'a Value,
        root_place: &'r str,
        library: &'r mut Library<'a>,
        problems: &'r mut Problems,
        notes: &'r mut Notes,
    ) -> Option<Reader<'a, 'r>> {
        let dialect = Dialect::of(root).map_err(|m| problems.add(format!("{root_place}/$schema"), m)).ok()?;
        if dialect == Dialect::Draft07 {
            notes.once("draft-07", Problem::new(root_place, "read as JSON Schema draft-07"));
        }
        let own = |at: &str| -> BTreeSet<String> {
            let at =
                pointed(&format!("#{at}")).and_then(|path| Some((path.is_empty(), lookup(root, &path)?)));
            match at {
                Some((true, schema)) => references_of_root(schema),
                Some((false, schema)) => references(schema),
                None => BTreeSet::new(),
            }
        };
        let names = Names::of(rings(vec![String::new()], &own));
        let (definition, at) = (String::new(), String::new());
        let (scope, unchecked) = (Scope::Own, BTreeSet::new());
        Some(Reader {
            root,
            root_place,
            dialect,
            library,
            names,
            problems,
            notes,
            unchecked,
            scope,
            definition,
            at,
            depth: 1,
            hops: 0,
        })
    }

    /// The place of the schema, or of a word in it, in the document.
    fn place(&self, keyword: &str) -> String {
        let base = if self.scope == Scope::Own { self.root_place } else { "" };
        let at = format!("{base}{}", self.at);
        if keyword.is_empty() { at } else { pointer::child(&at, keyword) }
    }

    fn refuse<T>(&mut self, keyword: &str, message: impl Into<String>) -> Option<T> {
        self.problems.add(self.place(keyword), message);
        None
    }

    /// Notes that a word does not compile.
    fn leave(&mut self, keyword: &str) {
        self.unchecked.insert(Unchecked { pointer: self.at.clone(), keyword: keyword.to_owned() });
    }

    fn parsed(&self, schema: Schema, places: usize, height: usize) -> Parsed {
        Parsed { schema: Arc::new(schema.settled()), places, height, unchecked: Arc::default() }
    }

    fn schema(&mut self, json: &'a Value) -> Option<Parsed> {
        if self.depth > SCHEMA_DEPTH_MAX {
            let message = format!("schemas lie more than {SCHEMA_DEPTH_MAX} deep within each other");
            return self.refuse("", message);
        }
        match json {
            Value::Bool(true) => Some(self.parsed(Schema::any(), 1, 1)),
            Value::Bool(false) => Some(self.parsed(Schema::nothing(), 1, 1)),
            Value::Object(object) => self.object_schema(object),
            _ => self.refuse("", "a schema must be an object, `true` or `false`"),
        }
    }

    fn object_schema(&mut self, object: &'a Map<String, Value>) -> Option<Parsed> {
        if let (Dialect::Draft07, Some(reference)) = (self.dialect, object.get("$ref")) {
            return self.reference(reference);
        }
        let types = self.types(object)?;
        self.words(object, &types);
        let mut whole = self.base(object, &types)?;
        if let Some(reference) = object.get("$ref") {
            let read = self.reference(reference)?;
            self.add(&mut whole, &read, "$ref");
        }
        if let Some(list) = object.get("allOf") {
            for read in self.branches("allOf", list)? {
                self.add(&mut whole, &read, "allOf");
            }
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(list) = object.get(word) {
                let branches = self.branches(word, list)?;
                let read = self.union(word, branches, object.get("discriminator"));
                self.add(&mut whole, &read, word);
            }
        }
        Some(whole)
    }

    /// Adds what else a value must be; what cannot be said in one schema is left to the whole check.
    fn add(&mut self, whole: &mut Parsed, read: &Parsed, word: &str) {
        whole.places = whole.places.saturating_add(read.places);
        whole.height = whole.height.max(read.height);
        match meet(&whole.schema, &read.schema) {
            Some(schema) => whole.schema = schema,
            None => self.leave(word),
        }
    }

    /// Reads a schema below this one.
    fn below(&mut self, path: &[&str], json: &'a Value) -> Option<Parsed> {
        let outside = self.at.clone();
        self.at = path.iter().fold(outside.clone(), |host, key| pointer::child(&host, key));
        self.depth += 1;
        let read = self.schema(json);
        self.depth -= 1;
        self.at = outside;
        read
    }

    /// Reads a list of schemas.
    fn branches(&mut self, word: &str, json: &'a Value) -> Option<Vec<Parsed>> {
        let Some(list) = json.as_array().filter(|list| !list.is_empty()) else {
            return self.refuse(word, "must be a list of schemas");
        };
        let read: Vec<Option<Parsed>> =
            list.iter().enumerate().map(|(n, json)| self.below(&[word, &n.to_string()], json)).collect();
        read.into_iter().collect()
    }
}
