//! What a version promises about the time after its cutover: its guards name what there is to measure, and
//! what is to stay as it is was there before.

use std::collections::BTreeSet;

use selfsame_record::Name;

use crate::document::Document;
use crate::guard::{Guard, NoGuard, Scope};
use crate::problem::{Problem, Problems};
use crate::version::Version;

/// The guards, checked.
pub(super) fn check(document: &Document, parent: Option<&Version>, problems: &mut Problems) -> Vec<Guard> {
    let unchanged = document.probation().map(|probation| probation.unchanged.as_slice()).unwrap_or_default();
    let before = parent.map(|parent| parent.projections().keys().map(Name::as_str).collect::<BTreeSet<_>>());
    for name in unchanged.iter().filter(|name| before.as_ref().is_none_or(|all| !all.contains(name.as_str())))
    {
        let message = match parent {
            Some(parent) => format!("{} has no projection `{name}`, so it cannot stay as it is", parent.no()),
            None => format!("the first version has nothing before it, so `{name}` cannot stay as it is"),
        };
        problems.push(Problem::new("/probation/unchanged", message).help("leave it out"));
    }
    let projections = document.projections().keys().map(Name::as_str).collect();
    let scope = Scope { projections, before, unchanged: unchanged.iter().map(Name::as_str).collect() };
    let mut guards = Vec::new();
    for section in document.guards() {
        match Guard::compile(section.name.clone(), &section.expect, section.over, &scope) {
            Ok(guard) => guards.push(guard),
            Err(refused) => problems.push(refused.problem(&format!("/guards/{}/expect", section.index))),
        }
    }
    guards
}

impl NoGuard {
    fn problem(self, place: &str) -> Problem {
        let problem = |message: String| Problem::new(place, message);
        match self {
            NoGuard::Refused(error) => {
                let problem = problem(error.to_string());
                match error.help() {
                    Some(help) => problem.help(help),
                    None => problem,
                }
            }
            NoGuard::NotBool(ty) => {
                let help = "compare it with something, as in `rows.profile > 0`";
                problem(format!("a guard is true or false, and this is {ty}")).help(help)
            }
            NoGuard::Group(group) => {
                let help = format!("name one of them, as `{group}.x`");
                problem(format!("`{group}` are several measurements")).help(help)
            }
            NoGuard::Constant => {
                let help = "name a measurement, as in `rates.refused < 0.01`";
                problem("the condition names no measurement".to_owned()).help(help)
            }
        }
    }
}
