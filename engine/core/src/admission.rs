//! Whether an event may become a record, and in which form.
//!
//! The order is fixed and the first refusal wins: form and size (done by [`Draft`]) → principal →
//! protected type → boundary policy → schema of the version that the producer names → key. Whether it is a repetition is
//! decided by the core, in the order of the log.
//!
//! Not here: who may publish what (`boundary`), how a principal is proven (the node).

use std::sync::Arc;

use selfsame_record::{Attribute, Digest, Event, EventType, Key, Principal, TraySeq, VersionNo};
use selfsame_schema::{EventShape, Registry};

use crate::boundary::{self, Ask, Boundary, Context, Gate, InForce, Resource};
use crate::cloud_event::Draft;
use crate::input::Plane;
use crate::refusal::{Code, Refusal};

/// What admission decides by: the versions there are and which of them may be written.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    /// All registered versions.
    pub registry: Arc<Registry>,
    /// The versions whose generations are kept in step, ascending.
    pub live: Vec<VersionNo>,
    /// The version that answers.
    pub active: Option<VersionNo>,
    /// The boundary in force.
    pub boundary: Arc<InForce>,
}

/// An event that may become a record, if it is not a repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The event as the log will keep it.
    pub event: Event,
    /// Bytes it came as, about what it takes in a block.
    pub bytes: usize,
    /// The boundary that it was admitted under.
    pub boundary: Option<Digest>,
}

impl Admission {
    /// Checks the draft and lays its data out as the named version's slots; who sends it is not asked.
    ///
    /// `type_hint` is the event type that the transport says, if it says one (a NATS subject does).
    ///
    /// # Errors
    ///
    /// The first rule that the event breaks.
    pub fn admit(
        &self,
        draft: &Draft,
        type_hint: Option<&str>,
        tray: Option<TraySeq>,
    ) -> Result<Admitted, Refusal> {
        check_specversion(draft)?;
        self.lay_out(draft, event_type(draft, type_hint)?, tray)
    }

    /// The same for an event of `who`, on that plane, under the boundary in force.
    ///
    /// # Errors
    ///
    /// The first rule that the event breaks.
    pub fn admit_from(
        &self,
        who: (&Principal, Plane),
        draft: &Draft,
        type_hint: Option<&str>,
        tray: Option<TraySeq>,
    ) -> Result<Admitted, Refusal> {
        let Some(boundary) = self.boundary.boundary()? else { return self.admit(draft, type_hint, tray) };
        check_specversion(draft)?;
        may_send(boundary, who, draft)?;
        let event_type = event_type(draft, type_hint)?;
        may_publish(boundary, who, event_type.as_str())?;
        self.lay_out(draft, event_type, tray)
    }

    fn lay_out(
        &self,
        draft: &Draft,
        event_type: EventType,
        tray: Option<TraySeq>,
    ) -> Result<Admitted, Refusal> {
        let source = required(draft, "source", 256)?;
        let id = required(draft, "id", 256)?;
        let version = self.writer_version(draft)?;
        let shape = self.shape(version, &event_type)?;
        check_content_type(draft)?;
        let row = shape.read(&draft.data).map_err(|invalid| {
            Refusal::new(Code::InvalidEvent, format!("not a `{event_type}` of {version}: {invalid}"))
                .next(format!("send data that fits the schema of `{event_type}` in {version}"))
                .field("version", version.to_string())
                .field("pointer", invalid.pointer.clone())
        })?;
        let key = event_key(draft, shape, &row)?;
        let occurred_us = draft.attribute("time").map(occurred).transpose()?;
        let known =
            ["specversion", "type", "source", "id", "subject", "time", "dataschema", "datacontenttype"];
        let others = draft.attributes.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        let attributes =
            others.map(|(name, value)| Attribute { name: name.clone(), value: value.clone() }).collect();
        let mut event = Event {
            event_type: event_type.as_str().to_owned(),
            key: key.as_str().to_owned(),
            source: source.to_owned(),
            id: id.to_owned(),
            version: version.get(),
            occurred_us,
            fingerprint: [0; 16],
            tray,
            attributes,
            row,
        };
        event.fingerprint = event.compute_fingerprint();
        Ok(Admitted { event, bytes: draft.data.len() + 256, boundary: self.boundary.hash() })
    }

