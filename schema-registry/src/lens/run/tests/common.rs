//! What laws are stated in: equality of values, what a lens may take for granted, and lenses cut in two.

use crate::json::decimal::Decimal;
use crate::json::number::is_integral;
use crate::json::pointer::Pointer;
use crate::json::tree::Node;
use crate::lens::Op;
use crate::lens::loss::{Loss, losses};
use crate::lens::run::side::{Key, Place, Side, carried, path_of};
use crate::lens::run::{Context, Failure, Program, Way};

/// Whether both are the same value. Numbers are told apart exactly, where `Node::same` takes doubles.
pub(super) fn equal(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Number(a), Node::Number(b)) => {
            a == b || Decimal::parse(a).is_some_and(|n| Decimal::parse(b) == Some(n))
        }
        (Node::Array(a), Node::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Node::Object(a), Node::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && equal(a, b))
        }
        (a, b) => a == b,
    }
}

/// Runs a lens; a derived field is the number of members around it.
pub(super) fn run(program: &Program, way: Way, event: &Node) -> Result<Node, Failure> {
    let derive = |_: &str, scope: &Node| match scope {
        Node::Object(members) => Ok(Some(Node::Number(members.len().to_string()))),
        _ => Err("there is no object".to_owned()),
    };
    let mut event = event.clone();
    program.run(way, &mut event, &Context { derive: &derive }).map(|()| event)
}

/// A side that is known by what lies on the other end of some operations.
struct Via<'a> {
    ops: &'a [Op],
    way: Way,
    end: &'a dyn Side,
}

impl Side for Via<'_> {
    fn at(&self, path: &[Key]) -> Place {
        let ops: Vec<&Op> = match self.way {
            Way::Up => self.ops.iter().collect(),
            Way::Down => self.ops.iter().rev().collect(),
        };
        let mut path = path.to_vec();
        for op in ops {
            if let Op::Cast { at, from, to } = op
                && path_of(at) == path
            {
                let scalar = if self.way == Way::Up { from } else { to };
                return Place { known: true, whole: scalar.name() == "integer", ..Place::default() };
            }
            match carried(op, self.way, &path) {
                Some(next) => path = next,
                None => return Place::default(),
            }
        }
        self.end.at(&path)
    }
}

/// A lens between two sides.
pub(super) struct Lens<'a> {
    pub(super) ops: &'a [Op],
    below: &'a dyn Side,
    above: &'a dyn Side,
    pub(super) program: Program,
    /// Each operation alone, and whether one of its sides must say an integer.
    steps: Vec<(Program, bool)>,
    /// Whether nothing is lost, up and down.
    exact: (bool, bool),
}

impl<'a> Lens<'a> {
    pub(super) fn new(ops: &'a [Op], below: &'a dyn Side, above: &'a dyn Side) -> Lens<'a> {
        let step = |index: usize| {
            let above = Via { ops: &ops[index + 1..], way: Way::Up, end: above };
            let below = Via { ops: &ops[..index], way: Way::Down, end: below };
            let program = Program::compile(&ops[index..=index], &below, &above);
            let integers = format!("{program:?}").contains("whole: true");
            (program, integers)
        };
        let (up, down) = losses(ops, below, above);
        let exact = (up == Loss::Exact, down == Loss::Exact);
        let (program, steps) = (Program::compile(ops, below, above), (0..ops.len()).map(step).collect());
        Lens { ops, below, above, program, steps, exact }
    }

    /// The programs of the operations before and from the given one on.
    pub(super) fn cut(&self, at: usize) -> (Program, Program) {
        let (before, after) = self.ops.split_at(at);
        let above = Via { ops: after, way: Way::Up, end: self.above };
        let below = Via { ops: before, way: Way::Down, end: self.below };
        (Program::compile(before, self.below, &above), Program::compile(after, &below, self.above))
    }

    /// Whether nothing is lost that way, and the event, at every operation, is as a schema on its side would
    /// have it for that to hold.
    pub(super) fn is_exact(&self, way: Way, event: &Node) -> bool {
        let (steps, exact): (Vec<_>, bool) = match way {
            Way::Up => (self.ops.iter().zip(&self.steps).collect(), self.exact.0),
            Way::Down => (self.ops.iter().zip(&self.steps).rev().collect(), self.exact.1),
        };
        let mut event = Ok(event.clone());
        exact
            && steps.into_iter().all(|(op, (program, integers))| {
                let Ok(before) = &event else { return false };
                let fine = assumed(op, way, *integers, before);
                event = run(program, way, before);
                fine
            })
    }
}

fn look<'a>(scope: &'a Node, keys: &[String]) -> Option<&'a Node> {
    keys.iter().try_fold(scope, |node, key| match node {
        Node::Object(members) => members.get(key),
        _ => None,
    })
}

/// Whether the place is free: nothing is there, and the objects around it are not there or not empty.
fn free(scope: &Node, at: &Pointer, from: &[&Pointer]) -> bool {
    let taken = |node: Option<&Node>| match node {
        None => false,
        Some(Node::Object(members)) => members.is_empty(),
        Some(_) => true,
    };
    let left = |host: &Pointer| from.contains(&host);
    let nothing = look(scope, at.tokens()).is_none()
        || left(at)
        || from.iter().any(|f| f.tokens().starts_with(at.tokens()));
    nothing && at.hosts().all(|host| left(&host) || !taken(look(scope, host.tokens())))
}

/// Whether an event is as a schema on its side would have it, for the operation to lose nothing.
fn assumed(op: &Op, way: Way, integers: bool, event: &Node) -> bool {
    let up = way == Way::Up;
    let valued = |at: &Pointer| look(event, at.tokens()).is_some_and(|value| *value != Node::Null);
    let hosted = |at: &Pointer| {
        let host = at.split().map_or(&[][..], |(host, _)| host);
        matches!(look(event, host), Some(Node::Object(_)))
    };
    match op {
        Op::Add { at, .. } | Op::Derive { at, .. } if up => free(event, at, &[]),
        Op::Remove { at, .. } if !up => free(event, at, &[]),
        Op::Rename { from, to } | Op::Move { from, to } => {
            let (from, to) = if up { (from, to) } else { (to, from) };
            free(event, to, &[from])
        }
        Op::Split { from, to, .. } if up => to.iter().all(|to| free(event, to, &[from])),
        Op::Join { from, to, .. } if !up => from.iter().all(|from| free(event, from, &[to])),
        Op::Nullable { at, .. } if up => look(event, at.tokens()) != Some(&Node::Null),
        Op::Relax { at, default: Some(_) } if up => valued(at) || !hosted(at),
        Op::Require { at, .. } if !up => valued(at) || !hosted(at),
        Op::Scale { at, .. } if integers => match look(event, at.tokens()) {
            Some(Node::Number(lexeme)) => is_integral(lexeme),
            _ => true,
        },
        Op::In { at, lens } => {
            look(event, at.tokens()).is_none_or(|inner| all_assumed(lens, way, integers, inner))
        }
        Op::When { lens, .. } => all_assumed(lens, way, integers, event),
        Op::Map { at, lens } => match look(event, at.tokens()) {
            Some(Node::Array(items)) => items.iter().all(|item| all_assumed(lens, way, integers, item)),
            Some(Node::Object(members)) => {
                members.values().all(|value| all_assumed(lens, way, integers, value))
            }
            _ => true,
        },
        _ => true,
    }
}

/// Within another operation there is one only, in these tests, of which this is asked.
fn all_assumed(lens: &[Op], way: Way, integers: bool, event: &Node) -> bool {
    lens.len() == 1 && lens.iter().all(|op| assumed(op, way, integers, event))
}
