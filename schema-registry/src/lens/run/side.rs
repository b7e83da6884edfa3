//! What the two sides of a lens know of a place by their schemas, and where a place of one side lies on the
//! other.
//!
//! A lens is compiled against its sides since two things hang on them: whether an object that is left empty
//! is unmade, and whether a scaled number must be an integer.

use serde_json::Value;

use super::Way;
use crate::json::pointer::Pointer;
use crate::lens::op::{Op, Scalar};

/// Schemas that a look at one place visits at most; beyond, nothing is known of it.
const VISITS_MAX: usize = 4096;

/// One key of a path, or any element or value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Named(String),
    Each,
}

/// A place with the elements and values of `map` in it.
pub(crate) type Path = Vec<Key>;

/// What a side knows of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Whether there is something at the place, at least sometimes.
    pub(crate) known: bool,
    /// Whether a number there must be an integer.
    pub(crate) whole: bool,
    /// Whether what is there can be neither null nor `{}`.
    pub(crate) filled: bool,
    /// Whether there is an object whenever the object around it is there.
    pub(crate) always: bool,
}

/// One side of a lens.
pub(crate) trait Side {
    /// What it knows of a place.
    fn at(&self, path: &[Key]) -> Place;
}

/// A side known by its JSON Schema.
pub(crate) struct SchemaSide<'a> {
    /// A whole document, so that local references can be followed.
    pub(crate) root: &'a Value,
}

impl Side for SchemaSide<'_> {
    fn at(&self, path: &[Key]) -> Place {
        let leaves = self.leaves(path);
        let integer = leaves.iter().any(|leaf| says(leaf, "integer"));
        let object = matches!(leaves.as_slice(), [leaf] if leaf.get("type").is_some_and(|t| t == "object"));
        let required = |schema: &Value| schema.get("required").and_then(Value::as_array).cloned();
        let filled = leaves.iter().filter_map(|leaf| required(leaf)).any(|keys| !keys.is_empty());
        let always = match path.split_last() {
            Some((Key::Named(key), around)) => self
                .leaves(around)
                .iter()
                .filter_map(|leaf| required(leaf))
                .any(|keys| keys.iter().any(|k| k == key)),
            _ => false,
        };
        Place {
            known: !leaves.is_empty(),
            whole: integer && !leaves.iter().any(|leaf| says(leaf, "number")),
            filled: object && filled,
            always: object && always,
        }
    }
}

/// Whether the schema lets a value be of this type.
fn says(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(list)) => list.iter().any(|t| t == name),
        _ => false,
    }
}

impl<'a> SchemaSide<'a> {
    /// The schemas for a place that can hold something, branches and references followed.
    pub(crate) fn leaves(&self, path: &[Key]) -> Vec<&'a Value> {
        let mut leaves = Vec::new();
        let mut visits = 0;
        let mut left = vec![(self.root, path)];
        while let Some((schema, path)) = left.pop() {
            visits += 1;
            if visits > VISITS_MAX {
                return Vec::new();
            }
            left.extend(self.branches(schema).into_iter().map(|branch| (branch, path)));
            match path.split_first() {
                None if *schema != Value::Bool(false) => leaves.push(schema),
                None => {}
                Some((key, rest)) => left.extend(below(schema, key).into_iter().map(|schema| (schema, rest))),
            }
        }
        leaves
    }

    /// The schemas that speak of the same value.
    fn branches(&self, schema: &'a Value) -> Vec<&'a Value> {
        let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
        let ones = ["then", "else"].into_iter().filter_map(|key| schema.get(key));
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        lists.flatten().chain(ones).chain(target.and_then(|target| self.root.pointer(target))).collect()
    }
}

/// The schemas of what lies under a key.
fn below<'a>(schema: &'a Value, key: &Key) -> Vec<&'a Value> {
    let members = |key: &str| schema.get(key).and_then(Value::as_object);
    match key {
        Key::Named(name) => members("properties").and_then(|p| p.get(name)).into_iter().collect(),
        Key::Each => {
            let ones = ["items", "additionalItems", "additionalProperties"];
            let ones = ones.into_iter().filter_map(|key| schema.get(key));
            let maps = ["properties", "patternProperties"].into_iter().filter_map(members);
            let lists = ["prefixItems", "items"].into_iter().filter_map(|key| schema.get(key)?.as_array());
            ones.chain(maps.flat_map(|map| map.values())).chain(lists.flatten()).collect()
        }
    }
}

/// A pointer as a path.
pub(crate) fn path_of(at: &Pointer) -> Path {
    at.tokens().iter().cloned().map(Key::Named).collect()
}

/// Where a list of operations stands: in which lens, and how far it has got.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) below: &'a dyn Side,
    pub(crate) above: &'a dyn Side,
    /// The operations of the list, and the index of the one that is looked at.
    pub(crate) ops: &'a [Op],
    pub(crate) index: usize,
    /// The list around this one, at the operation that holds it.
    pub(crate) outer: Option<&'a Scope<'a>>,
}

/// What a place becomes on a side.
enum Found {
    At(Path),
    /// Not there: something else makes or takes it on the way.
    Gone,
    /// A cast decides what type it has here.
    Typed(Scalar),
}

