//! The yardstick of P4: a system that was at one version all along and received the same events.
//!
//! The twin knows nothing of later versions, lenses, builds or switches. Each event of a log is turned
//! into the twin's version (through the lens, downwards), admitted by a registry that holds only that
//! version and its ancestors, and folded. Job outcomes are carried over by the identity of the source
//! event, since the twin's positions are its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_core::{Admission, Control, Core, Draft, ReplayError, Settings, check_document, fold};
use selfsame_projections::Generation;
use selfsame_record::{
    ArchivedBody, ArchivedEvent, ArchivedRecord, Block, Body, EventId, Position, Record, VersionNo,
};
use selfsame_schema::Registry;

/// A system that never changed its version.
pub struct Twin {
    version: VersionNo,
    /// Of the log that is followed: only for its lenses.
    original: Core,
    admission: Admission,
    generation: Generation,
    places: BTreeMap<EventId, Position>,
    events_at: BTreeMap<Position, EventId>,
    skipped: u64,
}

/// Why a log cannot be followed.
#[derive(Debug)]
pub enum TwinError {
    /// The log is not understood.
    Replay(ReplayError),
    /// The twin's version is not in the log.
    NoVersion(VersionNo),
    /// An event that the lens gave is not valid at the twin's version: the lens promised otherwise.
    Refused {
        /// The event's position in the log.
        at: Position,
        /// Why the twin does not take it.
        refusal: Box<selfsame_core::Refusal>,
    },
}

impl std::fmt::Display for TwinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TwinError::Replay(err) => write!(f, "{err}"),
            TwinError::NoVersion(version) => write!(f, "the log has no schema version {version}"),
            TwinError::Refused { at, refusal } => {
                write!(f, "the twin does not take {at}: {}", refusal.detail)
            }
        }
    }
}

impl std::error::Error for TwinError {}

impl Twin {
    /// A twin at `version` of a log whose versions `original` knows.
    ///
    /// # Errors
    ///
    /// If the version is not registered.
    pub fn new(original: Core, version: VersionNo) -> Result<Twin, TwinError> {
        let mut registry = Registry::new();
        let mut plan = None;
        for known in original.registry().versions().filter(|v| v.no() <= version) {
            let checked = check_document(&registry, known.canonical());
            let (checked, compiled) = checked.map_err(|_| TwinError::NoVersion(version))?;
            registry.insert(checked);
            plan = Some(compiled);
        }
        let document = registry.version(version).ok_or(TwinError::NoVersion(version))?;
        let plan = Arc::new(plan.ok_or(TwinError::NoVersion(version))?);
        let generation = Generation::new(Arc::clone(document), plan);
        let admission = Admission {
            registry: Arc::new(registry),
            live: vec![version],
            active: Some(version),
            ..Admission::default()
        };
        let (places, events_at) = (BTreeMap::new(), BTreeMap::new());
        Ok(Twin { version, original, admission, generation, places, events_at, skipped: 0 })
    }

    /// Takes in the next record of the log.
    ///
    /// # Errors
    ///
    /// If the lens gave an event that the twin's version refuses.
    pub fn follow(&mut self, record: &ArchivedRecord) -> Result<(), TwinError> {
        match &record.body {
            ArchivedBody::Event(event) => self.follow_event(record, event),
            ArchivedBody::Control(json) => {
                self.follow_control(record, json);
                Ok(())
            }
        }
    }

    /// The twin's state.
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// Events that the twin's version cannot express.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn follow_event(&mut self, record: &ArchivedRecord, event: &ArchivedEvent) -> Result<(), TwinError> {
        // The twin never received what operators have set aside.
        if self.original.exclusions(self.version).iter().any(|exclusion| exclusion.covers(record)) {
            return Ok(());
        }
        let id = EventId::of(&record.principal, &event.source, &event.id);
        self.events_at.insert(record.at(), id);
        let Some(draft) = self.draft(event) else {
            self.skipped += 1;
            return Ok(());
        };
        let admitted = self.admission.admit(&draft, None, None);
        let admitted =
            admitted.map_err(|refusal| TwinError::Refused { at: record.at(), refusal: Box::new(refusal) })?;
        self.places.insert(id, self.generation.position().next());
        self.fold(record, Body::Event(admitted.event));
        Ok(())
    }

    /// The event as a producer at the twin's version would have written it.
    fn draft(&self, event: &ArchivedEvent) -> Option<Draft> {
        let writer = VersionNo::new(event.version.to_native())?;
        let decoder = self.original.registry().decoder(writer, self.version, &event.event_type)?;
        let data = decoder.decode(&event.row).ok()?.to_json().into_bytes();
        let mut draft = Draft { attributes: BTreeMap::new(), data };
        let mut say = |name: &str, value: &str| draft.attributes.insert(name.to_owned(), value.to_owned());
        say("specversion", "1.0");
        say("type", decoder.event_type().as_str());
        say("source", &event.source);
        say("id", &event.id);
        say("subject", &event.key);
        for attribute in event.attributes.iter() {
            say(&attribute.name, &attribute.value);
        }
        if let Some(time) = event.occurred() {
            let text = jiff::Timestamp::from_microsecond(time.0).ok()?.to_string();
            say("time", &text);
        }
        Some(draft)
    }

    fn follow_control(&mut self, record: &ArchivedRecord, json: &str) {
        let control = match Control::parse(json) {
            Ok(Control::JobDone { queue, job, lease }) => {
                self.place_of(job).map(|job| Control::JobDone { queue, job, lease })
            }
            Ok(Control::JobDead { queue, job, reason }) => {
                self.place_of(job).map(|job| Control::JobDead { queue, job, reason })
            }
            _ => None,
        };
        if let Some(control) = control {
            self.fold(record, Body::Control(control.to_json()));
        }
    }

    fn place_of(&self, job: Position) -> Option<Position> {
        self.places.get(self.events_at.get(&job)?).copied()
    }

    fn fold(&mut self, original: &ArchivedRecord, body: Body) {
        let position = self.generation.position().next().get();
        let (time_us, principal) = (original.time().0, original.principal.as_str().to_owned());
        let block = Block::pack(&vec![Record { position, time_us, principal, body }]);
        #[expect(clippy::expect_used, reason = "the block was packed a moment ago")]
        let view = Block::view(block.as_bytes()).expect("a packed block reads back");
        for record in view.records() {
            fold(&mut self.generation, record, &self.admission.registry);
        }
    }
}

/// The core of the log that `scan` shows, for [`Twin::new`].
///
/// # Errors
///
/// If the log is not understood.
pub fn core_of(records: &mut dyn Iterator<Item = &ArchivedRecord>) -> Result<Core, TwinError> {
    let mut core = Core::new(Settings { standbys_max: 0 });
    for record in records {
        core.replay(record).map_err(TwinError::Replay)?;
    }
    Ok(core)
}
