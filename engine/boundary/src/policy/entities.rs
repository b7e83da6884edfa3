//! Principals, verbs and resources as the rules see them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr as _;

use cedar_policy::{
    Context as CedarContext, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, RestrictedExpression,
    Schema,
};
use selfsame_core::{Ask, Context, Member, PrincipalKind, Resource};
use selfsame_record::{Name, Protected};
use selfsame_schema::Class;

use crate::document::Checked;

/// The verb that is asked with a context.
const ACTIVATE: &str = "activate";
/// How a class is said where nothing was compared.
const NO_CLASS: &str = "none";

/// The types of the schema, and what is protected.
#[derive(Debug)]
pub(super) struct Types {
    service: EntityTypeName,
    agent: EntityTypeName,
    operator: EntityTypeName,
    namespace: EntityTypeName,
    event_type: EntityTypeName,
    projection: EntityTypeName,
    version: EntityTypeName,
    system: EntityTypeName,
    protected: Protected,
    projections: BTreeSet<Name>,
}

fn type_name(name: &str) -> EntityTypeName {
    let parsed = EntityTypeName::from_str(&format!("Selfsame::{name}"));
    parsed.unwrap_or_else(|_| unreachable!("`{name}` is a name of the schema"))
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn texts<'a>(all: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(all.into_iter().map(text))
}

fn entity<const N: usize>(
    uid: EntityUid,
    attributes: [(&str, RestrictedExpression); N],
    parents: impl IntoIterator<Item = EntityUid>,
) -> Entity {
    let attributes: HashMap<String, RestrictedExpression> =
        attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let parents: HashSet<EntityUid> = parents.into_iter().collect();
    let made = Entity::new(uid, attributes, parents);
    made.unwrap_or_else(|_| unreachable!("texts, sets of texts and booleans are values"))
}

impl Types {
    pub(super) fn new(checked: &Checked) -> Types {
        Types {
            service: type_name("Service"),
            agent: type_name("Agent"),
            operator: type_name("Operator"),
            namespace: type_name("Namespace"),
            event_type: type_name("EventType"),
            projection: type_name("Projection"),
            version: type_name("Version"),
            system: type_name("System"),
            protected: checked.protected.clone(),
            projections: checked.projections.clone(),
        }
    }

    pub(super) fn principal(&self, name: &str, member: &Member, roles: &[String]) -> Entity {
        let kind = match member.kind {
            PrincipalKind::Service => &self.service,
            PrincipalKind::Agent => &self.agent,
            PrincipalKind::Operator => &self.operator,
        };
        let attributes = [("owner", text(&member.owner)), ("roles", texts(roles.iter().map(String::as_str)))];
        entity(uid(kind, name), attributes, [])
    }

    /// The resource, and the namespaces that it is in.
    pub(super) fn resource(&self, resource: Resource<'_>) -> (Entity, Vec<Entity>) {
        let flag = RestrictedExpression::new_bool;
        match resource {
            Resource::EventType(name) => {
                let namespaces = self.namespaces(name);
                let protected = self.protected.covers(name).is_some();
                let parents: Vec<EntityUid> = namespaces.iter().map(Entity::uid).collect();
                (entity(uid(&self.event_type, name), [("protected", flag(protected))], parents), namespaces)
            }
            Resource::Projection(name) | Resource::Secret(name) => {
                let secret = matches!(resource, Resource::Secret(_));
                let protected = secret || self.projections.contains(name);
                (entity(uid(&self.projection, name), [("protected", flag(protected))], []), Vec::new())
            }
            Resource::Version { name, namespaces } => {
                let around: Vec<Entity> =
                    namespaces.iter().map(|name| entity(uid(&self.namespace, name), [], [])).collect();
                let all = texts(namespaces.iter().map(String::as_str));
                let parents = around.iter().map(Entity::uid);
                (entity(uid(&self.version, name), [("namespaces", all)], parents), around)
            }
            Resource::System => (entity(uid(&self.system, "selfsame"), [], []), Vec::new()),
        }
    }

    /// `a`, `a.b` and `a.b.c`, for `a.b.c`; each in the one before.
    fn namespaces(&self, event_type: &str) -> Vec<Entity> {
        let ends = event_type.match_indices('.').map(|(at, _)| at).chain([event_type.len()]);
        let mut all: Vec<Entity> = Vec::new();
        for prefix in ends.filter_map(|end| event_type.get(..end)) {
            let parent = all.last().map(Entity::uid);
            all.push(entity(uid(&self.namespace, prefix), [], parent));
        }
        all
    }
}

/// Every verb of the schema, by name, with the groups that it is in.
pub(super) fn actions(schema: &Schema) -> std::collections::BTreeMap<String, Entity> {
    let all = schema.action_entities();
    let all = all.unwrap_or_else(|_| unreachable!("the schema was read"));
    let is_verb = |entity: &&Entity| !["change", "operate"].contains(&entity.uid().id().unescaped());
    all.iter()
        .filter(is_verb)
        .map(|entity| (entity.uid().id().unescaped().to_owned(), entity.clone()))
        .collect()
}

/// What the rules may look at beside who, what and on what.
pub(super) fn context(ask: &Ask<'_>) -> CedarContext {
    if ask.action != ACTIVATE {
        return CedarContext::empty();
    }
    let Context {
        class,
        class_since_approved: since,
        rewind_loses,
        rows_differing,
        failures,
        approvals,
        cutovers_left,
    } = ask.context;
    let word = |class: Option<Class>| text(class.map_or(NO_CLASS, class_word));
    let count = |n: u64| RestrictedExpression::new_long(i64::try_from(n).unwrap_or(i64::MAX));
    let pairs = [
        ("class", word(class)),
        ("class_since_approved", word(since)),
        ("rewind_loses", RestrictedExpression::new_bool(rewind_loses)),
        ("rows_differing", count(rows_differing)),
        ("failures", count(failures)),
        ("approvals", count(approvals)),
        ("cutovers_left", count(cutovers_left)),
    ];
    let made = CedarContext::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value)));
    made.unwrap_or_else(|_| unreachable!("no name is there twice"))
}

/// A class as it is said everywhere.
pub(crate) fn class_word(class: Class) -> &'static str {
    match class {
        Class::Additive => "additive",
        Class::Compatible => "compatible",
        Class::Lossy => "lossy",
        Class::Breaking => "breaking",
    }
}

/// What rules name: event types and what is above them, and projections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Event types, and namespaces as `user.*`.
    pub(crate) types: BTreeSet<String>,
    /// Projections.
    pub(crate) projections: BTreeSet<String>,
    /// Namespaces, as what a version may change.
    pub(crate) namespaces: BTreeSet<String>,
}

impl Named {
    pub(super) fn of(set: &PolicySet) -> Named {
        let mut named = Named::default();
        for literal in set.policies().flat_map(cedar_policy::Policy::entity_literals) {
            let id = literal.id().unescaped().to_owned();
            match literal.type_name().basename() {
                "EventType" => named.types.insert(id),
                "Projection" => named.projections.insert(id),
                "Namespace" => named.namespaces.insert(id),
                _ => false,
            };
        }
        named
    }
}
