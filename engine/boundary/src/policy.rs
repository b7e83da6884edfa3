//! Who may do what, by the rules in `policy.cedar` (Cedar, strictly typed).
//!
//! A rule that cannot be evaluated forbids: Cedar passes over it, and then a `forbid` that failed would open what it
//! should close. The rules are checked against the schema that this engine has, and against the one in the folder,
//! so that what the author read there is what is asked.
//!
//! Not here: what no rule can open (the core).

mod entities;
mod help;
mod parse;

use std::collections::BTreeMap;

use cedar_policy::{
    AuthorizationError, Authorizer, Decision as Answer, Entities, Entity, PolicySet, Request, Schema,
};
use selfsame_core::{Ask, Decision, Policy, PrincipalKind, Resource};

use self::entities::Named;
use self::entities::Types;
pub(crate) use self::entities::class_word;
use self::help::Help;
use crate::document::Checked;
use crate::error::BoundaryError;

/// The schema that policies are written against: `policy.cedarschema` as this engine has it.
pub const SCHEMA: &str = include_str!("policy/schema.cedarschema");
/// The policy that a new boundary begins with.
pub const DEFAULT_POLICY: &str = include_str!("policy/default.cedar");

/// The rules of a boundary, compiled.
#[derive(Debug)]
pub struct Rules {
    authorizer: Authorizer,
    schema: Schema,
    set: PolicySet,
    types: Types,
    /// Everybody, as the rules see them.
    principals: BTreeMap<String, Entity>,
    /// Every verb, with the groups that it is in.
    actions: BTreeMap<String, Entity>,
    help: Help,
    /// What the validator said beside errors.
    notes: Vec<String>,
}

/// What the rules say to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// Yes or no, by these rules.
    Ruled(bool, Vec<String>),
    /// The question cannot be asked.
    Unasked(String),
}

impl Rules {
    /// Reads the rules for the principals of a document.
    ///
    /// # Errors
    ///
    /// If the policy or the schema cannot be read, a rule has no name or the name of another one, or one says what
    /// the schema does not know.
    pub fn read(policy: &str, schema: &str, checked: &Checked) -> Result<Rules, BoundaryError> {
        let set = parse::policy(policy)?;
        let own = parse::schema(SCHEMA)?;
        let mut notes = parse::validate(&set, &own, policy)?;
        if schema != SCHEMA {
            parse::validate(&set, &parse::schema(schema)?, policy)?;
            let note = "policy.cedarschema is not the one of this selfsame; `selfsame boundary sign --schema` \
                        writes that one";
            notes.push(note.to_owned());
        }
        let types = Types::new(checked);
        let principals = checked.members.iter().map(|(name, member)| {
            let roles = checked.roles.get(name).map(Vec::as_slice).unwrap_or_default();
            (name.clone(), types.principal(name, member, roles))
        });
        let principals = principals.collect();
        let help = Help::new(checked);
        let actions = entities::actions(&own);
        Ok(Rules { authorizer: Authorizer::new(), schema: own, set, types, principals, actions, help, notes })
    }

    /// What is worth a look, though nothing is wrong with it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of the rules.
    pub fn names(&self) -> Vec<String> {
        self.set.policies().map(|rule| parse::name(rule.id())).collect()
    }

    /// The verbs that rules can speak of.
    pub fn verbs(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// Event types and projections that the rules name, so that a survey can ask about them.
    pub(crate) fn named(&self) -> Named {
        Named::of(&self.set)
    }

    /// The request and the entities that Cedar is asked with.
    fn question(&self, ask: &Ask<'_>) -> Result<(Request, Vec<Entity>), String> {
        let who = self.principals.get(ask.principal);
        let who = who.ok_or_else(|| format!("the boundary names no principal `{}`", brief(ask.principal)))?;
        let action = self.actions.get(ask.action);
        let action = action.ok_or_else(|| format!("there is no action `{}`", brief(ask.action)))?;
        let (resource, around) = self.types.resource(ask.resource);
        let context = entities::context(ask);
        let uids = (who.uid(), action.uid(), resource.uid());
        let request = Request::new(uids.0, uids.1, uids.2, context, Some(&self.schema));
        let request = request.map_err(|_| self.unfit(ask))?;
        let entities = [who.clone(), action.clone(), resource].into_iter().chain(around).collect();
        Ok((request, entities))
    }

    fn say(&self, ask: &Ask<'_>) -> Said {
        let (request, entities) = match self.question(ask) {
            Ok(question) => question,
            Err(why) => return Said::Unasked(why),
        };
        let Ok(entities) = Entities::from_entities(entities, None) else {
            return Said::Unasked("the request cannot be put to the rules".to_owned());
        };
        let response = self.authorizer.is_authorized(&request, &self.set, &entities);
        let failed = response.diagnostics().errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => parse::name(error.policy_id()),
        });
        let failed: Vec<String> = failed.collect();
        if !failed.is_empty() {
            return Said::Ruled(false, sorted(failed));
        }
        let rules = response.diagnostics().reason().map(parse::name).collect();
        Said::Ruled(response.decision() == Answer::Allow, sorted(rules))
    }

    /// Why a verb does not go with a principal or a resource.
    fn unfit(&self, ask: &Ask<'_>) -> String {
        let kind = self.help.kind(ask.principal).map_or("nobody", PrincipalKind::as_str);
        let on = match ask.resource {
            Resource::EventType(_) => "an event type",
            Resource::Projection(_) | Resource::Secret(_) => "a projection",
            Resource::Version { .. } => "a schema version",
            Resource::System => "the system",
        };
        format!("`{}` on {on} is nothing that the kind {kind} can be let do", ask.action)
    }
}

impl Policy for Rules {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        matches!(self.say(ask), Said::Ruled(true, _))
    }

    fn explain(&self, ask: &Ask<'_>) -> Decision {
        match self.say(ask) {
            Said::Ruled(true, rules) => Decision { allowed: true, rules, next: Vec::new() },
            Said::Ruled(false, rules) => Decision { allowed: false, rules, next: self.help.find(self, ask) },
            Said::Unasked(why) => {
                let mut next = vec![why];
                next.extend(self.help.others(self, ask));
                Decision { allowed: false, rules: Vec::new(), next }
            }
        }
    }
}

fn sorted(mut rules: Vec<String>) -> Vec<String> {
    rules.sort();
    rules
}

/// A text from outside, not longer than a name.
fn brief(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
