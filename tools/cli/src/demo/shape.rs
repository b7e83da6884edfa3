//! What tells rows of the two versions apart: the columns that only one of them has.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// The members that a row of a projection has in one version and not in the other.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Only the first version's rows have these.
    first: BTreeSet<String>,
    /// Only the second version's rows have these.
    second: BTreeSet<String>,
}

impl Marks {
    /// Compares a projection's columns in the two documents.
    pub(super) fn of(projection: &str, first: &str, second: &str) -> Outcome<Marks> {
        let (first, second) = (columns(projection, first)?, columns(projection, second)?);
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
        Ok(Marks { first: only(&first, &second), second: only(&second, &first) })
    }

    /// Whether a row is one of the version with that number: it has that version's marks, none of the other's.
    pub(super) fn fit(&self, version: u64, row: &Value) -> bool {
        let (mine, others) =
            if version == 1 { (&self.first, &self.second) } else { (&self.second, &self.first) };
        let has = |name: &String| row.get(name).is_some();
        row.is_object() && mine.iter().all(has) && !others.iter().any(has)
    }
}

/// The columns that any event of a projection changes, or the fields of a job's input.
fn columns(projection: &str, document: &str) -> Outcome<BTreeSet<String>> {
    let wrong = |reason: String| Failure::Bug(format!("the demo's document: {reason}"));
    let document = selfsame_schema::Document::parse(document)
        .map_err(|problems| wrong(format!("{:?}", problems.first().map(ToString::to_string))))?;
    let document: Value = serde_json::from_str(document.canonical()).map_err(|e| wrong(e.to_string()))?;
    let section = document.get("projections").and_then(|p| p.get(projection)).and_then(|p| p.get("on"));
    let events = section.and_then(Value::as_object).ok_or_else(|| wrong(format!("no `{projection}`")))?;
    let reductions = events.values().filter_map(Value::as_object).flat_map(|on| on.values());
    Ok(reductions.filter_map(Value::as_object).flat_map(|columns| columns.keys().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{GIT_V1, GIT_V2};

    #[test]
    fn each_projection_of_the_demo_has_marks_in_at_least_the_second_version() {
        for projection in ["author", "files", "review"] {
            let marks = Marks::of(projection, GIT_V1, GIT_V2).expect("the documents are right");
            assert!(!marks.second.is_empty(), "`{projection}` looks alike in both versions: {marks:?}");
        }
    }

    #[test]
    fn a_row_of_the_other_version_does_not_fit() {
        let marks = Marks { first: BTreeSet::from(["a".into()]), second: BTreeSet::from(["b".into()]) };
        for (version, row, fits) in [
            (1, r#"{"a":1}"#, true),
            (2, r#"{"b":1}"#, true),
            (1, r#"{"b":1}"#, false),
            (2, r#"{"a":1}"#, false),
            (1, r#"{"a":1,"b":1}"#, false),
            (1, "{}", false),
            (2, "null", false),
        ] {
            let row = serde_json::from_str(row).expect("JSON");
            assert_eq!(marks.fit(version, &row), fits, "{version} {row}");
        }
    }
}
