//! Where in an expression's text something stands, found again for a tree that does not say it.
//!
//! The parser's tree has no positions. Its nodes come in the order of the text, though, so each is looked
//! for from where the last one was found. A place is for people: nothing is decided by it.

use super::error::Place;
use super::scan::{Token, TokenKind};

/// The tokens of a text, and how far they are used.
pub(super) struct Places<'a> {
    tokens: &'a [Token<'a>],
    next: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new(tokens: &'a [Token<'a>]) -> Places<'a> {
        Places { tokens, next: 0 }
    }

    /// The next token with this text.
    pub(super) fn text(&mut self, text: &str) -> Place {
        self.find(|token| token.text == text)
    }

    /// The next literal.
    pub(super) fn literal(&mut self) -> Place {
        self.find(|token| {
            matches!(token.kind, TokenKind::Number | TokenKind::Text)
                || matches!(token.text, "true" | "false" | "null")
        })
    }

    /// The next name.
    pub(super) fn name(&mut self) -> Place {
        self.find(|token| token.kind == TokenKind::Name)
    }

    /// Uses the tokens up to the one sought; without one, the place is where the search began.
    fn find(&mut self, fits: impl Fn(&Token<'a>) -> bool) -> Place {
        let rest = self.tokens.get(self.next..).unwrap_or_default();
        match rest.iter().position(fits) {
            Some(n) => {
                self.next += n + 1;
                rest.get(n).map_or(Place::START, |token| token.place)
            }
            None => rest.first().or(self.tokens.last()).map_or(Place::START, |token| token.place),
        }
    }
}
