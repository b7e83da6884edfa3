//! Expressions in CEL, as data: conditions and computed values.
//!
//! An [`Expression`] is parsed, checked against the [`Fields`] that it may read, and kept as a small plan.
//! The plan is total: it ends within [`EXPRESSION_STEPS_MAX`] steps, with a value or with an
//! [`EvaluateError`] that says what the data did. It reads a [`Document`] and nothing else, so the same
//! expression over the same document gives the same value everywhere.
//!
//! The language is a part of CEL. What an expression means is what CEL says, except that a number that is
//! not finite is an error, and that a field which may be absent or null has to be guarded before it is used
//! (`has(event.a) ? event.a : 0`). Whatever is not supported is refused with its place.
//!
//! A foreign parser reads the text. It is kept in `cel/parse.rs`: nothing reaches it that `cel/scan.rs` has
//! not bounded, and nothing of its tree leaves it.

mod arithmetic;
mod call;
mod check;
mod compare;
mod convert;
mod error;
mod evaluate;
mod facts;
mod fields;
mod fold;
mod parse;
mod place;
mod plan;
mod scan;
mod syntax;
mod types;
mod value;

pub use error::{EvaluateError, ExpressionError, Place, Refusal};
pub use fields::SchemaFields;
pub use types::{Field, Fields, Kind, Step, Type};
pub use value::{CelValue, Document};

use crate::json::pointer::Pointer;
use plan::Plan;

/// Bytes of an expression's text: 4 KiB.
pub const EXPRESSION_BYTES_MAX: usize = 4 << 10;
/// Words, numbers, strings and signs of an expression's text. The syntax tree has no more nodes than this.
pub const EXPRESSION_TOKENS_MAX: usize = 1024;
/// Brackets within each other in an expression's text.
pub const EXPRESSION_BRACKETS_MAX: usize = 24;
/// Operations within each other in an expression.
pub const EXPRESSION_DEPTH_MAX: usize = 64;
/// Steps of one evaluation: operations done and values read, long texts counted by their length.
pub const EXPRESSION_STEPS_MAX: usize = 100_000;
/// Bytes of a text that an expression makes: 64 KiB.
pub const EXPRESSION_TEXT_BYTES_MAX: usize = 64 << 10;
/// Elements of a list that an expression makes or goes through.
pub const EXPRESSION_ITEMS_MAX: usize = 4096;

/// A checked expression.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    plan: Plan,
    ty: Type,
    reads: Vec<Vec<String>>,
}

impl Expression {
    /// Reads and checks an expression.
    ///
    /// # Errors
    ///
    /// If the text is not CEL, if it uses what is not supported, if a type does not fit, if a field may be
    /// absent or null where it is used, or if a limit is passed.
    pub fn compile(source: &str, root: &dyn Fields) -> Result<Expression, ExpressionError> {
        let syntax = parse::parse(source)?;
        let (plan, ty, reads) = check::check(&syntax, root)?;
        Ok(Expression { source: source.to_owned(), plan, ty, reads })
    }

    /// The text that it was made of.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What its values are.
    pub fn value_type(&self) -> &Type {
        &self.ty
    }

    /// The ways of keys that it asks a document for, sorted, and no others.
    pub fn paths(&self) -> &[Vec<String>] {
        &self.reads
    }

    /// JSON Pointers to the fields that it reads, sorted. Of a list's elements only the list is named.
    pub fn fields(&self) -> Vec<String> {
        self.reads.iter().map(|path| Pointer::of(path.clone()).to_string()).collect()
    }

    /// Its value for one document.
    ///
    /// # Errors
    ///
    /// If the data make an operation fail, or if a limit is passed.
    pub fn evaluate<'a>(&'a self, document: &'a dyn Document) -> Result<CelValue<'a>, EvaluateError> {
        evaluate::run(&self.plan, document)
    }
}
