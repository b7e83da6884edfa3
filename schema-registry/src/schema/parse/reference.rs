//! References: followed, or kept as one schema that values are held against.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_record::Digest;
use serde_json::{Value, json};

use super::super::library::{Scope, Target, bundle, place_of};
use super::super::{Kind, Reference, Schema};
use super::{Parsed, Reader};
use crate::checked::{Checked, Dialect, lookup, moved, pointed, silent};
use crate::limits::{INLINED_PLACES_MAX, REFERENCES_MAX, SCHEMA_DEPTH_MAX};

/// The event's own places that references lead to, and what became of them so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    rings: BTreeMap<String, usize>,
    parsed: BTreeMap<String, Option<Parsed>>,
    kept: BTreeMap<String, Option<Arc<Reference>>>,
}

impl Names {
    pub(super) fn of(rings: BTreeMap<String, usize>) -> Names {
        Names { rings, ..Names::default() }
    }

    fn same_ring(&self, a: &str, b: &str) -> bool {
        self.rings.get(a).is_some_and(|ring| self.rings.get(b) == Some(ring))
    }
}

impl Reader<'_, '_> {
    /// What a reference leads to.
    pub(super) fn reference(&mut self, json: &Value) -> Option<Parsed> {
        let Some(reference) = json.as_str() else {
            return self.refuse("$ref", format!("must be a string, is `{json}`"));
        };
        if !reference.starts_with('#') {
            let message = format!("`{reference}` leads out of the document");
            return self.refuse("$ref", format!("{message}: copy what it leads to into `$defs`"));
        }
        let Some(at) = place_of(reference) else { return self.anchored(reference) };
        let Some((scope, at)) = self.target(at) else {
            return self.refuse("$ref", format!("`{reference}` leads nowhere"));
        };
        let ring = match scope {
            Scope::Own => self.names.same_ring(&self.definition, &at),
            Scope::Shared => self.library.same_ring(&self.definition, &at),
        };
        if ring && scope == self.scope {
            return self.kept(scope, &at);
        }
        let read = self.definition(scope, &at)?;
        if read.places > INLINED_PLACES_MAX || self.depth + read.height > SCHEMA_DEPTH_MAX {
            return self.kept(scope, &at);
        }
        self.unchecked.extend(read.unchecked.iter().cloned());
        Some(read)
    }

    /// A reference by name is left to the whole check, which finds it in the event's own schema.
    fn anchored(&mut self, reference: &str) -> Option<Parsed> {
        if self.scope == Scope::Shared {
            let message = format!("`{reference}` is no pointer: refer to `#/$defs/…` here");
            return self.refuse("$ref", message);
        }
        self.leave("$ref");
        Some(self.parsed(Schema::any(), 1, 1))
    }

    /// The place that a pointer means: the event's own comes before the document's.
    fn target(&mut self, at: String) -> Option<Target> {
        if self.scope == Scope::Own && lookup(self.root, &pointed(&format!("#{at}"))?).is_some() {
            return Some((Scope::Own, at));
        }
        self.library.lookup(&at).map(|_| (Scope::Shared, at))
    }

    /// Reads what references to a place lead to, once.
    pub(super) fn definition(&mut self, scope: Scope, at: &str) -> Option<Parsed> {
        let key = (self.dialect, at.to_owned());
        let known = match scope {
            Scope::Own => self.names.parsed.get(at).cloned(),
            Scope::Shared => self.library.parsed.get(&key).cloned(),
        };
        if let Some(known) = known {
            return known;
        }
        if self.hops >= REFERENCES_MAX {
            let message = format!("references lie more than {REFERENCES_MAX} deep within each other");
            return self.refuse("$ref", message);
        }
        let json = match scope {
            Scope::Own => lookup(self.root, &pointed(&format!("#{at}"))?)?,
            Scope::Shared => self.library.lookup(at)?,
        };
        let outside = (
            std::mem::replace(&mut self.scope, scope),
            std::mem::replace(&mut self.definition, at.to_owned()),
            std::mem::replace(&mut self.at, at.to_owned()),
            std::mem::replace(&mut self.depth, 1),
            std::mem::take(&mut self.unchecked),
        );
        self.hops += 1;
        let read = self.schema(json);
        self.hops -= 1;
        let unchecked = Arc::new(std::mem::take(&mut self.unchecked));
        (self.scope, self.definition, self.at, self.depth, self.unchecked) = outside;
        let read = read.map(|read| Parsed { unchecked, ..read });
        match scope {
            Scope::Own => self.names.parsed.insert(at.to_owned(), read.clone()),
            Scope::Shared => self.library.parsed.insert(key, read.clone()),
        };
        read
    }

    /// A schema that values are held against as a whole.
    fn kept(&mut self, scope: Scope, at: &str) -> Option<Parsed> {
        let key = (self.dialect, at.to_owned());
        let known = match scope {
            Scope::Own => self.names.kept.get(at).cloned(),
            Scope::Shared => self.library.kept.get(&key).cloned(),
        };
        let reference = match known {
            Some(known) => known,
            None => {
                let made = self.make_reference(scope, at);
                match scope {
                    Scope::Own => self.names.kept.insert(at.to_owned(), made.clone()),
                    Scope::Shared => self.library.kept.insert(key, made.clone()),
                };
                made
            }
        };
        let schema = Schema { nullable: true, ..Schema::of(Kind::Reference(reference?)) };
        Some(self.parsed(schema, 1, 1))
    }

    fn make_reference(&mut self, scope: Scope, at: &str) -> Option<Arc<Reference>> {
        let (entry, defs) = match scope {
            Scope::Shared => {
                let entry = format!("#{at}");
                let needed = self.library.needed(&json!({"$ref": entry}));
                (entry, Value::Object(needed))
            }
            Scope::Own => {
                let own = moved(&bundle(self.root, self.library), "/$defs/_");
                (format!("#/$defs/_{at}"), json!({"_": own}))
            }
        };
        let dialect = match self.dialect {
            Dialect::Draft2020 => "https://json-schema.org/draft/2020-12/schema",
            Dialect::Draft07 => "http://json-schema.org/draft-07/schema#",
        };
        let whole = json!({"$schema": dialect, "$ref": entry, "$defs": defs});
        match Checked::compile(&whole) {
            Ok(checked) => {
                let digest = Digest::of(&[silent(&whole).to_string().as_bytes()]);
                Some(Arc::new(Reference { digest, checked }))
            }
            Err(message) => self.refuse("$ref", message),
        }
    }
}