impl<'a> Scope<'a> {
    /// What the side that the way leads to knows of the place. On the way up that is the place after the
    /// operation, on the way down the one before it.
    pub(crate) fn at(&self, at: &Pointer, way: Way) -> Place {
        match self.trace(path_of(at), way) {
            Found::At(path) => self.side(way).at(&path),
            Found::Typed(scalar) => {
                Place { known: true, whole: scalar == Scalar::Integer, ..Place::default() }
            }
            Found::Gone => Place::default(),
        }
    }

    fn side(&self, way: Way) -> &'a dyn Side {
        match way {
            Way::Up => self.above,
            Way::Down => self.below,
        }
    }

    fn trace(&self, mut path: Path, way: Way) -> Found {
        let (before, after) = (self.ops.get(..self.index), self.ops.get(self.index + 1..));
        let ops: Vec<&Op> = match way {
            Way::Up => after.unwrap_or_default().iter().collect(),
            Way::Down => before.unwrap_or_default().iter().rev().collect(),
        };
        for op in ops {
            match op {
                Op::Cast { at, from, to } if within(&path, at).is_some_and(<[Key]>::is_empty) => {
                    return Found::Typed(if way == Way::Up { *from } else { *to });
                }
                op => match carried(op, way, &path) {
                    Some(next) => path = next,
                    None => return Found::Gone,
                },
            }
        }
        let Some(outer) = self.outer else { return Found::At(path) };
        let mut place = match outer.ops.get(outer.index) {
            Some(Op::In { at, .. }) => path_of(at),
            Some(Op::Map { at, .. }) => [path_of(at), vec![Key::Each]].concat(),
            _ => Path::new(),
        };
        place.extend(path);
        outer.trace(place, way)
    }
}

/// Where what lies at `path` lies after the operation, run that way; none if it is not that any more.
pub(crate) fn carried(op: &Op, way: Way, path: &[Key]) -> Option<Path> {
    let up = way == Way::Up;
    let within = |at: &Pointer| within(path, at);
    let unless = |gone: bool| Some(path.to_vec()).filter(|_| !gone);
    match op {
        // Gone one way; the other way, something else is put there.
        Op::Add { at, .. } | Op::Remove { at, .. } | Op::Derive { at, .. } => unless(within(at).is_some()),
        Op::Rename { from, to } | Op::Move { from, to } => {
            let (from, to) = if up { (from, to) } else { (to, from) };
            match within(from) {
                Some(rest) => Some([path_of(to).as_slice(), rest].concat()),
                None => unless(within(to).is_some()),
            }
        }
        Op::Wrap { at } => {
            if up {
                wrapped(at, path)
            } else {
                unwrapped(at, path)
            }
        }
        Op::Unwrap { at, .. } => {
            if up {
                unwrapped(at, path)
            } else {
                wrapped(at, path)
            }
        }
        Op::In { at, lens } => match within(at) {
            Some(rest) if !rest.is_empty() => Some([path_of(at), carried_through(lens, way, rest)?].concat()),
            _ => unless(false),
        },
        Op::Map { at, lens } => match within(at) {
            Some([Key::Each, rest @ ..]) if !rest.is_empty() => {
                Some([path_of(at), vec![Key::Each], carried_through(lens, way, rest)?].concat())
            }
            _ => unless(false),
        },
        // Where the branch is not taken, the place stays.
        Op::When { lens, .. } => carried_through(lens, way, path).or_else(|| unless(false)),
        Op::Split { from, to, .. } | Op::Join { from: to, to: from, .. } => {
            unless(within(from).is_some() || to.iter().any(|to| within(to).is_some()))
        }
        Op::Convert { .. }
        | Op::Cast { .. }
        | Op::Scale { .. }
        | Op::Nullable { .. }
        | Op::Require { .. }
        | Op::Relax { .. }
        | Op::Retype { .. } => unless(false),
    }
}

/// What of the path lies beyond the place, if it leads there.
fn within<'a>(path: &'a [Key], at: &Pointer) -> Option<&'a [Key]> {
    let (first, rest) = path.split_at_checked(at.tokens().len())?;
    let same = |(key, token): (&Key, &String)| matches!(key, Key::Named(name) if name == token);
    first.iter().zip(at.tokens()).all(same).then_some(rest)
}

fn carried_through(ops: &[Op], way: Way, path: &[Key]) -> Option<Path> {
    let step = |path: Path, op: &Op| carried(op, way, &path);
    match way {
        Way::Up => ops.iter().try_fold(path.to_vec(), step),
        Way::Down => ops.iter().rev().try_fold(path.to_vec(), step),
    }
}

fn wrapped(at: &Pointer, path: &[Key]) -> Option<Path> {
    match within(path, at) {
        Some(rest) => Some([path_of(at).as_slice(), &[Key::Each], rest].concat()),
        None => Some(path.to_vec()),
    }
}

fn unwrapped(at: &Pointer, path: &[Key]) -> Option<Path> {
    match within(path, at) {
        Some([Key::Each, rest @ ..]) => Some([path_of(at).as_slice(), rest].concat()),
        Some(_) => None,
        None => Some(path.to_vec()),
    }
}
