//! How events arrive at a version: through which lenses, and at which projections.

use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::VersionNo;
use selfsame_schema::{Decoder, Registry, Version};

use crate::plan::{Plan, Route};
use crate::skipped::Reason;

/// How events of one type arrive here, by writer's version, as far as one was met. What a registry once said
/// about two of its versions stays, so the answer that there is no way is kept too.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Vec<(u32, Result<Arrival, Reason>)>);

/// The way of an event type from a writer's version: through the lenses, to what reads it under the name
/// that it has here.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) decoder: Arc<Decoder>,
    pub(crate) routes: Arc<[Route]>,
}

impl Arrivals {
    /// The way of an event type, looked up once for each writer's version.
    pub(crate) fn way<'a>(
        all: &'a mut IndexMap<Box<str>, Arrivals>,
        (event_type, writer): (&str, u32),
        (reader, plan): (&Version, &Plan),
        registry: &Registry,
    ) -> Result<&'a Arrival, &'a Reason> {
        let at = match all.get_index_of(event_type) {
            Some(at) => at,
            None => all.insert_full(event_type.into(), Arrivals::default()).0,
        };
        let known = all.get_index_mut(at).map(|(_, known)| known);
        known.map_or(Err(&Reason::NoLens), |known| known.get(writer, reader, event_type, plan, registry))
    }

    fn get(
        &mut self,
        writer: u32,
        reader: &Version,
        event_type: &str,
        plan: &Plan,
        registry: &Registry,
    ) -> Result<&Arrival, &Reason> {
        let known = self.0.iter().position(|(version, _)| *version == writer);
        let at = known.unwrap_or_else(|| {
            self.0.push((writer, arrival(writer, reader, event_type, plan, registry)));
            self.0.len() - 1
        });
        self.0.get(at).map_or(Err(&Reason::NoLens), |(_, arrival)| arrival.as_ref())
    }
}

/// How an event type of a writer's version arrives at the reader's.
fn arrival(
    writer: u32,
    reader: &Version,
    event_type: &str,
    plan: &Plan,
    registry: &Registry,
) -> Result<Arrival, Reason> {
    let written = VersionNo::new(writer);
    let Some(decoder) = written.and_then(|writer| registry.decoder(writer, reader.no(), event_type)) else {
        let known = reader.event(event_type).is_some();
        return Err(if known { Reason::NoLens } else { Reason::UnknownType });
    };
    match plan.routes.get(decoder.event_type().as_str()) {
        Some(routes) => Ok(Arrival { routes: routes.clone(), decoder }),
        None => Err(Reason::UnknownType),
    }
}
