//! What is wrong with a document, for people: each place with its witness, and the operations that would
//! probably mend it as lines of YAML.
//!
//! ```text
//!   /lenses/user.registered: the lens does not lead every event of v1 here; …
//!     witness: {"user_id":""}
//!     proposed, to be confirmed:
//!       # 80 % sure: `/given_name` went and `/name/given` came, with the same words and the same shape
//!       - {"move":{"from":"/given_name","to":"/name/given"}}
//! ```
//!
//! What stands against a rebase is said place by place, with what either version did.

use std::fmt::Write as _;

use serde_json::Value;

use super::text;

/// Characters of a witness that are shown.
const WITNESS_CHARS_MAX: usize = 200;

/// The problems of a refusal. One that has nothing to show but its message is in the first line already.
pub(super) fn listed(refusal: &Value) -> String {
    let problems = refusal.get("problems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let alone = problems.len() == 1;
    let mut lines = String::new();
    for problem in problems {
        let indent = if alone { "  " } else { "    " };
        if !alone {
            let place = text(problem, "pointer");
            let colon = if place.is_empty() { "" } else { ": " };
            let _ = writeln!(lines, "  {place}{colon}{}", text(problem, "message"));
        }
        if let Some(witness) = problem.get("witness") {
            let _ = writeln!(lines, "{indent}witness: {}", brief(&witness.to_string()));
        }
        let proposal =
            problem.get("proposal").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !proposal.is_empty() {
            let _ = writeln!(lines, "{indent}proposed, to be confirmed:");
            operations(proposal, &format!("{indent}  "), &mut lines);
        }
    }
    lines
}

/// The conflicts of a refused rebase, a line each; one alone is in the first line already.
pub(super) fn conflicts(refusal: &Value) -> String {
    let conflicts = refusal.get("conflicts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut lines = String::new();
    if conflicts.len() > 1 {
        for conflict in conflicts {
            let [place, onto, own] = ["place", "onto", "own"].map(|member| text(conflict, member));
            let _ = writeln!(lines, "  {place}: {onto}, and {own}");
        }
    }
    lines
}

/// Proposals as a list in YAML, each operation below a comment that says how sure it is and why.
pub(crate) fn operations(proposals: &[Value], indent: &str, lines: &mut String) {
    for proposal in proposals {
        let sure = proposal.get("confidence").and_then(Value::as_u64).unwrap_or_default();
        let _ = writeln!(lines, "{indent}# {sure} % sure: {}", text(proposal, "reason"));
        // JSON is YAML, and so one operation stays on one line.
        let _ = writeln!(lines, "{indent}- {}", proposal.get("op").unwrap_or(&Value::Null));
    }
}

/// A text, cut where it gets long.
fn brief(text: &str) -> String {
    match text.char_indices().nth(WITNESS_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_problem_is_said_with_what_shows_it_and_what_mends_it() {
        let alone = json!({ "problems": [{ "pointer": "/a", "message": "is wrong" }] });
        assert_eq!(listed(&alone), "", "the first line says it");
        let long = "x".repeat(300);
        let op = json!({ "op": { "add": { "at": "/b" } }, "confidence": 90, "reason": "it came" });
        let two = json!({ "problems": [
            { "pointer": "", "message": "is empty" },
            { "pointer": "/a", "message": "is wrong", "witness": long, "proposal": [op] },
        ] });
        let witness = format!("\"{}…", "x".repeat(199));
        let expect = format!(
            "  is empty\n  /a: is wrong\n    witness: {witness}\n    proposed, to be confirmed:\n      \
             # 90 % sure: it came\n      - {{\"add\":{{\"at\":\"/b\"}}}}\n"
        );
        assert_eq!(listed(&two), expect);
    }

    #[test]
    fn every_conflict_is_a_line_of_its_own() {
        let conflict = |place| json!({ "place": place, "onto": "v2 removed it", "own": "v3 changed it" });
        let alone = json!({ "conflicts": [conflict("/a")] });
        assert_eq!(conflicts(&alone), "", "the first line says it");
        let two = json!({ "conflicts": [conflict("/a"), conflict("/b")] });
        let expect = "  /a: v2 removed it, and v3 changed it\n  /b: v2 removed it, and v3 changed it\n";
        assert_eq!(conflicts(&two), expect);
    }
}
