//! Reading rules, each under its name, and checking them against a schema.

use std::str::FromStr as _;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{PolicyId, PolicySet, Schema, ValidationMode, Validator};

use crate::error::BoundaryError;
use crate::limits::{RULES_MAX, TEXT_BYTES_MAX};

/// The schema in a text.
///
/// # Errors
///
/// If it is not one.
pub(super) fn schema(text: &str) -> Result<Schema, BoundaryError> {
    let parsed = Schema::from_cedarschema_str(text);
    let parsed =
        parsed.map_err(|e| BoundaryError::Schema { reason: said(&DetailedError::from(&e), text) })?;
    Ok(parsed.0)
}

/// The rules in a text, under the names that their `@id` gives them.
///
/// # Errors
///
/// If it cannot be read, or a rule has no name or the name of another one.
pub(super) fn policy(text: &str) -> Result<PolicySet, BoundaryError> {
    let wrong = |reason: String| BoundaryError::Policy { reason };
    let parsed = PolicySet::from_str(text).map_err(|e| wrong(said(&DetailedError::from(&e), text)))?;
    if let Some(template) = parsed.templates().next() {
        let id = template.annotation("id").unwrap_or("without a name");
        return Err(wrong(format!(
            "the rule `{id}` is a template, which nothing fills in: name who and what"
        )));
    }
    let count = parsed.num_of_policies();
    if count > RULES_MAX {
        return Err(wrong(format!("{count} rules are there, over the limit of {RULES_MAX}")));
    }
    let mut named = PolicySet::new();
    for rule in parsed.policies() {
        let shown = rule.to_cedar().unwrap_or_default();
        let shown: String = shown.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect();
        let name = rule.annotation("id").unwrap_or_default();
        let is_text =
            !name.trim().is_empty() && !name.chars().any(char::is_control) && name.len() <= TEXT_BYTES_MAX;
        if !is_text {
            return Err(wrong(format!("the rule `{shown}` has no name: write `@id(\"…\")` before it")));
        }
        let added = named.add(rule.new_id(PolicyId::new(name)));
        added.map_err(|_| wrong(format!("two rules have the name `{name}`: each needs its own")))?;
    }
    Ok(named)
}

/// Sees that the rules say only what the schema knows; what else is worth a look.
///
/// # Errors
///
/// If one says anything else.
pub(super) fn validate(set: &PolicySet, schema: &Schema, text: &str) -> Result<Vec<String>, BoundaryError> {
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    let errors: Vec<String> =
        result.validation_errors().map(|e| said(&DetailedError::from(e), text)).collect();
    if !errors.is_empty() {
        return Err(BoundaryError::Policy { reason: errors.join("; ") });
    }
    Ok(result.validation_warnings().map(|e| said(&DetailedError::from(e), text)).collect())
}

/// The name of a rule.
pub(super) fn name(id: &PolicyId) -> String {
    let name: &str = id.as_ref();
    name.to_owned()
}

/// What the parser or the validator says, with the line and in one line.
fn said(error: &DetailedError, text: &str) -> String {
    let place = error.source_locations.first().and_then(|label| text.get(..label.loc.start));
    let place = place.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut all = format!("{}{}", place.unwrap_or_default(), one_line(&error.message));
    if let Some(help) = &error.help {
        all.push_str(&format!(" ({})", one_line(help)));
    }
    for more in error.related.iter().take(3) {
        all.push_str("; ");
        all.push_str(&said(more, text));
    }
    all
}
