//! What is left of an expression once it is checked: operations over places of a document.

use super::syntax::{Binary, FoldKind, Literal};
use crate::schema::Pattern;

/// One operation. Types are settled, apart from values of any type and from whether a list is long enough.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Constant(Literal),
    /// What stands at a way of keys from a source.
    Read(Source, Vec<String>),
    /// Whether something stands there.
    Has(Source, Vec<String>),
    /// A member of an object that is computed.
    Member(Box<Plan>, String),
    HasMember(Box<Plan>, String),
    Item(Box<Plan>, Box<Plan>),
    List(Vec<Plan>),
    Not(Box<Plan>),
    Negate(Class, Box<Plan>),
    And(Box<Plan>, Box<Plan>),
    Or(Box<Plan>, Box<Plan>),
    If(Box<Plan>, Box<Plan>, Box<Plan>),
    Equal(bool, Box<Plan>, Box<Plan>),
    /// One of the four orders.
    Order(Binary, Box<Plan>, Box<Plan>),
    Arithmetic(Binary, Class, Box<Plan>, Box<Plan>),
    In(Box<Plan>, Box<Plan>),
    Call(Function, Vec<Plan>),
    Matches(Box<Plan>, Box<Pattern>),
    Fold {
        kind: FoldKind,
        list: Box<Plan>,
        condition: Option<Box<Plan>>,
        result: Option<Box<Plan>>,
    },
}

/// Where a way begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Document,
    /// The variable of a macro, counted from the outermost.
    Local(usize),
}

/// What arithmetic is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Int,
    Number,
    Text,
    List,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
    UpperAscii,
    Int,
    Double,
    Text,
    Bool,
}

impl Function {
    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Function::Size => "size",
            Function::StartsWith => "startsWith",
            Function::EndsWith => "endsWith",
            Function::Contains => "contains",
            Function::LowerAscii => "lowerAscii",
            Function::UpperAscii => "upperAscii",
            Function::Int => "int",
            Function::Double => "double",
            Function::Text => "string",
            Function::Bool => "bool",
        }
    }
}

impl Plan {
    /// Adds the ways from the document's root that are read.
    pub(super) fn reads(&self, out: &mut std::collections::BTreeSet<Vec<String>>) {
        if let Plan::Read(Source::Document, path) | Plan::Has(Source::Document, path) = self {
            out.insert(path.clone());
        }
        for part in self.parts() {
            part.reads(out);
        }
    }

    fn parts(&self) -> Vec<&Plan> {
        match self {
            Plan::Constant(_) | Plan::Read(..) | Plan::Has(..) => Vec::new(),
            Plan::Member(a, _)
            | Plan::HasMember(a, _)
            | Plan::Not(a)
            | Plan::Negate(_, a)
            | Plan::Matches(a, _) => vec![a],
            Plan::Item(a, b)
            | Plan::And(a, b)
            | Plan::Or(a, b)
            | Plan::Equal(_, a, b)
            | Plan::Order(_, a, b)
            | Plan::Arithmetic(_, _, a, b)
            | Plan::In(a, b) => vec![a, b],
            Plan::If(a, b, c) => vec![a, b, c],
            Plan::List(parts) | Plan::Call(_, parts) => parts.iter().collect(),
            Plan::Fold { list, condition, result, .. } => [Some(list), condition.as_ref(), result.as_ref()]
                .into_iter()
                .flatten()
                .map(AsRef::as_ref)
                .collect(),
        }
    }
}
