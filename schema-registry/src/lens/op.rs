//! The operations of a lens as a document writes them.

use serde_json::{Map, Value};

use crate::json::pointer::{self, Pointer};
use crate::problem::{Problem, Problems};
use crate::schema::{Schema, field_schema};

/// One operation, from the parent's shape to the version's own.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Inserts a field.
    Add {
        at: Pointer,
        /// As the version's own schema says it, if it is left out.
        schema: Option<Schema>,
        /// The value for documents that lack it.
        default: Option<Value>,
    },
    /// Deletes a field.
    Remove {
        at: Pointer,
        /// The value for the way back.
        default: Option<Value>,
    },
    /// Gives a field another key in the same object.
    Rename { from: Pointer, to: Pointer },
    /// Takes a field into another object, which is made if it is not there.
    Move { from: Pointer, to: Pointer },
}

const KNOWN: [&str; 4] = ["add", "remove", "rename", "move"];
const PLANNED: [&str; 15] = [
    "convert", "cast", "scale", "nullable", "require", "relax", "wrap", "unwrap", "in", "map", "when",
    "retype", "split", "join", "derive",
];

impl Op {
    /// Reads an operation; what is wrong with it lies at `place`.
    pub(crate) fn parse(json: &Value, place: &str, problems: &mut Problems) -> Option<Op> {
        let one = json.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
        let Some((name, body)) = one else {
            let help = format!("write one of {}: `{{ add: {{ at: /locale }} }}`", KNOWN.join(", "));
            problems.push(Problem::new(place, "must be an object with one operation").help(help));
            return None;
        };
        if PLANNED.contains(&name.as_str()) || !KNOWN.contains(&name.as_str()) {
            let verb = if PLANNED.contains(&name.as_str()) { "is not supported yet" } else { "is not known" };
            let help = format!("use {}", KNOWN.join(", "));
            problems.push(Problem::new(place, format!("the operation `{name}` {verb}")).help(help));
            return None;
        }
        let place = pointer::child(place, name);
        let Some(body) = body.as_object() else {
            problems.add(place, "must be an object");
            return None;
        };
        Body { body, place, problems }.op(name)
    }

    /// A short text: `rename /mail to /email`.
    pub(crate) fn forward(&self) -> String {
        match self {
            Op::Add { at, .. } => format!("add {at}"),
            Op::Remove { at, .. } => format!("remove {at}"),
            Op::Rename { from, to } => format!("rename {from} to {to}"),
            Op::Move { from, to } => format!("move {from} to {to}"),
        }
    }

    /// The same for the way back.
    pub(crate) fn backward(&self) -> String {
        match self {
            Op::Add { at, .. } => format!("remove {at}"),
            Op::Remove { at, .. } => format!("add {at}"),
            Op::Rename { from, to } => format!("rename {to} to {from}"),
            Op::Move { from, to } => format!("move {to} to {from}"),
        }
    }
}

struct Body<'a> {
    body: &'a Map<String, Value>,
    place: String,
    problems: &'a mut Problems,
}

impl Body<'_> {
    fn op(&mut self, name: &str) -> Option<Op> {
        match name {
            "add" => {
                self.only(&["at", "schema", "default"])?;
                let at = self.pointer("at")?;
                let schema = match self.body.get("schema") {
                    None => None,
                    Some(json) => {
                        Some(field_schema(json, &pointer::child(&self.place, "schema"), self.problems)?)
                    }
                };
                Some(Op::Add { at, schema, default: self.body.get("default").cloned() })
            }
            "remove" => {
                self.only(&["at", "default"])?;
                Some(Op::Remove { at: self.pointer("at")?, default: self.body.get("default").cloned() })
            }
            _ => {
                self.only(&["from", "to"])?;
                let (from, to) = (self.pointer("from"), self.pointer("to"));
                self.path(name, from?, to?)
            }
        }
    }

    fn path(&mut self, name: &str, from: Pointer, to: Pointer) -> Option<Op> {
        if from == to {
            self.problems.add(&self.place, format!("leads from `{from}` to itself: leave it out"));
            return None;
        }
        if name == "move" {
            return Some(Op::Move { from, to });
        }
        if from.split().map(|(host, _)| host) != to.split().map(|(host, _)| host) {
            let problem =
                Problem::new(&self.place, format!("`{from}` and `{to}` are not in the same object"));
            self.problems.push(problem.help("use `move` to take a field into another object"));
            return None;
        }
        Some(Op::Rename { from, to })
    }

    fn only(&mut self, known: &[&str]) -> Option<()> {
        let Some(unknown) = self.body.keys().find(|key| !known.contains(&key.as_str())) else {
            return Some(());
        };
        self.problems
            .add(pointer::child(&self.place, unknown), format!("not known here: use {}", known.join(", ")));
        None
    }

    fn pointer(&mut self, key: &str) -> Option<Pointer> {
        let place = pointer::child(&self.place, key);
        let message = match self.body.get(key) {
            None => {
                self.problems
                    .add(&self.place, format!("the member `{key}` is missing: write a JSON Pointer"));
                return None;
            }
            Some(Value::String(text)) => match Pointer::parse(text) {
                Ok(pointer) if !pointer.tokens().is_empty() => return Some(pointer),
                Ok(_) => "points to the whole payload: name a field".to_owned(),
                Err(message) => message,
            },
            Some(other) => format!("must be a JSON Pointer such as `/name/given`, is `{other}`"),
        };
        self.problems.add(place, message);
        None
    }
}
