//! The body of one operation, and what must hold between its members.

mod members;

use selfsame_record::EventType;
use serde_json::{Map, Value};

use super::{Scope, list};
use crate::json::pointer::Pointer;
use crate::lens::op::touch::touched;
use crate::lens::op::{Op, Otherwise, Pick, Round, Scalar, Table};
use crate::limits::{LENS_DEPTH_MAX, SPLIT_PARTS_MAX};
use crate::problem::{Problem, Problems};
use crate::schema::field_schema;

pub(super) struct Body<'a> {
    body: &'a Map<String, Value>,
    place: String,
    scope: Scope,
    problems: &'a mut Problems,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        body: &'a Map<String, Value>,
        place: String,
        scope: Scope,
        problems: &'a mut Problems,
    ) -> Body<'a> {
        Body { body, place, scope, problems }
    }

    /// The operation; none if it has a problem. Members are read before any of them is missed, so that
    /// all problems are found.
    pub(super) fn op(&mut self, name: &str) -> Option<Op> {
        match name {
            "add" | "remove" => self.field(name),
            "rename" | "move" => self.path(name),
            "convert" => self.convert(),
            "cast" => self.cast(),
            "scale" => self.scale(),
            "nullable" | "require" | "relax" => self.presence(name),
            "wrap" | "unwrap" => self.array(name),
            "in" | "map" | "when" => self.nested(name),
            "retype" => self.retype(),
            "split" => self.split(),
            "join" => self.join(),
            _ => self.derive(),
        }
    }

    fn field(&mut self, name: &str) -> Option<Op> {
        self.only(&["at", "schema", "default"]);
        let at = self.pointer("at");
        let schema = self.body.get("schema").cloned();
        if let Some(json) = &schema {
            field_schema(json, &self.below("schema"), self.problems);
        }
        let (at, default) = (at?, self.body.get("default").cloned());
        Some(if name == "add" { Op::Add { at, schema, default } } else { Op::Remove { at, schema, default } })
    }

    fn path(&mut self, name: &str) -> Option<Op> {
        self.only(&["from", "to"]);
        let (from, to) = (self.pointer("from"), self.pointer("to"));
        let (from, to) = (from?, to?);
        if from == to {
            self.problem(format!("leads from `{from}` to itself: leave it out"));
        }
        if name == "move" {
            return Some(Op::Move { from, to });
        }
        if from.split().map(|(host, _)| host) != to.split().map(|(host, _)| host) {
            let problem =
                Problem::new(&self.place, format!("`{from}` and `{to}` are not in the same object"));
            self.problems.push(problem.help("use `move` to take a field into another object"));
        }
        Some(Op::Rename { from, to })
    }

    fn convert(&mut self) -> Option<Op> {
        self.only(&["at", "up", "down", "else"]);
        let (at, otherwise) = (self.value_pointer("at"), self.otherwise());
        let up = self.member("up", "a table such as `{ m: male }`").and_then(|json| self.table("up", json));
        let down = self.body.get("down").and_then(|json| self.table("down", json));
        let up = up?;
        let down = match down {
            Some(down) => down,
            None if self.body.contains_key("down") => return None,
            None => self.inverse(&up)?,
        };
        if up.pairs().is_empty() && down.pairs().is_empty() {
            self.problem("has no entries: leave it out");
        }
        if let Some((to, from)) = down.contradiction(&up) {
            let message = format!("leads from `{to}` to `{from}`, which `up` does not lead to `{to}` from");
            let problem = Problem::new(self.below("down"), message);
            self.problems.push(problem.help(format!("lead `{to}` to a value that becomes `{to}` again")));
        }
        Some(Op::Convert { at: at?, up, down, otherwise: otherwise? })
    }

    fn inverse(&mut self, up: &Table) -> Option<Table> {
        let refuse = |[first, second, to]: [Value; 3]| {
            let message = format!("leads both `{first}` and `{second}` to `{to}`, so it has no way back");
            let problem = Problem::new(self.below("up"), message);
            self.problems.push(problem.help(format!("say in `down` what `{to}` becomes")));
        };
        up.inverse().map_err(refuse).ok()
    }

    fn table(&mut self, key: &str, json: &Value) -> Option<Table> {
        Table::parse(json, &self.below(key), self.problems)
    }

    fn otherwise(&mut self) -> Option<Otherwise> {
        match self.body.get("else") {
            None => return Some(Otherwise::Fail),
            Some(Value::String(word)) if word == "fail" => return Some(Otherwise::Fail),
            Some(Value::String(word)) if word == "keep" => return Some(Otherwise::Keep),
            Some(Value::Object(object)) if object.len() == 1 && object.contains_key("value") => {
                return object.get("value").cloned().map(Otherwise::Value);
            }
            Some(_) => {}
        }
        self.problem_at("else", "must be `fail`, `keep` or `{ value: … }`")
    }

    fn cast(&mut self) -> Option<Op> {
        self.only(&["at", "from", "to"]);
        let at = self.value_pointer("at");
        let (from, to) = (self.word("from", &Scalar::ALL, None), self.word("to", &Scalar::ALL, None));
        let (from, to) = (from?, to?);
        if from == to {
            self.problem(format!("leads from {} to itself: leave it out", from.name()));
        } else if !from.casts_to(to) {
            let message = format!("there is no cast from {} to {}", from.name(), to.name());
            let help = "use `convert` with a table, or two casts with string between them";
            self.problems.push(Problem::new(&self.place, message).help(help));
        }
        Some(Op::Cast { at: at?, from, to })
    }

    fn scale(&mut self) -> Option<Op> {
        self.only(&["at", "num", "den", "round"]);
        let at = self.value_pointer("at");
        let words =
            [("half-even", Round::HalfEven), ("down", Round::Down), ("up", Round::Up), ("fail", Round::Fail)];
        let round = self.word("round", &words, Some(Round::HalfEven));
        let (num, den) = (self.factor("num"), self.factor("den"));
        let (num, den) = (num?, den?);
        if num == den {
            self.problem("scales by 1: leave it out, or give `num` and `den`");
        }
        Some(Op::Scale { at: at?, num, den, round: round? })
    }

    /// One side of the fraction, 1 if it is left out.
    fn factor(&mut self, key: &str) -> Option<i64> {
        let Some(json) = self.body.get(key) else { return Some(1) };
        match json.as_i64().filter(|n| *n != 0) {
            Some(n) => Some(n),
            None => self.problem_at(key, format!("must be an integer other than 0, is `{json}`")),
        }
    }

    fn presence(&mut self, name: &str) -> Option<Op> {
        let key = if name == "nullable" { "null_as" } else { "default" };
        self.only(&["at", key]);
        let at = if name == "nullable" { self.value_pointer("at") } else { self.pointer("at") };
        let value = self.body.get(key).cloned();
        if name == "relax" {
            return Some(Op::Relax { at: at?, default: value });
        }
        self.member(key, "the value in the place of null");
        let (at, value) = (at?, value?);
        if name == "require" {
            return Some(Op::Require { at, default: value });
        }
        if value.is_null() {
            self.problem_at::<()>(key, "must be another value than null, which the parent does not say");
        }
        Some(Op::Nullable { at, null_as: value })
    }

    fn array(&mut self, name: &str) -> Option<Op> {
        self.only(if name == "wrap" { &["at"] } else { &["at", "pick", "else"] });
        let at = self.value_pointer("at");
        if name == "wrap" {
            return Some(Op::Wrap { at: at? });
        }
        let pick = self.word("pick", &[("first", Pick::First), ("last", Pick::Last)], Some(Pick::First));
        Some(Op::Unwrap { at: at?, pick: pick?, otherwise: self.body.get("else").cloned() })
    }

    fn nested(&mut self, name: &str) -> Option<Op> {
        let when = name == "when";
        self.only(if when { &["at", "equals", "lens"] } else { &["at", "lens"] });
        let at = self.pointer("at");
        if when {
            self.member("equals", "the value to compare with");
        }
        let lens = self.lens(name);
        let (at, lens) = (at?, lens?);
        match name {
            "in" => Some(Op::In { at, lens }),
            "map" => Some(Op::Map { at, lens }),
            _ => {
                if let Some(place) = touched(&lens, &at) {
                    let message = format!("changes `{place}`, which decides by `{at}` whether it is run");
                    let problem = Problem::new(self.below("lens"), message);
                    self.problems.push(problem.help("change that field outside of `when`"));
                }
                Some(Op::When { at, equals: self.body.get("equals").cloned()?, lens })
            }
        }
    }

    fn lens(&mut self, name: &str) -> Option<Vec<Op>> {
        let json = self.member("lens", "a list of operations")?;
        let depth = self.scope.depth + 1;
        if depth > LENS_DEPTH_MAX {
            return self.problem_at("lens", format!("lies more than {LENS_DEPTH_MAX} lenses deep"));
        }
        let element = name == "map" || (name == "when" && self.scope.element);
        let ops = list(json, &self.below("lens"), Scope { depth, element }, self.problems)?;
        if ops.is_empty() {
            return self.problem_at("lens", "has no operations: leave it out");
        }
        Some(ops)
    }

    fn retype(&mut self) -> Option<Op> {
        self.only(&["from", "to"]);
        let (from, to) = (self.event_type("from"), self.event_type("to"));
        let (from, to) = (from?, to?);
        if from == to {
            self.problem(format!("leads from `{from}` to itself: leave it out"));
        }
        Some(Op::Retype { from, to })
    }

    fn event_type(&mut self, key: &str) -> Option<EventType> {
        let text = self.text(key, "an event type")?;
        match EventType::parse(text) {
            Ok(name) if !name.is_protected() => Some(name),
            Ok(name) => self.problem_at(key, format!("the event type `{name}` is protected")),
            Err(e) => self.problem_at(key, e.to_string()),
        }
    }

    fn split(&mut self) -> Option<Op> {
        self.only(&["from", "to", "by", "limit"]);
        let (from, to, by) = (self.pointer("from"), self.pointers("to"), self.by());
        let limit = match self.body.get("limit") {
            None => Some(None),
            Some(json) => self.limit(json, to.as_ref().map_or(SPLIT_PARTS_MAX, Vec::len)).map(Some),
        };
        let (from, to) = (from?, to?);
        self.not_itself(&from, &to);
        Some(Op::Split { from, to, by: by?, limit: limit? })
    }

    fn limit(&mut self, json: &Value, parts: usize) -> Option<usize> {
        let limit = json.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=parts).contains(n));
        match limit {
            Some(limit) => Some(limit),
            None => self.problem_at("limit", format!("must be an integer from 1 to {parts}, is `{json}`")),
        }
    }

    fn join(&mut self) -> Option<Op> {
        self.only(&["from", "to", "by"]);
        let (from, to, by) = (self.pointers("from"), self.pointer("to"), self.by());
        let (from, to) = (from?, to?);
        self.not_itself(&to, &from);
        Some(Op::Join { from, to, by: by? })
    }

    fn not_itself(&mut self, whole: &Pointer, parts: &[Pointer]) {
        if parts.contains(whole) {
            self.problem(format!("leads from `{whole}` to itself: name another place"));
        }
    }

    fn by(&mut self) -> Option<String> {
        let by = self.text("by", "the text between the parts")?;
        if by.is_empty() {
            return self.problem_at("by", "must not be empty");
        }
        Some(by.to_owned())
    }

    fn derive(&mut self) -> Option<Op> {
        self.only(&["at", "cel"]);
        let (at, cel) = (self.pointer("at"), self.text("cel", "a CEL expression"));
        let cel = cel?;
        if cel.trim().is_empty() {
            self.problem_at::<()>("cel", "must not be empty");
        }
        Some(Op::Derive { at: at?, cel: cel.to_owned() })
    }
}
