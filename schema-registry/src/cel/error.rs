//! Why an expression is refused, and why an evaluation fails.

use std::fmt;

use thiserror::Error;

use super::types::Type;

/// Where in an expression's text: line and column from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Place {
    /// The first character.
    pub(super) const START: Place = Place { line: 1, column: 1 };

    /// The place after a character.
    pub(super) fn after(self, character: char) -> Place {
        match character {
            '\n' => Place { line: self.line + 1, column: 1 },
            _ => Place { line: self.line, column: self.column + 1 },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            1 => write!(f, "column {}", self.column),
            line => write!(f, "line {line}, column {}", self.column),
        }
    }
}

/// An expression that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// Where, if it is at one place.
    pub place: Option<Place>,
    /// Why.
    pub refusal: Refusal,
}

impl ExpressionError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        self.refusal.help()
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{place}: {}", self.refusal),
            None => self.refusal.fmt(f),
        }
    }
}

impl std::error::Error for ExpressionError {}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The text is too long.
    #[error("the expression has {bytes} bytes, over the limit of {bytes_max}")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The text has too many parts.
    #[error("the expression has more than {tokens_max} words and signs")]
    TooManyTokens {
        /// The limit.
        tokens_max: usize,
    },
    /// Brackets are nested too deeply.
    #[error("more than {brackets_max} brackets are open at once")]
    TooManyBrackets {
        /// The limit.
        brackets_max: usize,
    },
    /// Operations are nested too deeply.
    #[error("more than {depth_max} operations lie within each other")]
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
    /// A character that CEL has no use for.
    #[error("`{}` has no meaning here", character.escape_debug())]
    Character {
        /// The character.
        character: char,
    },
    /// A quote or bracket is not closed.
    #[error("`{what}` is not closed")]
    Unclosed {
        /// What opens it.
        what: String,
    },
    /// The text is no expression.
    #[error("the text is not an expression: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// The parser returned what no text means.
    #[error("the text cannot be read as an expression")]
    Unreadable,
    /// The parser panicked. No text is known on which it does.
    #[error("the parser fails on this text")]
    ParserFailed,
    /// A name in back quotes.
    #[error("names in back quotes are not supported")]
    QuotedName,
    /// A number with `u`.
    #[error("unsigned integers are not supported")]
    Unsigned,
    /// A text with `b`.
    #[error("byte strings are not supported")]
    Bytes,
    /// A part of CEL that is left out.
    #[error("{what} is not supported")]
    Unsupported {
        /// What.
        what: String,
    },
    /// A function that does not exist here.
    #[error("there is no function `{function}`")]
    UnknownFunction {
        /// Its name.
        function: String,
    },
    /// A function is called with the wrong number of arguments.
    #[error("`{function}` takes {expected}, and {found} are given")]
    Arguments {
        /// Its name.
        function: String,
        /// What it takes.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A name that stands for nothing.
    #[error("there is no variable `{name}`")]
    UnknownVariable {
        /// The name.
        name: String,
        /// What there is.
        advice: String,
    },
    /// A field that the schema does not have.
    #[error("there is no field `{field}`")]
    UnknownField {
        /// The way to it.
        field: String,
        /// What there is, where that is a short list.
        advice: Option<String>,
    },
    /// A field that may be absent is used.
    #[error("`{field}` may be absent")]
    MayBeAbsent {
        /// The way to it.
        field: String,
        /// What asks for it.
        guard: String,
    },
    /// Something that may be null is used.
    #[error("{what} may be null")]
    MayBeNull {
        /// What.
        what: String,
        /// What asks for it.
        guard: Option<String>,
    },
    /// A value of the wrong type is used.
    #[error("`{operation}` takes {expected}, and this is {found}")]
    WrongType {
        /// What is done with it.
        operation: String,
        /// What may be used.
        expected: &'static str,
        /// What is used.
        found: Type,
    },
    /// Two values do not go together.
    #[error("`{operation}` takes two values of one type, and these are {left} and {right}")]
    Mixed {
        /// What is done with them.
        operation: &'static str,
        /// The type of the left one.
        left: Type,
        /// The type of the right one.
        right: Type,
    },
    /// A pattern that is not written down.
    #[error("the pattern of `matches` has to be a text in quotes")]
    PatternNotConstant,
    /// A pattern that is no regular expression of linear time.
    #[error("`{pattern}` cannot be used: {message}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
}

