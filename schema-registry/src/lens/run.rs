//! Operations run on an event, in one direction.
//!
//! A lens is compiled once into two lists of [`Action`]s: the operations in their order, and their ways back
//! in the reverse order. The tree that they are run on keeps absent and null apart, and every lexeme.
//!
//! What holds for all of them:
//!
//! 1. A place that is absent stays absent, unless the operation says otherwise. A place in what is no object
//!    is absent: an operation on `/o/f` does nothing where `/o` is null.
//! 2. A value of the wrong type is a failure that names the place. Null is no value of the wrong type for
//!    `cast` and `scale`: it stays null.
//! 3. What an operation leads a field to is that field and nothing else: a member that stands there already,
//!    since the schema did not know its key, goes, even if the field is absent.
//! 4. An object that is made since a field moves into it is unmade on the way back when nothing but null or
//!    `{}` is left of it, unless the side that the way leads to knows an object there by its schema
//!    ([`side`]). So `{}` and absent stay apart where both can be said.
//! 5. An event never grows deeper than [`EVENT_DEPTH_MAX`], what the lens puts into it never has more than
//!    [`LENS_GIVEN_BYTES_MAX`] bytes, and no more than [`LENS_STEPS_MAX`] operations are done; numbers have
//!    at most [`DECIMAL_DIGITS_MAX`](crate::json::decimal::DECIMAL_DIGITS_MAX) digits. Beyond, the event
//!    fails.
//!
//! After a failure the tree is of no use.

mod cast;
mod compile;
mod nest;
mod place;
pub(crate) mod side;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod value;

use std::fmt;

use super::op::{Pick, Scalar};
use crate::json::pointer::Pointer;
use crate::json::tree::Node;
use crate::limits::{EVENT_DEPTH_MAX, LENS_GIVEN_BYTES_MAX, LENS_STEPS_MAX};
pub(crate) use compile::kept;
use value::{Fraction, Given, Lookup};

/// The direction in which a lens is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the parent to the version.
    Up,
    /// From the version to the parent.
    Down,
}

impl Way {
    /// The way back.
    pub(crate) fn back(self) -> Way {
        match self {
            Way::Up => Way::Down,
            Way::Down => Way::Up,
        }
    }
}

/// Why an event cannot be said in the other version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// JSON Pointer into the event as it was when the operation met it.
    pub(crate) pointer: String,
    /// Why not.
    pub(crate) message: String,
}

impl Failure {
    fn new(at: &Pointer, message: impl Into<String>) -> Failure {
        Failure { pointer: at.to_string(), message: message.into() }
    }

    fn within(self, host: &str) -> Failure {
        Failure { pointer: format!("{host}{}", self.pointer), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.pointer, self.message)
    }
}

/// Computes what a `derive` says from the object of its scope; nothing gives no field.
pub(crate) type Derive<'a> = dyn Fn(&str, &Node) -> Result<Option<Node>, String> + 'a;

/// What operations need beside the event.
pub(crate) struct Context<'a> {
    /// How CEL is computed.
    pub(crate) derive: &'a Derive<'a>,
}

/// One thing that is done to an event.
#[derive(Clone, Debug, PartialEq)]
enum Action {
    /// Puts a value where none is, if its object is there.
    Insert { at: Pointer, value: Given },
    /// Takes a field out; `kept` as with [`Action::Carry`].
    Delete { at: Pointer, kept: usize },
    /// Takes a field elsewhere. Of the objects around it, the outermost `kept` ones stay when they are left
    /// empty.
    Carry { from: Pointer, to: Pointer, kept: usize },
    /// Puts another value in the place of one.
    Translate { at: Pointer, table: Lookup },
    /// Says a value in another type.
    Cast { at: Pointer, from: Scalar, to: Scalar },
    /// Multiplies a number.
    Scale { at: Pointer, by: Fraction },
    /// Puts a value in the place of null, and of nothing if `absent`.
    Fill { at: Pointer, value: Given, absent: bool },
    /// Makes the value an array's only element.
    Wrap { at: Pointer },
    /// Takes one element of an array; of an empty one, this value or nothing.
    Pick { at: Pointer, pick: Pick, otherwise: Option<Given> },
    /// Does something within an object.
    In { at: Pointer, actions: Vec<Action> },
    /// Does something within each element or value.
    Each { at: Pointer, actions: Vec<Action> },
    /// Does something where a field has this value.
    When { at: Pointer, equals: Node, actions: Vec<Action> },
    /// Cuts a string into several.
    Cut { from: Pointer, to: Vec<Pointer>, by: String, limit: usize, kept: usize },
    /// Puts strings together; `kept` for each of them.
    Glue { from: Vec<(Pointer, usize)>, to: Pointer, by: String },
    /// Computes a field.
    Compute { at: Pointer, cel: String },
}

/// A lens that is ready to run, both ways.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Program {
    up: Vec<Action>,
    down: Vec<Action>,
}