    /// Reads the name of a version that a caller asks for.
    ///
    /// # Errors
    ///
    /// If it is not a name, or no such version is registered.
    pub fn find_version(&self, name: &str) -> Result<VersionNo, Refusal> {
        self.registry.resolve(name).map(|version| version.no()).ok_or_else(|| {
            let shown: String = name.chars().take(80).collect();
            Refusal::new(Code::UnknownVersion, format!("there is no schema version `{shown}`"))
                .listing(&self.live)
                .next("list the versions with `selfsame version list`")
        })
    }

    /// The refusal of a version that is not live.
    pub fn not_live(&self, version: VersionNo) -> Refusal {
        Refusal::new(Code::VersionNotLive, format!("{version} is not live"))
            .listing(&self.live)
            .next("name a live version in `dataschema`")
            .field("version", version.to_string())
    }

    fn writer_version(&self, draft: &Draft) -> Result<VersionNo, Refusal> {
        let Some(named) = draft.attribute("dataschema") else {
            return self.active.ok_or_else(no_active_version);
        };
        let version = self.find_version(named.strip_prefix("urn:selfsame:version:").unwrap_or(named))?;
        if self.live.contains(&version) { Ok(version) } else { Err(self.not_live(version)) }
    }

    fn shape(&self, version: VersionNo, event_type: &EventType) -> Result<&Arc<EventShape>, Refusal> {
        let found = self.registry.version(version).and_then(|v| v.event(event_type.as_str()));
        found.ok_or_else(|| {
            Refusal::new(Code::UnknownType, format!("{version} has no event type `{event_type}`"))
                .next(format!("see its types with `selfsame version show {version}`"))
                .field("version", version.to_string())
                .field("event_type", event_type.as_str())
        })
    }
}

