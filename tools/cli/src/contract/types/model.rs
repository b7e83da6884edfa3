//! What is to be declared, in words that all languages have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// All types of a version.
#[derive(Debug)]
pub(super) struct Model {
    /// The version's name.
    pub(super) name: String,
    /// `v2+` and the beginning of its content id.
    pub(super) label: String,
    /// `v2`, if it is registered.
    pub(super) version: Option<String>,
    pub(super) declarations: Vec<Declaration>,
}

/// One named type.
#[derive(Debug)]
pub(super) struct Declaration {
    /// A name that all languages take.
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) role: Option<Role>,
    pub(super) body: Body,
}

/// What a type is for.
#[derive(Clone, Debug)]
pub(super) enum Role {
    /// The data of an event type.
    Event(String),
    /// The rows of a projection.
    Row(String),
    /// The job inputs of a projection.
    Input(String),
}

/// What a named type is.
#[derive(Debug)]
pub(super) enum Body {
    Object {
        fields: Vec<Field>,
        rest: Rest,
    },
    /// One of some texts.
    Enum(Vec<String>),
    /// One of some types, none of which is null.
    Union(Vec<Type>),
    /// Another name for a type.
    Alias(Type),
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Field {
    /// As it stands in JSON.
    pub(super) key: String,
    pub(super) doc: Vec<String>,
    pub(super) ty: Type,
    pub(super) required: bool,
}

/// The members of an object that have no field.
#[derive(Debug)]
pub(super) enum Rest {
    /// The schema says nothing about them: they may be there.
    Unsaid,
    /// There are none.
    Closed,
    /// They are of this type.
    Of(Type),
}

/// A type where it is used.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Anything.
    Any,
    /// Nothing: there is no such value.
    Never,
    Null,
    Boolean,
    Integer,
    Number,
    String,
    /// One of some values, none of which is a text.
    Literals(Vec<Value>),
    List(Box<Type>),
    /// An object whose keys are not known beforehand.
    Map(Box<Type>),
    /// A declared type.
    Named(String),
    /// The type, or null.
    Nullable(Box<Type>),
}

impl Type {
    /// The declared types in it; `by_value` leaves out those behind a list or a map.
    pub(super) fn names(&self, by_value: bool) -> Vec<&str> {
        match self {
            Type::Named(name) => vec![name],
            Type::Nullable(inner) => inner.names(by_value),
            Type::List(inner) | Type::Map(inner) if !by_value => inner.names(by_value),
            _ => Vec::new(),
        }
    }

    /// The type, or null.
    pub(super) fn or_null(self) -> Type {
        match self {
            Type::Any | Type::Null | Type::Nullable(_) => self,
            Type::Never => Type::Null,
            other => Type::Nullable(Box::new(other)),
        }
    }
}

impl Body {
    /// The types that it is made of.
    pub(super) fn types(&self) -> Vec<&Type> {
        match self {
            Body::Object { fields, rest } => {
                let rest = if let Rest::Of(ty) = rest { Some(ty) } else { None };
                fields.iter().map(|field| &field.ty).chain(rest).collect()
            }
            Body::Enum(_) => Vec::new(),
            Body::Union(types) => types.iter().collect(),
            Body::Alias(ty) => vec![ty],
        }
    }
}

/// Which declarations lead to which.
pub(super) struct Edges<'m>(BTreeMap<&'m str, BTreeSet<&'m str>>);

impl<'m> Edges<'m> {
    /// The declarations that each one holds by value, so that one which holds itself has no size.
    pub(super) fn by_value(model: &'m Model) -> Edges<'m> {
        let names = |body: &'m Body| match body {
            // What has no field lies in a map.
            Body::Object { fields, .. } => fields.iter().flat_map(|field| field.ty.names(true)).collect(),
            body => body.types().into_iter().flat_map(|ty| ty.names(true)).collect(),
        };
        Edges(model.declarations.iter().map(|it| (it.name.as_str(), names(&it.body))).collect())
    }

    /// The aliases that each alias is made of.
    pub(super) fn of_aliases(model: &'m Model) -> Edges<'m> {
        let edges = model.declarations.iter().filter_map(|it| match &it.body {
            Body::Alias(ty) => Some((it.name.as_str(), ty.names(false).into_iter().collect())),
            _ => None,
        });
        Edges(edges.collect())
    }

    /// Whether one leads to the other.
    pub(super) fn lead(&self, from: &str, to: &str) -> bool {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = self.0.get(from).into_iter().flatten().copied().collect();
        while let Some(name) = open.pop() {
            if name == to {
                return true;
            }
            if seen.insert(name) {
                open.extend(self.0.get(name).into_iter().flatten());
            }
        }
        false
    }
}
