//! What lies between two versions, for people: a paragraph per event type, in colour on a terminal.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use serde_json::Value;

use crate::out::{member, show, table};

/// Colours, or none where the output is not a terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// In colour if stdout is a terminal and `NO_COLOR` is not set.
    pub(crate) fn of_stdout() -> Paint {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint { on: !plain && std::io::stdout().is_terminal() }
    }

    fn paint(self, code: u8, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Green for what is safe, yellow for what is lossy, red for what fails, plain for the rest.
    fn judged(self, word: &str) -> String {
        let code = match word {
            "identical" | "wire-full" | "lens-exact" | "lens-residue" | "new" | "exact" | "additive"
            | "compatible" | "retired" => 32,
            "lens-lossy" | "lossy" | "residue" => 33,
            "rejected" | "one-way" | "wire-forward" | "wire-backward" | "undecided" | "fails"
            | "breaking" => 31,
            _ => return word.to_owned(),
        };
        self.paint(code, word)
    }
}

/// What an engine answers, for people.
pub(super) fn people(answer: &Value, paint: Paint) -> String {
    let mut text = report(member(answer, "diff"), paint);
    let versions = member(member(answer, "transitive"), "versions").as_array();
    if let Some(versions) = versions.filter(|versions| !versions.is_empty()) {
        let all = labels(member(member(answer, "transitive"), "labels"));
        let _ =
            write!(text, "\nTRANSITIVE, over what was written in {}: {all}", show(&versions.clone().into()));
    }
    text
}

/// A report, for people.
pub(crate) fn report(diff: &Value, paint: Paint) -> String {
    let text = |name: &str| show(member(diff, name));
    let mut out = format!(
        "{} -> {}: {}, {}, {}\n",
        text("from"),
        text("to"),
        paint.judged(&text("verdict")),
        paint.judged(&text("class")),
        if member(diff, "rollback_safe") == &Value::Bool(true) {
            "rollback-safe"
        } else {
            "not rollback-safe"
        },
    );
    let _ = writeln!(out, "label: {}", labels(member(diff, "labels")));
    let types = member(diff, "types").as_array().map_or(&[][..], Vec::as_slice);
    let (same, changed): (Vec<&Value>, Vec<&Value>) =
        types.iter().partition(|t| member(t, "verdict") == "identical");
    for change in changed {
        event_type(change, paint, &mut out);
    }
    if !same.is_empty() {
        let names: Vec<String> = same.iter().map(|t| show(member(t, "type"))).collect();
        let _ = writeln!(out, "\nidentical: {}", names.join(", "));
    }
    out
}

fn labels(labels: &Value) -> String {
    let word = |name: &str| show(member(labels, name)).to_uppercase();
    format!("{} (STRICT), {} (LENIENT)", word("strict"), word("lenient"))
}

fn event_type(change: &Value, paint: Paint, out: &mut String) {
    let name = paint.paint(1, &show(member(change, "type")));
    let was = match member(change, "was") {
        Value::Null => String::new(),
        was => format!(" (was {})", show(was)),
    };
    let _ = writeln!(out, "\n{name}{was}: {}", paint.judged(&show(member(change, "verdict"))));
    let ops = member(change, "ops").as_array().map_or(&[][..], Vec::as_slice);
    for op in ops {
        let _ = writeln!(out, "  op    {}", show(op));
    }
    for (word, way) in [("up", member(change, "up")), ("down", member(change, "down"))] {
        direction(word, way, paint, out);
    }
    let changes = member(change, "changes").as_array().map_or(&[][..], Vec::as_slice);
    if changes.is_empty() {
        return;
    }
    let _ = writeln!(out, "  label {}", labels(member(change, "labels")));
    let yes = |value: &Value| Value::from(if value == &Value::Bool(true) { "yes" } else { "no" });
    let row = |c: &Value| {
        let place = show(member(c, "pointer"));
        let place = if place.is_empty() { "(root)".to_owned() } else { place };
        vec![place.into(), member(c, "kind").clone(), yes(member(c, "backward")), yes(member(c, "forward"))]
    };
    let rows: Vec<Vec<Value>> = changes.iter().map(row).collect();
    for line in table(&["place", "change", "backward", "forward"], &rows).lines() {
        let _ = writeln!(out, "    {line}");
    }
}

fn direction(word: &str, way: &Value, paint: Paint, out: &mut String) {
    let outcome = show(member(way, "outcome"));
    if outcome == "none" {
        return;
    }
    let judged = paint.judged(&outcome);
    let listed = ["fields", "places"].iter().find_map(|name| member(way, name).as_array());
    let listed = listed.map(|list| format!(": {}", show(&Value::from(list.clone())))).unwrap_or_default();
    let _ = writeln!(out, "  {word:<5} {judged}{listed}");
    if outcome == "fails" {
        let at = match member(way, "at") {
            Value::Null => "made".to_owned(),
            at => format!("logged at #{at}"),
        };
        let _ = writeln!(out, "        {} ({at}): {}", show(member(way, "reason")), member(way, "document"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_says_per_type_what_is_lost_which_way() {
        let labels = json!({"strict": "forward", "lenient": "full"});
        let answer = json!({"diff": {
            "from": "v1", "to": "v2", "verdict": "lens-residue", "class": "additive", "rollback_safe": true,
            "labels": labels,
            "types": [
                {"type": "a.same", "verdict": "identical"},
                {"type": "a.b", "was": "a.c", "verdict": "lens-residue", "class": "additive", "labels": labels,
                 "up": {"outcome": "exact"}, "down": {"outcome": "residue", "fields": ["/x"]},
                 "ops": ["add /x"],
                 "changes": [{"pointer": "/properties/x", "kind": "K", "backward": false, "forward": true}]},
                {"type": "a.d", "verdict": "rejected", "class": "breaking", "labels": labels, "ops": [],
                 "up": {"outcome": "fails", "document": {"n": 1}, "pointer": "/n", "reason": "must be", "at": 7},
                 "down": {"outcome": "none"}, "changes": []},
            ],
        }});
        let mut answer = answer;
        answer["transitive"] = json!({"labels": labels, "versions": ["v1", "v2"]});
        let expect = "v1 -> v2: lens-residue, additive, rollback-safe\n\
            label: FORWARD (STRICT), FULL (LENIENT)\n\
            \na.b (was a.c): lens-residue\n  op    add /x\n  up    exact\n  down  residue: /x\n\
            \x20 label FORWARD (STRICT), FULL (LENIENT)\n\
            \x20   PLACE          CHANGE  BACKWARD  FORWARD\n\
            \x20   /properties/x  K       no        yes\n\
            \na.d: rejected\n  up    fails\n        must be (logged at #7): {\"n\":1}\n\
            \nidentical: a.same\n\
            \nTRANSITIVE, over what was written in v1, v2: FORWARD (STRICT), FULL (LENIENT)";
        assert_eq!(people(&answer, Paint { on: false }), expect);
        assert!(people(&answer, Paint { on: true }).contains("\u{1b}[31mrejected\u{1b}[0m"));
    }
}
