//! Strings cut into several fields, and put together from them.

use super::{Failure, Runner, place};
use crate::json::pointer::Pointer;
use crate::json::tree::Node;

/// What is to be cut, and into what.
pub(super) struct Cut<'a> {
    pub(super) from: &'a Pointer,
    pub(super) to: &'a [Pointer],
    pub(super) by: &'a str,
    /// The parts at most; the last one has the rest.
    pub(super) limit: usize,
    /// How many of the objects around `from` stay when they are left empty.
    pub(super) kept: usize,
}

impl Runner<'_> {
    pub(super) fn cut(&mut self, cut: &Cut<'_>, scope: &mut Node, level: usize) -> Result<(), Failure> {
        let value = place::take(scope, cut.from);
        place::prune(scope, cut.from, cut.kept);
        cut.to.iter().for_each(|to| drop(place::take(scope, to)));
        let text = match value {
            None => return Ok(()),
            Some(Node::Text(text)) => text,
            Some(other) => {
                return Err(Failure::new(cut.from, format!("must be a string, is {}", other.type_name())));
            }
        };
        let parts = text.splitn(cut.limit.min(cut.to.len()), cut.by);
        for (to, part) in cut.to.iter().zip(parts) {
            self.put(to, Node::Text(part.to_owned()), scope, level)?;
        }
        Ok(())
    }

    pub(super) fn glue(
        &mut self,
        from: &[(Pointer, usize)],
        to: &Pointer,
        by: &str,
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        let mut parts = Vec::new();
        for (part, _) in from {
            match place::take(scope, part) {
                None => {}
                Some(Node::Text(text)) => parts.push(text),
                Some(other) => {
                    return Err(Failure::new(part, format!("must be a string, is {}", other.type_name())));
                }
            }
        }
        from.iter().for_each(|(part, kept)| place::prune(scope, part, *kept));
        drop(place::take(scope, to));
        if parts.is_empty() {
            return Ok(());
        }
        self.give(to, by.len() * (parts.len() - 1))?;
        self.put(to, Node::Text(parts.join(by)), scope, level)
    }
}
