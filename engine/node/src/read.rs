//! What readers are told: the answers of HTTP and NATS alike, as JSON text.
//!
//! # Invariants
//!
//! 1. Position, version and content of one answer are taken under one lock, so they belong together (P3).
//! 2. Rows are written into the answer as the projection gives them out and are not parsed again.
//!
//! Not here: how a request arrives and how an answer leaves (`http`, `nats`), what a row says
//! (`projections`).

mod answer;
mod autonomy;
mod body;
mod builds;
mod census;
mod compare;
mod diff;
mod event;
mod explain;
mod jobs;
mod plan;
mod plans;
mod query;
mod rewind;
mod state;
mod versions;

use selfsame_core::{Code, Refusal, Serving, no_active_version};
use selfsame_projections::Generation;
use selfsame_record::{Position, VersionNo};
use serde_json::Value;

use crate::handle::Handle;
pub use crate::read::answer::{answer, moved};
pub use crate::read::autonomy::autonomy;
pub(crate) use crate::read::body::{Body, json_bytes, to_json};
pub use crate::read::builds::builds;
pub use crate::read::census::census;
pub use crate::read::compare::compare;
pub use crate::read::diff::diff;
pub use crate::read::event::event;
pub use crate::read::event::record_line;
pub use crate::read::explain::{Question, explain};
pub use crate::read::jobs::{dead, jobs, refused};
pub use crate::read::plan::plan;
pub use crate::read::plans::{evidence, plan_of, plans};
pub use crate::read::query::{PAGE_ROWS_DEFAULT, ViewQuery, query};
pub use crate::read::rewind::{WINDOW_RECORDS_MAX, rewind};
pub use crate::read::state::{health, state};
pub use crate::read::versions::{version, versions};

/// An answer, and what it was given at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Everything up to here is in the answer.
    pub position: Position,
    /// The version that the answer is of.
    pub version: Option<VersionNo>,
    /// The whole answer, a JSON object with `position` and `version` among its members.
    pub body: String,
}

impl Served {
    /// Adds a member whose value is JSON text.
    pub(crate) fn add(&mut self, name: &str, json: &str) {
        let rest = self.body.strip_suffix('}').map_or(0, str::len);
        self.body.truncate(rest);
        self.body.push_str(&format!(",\"{name}\":{json}}}"));
    }
}

/// A refusal, and what it was given at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The last record that was applied.
    pub position: Position,
    /// The version that answers.
    pub version: Option<VersionNo>,
    /// Why, and what to do about it.
    pub refusal: Refusal,
}

impl Refused {
    /// A refusal of something that was asked of this state.
    pub fn at(serving: &Serving, refusal: Refusal) -> Refused {
        Refused { position: serving.position(), version: serving.active(), refusal }
    }

    /// A refusal given now.
    pub fn now(handle: &Handle, refusal: Refusal) -> Refused {
        handle.read(|serving| Refused::at(serving, refusal))
    }

    /// The problem document. Its `position` and `version` are those of the answer, as in every answer;
    /// where the refusal itself is about a position or version, that one stands as `about_position` or
    /// `about_version`.
    pub fn to_json(&self) -> String {
        let mut problem = self.refusal.problem();
        if let Value::Object(members) = &mut problem {
            for (name, about) in [("position", "about_position"), ("version", "about_version")] {
                if let Some(value) = members.remove(name) {
                    members.insert(about.to_owned(), value);
                }
            }
            members.insert("position".to_owned(), self.position.get().into());
            members.insert("version".to_owned(), self.version.map(|v| v.to_string()).into());
        }
        problem.to_string()
    }
}

/// Which kind of projection a reader means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meant {
    Either,
    Cache,
    View,
}

/// The row with this key, in a cache or a view.
///
/// # Errors
///
/// If no version answers, it has no such projection, or no such row is there.
pub fn get(handle: &Handle, projection: &str, key: &str, read_as: Option<&str>) -> Result<Served, Refused> {
    row(handle, projection, key, read_as, Meant::Either)
}

/// The row with this key in a cache.
///
/// # Errors
///
/// As [`get`], and if it is not a cache.
pub fn get_cache(handle: &Handle, cache: &str, key: &str, read_as: Option<&str>) -> Result<Served, Refused> {
    row(handle, cache, key, read_as, Meant::Cache)
}

/// The row with this key in a view.
///
/// # Errors
///
/// As [`get`], and if it is not a view.
pub fn get_view(handle: &Handle, view: &str, key: &str, read_as: Option<&str>) -> Result<Served, Refused> {
    row(handle, view, key, read_as, Meant::View)
}

fn row(
    handle: &Handle,
    projection: &str,
    key: &str,
    read_as: Option<&str>,
    meant: Meant,
) -> Result<Served, Refused> {
    handle.read(|serving| {
        let found = answering(serving, read_as)
            .and_then(|generation| Ok((generation.version(), row_json(generation, projection, key, meant)?)));
        let (version, value) = found.map_err(|refusal| Refused::at(serving, refusal))?;
        let mut body = Body::new(serving.position(), Some(version));
        body.put("projection", projection).put("key", key).put_raw("value", &value);
        Ok(body.served())
    })
}

fn row_json(generation: &Generation, projection: &str, key: &str, meant: Meant) -> Result<String, Refusal> {
    let cache = generation.cache(projection).filter(|_| meant != Meant::View);
    let view = generation.view(projection).filter(|_| meant != Meant::Cache);
    let row = match (cache, view) {
        (Some(cache), _) => cache.get(key).map(|row| row.to_json()),
        (None, Some(view)) => view.get(key).map(|row| row.to_json()),
        (None, None) => return Err(unknown_projection(generation, projection)),
    };
    row.ok_or_else(|| {
        let detail = format!("`{projection}` has no row `{}`", shown(key));
        Refusal::new(Code::NotFound, detail)
            .next("if it was written a moment ago, ask with `at_least` and the position of that answer")
    })
}

/// The generation that answers, or the one that is asked for.
fn answering<'a>(serving: &'a Serving, read_as: Option<&str>) -> Result<&'a Generation, Refusal> {
    let Some(asked) = read_as else {
        return serving.active_generation().ok_or_else(no_active_version);
    };
    let admission = &serving.status().admission;
    let version = admission.find_version(asked)?;
    serving.generation(version).ok_or_else(|| {
        let mut refusal = admission.not_live(version);
        refusal.next = vec!["read as a live version, or leave `read_as` out for the active one".to_owned()];
        refusal
    })
}

pub(crate) fn unknown_projection(generation: &Generation, projection: &str) -> Refusal {
    let version = generation.version();
    let kind = [
        (generation.cache(projection).is_some(), "a cache: read it below /v1/cache"),
        (generation.view(projection).is_some(), "a view: read it below /v1/views"),
        (generation.queue(projection).is_some(), "a job queue: lease from it"),
    ];
    let found = kind.into_iter().find(|(is, _)| *is);
    let projection = shown(projection);
    let (detail, next) = match found {
        Some((_, what)) => {
            (format!("`{projection}` of {version} is not read this way"), format!("it is {what}"))
        }
        None => (
            format!("{version} has no projection `{projection}`"),
            format!("see its projections with `selfsame version show {version}`"),
        ),
    };
    Refusal::new(Code::UnknownProjection, detail).next(next).field("projection", projection)
}

/// A caller's word, bounded, to be shown back.
fn shown(word: &str) -> String {
    word.chars().take(80).collect()
}
