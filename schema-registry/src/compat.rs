//! The compatibility labels that people know from schema registries, over two JSON Schemas.
//!
//! [`compare`] walks two schemas in step, names what changed, and says of each change whether the new
//! schema reads old data (backward) and whether the old schema reads new data (forward). From these comes
//! a label under each of two policies.
//!
//! A label is a rule and not a proof. The rule does not look at `required` for names outside `properties`,
//! at the value schemas of `patternProperties`, at `propertyNames`, `contains`, `if`, `then` and `else`; it
//! takes a default for a value although a validator does not; and it calls a branch added to a `oneOf`
//! compatible although the branches may overlap. Documents exist that a compatible label promises to be
//! valid and that are not. Whoever must be sure asks [`crate::inclusion`] as well.
//!
//! Pure: the same schemas give the same comparison. References lead within their document only, and how
//! large, nested and entangled schemas may be is limited.

mod array;
mod bound;
pub(crate) mod canonical;
mod combined;
mod kind;
mod matching;
mod object;
mod scalar;
pub(crate) mod source;
mod walk;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

pub use kind::ChangeKind;

use kind::Policy;
use source::Source;
use walk::{Verdict, Walk};

/// Values (of any kind, at any depth) in one schema.
pub const SCHEMA_VALUES_MAX: usize = 200_000;
/// Objects and arrays within each other in one schema.
pub const SCHEMA_NESTING_MAX: usize = 128;
/// References that lead to references, one after the other.
pub const REFERENCE_HOPS_MAX: usize = 64;
/// Pairs of schemas within each other during a comparison.
pub const COMPARE_DEPTH_MAX: usize = 96;
/// Pairs of schemas that are looked at for one label.
pub const COMPARE_STEPS_MAX: usize = 500_000;
/// Branches of one `allOf`, `anyOf` or `oneOf`.
pub const BRANCHES_MAX: usize = 1024;

/// How two schemas differ, and what the rules say to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What changed, with the flags of the strict policy, ordered by place.
    pub changes: Vec<SchemaChange>,
    /// The label if only what the rule table calls compatible counts as such.
    pub strict: Label,
    /// The label if properties may come and go.
    pub lenient: Label,
}

/// One change from the old schema to the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemaChange {
    /// JSON Pointer into the new schema, or into the old one for what is not in the new one any more.
    pub pointer: String,
    /// What changed.
    pub kind: ChangeKind,
    /// Whether the rule says that the new schema reads old data.
    pub backward: bool,
    /// Whether the rule says that the old schema reads new data.
    pub forward: bool,
}

/// What a policy says to all changes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Nothing changed but the order of sets and annotations that nobody acts on.
    Identical,
    /// Each schema reads the other's data.
    Full,
    /// The new schema reads old data.
    Backward,
    /// The old schema reads new data.
    Forward,
    /// Neither.
    Breaking,
}

impl Label {
    /// Whether the new schema reads old data, as the rule sees it.
    pub fn is_backward(self) -> bool {
        matches!(self, Label::Identical | Label::Full | Label::Backward)
    }

    /// Whether the old schema reads new data, as the rule sees it.
    pub fn is_forward(self) -> bool {
        matches!(self, Label::Identical | Label::Full | Label::Forward)
    }

    /// What holds of two changes together.
    #[must_use]
    pub fn and(self, other: Label) -> Label {
        if (self, other) == (Label::Identical, Label::Identical) {
            return Label::Identical;
        }
        let backward = self.is_backward() && other.is_backward();
        Label::of(Verdict { backward, forward: self.is_forward() && other.is_forward() })
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Label::Identical => "identical",
            Label::Full => "full",
            Label::Backward => "backward",
            Label::Forward => "forward",
            Label::Breaking => "breaking",
        }
    }

    fn of(verdict: Verdict) -> Label {
        match (verdict.backward, verdict.forward) {
            (true, true) => Label::Full,
            (true, false) => Label::Backward,
            (false, true) => Label::Forward,
            (false, false) => Label::Breaking,
        }
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Which of the two schemas is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The one that is replaced.
    Old,
    /// The one that replaces it.
    New,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Side::Old { "old" } else { "new" })
    }
}

/// Why two schemas cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompatError {
    /// A schema is an object or a boolean.
    #[error("the {0} schema is neither an object nor a boolean")]
    NotASchema(Side),
    /// References lead within their document only.
    #[error("`{reference}` at `{pointer}` leads out of the document: bundle what it refers to under `$defs`")]
    RemoteReference {
        /// The reference as written.
        reference: String,
        /// Where it stands.
        pointer: String,
    },
    /// The place that a reference names does not exist.
    #[error("`{reference}` at `{pointer}` leads nowhere: the document has no such place")]
    NoSuchReference {
        /// The reference as written.
        reference: String,
        /// Where it stands.
        pointer: String,
    },
    /// References only lead to references.
    #[error("the references at `{pointer}` lead to references more than {hops_max} times: break the circle")]
    CircularReference {
        /// Where the last of them stands.
        pointer: String,
        /// The limit.
        hops_max: usize,
    },
    /// A schema has too many values.
    #[error("a schema has more than {values_max} values: compare parts of it")]
    TooLarge {
        /// The limit.
        values_max: usize,
    },
    /// A schema is nested too deeply.
    #[error("at `{pointer}` lie more than {nesting_max} objects and arrays within each other: flatten it")]
    TooNested {
        /// Where the limit is passed.
        pointer: String,
        /// The limit.
        nesting_max: usize,
    },
    /// Too many pairs of schemas lie within each other.
    #[error("at `{pointer}` lie more than {depth_max} pairs of schemas within each other: compare parts")]
    TooDeep {
        /// Where the limit is passed.
        pointer: String,
        /// The limit.
        depth_max: usize,
    },
    /// The comparison takes too long.
    #[error("more than {steps_max} pairs of schemas would have to be compared: compare parts")]
    TooManySteps {
        /// The limit.
        steps_max: usize,
    },
    /// A list has too many branches.
    #[error("`{pointer}` has {branches} branches, over the limit of {branches_max}: compare them apart")]
    TooManyBranches {
        /// Where the list stands.
        pointer: String,
        /// How many it has.
        branches: usize,
        /// The limit.
        branches_max: usize,
    },
}

/// Compares two JSON Schemas by the rule table of the labels.
///
/// # Errors
///
/// If one of them is no schema, refers to another document or to nothing, or passes one of the limits.
pub fn compare(old: &Value, new: &Value) -> Result<Comparison, CompatError> {
    for (side, schema) in [(Side::Old, old), (Side::New, new)] {
        if !schema.is_object() && !schema.is_boolean() {
            return Err(CompatError::NotASchema(side));
        }
    }
    let (old_source, new_source) = (Source::new(old)?, Source::new(new)?);
    let (strict, changes) = Walk::new(&old_source, &new_source, Policy::Strict).run()?;
    if changes.is_empty() && canonical::same(old, new) {
        return Ok(Comparison { changes, strict: Label::Identical, lenient: Label::Identical });
    }
    let (lenient, _) = Walk::new(&old_source, &new_source, Policy::Lenient).run()?;
    Ok(Comparison { changes, strict: Label::of(strict), lenient: Label::of(lenient) })
}
