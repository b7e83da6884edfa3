//! Which row of a projection an event is about, found without folding: for one who reads the log again to
//! learn what changed.

use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::ArchivedRecord;
use selfsame_schema::{Registry, Version};

use crate::arrival::{Arrival, Arrivals};
use crate::event::EventRead;
use crate::generation::Generation;
use crate::plan::{Plan, ProjectionKind};

/// Finds the keys that events touch in one cache or view of a version.
#[derive(Debug)]
pub struct TouchedKeys {
    version: Arc<Version>,
    plan: Arc<Plan>,
    projection: usize,
    arrivals: IndexMap<Box<str>, Arrivals>,
}

impl TouchedKeys {
    /// For the cache or view with this name.
    pub(crate) fn new(version: &Arc<Version>, plan: &Arc<Plan>, projection: &str) -> Option<TouchedKeys> {
        let has_rows = |kind| kind != ProjectionKind::Jobs;
        let found = plan.projections.iter().position(|p| p.name.as_str() == projection && has_rows(p.kind));
        let (version, plan) = (Arc::clone(version), Arc::clone(plan));
        found.map(|projection| TouchedKeys { version, plan, projection, arrivals: IndexMap::new() })
    }

    /// The key of the row that the record changes, if it changes one.
    ///
    /// It may also name a row that the fold left alone, where an operand or the row's size does not fit; it
    /// never leaves out one that the fold changed.
    pub fn of(&mut self, record: &ArchivedRecord, registry: &Registry) -> Option<String> {
        let event = record.event()?;
        let event_type = event.event_type.as_str();
        let (writer, reader) = (event.version.to_native(), (&*self.version, &*self.plan));
        let arrival = Arrivals::way(&mut self.arrivals, (event_type, writer), reader, registry);
        let Arrival { decoder, routes } = arrival.ok()?;
        let route = routes.iter().find(|route| route.projection == self.projection)?;
        let decoded = decoder.decode(&event.row).ok()?;
        let read = EventRead { record, event, decoded: &decoded, event_type: decoder.event_type().as_str() };
        match route.condition.as_ref().map(|condition| condition.holds(read)) {
            None | Some(Ok(true)) => Some(read.key(&route.key).ok()?.into_owned()),
            Some(_) => None,
        }
    }
}

impl Generation {
    /// What finds the keys that events touch in the cache or view with this name.
    pub fn touched_keys(&self, projection: &str) -> Option<TouchedKeys> {
        TouchedKeys::new(self.decoded_as(), self.plan(), projection)
    }
}
