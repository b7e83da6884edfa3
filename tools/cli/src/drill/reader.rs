//! Readers: each asks for the state of users, in the ways that there are, and has every answer checked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use selfsame_sim::Random;
use serde_json::Value;

use super::checker::{At, Eye};
use super::family::Projection;
use super::findings::Fault;
use super::link::Link;
use super::run::{PAUSE, Run, is_away, rest};
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::out::member;

/// The rows of a page.
const PAGE_ROWS: u64 = 20;
/// The longest pause between two reads, in milliseconds.
const REST_MS: u64 = 6;

/// How a reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Objects of the cache over HTTP.
    Cache,
    /// Rows of the view over HTTP.
    View,
    /// Pages of the view by its index.
    Pages,
    /// Objects and rows over NATS, if there is a server.
    Nats,
    /// Objects as a version other than the active one.
    Pinned,
}

impl Way {
    pub(super) const ALL: [Way; 5] = [Way::Cache, Way::View, Way::Pages, Way::Nats, Way::Pinned];
}

/// Somebody who reads.
pub(super) struct Reader {
    run: Arc<Run>,
    name: String,
    way: Way,
    link: Link,
    client: Client,
    random: Random,
    eye: Eye,
}

impl Reader {
    pub(super) fn new(run: &Arc<Run>, way: Way) -> Outcome<Reader> {
        let name = format!("reader-{way:?}").to_lowercase();
        let link = Link::new(run, &name, way == Way::Nats)?;
        let (client, random) = (run.client(&name)?, run.random(&name));
        Ok(Reader { run: Arc::clone(run), name, way, link, client, random, eye: Eye::default() })
    }

    /// Reads until it is told to end.
    pub(super) async fn work(mut self) {
        while !self.run.ends.readers.load(Ordering::Relaxed) {
            match self.way {
                Way::Pages => self.read_page().await,
                _ => self.read_row().await,
            }
            rest(&mut self.random, REST_MS).await;
        }
    }

    async fn read_row(&mut self) {
        let Some((user, last)) = self.run.book.some_user(&mut self.random) else { return };
        // Every other read asks for what is known to be there; the other ones must show it just the same.
        let at_least = if self.random.below(2) == 0 { last } else { 0 };
        let pinned = match self.way {
            Way::Pinned => {
                let other = self.run.live.other(&mut self.random);
                other.filter(|version| self.run.family.shape(*version).is_some())
            }
            _ => None,
        };
        let projection = match self.way {
            Way::View => Projection::Activity,
            Way::Nats if self.random.below(2) == 0 => Projection::Activity,
            _ => Projection::Profile,
        };
        let kind = if projection == Projection::Activity { "views" } else { "cache" };
        let sent = Instant::now();
        let answer = self.link.row(kind, projection.name(), &user, at_least, pinned).await;
        match answer {
            Ok(answer) => {
                if let Some(at) = self.take(&answer, at_least, pinned, sent) {
                    self.run.checker.row(at, projection, &user, member(&answer, "value"));
                }
            }
            Err(Failure::Refused(problem)) if is_missing(&problem) => {
                // A refusal names the active version, whatever was asked for.
                if let Some(at) = self.take(&problem, at_least, None, sent) {
                    self.run.checker.missing(at, projection, &user);
                }
            }
            Err(failure) => self.failed(failure).await,
        }
    }

    async fn read_page(&mut self) {
        let least = self.run.book.users().min(PAGE_ROWS);
        let query = [("by", "events"), ("order", "desc"), ("limit", "20")];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sent = Instant::now();
        match self.client.get("views/activity", &query).await {
            Ok(answer) => {
                let answer = answer.json;
                let Some(at) = self.take(&answer, 0, None, sent) else { return };
                let rows = member(&answer, "rows").as_array().map(Vec::as_slice).unwrap_or_default();
                self.run.checker.page(at, rows.len() as u64, least);
                for row in rows {
                    let user = member(row, "key").as_str().unwrap_or_default();
                    self.run.checker.row(at, Projection::Activity, user, member(row, "value"));
                }
            }
            Err(failure) => self.failed(failure).await,
        }
    }

    fn take(&mut self, answer: &Value, at_least: u64, pinned: Option<u64>, sent: Instant) -> Option<At> {
        self.run.waits.reading.note(sent);
        self.run.checker.answer(&mut self.eye, answer, at_least, pinned)
    }

    async fn failed(&mut self, failure: Failure) {
        match (failure.code().as_str(), &failure) {
            _ if is_away(&failure) => tokio::time::sleep(PAUSE).await,
            // The version was dropped meanwhile; only a pinned reader may be told so.
            ("version-not-live" | "not-built", Failure::Refused(problem)) if self.way == Way::Pinned => {
                self.run.live.listed(problem);
            }
            ("no-active-version" | "unknown-projection" | "version-not-live" | "behind", _) => {
                self.run.find(Fault::EmptyRead, &self.name, &failure);
            }
            _ => self.run.find(Fault::Failed, &self.name, &failure),
        }
    }
}

fn is_missing(problem: &Value) -> bool {
    member(problem, "type").as_str() == Some("urn:selfsame:error:not-found")
}
