//! What an engine says of versions, for people.

use serde_json::Value;

use crate::commands::census::used_by;
use crate::out::{member, show, table};

/// A switch: what answers now, and what it was before.
pub(super) fn switched(answer: &Value) -> String {
    let (to, at) = (show(member(answer, "to")), member(answer, "at"));
    let from = match member(answer, "from") {
        Value::Null => "nothing before it".to_owned(),
        from => format!("{} before it", show(from)),
    };
    let line = format!("{to} answers from #{at} on, {from}");
    match member(answer, "window") {
        Value::Null => line,
        window => {
            let (first, last) = (member(window, "first"), member(window, "last"));
            format!("{line}\nthe window was #{first} to #{last}, with {} events", member(window, "events"))
        }
    }
}

/// All versions, a line each.
pub(crate) fn list(answer: &Value) -> String {
    let versions = member(answer, "versions").as_array().filter(|versions| !versions.is_empty());
    let Some(versions) = versions else {
        return "no version is registered".to_owned();
    };
    let row = |version: &Value| {
        let id: String = show(member(version, "id")).chars().take(12).collect();
        let since = [member(version, "since"), member(version, "ready")];
        let since = since.into_iter().find(|at| !at.is_null()).cloned().unwrap_or_default();
        let text = |name| member(version, name).clone();
        vec![text("no"), text("stage"), since, text("parent"), text("name"), Value::from(id)]
    };
    table(&["no", "stage", "since", "parent", "name", "id"], &versions.iter().map(row).collect::<Vec<_>>())
}

