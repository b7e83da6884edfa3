//! The types of an expression's values, and the shape of fields that it is checked against.

use std::fmt;

/// What the values of an expression or a field are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// What they are, apart from null.
    pub kind: Kind,
    /// Whether they may be null as well.
    pub nullable: bool,
}

/// What values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Null and nothing else.
    Null,
    /// True or false.
    Bool,
    /// A number without a fraction.
    Int,
    /// Any number; computed with as a double.
    Number,
    /// A text.
    String,
    /// A list, and what its elements are.
    List(Box<Type>),
    /// An object.
    Object,
    /// Anything: it is not known, or of several kinds.
    Any,
}

impl Type {
    /// Values of a kind, never null, unless the kind is.
    pub fn of(kind: Kind) -> Type {
        let nullable = matches!(kind, Kind::Null | Kind::Any);
        Type { kind, nullable }
    }

    /// Anything, null included.
    pub fn any() -> Type {
        Type::of(Kind::Any)
    }

    /// The same values, and null.
    #[must_use]
    pub fn or_null(mut self) -> Type {
        self.nullable = true;
        self
    }

    pub(super) fn is_any(&self) -> bool {
        self.kind == Kind::Any
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Int | Kind::Number)
    }

    /// What a value of this or of that type is.
    pub(super) fn join(self, other: Type) -> Type {
        let nullable = self.nullable || other.nullable;
        let kind = match (self.kind, other.kind) {
            (Kind::Null, kind) | (kind, Kind::Null) => kind,
            (Kind::List(a), Kind::List(b)) => Kind::List(Box::new(a.join(*b))),
            (a, b) if a == b => a,
            _ => Kind::Any,
        };
        Type { nullable: nullable || kind == Kind::Any, kind }
    }

    /// Whether a value of this type can ever equal one of that type.
    pub(super) fn may_equal(&self, other: &Type) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Any, _) | (_, Kind::Any) => true,
            (Kind::Null, _) | (_, Kind::Null) => true,
            (Kind::Int | Kind::Number, Kind::Int | Kind::Number) => true,
            (Kind::List(a), Kind::List(b)) => a.may_equal(b),
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if self.nullable && !matches!(self.kind, Kind::Null | Kind::Any) {
            f.write_str(" or null")?;
        }
        Ok(())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Null => "null",
            Kind::Bool => "a boolean",
            Kind::Int => "an integer",
            Kind::Number => "a number",
            Kind::String => "a text",
            Kind::List(_) => "a list",
            Kind::Object => "an object",
            Kind::Any => "a value of any type",
        })
    }
}

/// One step of the way to a value: into an object, or into each element of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The member with this key.
    Key(String),
    /// The elements.
    Element,
}

/// What stands at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is when it is there.
    pub ty: Type,
    /// Whether it may be missing although the object that it belongs to is there.
    pub may_be_absent: bool,
}

/// The shape of what an expression may read.
pub trait Fields {
    /// What stands at the end of a way from the root; nothing if there is no such place.
    fn field(&self, path: &[Step]) -> Option<Field>;

    /// The name that the root has in an expression.
    fn variable(&self) -> &str {
        "event"
    }

    /// Whether the root has no name, and its members are variables: `rows.profile` for what is at
    /// `/rows/profile`.
    fn members_are_variables(&self) -> bool {
        false
    }

    /// What to say to an author who names a member that an object does not have; `host` leads to the object.
    fn advice(&self, _host: &[Step], _name: &str) -> Option<String> {
        None
    }
}
