//! What is answered when something is not done: one shape for HTTP, NATS and the command line.
//!
//! A refusal has a code that programs act on, a sentence for people, and what to do next. The codes are
//! one table here; `docs/errors.md` explains each, and a test holds the two together.

use std::collections::BTreeMap;
use std::fmt;

use selfsame_record::VersionNo;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Whether the same request may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// Not without a change to the request or to what it is about.
    Never,
    /// The same request may succeed after a while.
    Later,
}

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $retry:ident $title:literal;)*) => {
        /// What kind of refusal it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as it stands in answers, such as `unknown-type`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// Whether trying again can help.
            pub fn retry(self) -> Retry {
                match self { $(Code::$variant => Retry::$retry,)* }
            }

            /// The kind in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

codes! {
    NotCloudEvent "not-a-cloud-event" 400 Never "the message is not a CloudEvent";
    BadRequest "bad-request" 400 Never "the request is not understood";
    TooLarge "too-large" 413 Never "the event or request is over a size limit";
    ProtectedType "protected-type" 403 Never "the event type belongs to the system";
    WrongPrincipal "wrong-principal" 403 Never "the subject and the event name different senders or types";
    NotAllowed "not-allowed" 403 Never "the boundary does not allow it";
    NoBoundary "no-boundary" 503 Later "the boundary in force is not loaded";
    StaleBoundary "stale-boundary" 409 Never "the boundary is older than one that was in force";
    RateLimited "rate-limited" 429 Later "the principal sends more than the boundary lets it";
    SignatureNeeded "signature-needed" 403 Never "the order needs an operator's signature";
    BadSignature "bad-signature" 403 Never "the signature is not the principal's over this command";
    CommandExpired "command-expired" 410 Never "the signed command has expired";
    NonceUsed "nonce-used" 409 Never "the signed command was taken before";
    WrongTarget "wrong-target" 409 Never "the signed command was made for another state of affairs";
    NoPrincipal "no-principal" 401 Never "the request does not say who acts";
    NoActiveVersion "no-active-version" 409 Later "no schema version is active";
    UnknownVersion "unknown-version" 404 Never "no such schema version";
    VersionNotLive "version-not-live" 409 Never "the schema version is not live";
    UnknownType "unknown-type" 422 Never "the schema version has no such event type";
    InvalidEvent "invalid-event" 422 Never "the event does not fit its schema";
    KeyMismatch "key-mismatch" 422 Never "the event's subject and key do not agree";
    IdReused "id-reused" 409 Never "the event id was used for another content";
    InvalidDocument "invalid-document" 422 Never "the schema version cannot be registered";
    RegistryChanged "registry-changed" 409 Later "other versions were registered meanwhile";
    TooManyVersions "too-many-versions" 429 Never "a limit on schema versions is reached";
    NotBuilt "not-built" 409 Later "the version has no generation to serve from";
    NotBuilding "not-building" 409 Never "the version is not being built";
    AlreadyBuilding "already-building" 409 Later "the version is being built";
    ActiveChanged "active-changed" 409 Never "another version is active than was expected";
    AlreadyActive "already-active" 409 Never "the version is active already";
    NeverActive "never-active" 409 Never "the version was never active";
    Frozen "frozen" 409 Later "an operator has frozen all changes";
    BelowFloor "below-floor" 409 Never "the version is below the floor";
    Sealed "sealed" 409 Never "the version is sealed by an operator";
    Retired "retired" 409 Never "the version is retired for good";
    UnknownPlan "unknown-plan" 404 Never "no such plan";
    PlanExpired "plan-expired" 410 Never "the plan has expired";
    TooManyPlans "too-many-plans" 429 Later "the limit on open plans is reached";
    NoEvidence "no-evidence" 409 Never "the cutover names no evidence";
    UnknownEvidence "unknown-evidence" 404 Never "no such evidence";
    StaleEvidence "stale-evidence" 409 Never "the evidence is of another state of affairs";
    FailedEvidence "failed-evidence" 409 Never "the evidence speaks against the cutover";
    ApprovalNeeded "approval-needed" 409 Later "an operator has to agree to the plan";
    RebaseConflict "rebase-conflict" 409 Never "both versions changed the same thing";
    TooManyQuarantines "too-many-quarantines" 429 Never "the limit on quarantines is reached";
    OverQuota "over-quota" 429 Later "what may be done in an hour is used up";
    BreakerOpen "breaker-open" 409 Later "the agent may only propose";
    OnProbation "on-probation" 409 Later "another version is on probation";
    InUse "in-use" 409 Never "the version serves and cannot be dropped";
    UnknownProjection "unknown-projection" 404 Never "the active version has no such projection";
    NotFound "not-found" 404 Never "nothing is there";
    BadQuery "bad-query" 400 Never "the query does not fit the view";
    PageExpired "page-expired" 410 Never "the page belongs to another version";
    LeaseFenced "lease-fenced" 409 Never "the lease ended when the version switched";
    LeaseLost "lease-lost" 409 Never "the job is not held under this lease";
    FeedAhead "feed-ahead" 409 Never "the feed was said to be at a position that is not there";
    FeedTooFar "feed-too-far" 410 Never "the feed cannot go on from so far back";
    Behind "behind" 504 Later "the asked position is not there yet";
    Overloaded "overloaded" 503 Later "more is waiting than the engine takes";
    ReadOnly "read-only" 503 Later "the log takes no more records";
    UnreadableLog "unreadable-log" 500 Never "the log cannot be read";
    NoRoute "no-route" 404 Never "there is no such route";
    Stopping "stopping" 503 Later "the engine is stopping";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why something was not done, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub code: Code,
    /// This case, in a sentence.
    pub detail: String,
    /// What can be done, most useful first.
    pub next: Vec<String>,
    /// The figures of the sentence, for programs.
    pub fields: BTreeMap<&'static str, Value>,
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Refusal {
        Refusal { code, detail: detail.into(), next: Vec::new(), fields: BTreeMap::new() }
    }

    /// The same with something to do.
    #[must_use]
    pub fn next(mut self, what: impl Into<String>) -> Refusal {
        self.next.push(what.into());
        self
    }

    /// The same with a figure.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: impl Into<Value>) -> Refusal {
        self.fields.insert(name, value.into());
        self
    }

    /// The same with the versions that are live, for one who named another version.
    #[must_use]
    pub fn listing(mut self, live: &[VersionNo]) -> Refusal {
        let live: Vec<String> = live.iter().map(ToString::to_string).collect();
        let listed = if live.is_empty() { "none".to_owned() } else { live.join(", ") };
        self.detail = format!("{}; live versions: {listed}", self.detail);
        self.field("live", live)
    }

    /// The refusal as a problem document (RFC 9457).
    pub fn problem(&self) -> Value {
        let mut problem = serde_json::Map::new();
        problem.insert("type".into(), format!("urn:selfsame:error:{}", self.code).into());
        problem.insert("title".into(), self.code.title().into());
        problem.insert("status".into(), self.code.status().into());
        problem.insert("detail".into(), self.detail.clone().into());
        let retry = match self.code.retry() {
            Retry::Never => "never",
            Retry::Later => "later",
        };
        problem.insert("retry".into(), retry.into());
        problem.insert("next".into(), self.next.clone().into());
        for (name, value) in &self.fields {
            problem.insert((*name).to_owned(), value.clone());
        }
        Value::Object(problem)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.detail)?;
        self.next.iter().try_for_each(|next| write!(f, "\n  help: {next}"))
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_statuses_are_those_of_refusals() {
        let codes: std::collections::BTreeSet<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| (400..600).contains(&c.status())));
    }

    #[test]
    fn a_refusal_reads_like_a_sentence_with_something_to_do() {
        let refusal = Refusal::new(Code::UnknownVersion, "there is no v9")
            .next("list the versions with `selfsame version list`")
            .field("version", "v9");
        let text =
            "error[unknown-version]: there is no v9\n  help: list the versions with `selfsame version list`";
        assert_eq!(refusal.to_string(), text);
        let problem = refusal.problem();
        assert_eq!(problem["type"], "urn:selfsame:error:unknown-version");
        assert_eq!(problem["version"], "v9");
        assert_eq!(problem["status"], 404);
    }
}
