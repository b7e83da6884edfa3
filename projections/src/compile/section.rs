//! One projection's section as it stands in the document, its expressions checked.
//!
//! Not here: what its reductions together make of each column ([`columns`](super::columns)).

use selfsame_record::{Digest, Name};
use selfsame_schema::EventShape;
use serde_json::Value;

use super::condition::{self, Schemas};
use super::expression::{self, Expression};
use super::spot::{Spot, one_of};
use super::{Problems, settings};
use crate::condition::Condition;
use crate::event::Origin;
use crate::limits::{COLUMNS_MAX, LIST_MAX};
use crate::plan::{ProjectionKind, QueuePlan};
use crate::reduction::Verb;

/// A section that was read.
pub(crate) struct Draft<'a> {
    pub(crate) kind: ProjectionKind,
    pub(crate) on: Vec<On<'a>>,
    pub(crate) indexes: Option<Spot<'a>>,
    pub(crate) queue: Option<QueuePlan>,
    pub(crate) spot: Spot<'a>,
}

/// What it does with one event type.
pub(crate) struct On<'a> {
    pub(crate) event_type: Box<str>,
    pub(crate) shape: &'a EventShape,
    pub(crate) key: Origin,
    pub(crate) what: What,
    /// The condition, and the digest of the schema that it was checked against.
    pub(crate) condition: Option<(Condition, Digest)>,
}

/// What an event does.
pub(crate) enum What {
    Delete,
    Change(Vec<Use>),
    Input(Vec<(Box<str>, Origin)>),
}

/// One reduction of one column.
pub(crate) struct Use {
    pub(crate) column: Box<str>,
    pub(crate) verb: Verb,
    pub(crate) operand: Expression,
    pub(crate) pointer: String,
}

/// Reads one section. `None` if its kind is not known, so that nothing else can be said about it.
pub(crate) fn read<'a>(spot: &Spot<'a>, schemas: &Schemas<'a>, problems: &mut Problems) -> Option<Draft<'a>> {
    let members = spot.members(problems)?;
    let member = |key: &str| members.iter().find(|(name, _)| *name == key).map(|(_, spot)| spot);
    let kind = read_kind(spot, member("kind"), problems)?;
    let known: &[&str] = match kind {
        ProjectionKind::Cache => &["kind", "key", "on"],
        ProjectionKind::View => &["kind", "key", "indexes", "on"],
        ProjectionKind::Jobs => &["kind", "on", "retry", "lease"],
    };
    for (key, member) in members.iter().filter(|(key, _)| !known.contains(key)) {
        unknown_member(key, member, kind, known, problems);
    }
    let key = if kind == ProjectionKind::Jobs { None } else { member("key") };
    let on = match member("on") {
        Some(on) => read_on(on, kind, key, schemas, problems),
        None => {
            problems.push(spot.problem("says nothing: `on` is missing").help("name event types under `on`"));
            vec![]
        }
    };
    let is_jobs = kind == ProjectionKind::Jobs;
    let queue = is_jobs.then(|| settings::read(member("retry"), member("lease"), problems));
    let indexes = member("indexes").filter(|_| kind == ProjectionKind::View).cloned();
    Some(Draft { kind, on, indexes, queue, spot: spot.clone() })
}

fn read_kind(spot: &Spot<'_>, kind: Option<&Spot<'_>>, problems: &mut Problems) -> Option<ProjectionKind> {
    let kinds = [ProjectionKind::Cache, ProjectionKind::View, ProjectionKind::Jobs];
    let help = format!("use {}", one_of(&kinds.map(ProjectionKind::as_str)));
    let Some(kind) = kind else {
        problems.push(spot.problem("`kind` is missing").help(help));
        return None;
    };
    let text = kind.text(problems)?;
    let found = kinds.into_iter().find(|kind| kind.as_str() == text);
    if found.is_none() {
        problems.push(kind.problem(format!("`{text}` is not a kind of projection")).help(help));
    }
    found
}

fn unknown_member(key: &str, spot: &Spot<'_>, kind: ProjectionKind, known: &[&str], problems: &mut Problems) {
    if ["key", "indexes", "retry", "lease"].contains(&key) {
        let message = format!("a projection of kind `{}` has no `{key}`", kind.as_str());
        problems.push(spot.problem(message).help(format!("use {}", one_of(known))));
    } else {
        spot.unsupported(key, known, problems);
    }
}

fn read_on<'a>(
    on: &Spot<'a>,
    kind: ProjectionKind,
    key: Option<&Spot<'a>>,
    schemas: &Schemas<'a>,
    problems: &mut Problems,
) -> Vec<On<'a>> {
    let members = on.members(problems).unwrap_or_default();
    if members.is_empty() {
        problems.push(on.problem("names no event type"));
    }
    let mut out = vec![];
    for (event_type, spot) in members {
        let Some(shape) = schemas.version().event(event_type) else {
            let message = format!("this version has no event type `{event_type}`");
            problems.push(spot.problem(message).help("declare it under `/events`"));
            continue;
        };
        let key = read_key(key, event_type, shape, problems);
        let condition = condition::read(&spot, event_type, shape, schemas, problems);
        let what = match kind {
            ProjectionKind::Jobs => read_input(&spot, shape, problems).map(What::Input),
            ProjectionKind::Cache | ProjectionKind::View => read_reductions(&spot, shape, problems),
        };
        if let (Some(key), Some(what)) = (key, what) {
            out.push(On { event_type: event_type.into(), shape, key, what, condition });
        }
    }
    out.sort_by(|a, b| a.event_type.cmp(&b.event_type));
    out
}

