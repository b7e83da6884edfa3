//! Who may do what, as a table: every verb, on samples of what it can be done to.
//!
//! The answers are the engine's: where it refuses whatever the rules say, nobody may.

use std::collections::{BTreeMap, BTreeSet};

use selfsame_core::{Ask, Context, Resource};
use selfsame_schema::Class;

use crate::policy::class_word;
use crate::proposal::Proposal;

/// The verbs on versions, but for `activate`.
const ON_VERSIONS: [&str; 10] =
    ["register", "plan", "build", "pause", "resume", "abandon", "validate", "drop", "retire", "rewind"];
/// The verbs on the system.
const ON_SYSTEM: [&str; 13] = [
    "freeze",
    "unfreeze",
    "floor",
    "seal",
    "unseal",
    "repair",
    "quarantine",
    "release",
    "reset-breaker",
    "approve",
    "reject",
    "replay",
    "dump",
];

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Event types, with what they stand for.
    types: BTreeMap<String, String>,
    /// Projections, with what they stand for.
    projections: BTreeMap<String, String>,
    /// First words of event types that a version may change, with what they stand for.
    namespaces: BTreeMap<String, String>,
}

impl Samples {
    /// What a boundary itself names, and something that it does not name.
    pub fn of(proposal: &Proposal) -> Samples {
        let mut samples = Samples::default();
        let (checked, named) = (&proposal.checked, proposal.rules.named());
        for pattern in checked.protected.patterns() {
            let stem = pattern.strip_suffix(".*").unwrap_or(pattern);
            samples.types.insert(stem.to_owned(), pattern.to_owned());
        }
        named.types.iter().for_each(|name| samples.add_type(name));
        named.projections.iter().for_each(|name| samples.add_projection(name));
        checked.projections.iter().for_each(|name| samples.add_projection(name.as_str()));
        for namespace in &named.namespaces {
            samples.types.entry(namespace.clone()).or_insert_with(|| format!("{namespace}.*"));
            let first = namespace.split('.').next().unwrap_or(namespace);
            samples.namespaces.insert(first.to_owned(), format!("a version that changes {first}.*"));
        }
        samples.types.insert("any.other".to_owned(), "any other type".to_owned());
        samples.projections.insert("any_other".to_owned(), "any other projection".to_owned());
        samples.namespaces.insert("any".to_owned(), "any other version".to_owned());
        samples
    }

    /// Asks about an event type, too.
    pub fn add_type(&mut self, name: &str) {
        self.types.entry(name.to_owned()).or_insert_with(|| name.to_owned());
    }

    /// Asks about a projection, too.
    pub fn add_projection(&mut self, name: &str) {
        self.projections.entry(name.to_owned()).or_insert_with(|| name.to_owned());
    }

    /// Asks about what the other asks about, too.
    pub fn extend(&mut self, other: Samples) {
        self.types.extend(other.types);
        self.projections.extend(other.projections);
        self.namespaces.extend(other.namespaces);
    }

    /// Every question, in the order of the table.
    fn questions(&self) -> Vec<Question> {
        let mut all = Vec::new();
        let mut ask = |action: &'static str, on: &str, about: About, context: Context| {
            all.push(Question { action, on: on.to_owned(), about, context });
        };
        let none = Context::default();
        for action in ["publish", "read"] {
            self.types.iter().for_each(|(name, on)| ask(action, on, About::EventType(name.clone()), none));
        }
        for action in ["read", "work"] {
            self.projections
                .iter()
                .for_each(|(name, on)| ask(action, on, About::Projection(name.clone()), none));
        }
        for (name, on) in &self.namespaces {
            let about = About::Version(BTreeSet::from([name.clone()]));
            ON_VERSIONS.iter().for_each(|action| ask(action, on, about.clone(), none));
            for (label, context) in effects() {
                ask("activate", &format!("{on}: {label}"), about.clone(), context);
            }
        }
        ON_SYSTEM.iter().for_each(|action| ask(action, "the system", About::System, none));
        all
    }
}

/// The effects at which a version is taken live.
fn effects() -> Vec<(String, Context)> {
    let effect = |class: Class, approvals: u64| {
        let class = Some(class);
        Context { class, class_since_approved: class, approvals, cutovers_left: 1, ..Context::default() }
    };
    let mut all = vec![(class_word(Class::Additive).to_owned(), effect(Class::Additive, 0))];
    let losing = Context { rewind_loses: true, ..effect(Class::Additive, 0) };
    all.push(("additive, and a rewind would lose something".to_owned(), losing));
    for class in [Class::Lossy, Class::Breaking] {
        let word = class_word(class);
        all.push((word.to_owned(), effect(class, 0)));
        all.push((format!("{word}, and agreed to"), effect(class, u64::MAX)));
    }
    all
}

#[derive(Clone, Debug)]
enum About {
    EventType(String),
    Projection(String),
    Version(BTreeSet<String>),
    System,
}

#[derive(Clone, Debug)]
struct Question {
    action: &'static str,
    on: String,
    about: About,
    context: Context,
}

impl Question {
    fn may(&self, proposal: &Proposal, principal: &str) -> bool {
        let resource = match &self.about {
            About::EventType(name) => Resource::EventType(name),
            About::Projection(name) => Resource::Projection(name),
            About::Version(namespaces) => Resource::Version { name: "v2", namespaces },
            About::System => Resource::System,
        };
        proposal.allows(&Ask { principal, action: self.action, resource, context: self.context })
    }

    /// Who may.
    fn who(&self, proposal: &Proposal) -> BTreeSet<String> {
        let members = proposal.checked.members.keys();
        members.filter(|name| self.may(proposal, name)).cloned().collect()
    }
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The verbs that have the same answer.
    pub actions: Vec<&'static str>,
    /// On what.
    pub on: String,
    /// Who may.
    pub who: BTreeSet<String>,
}

/// Asks everything of everybody.
pub fn survey(proposal: &Proposal, samples: &Samples) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for question in samples.questions() {
        let who = question.who(proposal);
        let (action, on) = (question.action, question.on);
        // `read` is asked of types and of projections, and stays apart.
        match lines.iter_mut().find(|line| line.on == on && line.who == who && line.actions != ["read"]) {
            Some(line) if action != "read" => line.actions.push(action),
            _ => lines.push(Line { actions: vec![action], on, who }),
        }
    }
    lines
}

/// A question to which two boundaries answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The verbs that have the same answer.
    pub actions: Vec<&'static str>,
    /// On what.
    pub on: String,
    /// Who may now and could not.
    pub more: BTreeSet<String>,
    /// Who could and may not.
    pub less: BTreeSet<String>,
}

/// Who may do more, and who less.
pub fn compare(old: &Proposal, new: &Proposal) -> Vec<Change> {
    let mut samples = Samples::of(old);
    samples.extend(Samples::of(new));
    let mut changes: Vec<Change> = Vec::new();
    for question in samples.questions() {
        let (before, after) = (question.who(old), question.who(new));
        let more: BTreeSet<String> = after.difference(&before).cloned().collect();
        let less: BTreeSet<String> = before.difference(&after).cloned().collect();
        if more.is_empty() && less.is_empty() {
            continue;
        }
        let (action, on) = (question.action, question.on);
        match changes.iter_mut().find(|change| change.on == on && change.more == more && change.less == less)
        {
            Some(change) => change.actions.push(action),
            None => changes.push(Change { actions: vec![action], on, more, less }),
        }
    }
    changes
}

#[cfg(test)]
mod tests;
