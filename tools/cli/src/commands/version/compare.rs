//! How a version's rows differ from those that are served, for people.

use serde_json::Value;

use crate::out::{member, show, table};

/// A line per projection, then samples of rows, then what the version could not take in.
pub(super) fn people(answer: &Value) -> String {
    let compared = member(answer, "compared");
    let text = |name: &str| show(member(compared, name));
    let mut lines = vec![format!("{} against {}, at #{}", text("version"), text("active"), text("at"))];
    lines.push(table(&HEADER, &items(compared, "projections").map(row).collect::<Vec<_>>()));
    for projection in items(compared, "projections") {
        let samples = items(projection, "samples").map(|sample| shown(projection, sample));
        lines.extend(samples);
    }
    if member(compared, "samples_cut") == &Value::Bool(true) {
        lines.push("some rows are left out for their size".to_owned());
    }
    lines.push(format!("events that {} could not take in: {}", text("version"), text("failures")));
    lines.extend(items(compared, "failed").map(failed));
    lines.join("\n")
}

const HEADER: [&str; 7] = ["projection", "kind", "change", "equal", "added", "removed", "changed"];

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    member(value, name).as_array().into_iter().flatten()
}

fn row(projection: &Value) -> Vec<Value> {
    let names = ["name", "kind", "change", "equal", "added", "removed", "changed"];
    names.iter().map(|name| member(projection, name).clone()).collect()
}

fn shown(projection: &Value, sample: &Value) -> String {
    let [name, change, key] = [member(projection, "name"), member(sample, "change"), member(sample, "key")];
    let side = |name: &str| match member(sample, name) {
        Value::Null => "-".to_owned(),
        row => row.to_string(),
    };
    let (name, change, key) = (show(name), show(change), show(key));
    format!("{name} `{key}` {change}: {} -> {}", side("active"), side("candidate"))
}

fn failed(line: &Value) -> String {
    let text = |name: &str| show(member(line, name));
    let projection = match member(line, "projection") {
        Value::Null => "every projection".to_owned(),
        name => format!("`{}`", show(name)),
    };
    let detail = match member(line, "detail") {
        Value::Null => String::new(),
        detail => format!(": {}", show(detail)),
    };
    let (count, first) = (text("count"), text("first"));
    format!(
        "  {count} x {} of `{}` in {projection}, first #{first}{detail}",
        text("reason"),
        text("event_type")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comparison_is_a_table_with_samples_and_failures() {
        let count = |name: &str, change: &str, counts: [u64; 4], samples: Value| {
            json!({
                "name": name, "kind": "cache", "change": change, "equal": counts[0], "added": counts[1],
                "removed": counts[2], "changed": counts[3], "samples": samples,
            })
        };
        let sample = json!([{ "change": "changed", "key": "ada", "active": { "n": 1 }, "candidate": { "n": 2 } },
            { "change": "removed", "key": "bob", "active": { "n": 1 } }]);
        let failed = json!([{ "event_type": "put", "projection": "a", "reason": "key-missing", "count": 2,
            "first": 7, "last": 9, "samples": [7, 9] }]);
        let answer = json!({ "compared": { "at": 12, "active": "v1", "version": "v2", "samples_cut": true,
            "projections": [count("a", "changed", [1, 0, 1, 1], sample), count("b", "same", [3, 0, 0, 0], json!(null))],
            "failures": 2, "failed": failed } });
        let expect = "\
v2 against v1, at #12
PROJECTION  KIND   CHANGE   EQUAL  ADDED  REMOVED  CHANGED
a           cache  changed      1      0        1        1
b           cache  same         3      0        0        0
a `ada` changed: {\"n\":1} -> {\"n\":2}
a `bob` removed: {\"n\":1} -> -
some rows are left out for their size
events that v2 could not take in: 2
  2 x key-missing of `put` in `a`, first #7";
        assert_eq!(people(&answer), expect);
    }
}
