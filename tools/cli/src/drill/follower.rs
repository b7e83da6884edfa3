//! Followers of the change feed: each keeps a copy of a projection, checks every message, leaves now and then
//! and resumes, over kills and switches. In the end the copy must be the projection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reqwest::Method;
use selfsame_sim::Random;
use serde_json::Value;

use super::checker::{At, Eye};
use super::family::Projection;
use super::findings::Fault;
use super::run::{PAUSE, Run, count, is_away};
use crate::client::Client;
use crate::failure::Outcome;
use crate::out::member;

/// How long a follower stays at most before it leaves and resumes, in milliseconds.
const STAY_MS: u64 = 15_000;
/// How long the last messages may take.
const END_MAX: Duration = Duration::from_secs(30);

/// Somebody who keeps a copy.
pub(super) struct Follower {
    run: Arc<Run>,
    name: String,
    projection: Projection,
    client: Client,
    random: Random,
    copy: Replica,
}

/// What the messages have told so far.
#[derive(Debug, Default)]
struct Replica {
    /// Each row's number of events.
    rows: BTreeMap<String, u64>,
    /// Everything up to here is in the copy.
    complete: Option<u64>,
    /// Of the present connection.
    eye: Eye,
}

impl Follower {
    pub(super) fn new(run: &Arc<Run>, projection: Projection) -> Outcome<Follower> {
        let name = format!("follower-{}", projection.name());
        let (client, random) = (run.client(&name)?, run.random(&name));
        Ok(Follower { run: Arc::clone(run), name, projection, client, random, copy: Replica::default() })
    }

    /// Follows until it is told to end, and the copy is complete.
    pub(super) async fn work(mut self) {
        let mut told = None;
        loop {
            if self.run.ends.readers.load(Ordering::Relaxed) {
                let told = *told.get_or_insert_with(Instant::now);
                if self.copy.complete >= Some(self.run.book.last()) || told.elapsed() > END_MAX {
                    break;
                }
            }
            self.follow().await;
        }
        self.copy.judge(&self.run, &self.name);
    }

    /// One connection, until it ends or the follower leaves.
    async fn follow(&mut self) {
        let stay = Duration::from_millis(500 + self.random.below(STAY_MS));
        let Follower { run, name, projection, client, copy, .. } = self;
        copy.eye = Eye::default();
        let mut query = vec![("snapshot", "true".to_owned())];
        query.extend(copy.complete.map(|from| ("from", from.to_string())));
        let request = client.request(Method::GET, &format!("feed/{}", projection.name())).query(&query);
        let mut on_message = |_: &str, message: Value| {
            copy.take(run, *projection, &message);
            Ok(())
        };
        let followed = tokio::select! {
            followed = client.messages(request, &mut on_message) => followed,
            () = tokio::time::sleep(stay) => Ok(()),
            () = told_to_end(run) => {
                tokio::time::sleep(PAUSE).await;
                Ok(())
            }
        };
        if let Err(failure) = followed {
            match failure.code().as_str() {
                "feed-too-far" => copy.complete = None,
                "feed-ahead" => {
                    run.find(Fault::BackwardsRead, name, &failure);
                    copy.complete = None;
                }
                _ if is_away(&failure) => {}
                _ => run.find(Fault::Failed, name, &failure),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn told_to_end(run: &Run) {
    while !run.ends.readers.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE).await;
    }
    // Time for the last messages.
    tokio::time::sleep(10 * PAUSE).await;
}

impl Replica {
    fn take(&mut self, run: &Run, projection: Projection, message: &Value) {
        count(&run.counts.feed_messages);
        let at_least = self.complete.unwrap_or_default();
        let Some(at) = run.checker.answer(&mut self.eye, message, at_least, None) else { return };
        match member(message, "message").as_str() {
            Some("reset") => self.rows.clear(),
            Some("row") => self.row(run, projection, at, message),
            // These complete nothing, whatever their position is.
            Some("lagged" | "ended") => return,
            _ => {}
        }
        if member(message, "more").is_null() {
            self.complete = Some(at.position);
        }
    }

    fn row(&mut self, run: &Run, projection: Projection, at: At, message: &Value) {
        let user = member(message, "key").as_str().unwrap_or_default();
        let row = member(message, "value");
        if member(message, "op").as_str() != Some("put") {
            let what = format!("the feed deletes `{user}` at #{}, and nobody did", at.position);
            return run.find(Fault::EmptyRead, "follower", what);
        }
        run.checker.row(at, projection, user, row);
        self.rows.insert(user.to_owned(), member(row, "n").as_u64().unwrap_or_default());
    }

    /// Holds the copy against everything that is acknowledged.
    fn judge(&self, run: &Run, name: &str) {
        let (last, complete) = (run.book.last(), self.complete);
        if complete < Some(last) {
            let what = format!("the feed is complete up to {complete:?}, events go on to #{last}");
            run.find(Fault::EmptyRead, name, what);
        }
        for (user, events) in run.book.totals() {
            let found = self.rows.get(&user).copied();
            if found != Some(events) {
                let what = format!("the copy has {found:?} events of `{user}`, not {events}");
                run.find(Fault::EmptyRead, name, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::family::Shape;
    use serde_json::json;

    /// A user with two events at #10 and #20, at v1; a copy that is complete up to #10.
    #[track_caller]
    fn check(messages: &[Value], expect: &[Fault]) {
        let run = Run::new(
            1,
            "http://127.0.0.1:1",
            None,
            Client::new("http://127.0.0.1:1", "x").expect("a client"),
        );
        run.family.registered(1, Shape::root());
        for position in [10, 20] {
            let id = run.book.send("u").to_string();
            run.book.ack("u", ("p".into(), id), position);
        }
        let mut copy = Replica { complete: Some(10), ..Replica::default() };
        for message in messages {
            copy.take(&run, Projection::Activity, message);
        }
        copy.judge(&run, "follower");
        let found: Vec<Fault> =
            Fault::ALL.into_iter().filter(|fault| run.findings.count(*fault) > 0).collect();
        assert_eq!(found, expect, "{:?}", run.findings.said());
    }

    fn row(position: u64, events: u64, stamp: &str) -> Value {
        let value = json!({ "stamp": stamp, "events": events, "n": events });
        json!({
            "position": position, "version": "v1", "message": "row", "key": "u", "op": "put", "value": value,
        })
    }

    #[test]
    fn a_copy_that_is_told_everything_is_right_and_forged_messages_are_counted() {
        use Fault::{BackwardsRead, EmptyRead, MixedRead, WrongRow};
        check(&[row(10, 1, "a0"), row(20, 2, "a0")], &[]);
        check(&[row(10, 1, "a0")], &[EmptyRead]);
        check(&[row(20, 1, "a0"), row(20, 2, "a0")], &[BackwardsRead]);
        check(&[row(10, 2, "a0"), row(20, 2, "a0")], &[WrongRow]);
        check(&[row(20, 2, "a7")], &[MixedRead]);
        check(&[row(9, 0, "a0"), row(20, 2, "a0")], &[BackwardsRead]);
        let gone = json!({ "position": 20, "version": "v1", "message": "row", "key": "u", "op": "delete" });
        check(&[row(20, 2, "a0"), gone], &[EmptyRead]);
        let reset = json!({ "position": 20, "version": "v1", "message": "reset" });
        check(&[row(20, 2, "a0"), reset.clone()], &[EmptyRead]);
        check(&[reset, row(20, 2, "a0")], &[]);
        let mut half = row(20, 2, "a0");
        half["more"] = true.into();
        check(&[half], &[EmptyRead]);
    }
}