impl Refusal {
    pub(super) fn unsupported(what: &str) -> Refusal {
        Refusal::Unsupported { what: what.to_owned() }
    }

    pub(super) fn at(self, place: Place) -> ExpressionError {
        ExpressionError { place: Some(place), refusal: self }
    }

    pub(super) fn anywhere(self) -> ExpressionError {
        ExpressionError { place: None, refusal: self }
    }

    /// What to do about it.
    fn help(&self) -> Option<String> {
        Some(match self {
            Refusal::TooLong { .. }
            | Refusal::TooManyTokens { .. }
            | Refusal::TooManyBrackets { .. }
            | Refusal::TooDeep { .. } => "make it simpler, for example by `in [...]`".to_owned(),
            Refusal::QuotedName => "write the key as an index: `event[\"key\"]`".to_owned(),
            Refusal::Unsigned => "write a plain integer".to_owned(),
            Refusal::Bytes => "write a text in quotes".to_owned(),
            Refusal::UnknownVariable { advice, .. } => advice.clone(),
            Refusal::UnknownField { advice, .. } => return advice.clone(),
            Refusal::MayBeAbsent { guard, field } => {
                format!("guard it with `{guard}`, as in `{guard} ? {field} : ...`")
            }
            Refusal::MayBeNull { guard: Some(guard), .. } => {
                format!("guard it with `{guard} != null`, as in `{guard} != null ? {guard} : ...`")
            }
            Refusal::WrongType { found, .. } if found.is_any() => {
                "convert it first with `int(...)`, `double(...)`, `string(...)` or `bool(...)`".to_owned()
            }
            Refusal::WrongType { expected, .. } => format!("give it {expected}"),
            Refusal::Mixed { left, right, .. } if left.is_number() && right.is_number() => {
                "write `2.0` for `2`, or convert one side with `double(...)` or `int(...)`".to_owned()
            }
            Refusal::Mixed { .. } => {
                "convert one side with `int(...)`, `double(...)` or `string(...)`".to_owned()
            }
            Refusal::PatternNotConstant => "write the pattern itself, or use `contains`".to_owned(),
            _ => return None,
        })
    }
}

/// Why an evaluation has no value. What the data did, never a fault of the program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvaluateError {
    /// A field is not there.
    #[error("`{field}` is absent")]
    Absent {
        /// The way to it.
        field: String,
    },
    /// A list is too short.
    #[error("the list has {items} elements, and `[{index}]` is asked for")]
    NoSuchElement {
        /// What is asked for.
        index: i64,
        /// How many there are.
        items: usize,
    },
    /// A value has a type that the operation does not take.
    #[error("`{operation}` takes {expected}, and the value is {found}")]
    WrongType {
        /// What is done.
        operation: &'static str,
        /// What may be used.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// An integer does not fit into 64 bits.
    #[error("the result of `{operation}` is beyond 64-bit integers")]
    Overflow {
        /// What is done.
        operation: &'static str,
    },
    /// A division by zero.
    #[error("`{operation}` by zero")]
    ByZero {
        /// What is done.
        operation: &'static str,
    },
    /// A number is beyond doubles.
    #[error("the result of `{operation}` is not a finite number")]
    NotFinite {
        /// What is done.
        operation: &'static str,
    },
    /// A text cannot be converted.
    #[error("`{text}` is not {expected}")]
    NotConvertible {
        /// The text, or its beginning.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A text that is made is too long.
    #[error("the text has {bytes} bytes, over the limit of {bytes_max}")]
    TextTooLong {
        /// How long it would be.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A list is too long.
    #[error("the list has {items} elements, over the limit of {items_max}")]
    ListTooLong {
        /// How many it has.
        items: usize,
        /// The limit.
        items_max: usize,
    },
    /// The evaluation takes too long.
    #[error("the expression needs more than {steps_max} steps")]
    TooManySteps {
        /// The limit.
        steps_max: usize,
    },
}

impl EvaluateError {
    /// Whether it is about a limit: such an error is not made good by the other side of `&&` or `||`.
    pub(super) fn is_limit(&self) -> bool {
        matches!(
            self,
            EvaluateError::TooManySteps { .. }
                | EvaluateError::TextTooLong { .. }
                | EvaluateError::ListTooLong { .. }
        )
    }
}