impl Program {
    /// Runs the lens on an event.
    ///
    /// # Errors
    ///
    /// If the event cannot be said in the version that the way leads to.
    pub(crate) fn run(&self, way: Way, event: &mut Node, context: &Context<'_>) -> Result<(), Failure> {
        let actions = match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        };
        let (given_left, steps_left) = (LENS_GIVEN_BYTES_MAX, LENS_STEPS_MAX);
        Runner { context, given_left, steps_left }.all(actions, event, 0).map(drop)
    }
}

/// What becomes of the value that actions are run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    /// It is absent now, which only an element of a `map` can become.
    Goes,
}

struct Runner<'a> {
    context: &'a Context<'a>,
    /// Bytes that the lens may still put into the event.
    given_left: usize,
    /// Actions that may still be done.
    steps_left: usize,
}

impl Runner<'_> {
    /// Does all of it to a value that lies in `level` objects and arrays.
    fn all(&mut self, actions: &[Action], scope: &mut Node, level: usize) -> Result<Fate, Failure> {
        for action in actions {
            self.count(1)?;
            if self.one(action, scope, level)? == Fate::Goes {
                return Ok(Fate::Goes);
            }
        }
        Ok(Fate::Stays)
    }

    fn one(&mut self, action: &Action, scope: &mut Node, level: usize) -> Result<Fate, Failure> {
        match action {
            Action::Insert { at, value } => self.insert(at, value, scope, level)?,
            Action::Delete { at, kept } => {
                drop(place::take(scope, at));
                place::prune(scope, at, *kept);
            }
            Action::Carry { from, to, kept } => self.carry(from, to, *kept, scope, level)?,
            Action::Translate { at, table } => self.translate(at, table, scope, level)?,
            Action::Cast { at, from, to } => self.cast(at, *from, *to, scope)?,
            Action::Scale { at, by } => self.scale(at, *by, scope)?,
            Action::Fill { at, value, absent } => self.fill(at, value, *absent, scope, level)?,
            Action::Wrap { at } => self.wrap(at, scope, level)?,
            Action::Pick { at, pick, otherwise } => {
                return self.pick(at, *pick, otherwise.as_ref(), scope, level);
            }
            Action::In { at, actions } => self.within(at, actions, scope, level)?,
            Action::Each { at, actions } => self.each(at, actions, scope, level)?,
            Action::When { at, equals, actions } => {
                if place::look(scope, at).is_some_and(|value| value.same(equals)) {
                    return self.all(actions, scope, level);
                }
            }
            Action::Cut { from, to, by, limit, kept } => {
                self.cut(&text::Cut { from, to, by, limit: *limit, kept: *kept }, scope, level)?;
            }
            Action::Glue { from, to, by } => self.glue(from, to, by, scope, level)?,
            Action::Compute { at, cel } => self.compute(at, cel, scope, level)?,
        }
        Ok(Fate::Stays)
    }

    fn compute(&mut self, at: &Pointer, cel: &str, scope: &mut Node, level: usize) -> Result<(), Failure> {
        if !place::has_host(scope, at) {
            return Ok(());
        }
        let value = (self.context.derive)(cel, scope).map_err(|message| Failure::new(at, message))?;
        drop(place::take(scope, at));
        match value {
            Some(value) => {
                let weight = value.to_text().len();
                self.give(at, weight)?;
                self.put(at, value, scope, level)
            }
            None => Ok(()),
        }
    }

    /// Counts actions, or what takes as long as some.
    fn count(&mut self, steps: usize) -> Result<(), Failure> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => {
                let message = format!("the lens takes more than {LENS_STEPS_MAX} operations on the event");
                Err(Failure { pointer: String::new(), message })
            }
        }
    }

    /// Counts bytes that the lens puts into the event.
    fn give(&mut self, at: &Pointer, bytes: usize) -> Result<(), Failure> {
        match self.given_left.checked_sub(bytes) {
            Some(left) => {
                self.given_left = left;
                Ok(())
            }
            None => {
                let max = LENS_GIVEN_BYTES_MAX;
                Err(Failure::new(at, format!("the lens puts more than {max} bytes into the event")))
            }
        }
    }

    /// Puts a value at its place; objects on the way are made.
    fn put(&self, at: &Pointer, value: Node, scope: &mut Node, level: usize) -> Result<(), Failure> {
        self.fits(at, &value, level)?;
        place::put(scope, at, value)
    }

    /// Whether a value may stand at its place, as deep as it lies.
    fn fits(&self, at: &Pointer, value: &Node, level: usize) -> Result<(), Failure> {
        if level + at.tokens().len() + value.depth() > EVENT_DEPTH_MAX {
            let message =
                format!("objects and arrays would lie more than {EVENT_DEPTH_MAX} deep within each other");
            return Err(Failure::new(at, message));
        }
        Ok(())
    }
}
