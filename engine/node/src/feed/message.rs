//! The messages of a feed as JSON text, made once for all who get them.

use std::sync::Arc;

use selfsame_core::Switch;
use selfsame_record::{Position, VersionNo};

use crate::read::Body;

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// What it is, such as `row`.
    pub(crate) name: &'static str,
    /// Where it stands.
    pub(crate) position: Position,
    /// Whether everything up to its position has been said with it.
    pub(crate) completes: bool,
    /// All of it.
    pub(crate) json: Arc<str>,
}

/// Whether other messages belong to this one, so that nobody resumes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    /// It is the last.
    No,
    /// Others follow.
    Yes,
}

/// Why a feed ended that nobody was too slow for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The version that answers now has no such projection.
    ProjectionGone,
    /// The engine or its server ends.
    Stopping,
    /// The log cannot be read.
    UnreadableLog,
    /// The transport takes nothing as large as a row.
    RowTooLarge,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Ended::ProjectionGone => "projection-gone",
            Ended::Stopping => "stopping",
            Ended::UnreadableLog => "unreadable-log",
            Ended::RowTooLarge => "row-too-large",
        }
    }
}

impl Message {
    fn new(
        name: &'static str,
        position: Position,
        version: Option<VersionNo>,
        more: More,
        write: impl FnOnce(&mut Body),
    ) -> Message {
        let mut body = Body::new(position, version);
        body.put("message", name);
        write(&mut body);
        if more == More::Yes {
            body.put("more", &true);
        }
        let json = body.served().body.into();
        Message { name, position, completes: more == More::No, json }
    }

    /// A row as of a position; without a value, it is gone.
    pub(crate) fn row(
        position: Position,
        version: VersionNo,
        (projection, key): (&str, &str),
        value: Option<&str>,
        more: More,
    ) -> Message {
        Message::new("row", position, Some(version), more, |body| {
            body.put("projection", projection).put("key", key);
            match value {
                Some(value) => body.put("op", "put").put_raw("value", value),
                None => body.put("op", "delete"),
            };
        })
    }

    /// Another version answers.
    pub(crate) fn switch(switch: &Switch, more: More) -> Message {
        Message::new("switch", switch.at, Some(switch.to), more, |body| {
            body.put("from", &switch.from).put("kind", if switch.rewind { "rewind" } else { "cutover" });
        })
    }

    /// All rows follow.
    pub(crate) fn reset(position: Position, version: VersionNo, projection: &str) -> Message {
        Message::new("reset", position, Some(version), More::Yes, |body| {
            body.put("projection", projection);
        })
    }

    /// Everything up to the position has been said.
    pub(crate) fn caught_up(position: Position, version: Option<VersionNo>) -> Message {
        Message::new("caught-up", position, version, More::No, |_| {})
    }

    /// Nothing has happened up to the position.
    pub(crate) fn alive(position: Position, version: Option<VersionNo>) -> Message {
        Message::new("alive", position, version, More::No, |_| {})
    }

    /// The subscriber was too slow.
    pub(crate) fn lagged(at: Position, version: Option<VersionNo>, resume: Option<Position>) -> Message {
        Message::new("lagged", at, version, More::Yes, |body| {
            body.put("resume_from", &resume);
        })
    }

    /// Nothing more will come.
    pub(crate) fn ended(
        at: Position,
        version: Option<VersionNo>,
        resume: Option<Position>,
        why: Ended,
    ) -> Message {
        Message::new("ended", at, version, More::Yes, |body| {
            body.put("reason", why.as_str()).put("resume_from", &resume);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &Message, completes: bool, json: &str) {
        assert_eq!((message.completes, &*message.json), (completes, json));
    }

    #[test]
    fn messages_keep_their_form() {
        let (at, v1, v2) = (Position::new(7), VersionNo::FIRST, VersionNo::new(2).expect("a version"));
        let row = |value, more| Message::row(at, v1, ("profile", "a\"b"), value, more);
        check(
            &row(Some(r#"{"n":1.0}"#), More::No),
            true,
            r#"{"position":7,"version":"v1","message":"row","projection":"profile","key":"a\"b","op":"put","value":{"n":1.0}}"#,
        );
        check(
            &row(None, More::Yes),
            false,
            r#"{"position":7,"version":"v1","message":"row","projection":"profile","key":"a\"b","op":"delete","more":true}"#,
        );
        let switch = Switch { at, from: Some(v1), to: v2, rewind: false, events_before: 3 };
        check(
            &Message::switch(&switch, More::No),
            true,
            r#"{"position":7,"version":"v2","message":"switch","from":"v1","kind":"cutover"}"#,
        );
        check(
            &Message::reset(at, v2, "profile"),
            false,
            r#"{"position":7,"version":"v2","message":"reset","projection":"profile","more":true}"#,
        );
        check(&Message::caught_up(at, None), true, r#"{"position":7,"version":null,"message":"caught-up"}"#);
        check(
            &Message::lagged(at, Some(v1), Some(Position::new(5))),
            false,
            r#"{"position":7,"version":"v1","message":"lagged","resume_from":5,"more":true}"#,
        );
        check(
            &Message::ended(at, Some(v1), None, Ended::ProjectionGone),
            false,
            r#"{"position":7,"version":"v1","message":"ended","reason":"projection-gone","resume_from":null,"more":true}"#,
        );
    }
}
