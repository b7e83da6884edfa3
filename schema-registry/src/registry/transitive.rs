//! What schema registries call a version against every version that events were written in, not only against
//! its parent.

use std::collections::BTreeMap;

use selfsame_record::VersionNo;
use serde_json::Value;

use super::{Registry, hops};
use crate::compat::compare;
use crate::document::EventSchemas;
use crate::report::Labels;

impl Registry {
    /// The labels of a version against all of these together, over every event type that goes on. The lenses
    /// between do not count, as they do not for registries.
    pub fn transitive(&self, to: VersionNo, against: &[VersionNo]) -> Labels {
        let Some(new) = self.version(to) else { return Labels::UNKNOWN };
        let own = new.document.whole();
        let own = EventSchemas::of(&own);
        let mut labels = Labels::IDENTICAL;
        // Many versions have the same schema of a type: a pair is compared once.
        let mut known: BTreeMap<(String, String), Labels> = BTreeMap::new();
        for old in against.iter().filter(|no| **no != to).filter_map(|no| self.version(*no)) {
            let whole = old.document.whole();
            let schemas = EventSchemas::of(&whole);
            let Some(way) = self.way(old.no, to) else { continue };
            for event_type in old.shapes.keys() {
                let Some(hops) = hops(&way, event_type) else { continue };
                let name = hops.last().map_or(event_type, |hop| hop.name);
                let (Some(before), Some(after)) = (schemas.get(event_type), own.get(name)) else { continue };
                let pair = (before.to_string(), name.to_string());
                let found = known.entry(pair).or_insert_with(|| labels_of(&before, &after));
                labels = labels.and(*found);
            }
        }
        labels
    }
}

fn labels_of(old: &Value, new: &Value) -> Labels {
    compare(old, new).map_or(Labels::UNKNOWN, |c| Labels { strict: c.strict, lenient: c.lenient })
}