/// What a version would change.
pub(super) fn plan(answer: &Value) -> String {
    let from = match member(answer, "from") {
        Value::Null => "no active version".to_owned(),
        from => show(from),
    };
    let mut lines = vec![format!("{} against {from}:", show(member(answer, "plan")))];
    for kind in ["types", "projections"] {
        let changes = member(answer, kind).as_array().into_iter().flatten();
        for change in changes {
            lines.push(format!("  {}", changed(change)));
            let slower = member(change, "slower").as_array().into_iter().flatten();
            lines.extend(slower.map(|why| format!("           slower: {}", show(why))));
        }
    }
    lines.push(format!("stage: {}", show(member(answer, "stage"))));
    let safe = member(answer, "rollback_safe") == &Value::Bool(true);
    let safe = if safe { "rollback-safe" } else { "not rollback-safe" };
    lines.push(format!(
        "class: {} ({}, {safe})",
        show(member(answer, "class")),
        show(member(answer, "verdict"))
    ));
    lines.push(format!("records to replay: {}", member(answer, "records_to_replay")));
    let expected = member(answer, "expected");
    if let Some(bytes) = member(expected, "bytes").as_u64() {
        let seconds = member(expected, "seconds").as_f64();
        let time = seconds.map_or_else(|| "no build was timed yet".to_owned(), |s| format!("about {s:.1} s"));
        lines.push(format!("a build takes: {time}, about {} kB of memory", bytes.div_ceil(1000)));
    }
    let skips = show(member(answer, "rewind_skips"));
    let skips = if skips.is_empty() { "nothing" } else { &skips };
    lines.push(format!("a rewind would set aside until the next cutover: {skips}"));
    for drop in member(answer, "drops").as_array().into_iter().flatten() {
        lines.push(format!("a cutover would drop: {}", show(member(drop, "version"))));
        lines.extend(used_by(drop).into_iter().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

/// What a rewind would do.
pub(super) fn rewind(answer: &Value) -> String {
    let (to, from) = (show(member(answer, "rewind")), show(member(answer, "from")));
    if let Value::String(why) = member(answer, "forbidden") {
        return format!("a rewind to {to} is not possible: {why}");
    }
    let how = match member(answer, "warm") {
        Value::Bool(true) => "warm: one record, since it is kept in step".to_owned(),
        _ => {
            let seconds = member(answer, "expected_seconds").as_f64();
            let time = seconds.map_or_else(String::new, |s| format!(", about {s:.1} s"));
            format!("cold: {} records are folded first{time}", member(answer, "records_to_replay"))
        }
    };
    let mut lines = vec![format!("from {from} to {to}, {how}")];
    let window = member(answer, "window");
    let (first, last) = (member(window, "first"), member(window, "counted_until"));
    lines.push(format!("the window: #{first} to #{last}, {} events", member(window, "events")));
    for row in member(window, "by").as_array().into_iter().flatten() {
        let text = |name| show(member(row, name));
        lines.push(format!("  {} {} of {}", text("events"), text("type"), text("principal")));
    }
    for row in member(window, "skipped").as_array().into_iter().flatten() {
        let text = |name| show(member(row, name));
        lines.push(format!(
            "  {to} cannot express {} {} (first #{})",
            text("events"),
            text("type"),
            text("first")
        ));
    }
    for row in member(answer, "jobs").as_array().into_iter().flatten() {
        let text = |name| show(member(row, name));
        let kept =
            if member(row, "kept") == &Value::Bool(true) { "" } else { ", which the version does not have" };
        lines.push(format!(
            "jobs of {}{kept}: {} pending, {} leases end",
            text("queue"),
            text("pending"),
            text("leases_ended")
        ));
    }
    for drop in member(answer, "drops").as_array().into_iter().flatten() {
        lines.push(format!("it would drop: {}", show(member(drop, "version"))));
        lines.extend(used_by(drop).into_iter().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

/// A version that is not kept in step any longer, with everybody who used it.
pub(super) fn dropped(answer: &Value) -> String {
    let line = format!("{} is dropped", show(member(answer, "dropped")));
    std::iter::once(line).chain(used_by(answer)).collect::<Vec<String>>().join("\n")
}

fn changed(change: &Value) -> String {
    let (kind, name) = match member(change, "type") {
        Value::Null => (show(member(change, "kind")), show(member(change, "name"))),
        event_type => ("event".to_owned(), show(event_type)),
    };
    let build = match (member(change, "build").as_str(), member(change, "with")) {
        (Some("shared"), with) => format!(", shared with {}", show(with)),
        (Some("rebuilt"), _) => ", rebuilt".to_owned(),
        _ => String::new(),
    };
    let line = format!("{:<8} {kind} {name}{build}", show(member(change, "change")));
    match member(change, "ops").as_array() {
        Some(ops) if !ops.is_empty() => {
            let ops: Vec<String> = ops.iter().map(show).collect();
            format!("{line}: {}", ops.join(", "))
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_switch_is_said_in_one_line_and_its_window_in_another() {
        let cutover = json!({"at": 57, "from": null, "to": "v1", "window": null});
        assert_eq!(switched(&cutover), "v1 answers from #57 on, nothing before it");
        let window = json!({"first": 58, "last": 70, "events": 9});
        let rewind = json!({"at": 71, "from": "v2", "to": "v1", "window": window});
        let expect = "v1 answers from #71 on, v2 before it\nthe window was #58 to #70, with 9 events";
        assert_eq!(switched(&rewind), expect);
    }

    #[test]
    fn versions_are_listed_with_their_stages() {
        let version = json!({"no": "v1", "id": "ab".repeat(32), "name": "n", "parent": null, "stage": "active", "since": 3});
        let text = list(&json!({"versions": [version]}));
        assert_eq!(
            text,
            "NO  STAGE   SINCE  PARENT  NAME  ID\nv1  active      3       -  n     abababababab"
        );
        assert_eq!(list(&json!({"versions": []})), "no version is registered");
    }

    #[test]
    fn a_plan_names_every_change() {
        let answer = json!({
            "plan": "v2", "from": "v1", "stage": "registered", "class": "compatible", "verdict": "lens-exact",
            "rollback_safe": true, "records_to_replay": 9, "expected": {"seconds": 0.25, "bytes": 1500},
            "types": [{"type": "a.b", "change": "changed", "ops": [{"rename": {"from": "/a", "to": "/b"}}],
                       "slower": ["it is checked as a whole"]}],
            "projections": [
                {"name": "files", "kind": "view", "change": "same", "build": "shared", "with": "v1"},
                {"name": "people", "kind": "view", "change": "changed", "build": "rebuilt"},
            ],
            "rewind_skips": [],
        });
        let text = plan(&answer);
        assert!(text.starts_with("v2 against v1:\n  changed  event a.b: {\"rename\""), "{text}");
        assert!(
            text.contains("\n  same     view files, shared with v1\n  changed  view people, rebuilt\n"),
            "{text}"
        );
        assert!(text.contains("\n           slower: it is checked as a whole\n"), "{text}");
        assert!(text.contains("\nclass: compatible (lens-exact, rollback-safe)\n"), "{text}");
        assert!(text.contains("\na build takes: about 0.2 s, about 2 kB of memory\n"), "{text}");
        assert!(text.ends_with("next cutover: nothing"), "{text}");
    }

    #[test]
    fn a_rewind_is_told_beforehand() {
        let window = json!({"first": 9, "counted_until": 12, "events": 2,
            "by": [{"type": "a.b", "principal": "web", "events": 2}],
            "skipped": [{"type": "a.b", "events": 1, "first": 11}]});
        let jobs = json!([{"queue": "mail", "pending": 3, "leases_ended": 1, "kept": false}]);
        let answer = json!({"rewind": "v1", "from": "v2", "warm": true, "window": window, "jobs": jobs,
            "drops": [], "forbidden": null});
        let expect = "from v2 to v1, warm: one record, since it is kept in step\nthe window: #9 to #12, 2 events\n  \
            2 a.b of web\n  v1 cannot express 1 a.b (first #11)\n\
            jobs of mail, which the version does not have: 3 pending, 1 leases end";
        assert_eq!(rewind(&answer), expect);
        let sealed = json!({"rewind": "v1", "from": "v2", "forbidden": "v1 is sealed"});
        assert_eq!(rewind(&sealed), "a rewind to v1 is not possible: v1 is sealed");
    }

    #[test]
    fn what_would_be_dropped_is_said_with_who_uses_it() {
        let used = json!([{"principal": "web", "version": "v1", "wrote": {"last": 42}, "read": null}]);
        let answer = json!({"plan": "v3", "from": "v2", "drops": [{"version": "v1", "used_by": used}]});
        let expect = "a cutover would drop: v1\n  still used by: web writes v1 (last #42)";
        assert!(plan(&answer).ends_with(expect), "{}", plan(&answer));
        let expect = "v1 is dropped\nstill used by: web writes v1 (last #42)";
        assert_eq!(dropped(&json!({"dropped": "v1", "used_by": used})), expect);
        assert_eq!(dropped(&json!({"dropped": "v1", "used_by": []})), "v1 is dropped");
    }
}
