//! The syntax tree of an expression: what is supported, and where each part stands.

use super::error::Place;

/// One node and its place.
#[derive(Clone, Debug)]
pub(super) struct Syntax {
    pub(super) place: Place,
    pub(super) node: Node,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Literal(Literal),
    Name(String),
    /// `host.key`
    Member(Box<Syntax>, String),
    /// `has(host.key)`
    Has(Box<Syntax>, String),
    /// `host[index]`
    Index(Box<Syntax>, Box<Syntax>),
    List(Vec<Syntax>),
    /// `!x`
    Not(Box<Syntax>),
    /// `-x`
    Negate(Box<Syntax>),
    Binary(Binary, Box<Syntax>, Box<Syntax>),
    /// `a ? b : c`
    If(Box<Syntax>, Box<Syntax>, Box<Syntax>),
    /// A function by its name; a method's host is the first argument.
    Call {
        function: String,
        method: bool,
        arguments: Vec<Syntax>,
    },
    /// A macro over a list.
    Fold(Box<Fold>),
}

#[derive(Clone, Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    And,
    Or,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
}

impl Binary {
    /// As it is written.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Binary::And => "&&",
            Binary::Or => "||",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Modulo => "%",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::In => "in",
        }
    }
}

/// `list.all(x, …)` and its like.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) kind: FoldKind,
    pub(super) list: Syntax,
    pub(super) variable: String,
    /// What an element has to fulfil.
    pub(super) condition: Option<Syntax>,
    /// What becomes of an element.
    pub(super) result: Option<Syntax>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    /// `map` and `filter`
    Collect,
}
