//! A version derived from another one's successor: what two versions each changed of a third, in one document.
//!
//! The base is the parent of the version that is moved (`own`); the version that it is moved to (`onto`) may be
//! any. What one of the two left as it was in the base is taken from the other, event type by event type, lens
//! by lens, projection by projection, guard by guard. What both changed, and not alike, is a [`Conflict`].
//!
//! An event type that only `own` changed is in `onto` what it was in the base, so that its lens leads from there
//! too. One that only `onto` changed is taken as it is there, without a lens. The document is still to be
//! checked and compiled like any other: what could fail there is named beside it.

mod checks;
mod course;
mod events;
mod said;
mod sections;
mod text;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::course::Course;
use self::text::Text;
use super::Registry;
use crate::guard::Guard;
use crate::problem::Problem;
use crate::version::Version;

/// A document that has the changes of two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebased {
    /// The document; its parent is the version that it was moved to.
    pub document: Value,
    /// What may not compile, or not mean what was meant: projections that hang on changes of both, guards over
    /// projections that are gone, projections declared unchanged that change. Each with its place in the document.
    pub needs_check: Vec<Problem>,
}

/// Something that both versions changed, and not alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// JSON Pointer into the documents.
    pub place: String,
    /// What the base has there.
    pub base: String,
    /// What the version that is moved to did to it.
    pub onto: String,
    /// What the version that is moved did to it.
    pub own: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conflict { place, onto, own, .. } = self;
        write!(f, "{place}: {onto}, and {own}")
    }
}

impl Registry {
    /// The document that does to `onto` what `own` did to its parent. It keeps `own`'s name.
    ///
    /// # Errors
    ///
    /// Everything that both versions changed, and not alike.
    pub fn rebase(&self, own: &Version, onto: &Version) -> Result<Rebased, Vec<Conflict>> {
        let Some(base) = own.parent.and_then(|no| self.version(no)) else {
            return Err(vec![Conflict {
                place: "/parent".to_owned(),
                base: "there is no base".to_owned(),
                onto: format!("{} has ancestors of its own", onto.no),
                own: format!("{} is the first version", own.no),
                help: "write a version with a parent".to_owned(),
            }]);
        };
        let versions = [base, onto, own].map(|version| Text::of(&version.document));
        let [base_text, onto_text, own_text] = &versions;
        let mut merge = Merge {
            base: base_text,
            onto: side(onto, onto_text, Course::between(self, base, onto)),
            own: side(own, own_text, Course::of_child(own)),
            conflicts: Vec::new(),
        };
        let (document, needs_check) = merge.document();
        if merge.conflicts.is_empty() { Ok(Rebased { document, needs_check }) } else { Err(merge.conflicts) }
    }
}

/// One of the two versions that are brought together.
struct Side<'a> {
    /// Its number, for messages.
    no: String,
    text: &'a Text,
    guards: &'a [Guard],
    course: Course<'a>,
}

fn side<'a>(version: &'a Version, text: &'a Text, course: Course<'a>) -> Side<'a> {
    Side { no: version.no.to_string(), text, guards: &version.guards, course }
}

struct Merge<'a> {
    base: &'a Text,
    onto: Side<'a>,
    own: Side<'a>,
    conflicts: Vec<Conflict>,
}

/// Whose part is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Onto,
    Own,
}
