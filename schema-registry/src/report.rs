//! What becomes of event types between two versions, as a report that a program can act on.
//!
//! Beside what is proven about every document stands what a registry would call the change
//! ([`Label`](crate::Label)): the label is a known rule, the verdict is what this engine decides by.

use selfsame_record::{EventType, Position, VersionNo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compat::{Label, SchemaChange};
use crate::version::Version;

/// What becomes of every event type between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version that is read.
    pub from: VersionNo,
    /// The version that reads.
    pub to: VersionNo,
    /// The worst of the types' verdicts.
    pub verdict: Verdict,
    /// The worst of the types' classes.
    pub class: Class,
    /// Whether every event that `to` can write can be read by `from`.
    pub rollback_safe: bool,
    /// What schema registries call the change, over all types.
    pub labels: Labels,
    /// By the type's name in `to`; types that are only in `from` by their name there.
    pub types: Vec<TypeReport>,
}

impl Report {
    /// What a version without a parent brings: every type anew.
    pub fn of_first(version: &Version) -> Report {
        let types: Vec<TypeReport> =
            version.events().map(|(name, _)| TypeReport::alone(name, Verdict::New)).collect();
        Report {
            from: version.no(),
            to: version.no(),
            verdict: Verdict::New,
            class: Class::Additive,
            rollback_safe: true,
            labels: Labels::IDENTICAL,
            types,
        }
    }

    /// The same without the types that mean the same in both versions.
    #[must_use]
    pub fn changed(&self) -> Report {
        let mut report = self.clone();
        report.types.retain(|t| t.verdict != Verdict::Identical);
        report
    }
}

/// What becomes of one event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeReport {
    /// The event type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// What `from` calls it, if that is another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<EventType>,
    /// What holds in both directions together.
    pub verdict: Verdict,
    /// The class of the change.
    pub class: Class,
    /// From the older shape to the newer one.
    pub up: Direction,
    /// From the newer shape to the older one.
    pub down: Direction,
    /// The operations in the direction of the change, as short texts.
    pub ops: Vec<String>,
    /// What schema registries call the change.
    pub labels: Labels,
    /// Every change between the two schemas, by the names that registries use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<SchemaChange>,
}

/// What holds of an event type in both directions together, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The schemas mean the same.
    Identical,
    /// Each side reads the other's documents as they are.
    WireFull,
    /// The type is only in the newer version.
    New,
    /// The type is only in the older version.
    Retired,
    /// A lens leads both ways and nothing is lost on either.
    LensExact,
    /// A lens leads both ways; what a converted document lacks is kept in the log.
    LensResidue,
    /// A lens leads both ways, but some field has no place to be kept.
    LensLossy,
    /// The newer side reads the older one's documents as they are, but not the other way round.
    WireBackward,
    /// Nothing fails that was tried, and nothing is proven.
    Undecided,
    /// There is a way up and none down.
    OneWay,
    /// The older side reads the newer one's documents as they are, but not the other way round.
    WireForward,
    /// Some document of the older side cannot be read by the newer one.
    Rejected,
}

/// What has to be thought of before a change goes live, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Only new event types and new fields.
    Additive,
    /// Both sides read each other, and nothing is lost.
    Compatible,
    /// Both sides read each other, and something is lost on the way.
    Lossy,
    /// One side cannot read everything that the other writes, or that is not proven.
    Breaking,
}

/// What one direction does to the documents of the side that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Direction {
    /// Every document arrives, and nothing is lost.
    Exact,
    /// Every document arrives; these fields are not in it, but in the log.
    Residue {
        /// JSON Pointers; a star stands for every element.
        fields: Vec<String>,
    },
    /// Every document arrives; what these fields said cannot be told from it.
    Lossy {
        /// JSON Pointers; a star stands for every element.
        fields: Vec<String>,
    },
    /// Nothing that was tried fails, but it is not proven.
    Undecided {
        /// The places that could not be decided, with the reason.
        places: Vec<String>,
    },
    /// Some document does not arrive.
    Fails(Box<Witness>),
    /// There is no such way: the type is not on the other side.
    None,
}

/// A document that is valid on the side that it comes from and cannot be read on the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The document.
    pub document: Value,
    /// JSON Pointer to what is wrong with it, on the side that cannot read it.
    pub pointer: String,
    /// What is wrong there.
    pub reason: String,
    /// Where it stands in the log; none if it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