/// The key expression, which must hold for every event type; a problem says for which it does not.
fn read_key(
    key: Option<&Spot<'_>>,
    event_type: &str,
    shape: &EventShape,
    problems: &mut Problems,
) -> Option<Origin> {
    let Some(spot) = key else {
        return Some(Origin::Key);
    };
    let before = problems.len();
    let source = expression::read_key(spot, shape, problems);
    for problem in problems.iter_mut().skip(before) {
        problem.message = format!("for `{event_type}`: {}", problem.message);
    }
    source
}

fn read_input(
    spot: &Spot<'_>,
    shape: &EventShape,
    problems: &mut Problems,
) -> Option<Vec<(Box<str>, Origin)>> {
    let mut fields = None;
    for (key, member) in spot.members(problems)? {
        match key {
            "input" => fields = Some(read_fields(&member, shape, problems)?),
            condition::WORD => {}
            _ => member.unsupported(key, &["input", condition::WORD], problems),
        }
    }
    if fields.is_none() {
        problems.push(
            spot.problem("`input` is missing").help("name the fields of a job: `input: {to: $.email}`"),
        );
    }
    fields
}

fn read_fields(
    spot: &Spot<'_>,
    shape: &EventShape,
    problems: &mut Problems,
) -> Option<Vec<(Box<str>, Origin)>> {
    let members = spot.members(problems)?;
    if members.len() > COLUMNS_MAX {
        let message = format!("a job input has at most {COLUMNS_MAX} fields, this one has {}", members.len());
        problems.push(spot.problem(message));
    }
    let mut fields: Vec<(Box<str>, Origin)> = vec![];
    for (name, member) in members {
        check_name(name, &member, problems);
        let source = expression::read(&member, shape, problems).map(|expression| expression.source);
        fields.extend(source.map(|source| (Box::from(name), source)));
    }
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    Some(fields)
}

const VERBS: [&str; 5] = ["set", "add", "max", "min", "append"];

fn read_reductions(spot: &Spot<'_>, shape: &EventShape, problems: &mut Problems) -> Option<What> {
    if let Value::String(text) = spot.value {
        if text == "delete" {
            return Some(What::Delete);
        }
        problems
            .push(spot.problem(format!("`{text}` is not supported yet")).help("use `delete` or an object"));
        return None;
    }
    let mut members = spot.members(problems)?;
    members.retain(|(name, _)| *name != condition::WORD);
    let mut uses: Vec<Use> = vec![];
    for (name, member) in &members {
        if VERBS.contains(name) {
            read_uses(name, member, shape, &mut uses, problems);
        } else {
            member.unsupported(name, &[&VERBS[..], &[condition::WORD]].concat(), problems);
        }
    }
    uses.sort_by(|a, b| a.verb.cmp(&b.verb).then_with(|| a.column.cmp(&b.column)));
    for (i, later) in uses.iter().enumerate() {
        if uses.iter().take(i).any(|earlier| earlier.column == later.column) {
            let message = format!("`{}` is changed by another reduction of this event already", later.column);
            problems.push(selfsame_schema::Problem::new(later.pointer.clone(), message));
        }
    }
    if members.is_empty() {
        let help = format!("use {}, or `delete` instead of the object", one_of(&VERBS));
        problems.push(spot.problem("says nothing to do").help(help));
    }
    Some(What::Change(uses))
}

fn read_uses(verb: &str, spot: &Spot<'_>, shape: &EventShape, uses: &mut Vec<Use>, problems: &mut Problems) {
    let members = spot.members(problems);
    if members.as_ref().is_some_and(Vec::is_empty) {
        problems.push(spot.problem("names no column"));
    }
    for (name, member) in members.unwrap_or_default() {
        check_name(name, &member, problems);
        let verb_and_operand = match verb {
            "append" => read_append(&member, shape, problems),
            _ => expression::read(&member, shape, problems).map(|operand| (plain_verb(verb), operand)),
        };
        if let Some((verb, operand)) = verb_and_operand {
            uses.push(Use { column: name.into(), verb, operand, pointer: member.pointer });
        }
    }
}

fn plain_verb(verb: &str) -> Verb {
    match verb {
        "add" => Verb::Add,
        "max" => Verb::Max,
        "min" => Verb::Min,
        _ => Verb::Set,
    }
}

fn read_append(spot: &Spot<'_>, shape: &EventShape, problems: &mut Problems) -> Option<(Verb, Expression)> {
    let (mut value, mut max) = (None, None);
    let members = spot.members(problems)?;
    for (key, member) in &members {
        match *key {
            "value" => value = Some(expression::read(member, shape, problems)?),
            "max" => max = Some(member.integer(1, LIST_MAX, problems)?),
            _ => member.unsupported(key, &["value", "max"], problems),
        }
    }
    for (name, missing) in [("value", value.is_none()), ("max", max.is_none())] {
        if missing {
            let help = "write `{value: $.field, max: 10}`: the oldest items fall out of a full list";
            problems.push(spot.problem(format!("`{name}` is missing")).help(help));
        }
    }
    let max = usize::try_from(max?).ok()?;
    Some((Verb::Append { max }, value?))
}

fn check_name(name: &str, spot: &Spot<'_>, problems: &mut Problems) {
    if let Err(error) = Name::parse(name) {
        problems.push(spot.problem(error.to_string()));
    }
}
