//! What the guards of a version may name.

use std::collections::BTreeSet;

use super::readings::field;
use crate::cel::{Field, Fields, Kind, Step, Type};

const RATES: [&str; 3] = ["refused", "fold_failures", "job_failures"];
const LATENCIES: [&str; 2] = ["publish_p99_ms", "read_p99_ms"];

/// The measurements that there are of a version.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// The projections of the version.
    pub(crate) projections: BTreeSet<&'a str>,
    /// Those of its parent; the first version has none before it.
    pub(crate) before: Option<BTreeSet<&'a str>>,
    /// The projections that are declared to stay as they are.
    pub(crate) unchanged: BTreeSet<&'a str>,
}

impl Scope<'_> {
    /// What stands at a way of keys.
    fn kind(&self, path: &[&str]) -> Option<Kind> {
        match path {
            ["before", below @ ..] => self.kind_before(below),
            ["rows", projection] => self.projections.contains(projection).then_some(Kind::Int),
            ["changed", projection] => self.unchanged.contains(projection).then_some(Kind::Int),
            ["events"] => Some(Kind::Int),
            ["rates", rate] => RATES.contains(rate).then_some(Kind::Number),
            ["latency", which] => LATENCIES.contains(which).then_some(Kind::Number),
            [] | ["rows" | "changed" | "rates" | "latency"] => Some(Kind::Object),
            _ => None,
        }
    }

    fn kind_before(&self, path: &[&str]) -> Option<Kind> {
        let before = self.before.as_ref()?;
        match path {
            [] | ["rows" | "rates"] => Some(Kind::Object),
            ["rows", projection] => before.contains(projection).then_some(Kind::Int),
            ["rates", rate] => RATES.contains(rate).then_some(Kind::Number),
            _ => None,
        }
    }

    /// Whether a way leads to several measurements and not to one.
    pub(super) fn is_group(&self, path: &[String]) -> bool {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.kind(&path) == Some(Kind::Object)
    }

    /// What can be named below a way.
    fn names(&self, host: &[&str]) -> Vec<String> {
        let all = |names: &BTreeSet<&str>| names.iter().map(ToString::to_string).collect();
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        match host {
            [] if self.before.is_some() => {
                words(&["rows", "before", "rates", "events", "latency", "changed"])
            }
            [] => words(&["rows", "rates", "events", "latency"]),
            ["before"] => words(&["rows", "rates"]),
            ["rows"] => all(&self.projections),
            ["before", "rows"] => self.before.as_ref().map(all).unwrap_or_default(),
            ["changed"] => all(&self.unchanged),
            ["rates"] | ["before", "rates"] => words(&RATES),
            ["latency"] => words(&LATENCIES),
            _ => Vec::new(),
        }
    }
}

impl Fields for Scope<'_> {
    fn field(&self, path: &[Step]) -> Option<Field> {
        let kind = self.kind(&keys(path)?)?;
        Some(Field { ty: Type::of(kind), may_be_absent: false })
    }

    fn members_are_variables(&self) -> bool {
        true
    }

    fn advice(&self, host: &[Step], name: &str) -> Option<String> {
        let host = keys(host)?;
        let names = self.names(&host);
        let list = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Some(match (host.as_slice(), names.is_empty()) {
            ([], _) if name == "before" => "the first version has nothing before it".to_owned(),
            ([], _) => format!("what is measured are {}", list()),
            (["changed"], true) => "name the projection under `unchanged` of `probation`".to_owned(),
            (["changed"], false) => {
                format!("the projections under `unchanged` of `probation` are {}", list())
            }
            (["rows"], true) => "this version has no projections".to_owned(),
            (["rows"], false) => format!("the projections of this version are {}", list()),
            (["before", "rows"], true) => "the parent has no projections".to_owned(),
            (["before", "rows"], false) => format!("the projections of the parent are {}", list()),
            (_, _) => {
                let host: Vec<String> = host.iter().map(ToString::to_string).collect();
                format!("`{}` has {}", field(&host), list())
            }
        })
    }
}

fn keys(path: &[Step]) -> Option<Vec<&str>> {
    let keys = path.iter().map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Element => None,
    });
    keys.collect()
}