/// The words of schema registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Labels {
    /// By the strict policy.
    pub strict: Label,
    /// By the lenient policy, under which properties come and go.
    pub lenient: Label,
}

impl TypeReport {
    /// A type that is in one of the two versions only.
    pub(crate) fn alone(event_type: &EventType, verdict: Verdict) -> TypeReport {
        TypeReport {
            event_type: event_type.clone(),
            was: None,
            verdict,
            class: verdict.class(false),
            up: Direction::None,
            down: Direction::None,
            ops: Vec::new(),
            labels: Labels::IDENTICAL,
            changes: Vec::new(),
        }
    }
}

impl Labels {
    /// Nothing changed.
    pub const IDENTICAL: Labels = Labels { strict: Label::Identical, lenient: Label::Identical };

    /// The schemas are too large or too entangled to be compared by the rules.
    pub const UNKNOWN: Labels = Labels { strict: Label::Breaking, lenient: Label::Breaking };

    /// What holds of both together.
    #[must_use]
    pub fn and(self, other: Labels) -> Labels {
        Labels { strict: self.strict.and(other.strict), lenient: self.lenient.and(other.lenient) }
    }
}

impl Direction {
    /// Whether every document is known to arrive.
    pub fn is_total(&self) -> bool {
        matches!(self, Direction::Exact | Direction::Residue { .. } | Direction::Lossy { .. })
    }

    /// A short text: `exact`, `lossy (/a, /b)`.
    pub fn words(&self) -> String {
        let with = |word: &str, list: &[String]| format!("{word} ({})", list.join(", "));
        match self {
            Direction::Exact => "exact".to_owned(),
            Direction::Residue { fields } => with("residue", fields),
            Direction::Lossy { fields } => with("lossy", fields),
            Direction::Undecided { .. } => "undecided".to_owned(),
            Direction::Fails(_) => "fails".to_owned(),
            Direction::None => "none".to_owned(),
        }
    }
}

impl Verdict {
    /// The verdict of a type that is in both versions.
    pub(crate) fn of(up: &Direction, down: &Direction, has_lens: bool) -> Verdict {
        use Direction::{Exact, Fails, Lossy};
        match (up, down) {
            (Fails(_), _) if !has_lens && down.is_total() => Verdict::WireForward,
            (Fails(_), _) => Verdict::Rejected,
            (up, down) if up.is_total() && down.is_total() => match (up, down) {
                _ if !has_lens => Verdict::WireFull,
                (Exact, Exact) => Verdict::LensExact,
                (Lossy { .. }, _) | (_, Lossy { .. }) => Verdict::LensLossy,
                _ => Verdict::LensResidue,
            },
            (up, Fails(_)) if up.is_total() && !has_lens => Verdict::WireBackward,
            (_, Fails(_)) => Verdict::OneWay,
            _ => Verdict::Undecided,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::WireFull => "wire-full",
            Verdict::New => "new",
            Verdict::Retired => "retired",
            Verdict::LensExact => "lens-exact",
            Verdict::LensResidue => "lens-residue",
            Verdict::LensLossy => "lens-lossy",
            Verdict::WireBackward => "wire-backward",
            Verdict::Undecided => "undecided",
            Verdict::OneWay => "one-way",
            Verdict::WireForward => "wire-forward",
            Verdict::Rejected => "rejected",
        }
    }

    /// The class that follows from it; `adds_only` if every operation adds a field.
    pub(crate) fn class(self, adds_only: bool) -> Class {
        match self {
            Verdict::New => Class::Additive,
            Verdict::LensResidue | Verdict::LensExact if adds_only => Class::Additive,
            Verdict::Identical
            | Verdict::WireFull
            | Verdict::Retired
            | Verdict::LensExact
            | Verdict::LensResidue => Class::Compatible,
            Verdict::LensLossy => Class::Lossy,
            Verdict::WireBackward
            | Verdict::Undecided
            | Verdict::OneWay
            | Verdict::WireForward
            | Verdict::Rejected => Class::Breaking,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Class {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Additive => "additive",
            Class::Compatible => "compatible",
            Class::Lossy => "lossy",
            Class::Breaking => "breaking",
        }
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