/// Sees that the boundary names the sender, and that a type which is no name at all is not a protected one in
/// disguise: it would be refused anyway, but not as what it is.
fn may_send(
    boundary: &Boundary,
    (principal, plane): (&Principal, Plane),
    draft: &Draft,
) -> Result<(), Refusal> {
    boundary.member(principal.as_str())?;
    match draft.attribute("type") {
        Some(name) if plane == Plane::Open && EventType::parse(name).is_err() => {
            match boundary.protected.covers(name) {
                Some(pattern) => {
                    let shown: String = name.chars().take(128).collect();
                    let detail =
                        format!("`{shown}` imitates `{pattern}`, which is protected by the boundary");
                    Err(Refusal::new(Code::ProtectedType, detail).next("use another event type"))
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Sees that a principal may publish a type. On the operator plane protected types may be written, if the policy
/// says so.
///
/// # Errors
///
/// If the type is protected, or the policy does not allow it.
pub(crate) fn may_publish(
    boundary: &Boundary,
    (principal, plane): (&Principal, Plane),
    event_type: &str,
) -> Result<(), Refusal> {
    let ask = || Ask {
        principal: principal.as_str(),
        action: "publish",
        resource: Resource::EventType(event_type),
        context: Context::default(),
    };
    if plane == Plane::Operator {
        let member = boundary.member(principal.as_str())?;
        boundary::is_operator(principal.as_str(), member)?;
        return boundary.admit(&ask());
    }
    match boundary.publish_gate(principal.as_str(), event_type) {
        Gate::Open => Ok(()),
        Gate::Protected => {
            let detail = format!("`{event_type}` is protected by the boundary and is not published here");
            Err(Refusal::new(Code::ProtectedType, detail)
                .next("use another event type; operators write protected ones on their own plane")
                .field("event_type", event_type))
        }
        // Why is not found out here, where many may ask in a second.
        Gate::Denied => {
            let detail = format!("the boundary does not let `{principal}` publish `{event_type}`");
            Err(Refusal::new(Code::NotAllowed, detail).next(format!(
                "see why with `selfsame explain {principal} publish {event_type}`, or ask an operator"
            )))
        }
    }
}

/// The refusal of whatever needs an active version while there is none.
pub fn no_active_version() -> Refusal {
    Refusal::new(Code::NoActiveVersion, "no schema version is active yet")
        .next("register a version, build it and cut over to it")
}

/// The event type, refused here if it is protected: before anything else is looked at.
fn event_type(draft: &Draft, hint: Option<&str>) -> Result<EventType, Refusal> {
    let Some(name) = draft.attribute("type").or(hint) else {
        return Err(missing("type"));
    };
    let event_type = EventType::parse(name).map_err(|e| Refusal::new(Code::NotCloudEvent, e.to_string()))?;
    if event_type.is_protected() || hint.is_some_and(|h| EventType::parse(h).is_ok_and(|t| t.is_protected()))
    {
        return Err(protected(&event_type));
    }
    if hint.is_some_and(|hint| hint != event_type.as_str()) {
        let subject: String = hint.unwrap_or_default().chars().take(128).collect();
        let detail = format!("the subject says type `{subject}`, the event says `{event_type}`");
        return Err(Refusal::new(Code::WrongPrincipal, detail)
            .next("publish an event on the subject that ends in its own type"));
    }
    Ok(event_type)
}

fn protected(event_type: &EventType) -> Refusal {
    Refusal::new(Code::ProtectedType, format!("`{event_type}` belongs to the system and is not published"))
        .next("use an event type that does not begin with `selfsame`")
        .field("event_type", event_type.as_str())
}

fn missing(attribute: &str) -> Refusal {
    Refusal::new(Code::NotCloudEvent, format!("the event has no `{attribute}`"))
        .next("send specversion, type, source and id, in the body or as `ce-` headers")
}

fn check_specversion(draft: &Draft) -> Result<(), Refusal> {
    match draft.attribute("specversion") {
        Some("1.0") => Ok(()),
        None => Err(missing("specversion")),
        Some(other) => {
            let shown: String = other.chars().take(32).collect();
            let detail = format!("CloudEvents `{shown}` is not read here");
            Err(Refusal::new(Code::NotCloudEvent, detail).next("send specversion 1.0"))
        }
    }
}

fn check_content_type(draft: &Draft) -> Result<(), Refusal> {
    let Some(content_type) = draft.attribute("datacontenttype") else { return Ok(()) };
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media == "application/json" || media.ends_with("+json") {
        return Ok(());
    }
    let shown: String = content_type.chars().take(64).collect();
    let detail = format!("the data is `{shown}`, and only JSON is taken");
    Err(Refusal::new(Code::InvalidEvent, detail).next("send JSON with datacontenttype application/json"))
}

fn required<'a>(draft: &'a Draft, name: &str, len_max: usize) -> Result<&'a str, Refusal> {
    let value = draft.attribute(name).filter(|v| !v.is_empty()).ok_or_else(|| missing(name))?;
    if value.len() > len_max {
        let detail = format!("`{name}` has {} bytes, over the limit of {len_max}", value.len());
        return Err(Refusal::new(Code::TooLarge, detail));
    }
    Ok(value)
}

/// The key: the declared place in the data, the subject, or both if they agree.
fn event_key(draft: &Draft, shape: &EventShape, row: &selfsame_record::Row) -> Result<Key, Refusal> {
    let subject = draft.attribute("subject");
    let declared = shape.key_of(row).transpose().map_err(|e| {
        let pointer = shape.key_pointer().unwrap_or_default();
        Refusal::new(Code::KeyMismatch, format!("the key at {pointer} cannot be used: {e}"))
    })?;
    match (declared, subject) {
        (Some(key), Some(subject)) if key.as_str() != subject => {
            let detail = format!("the subject is not `{key}`, which the data says is the key");
            Err(Refusal::new(Code::KeyMismatch, detail).next("leave the subject out, or make it the key"))
        }
        (Some(key), _) => Ok(key),
        (None, Some(subject)) => {
            Key::parse(subject).map_err(|e| Refusal::new(Code::KeyMismatch, e.to_string()))
        }
        (None, None) => Err(missing("subject")),
    }
}

fn occurred(time: &str) -> Result<i64, Refusal> {
    let parsed: Result<jiff::Timestamp, _> = time.parse();
    parsed.map(|t| t.as_microsecond()).map_err(|_| {
        let shown: String = time.chars().take(64).collect();
        Refusal::new(Code::NotCloudEvent, format!("`{shown}` is not an RFC 3339 time"))
            .next("send `time` such as 2026-01-31T12:00:00Z")
    })
}

/// Checks the principal that a transport names.
///
/// # Errors
///
/// If it is not a name.
pub fn principal(name: &str) -> Result<Principal, Refusal> {
    Principal::parse(name).map_err(|e| Refusal::new(Code::NoPrincipal, e.to_string()))
}
