//! Operations compiled to what is done to an event, each way.

use super::side::{Scope, Side};
use super::value::{Fraction, Given, Lookup};
use super::{Action, Program, Way};
use crate::json::pointer::Pointer;
use crate::json::tree::Node;
use crate::lens::op::{Op, Pick};

impl Program {
    /// Compiles the operations between the parent's side and the version's own.
    pub(crate) fn compile(ops: &[Op], below: &dyn Side, above: &dyn Side) -> Program {
        let scope = Scope { below, above, ops, index: 0, outer: None };
        Program { up: list(&scope, Way::Up), down: list(&scope, Way::Down) }
    }
}

fn list(scope: &Scope<'_>, way: Way) -> Vec<Action> {
    let one = |(index, op)| action(op, &Scope { index, ..*scope }, way);
    match way {
        Way::Up => scope.ops.iter().enumerate().filter_map(one).collect(),
        Way::Down => scope.ops.iter().enumerate().rev().filter_map(one).collect(),
    }
}

/// What the operation does that way, if anything.
fn action(op: &Op, scope: &Scope<'_>, way: Way) -> Option<Action> {
    let up = way == Way::Up;
    let nested = |lens| list(&Scope { ops: lens, index: 0, outer: Some(scope), ..*scope }, way);
    Some(match op {
        Op::Add { at, default, .. } => {
            if up {
                insert(at, default.as_ref())?
            } else {
                delete(at)
            }
        }
        Op::Remove { at, default, .. } => {
            if up {
                Action::Delete { at: at.clone(), kept: kept(at, scope, way) }
            } else {
                insert(at, default.as_ref())?
            }
        }
        Op::Rename { from, to } | Op::Move { from, to } => {
            let (from, to) = if up { (from, to) } else { (to, from) };
            Action::Carry { from: from.clone(), to: to.clone(), kept: kept(from, scope, way) }
        }
        Op::Convert { at, up: table, down, otherwise } => {
            let table = Lookup::of(if up { table } else { down }, otherwise);
            Action::Translate { at: at.clone(), table }
        }
        Op::Cast { at, from, to } => {
            let (from, to) = if up { (*from, *to) } else { (*to, *from) };
            Action::Cast { at: at.clone(), from, to }
        }
        Op::Scale { at, num, den, round } => {
            let (num, den) = if up { (*num, *den) } else { (*den, *num) };
            let by = Fraction { num, den, round: *round, whole: scope.at(at, way).whole };
            Action::Scale { at: at.clone(), by }
        }
        Op::Nullable { at, null_as } => fill(at, null_as, false).filter(|_| !up)?,
        Op::Require { at, default } => fill(at, default, true).filter(|_| up)?,
        Op::Relax { at, default } => fill(at, default.as_ref()?, true).filter(|_| !up)?,
        Op::Wrap { at } if up => Action::Wrap { at: at.clone() },
        Op::Wrap { at } => Action::Pick { at: at.clone(), pick: Pick::First, otherwise: None },
        Op::Unwrap { at, .. } if !up => Action::Wrap { at: at.clone() },
        Op::Unwrap { at, pick, otherwise } => {
            Action::Pick { at: at.clone(), pick: *pick, otherwise: otherwise.as_ref().map(Given::of) }
        }
        Op::In { at, lens } => Action::In { at: at.clone(), actions: nested(lens) },
        Op::Map { at, lens } => Action::Each { at: at.clone(), actions: nested(lens) },
        Op::When { at, equals, lens } => {
            let equals = Node::from_value(equals);
            Action::When { at: at.clone(), equals, actions: nested(lens) }
        }
        Op::Retype { .. } => return None,
        Op::Split { from, to, by, limit } => {
            if up {
                cut(from, to, by, limit.unwrap_or(to.len()), scope, way)
            } else {
                glue(to, from, by, scope, way)
            }
        }
        Op::Join { from, to, by } => {
            if up {
                glue(from, to, by, scope, way)
            } else {
                cut(to, from, by, from.len(), scope, way)
            }
        }
        Op::Derive { at, cel } if up => Action::Compute { at: at.clone(), cel: cel.clone() },
        Op::Derive { at, .. } => delete(at),
    })
}

fn insert(at: &Pointer, default: Option<&serde_json::Value>) -> Option<Action> {
    Some(Action::Insert { at: at.clone(), value: Given::of(default?) })
}

/// Takes out what was put into an object that was there before.
fn delete(at: &Pointer) -> Action {
    Action::Delete { at: at.clone(), kept: at.tokens().len() }
}

fn fill(at: &Pointer, value: &serde_json::Value, absent: bool) -> Option<Action> {
    Some(Action::Fill { at: at.clone(), value: Given::of(value), absent })
}

fn cut(from: &Pointer, to: &[Pointer], by: &str, limit: usize, scope: &Scope<'_>, way: Way) -> Action {
    let kept = kept(from, scope, way);
    Action::Cut { from: from.clone(), to: to.to_vec(), by: by.to_owned(), limit, kept }
}

fn glue(from: &[Pointer], to: &Pointer, by: &str, scope: &Scope<'_>, way: Way) -> Action {
    let from = from.iter().map(|part| (part.clone(), kept(part, scope, way))).collect();
    Action::Glue { from, to: to.clone(), by: by.to_owned() }
}

/// How many of the objects around a place that is left, from the outside on, the side that the way leads to
/// knows.
pub(crate) fn kept(from: &Pointer, scope: &Scope<'_>, way: Way) -> usize {
    from.hosts().take_while(|host| scope.at(host, way).known).count()
}
