//! Who asks for a feed, and where it begins.

use selfsame_core::{Code, Refusal, Serving, Switch, no_active_version};
use selfsame_record::{Name, Position, Principal};

use crate::clock;
use crate::feed::RESUME_RECORDS_MAX;
use crate::feed::hub::switches_since;
use crate::feed::subscription::{Feed, Start};
use crate::handle::Handle;
use crate::read::{Refused, unknown_projection};

/// What a subscriber asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The cache or view; none for switches alone.
    pub(crate) projection: Option<String>,
    /// The position that the subscriber has everything up to.
    pub(crate) from: Option<Position>,
    /// Whether to send all rows after a switch (`true`), and not even in the beginning (`false`).
    pub(crate) snapshot: Option<bool>,
}

impl Handle {
    /// Opens a feed.
    ///
    /// # Errors
    ///
    /// If no version answers, it has no such cache or view, the log is not at `from` yet or too far beyond
    /// it, or there are too many feeds.
    pub(crate) fn subscribe(&self, reader: Option<&Principal>, asked: &Asked) -> Result<Feed, Refused> {
        if let Some(projection) = &asked.projection {
            self.may_read(reader, projection).map_err(|refusal| Refused::now(self, refusal))?;
        }
        let hub = &self.shared.feeds;
        let permit = hub.permit().map_err(|refusal| Refused::now(self, refusal))?;
        let mut serving = self.shared.serving.write();
        let checked = check(&serving, asked).map_err(|refusal| Refused::at(&serving, refusal));
        let (projection, switches) = checked?;
        let cursor = hub.join(&mut serving, projection.as_ref());
        let (position, version) = (serving.position(), serving.active());
        let anew = asked.from.is_some_and(|from| rows_changed(&serving, from));
        drop(serving);
        if let Some(version) = version {
            self.shared.readers.count(reader, version, clock::now());
        }
        let Asked { from, snapshot, .. } = *asked;
        let start = Start { position, version, switches, anew, from, snapshot };
        Ok(Feed::new(self.clone(), permit, cursor, projection, start))
    }
}

/// The projection that is meant, and the switches since `from`.
fn check(serving: &Serving, asked: &Asked) -> Result<(Option<Name>, Vec<Switch>), Refusal> {
    let projection = asked.projection.as_deref().map(|name| projection(serving, name)).transpose()?;
    if projection.is_none() && asked.snapshot == Some(true) {
        return Err(Refusal::new(Code::BadRequest, "a feed of switches has no rows to begin with")
            .next("leave `snapshot` out, or name a projection"));
    }
    let head = serving.position();
    let Some(from) = asked.from else { return Ok((projection, vec![])) };
    if from > head {
        let detail = format!("the log is at {head}, and {from} was said to be there: it is of another log");
        return Err(Refusal::new(Code::FeedAhead, detail)
            .next("forget what the other log said, and subscribe without `from`")
            .field("from", from.get())
            .field("head", head.get()));
    }
    let switches = switches_since(serving, from);
    let back = head.records_since(from);
    let reads_log = projection.is_some() && switches.is_empty() && !rows_changed(serving, from);
    if reads_log && back > RESUME_RECORDS_MAX {
        let detail = format!("{from} is {back} records back, over the limit of {RESUME_RECORDS_MAX}");
        return Err(Refusal::new(Code::FeedTooFar, detail)
            .next("subscribe without `from`: all rows come first")
            .field("from", from.get())
            .field("head", head.get()));
    }
    Ok((projection, switches))
}

/// Whether what a subscriber has up to a position may differ from the rows in more than the log says since.
fn rows_changed(serving: &Serving, from: Position) -> bool {
    serving.status().lifecycle.active_since() > from
}

fn projection(serving: &Serving, name: &str) -> Result<Name, Refusal> {
    let generation = serving.active_generation().ok_or_else(no_active_version)?;
    let found = generation.plan().projection(name).filter(|_| generation.rows(name).is_some());
    found.map(|plan| plan.name().clone()).ok_or_else(|| unknown_projection(generation, name))
}
