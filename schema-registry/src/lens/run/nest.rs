//! Operations within an object, and within each element of an array or value of an object.

use super::{Action, Failure, Fate, Runner, place};
use crate::json::pointer::{self, Pointer};
use crate::json::tree::Node;

impl Runner<'_> {
    pub(super) fn within(
        &mut self,
        at: &Pointer,
        actions: &[Action],
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        let Some(object @ Node::Object(_)) = place::find(scope, at) else { return Ok(()) };
        let level = level + at.tokens().len();
        self.all(actions, object, level).map(drop).map_err(|e| e.within(&at.to_string()))
    }

    pub(super) fn each(
        &mut self,
        at: &Pointer,
        actions: &[Action],
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        let level = level + at.tokens().len() + 1;
        let within = |key: &str| pointer::child(&at.to_string(), key);
        match place::find(scope, at) {
            None | Some(Node::Null) => Ok(()),
            Some(Node::Array(items)) => {
                let mut kept = Vec::with_capacity(items.len());
                for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
                    let fate = self.all(actions, &mut item, level);
                    if fate.map_err(|e| e.within(&within(&index.to_string())))? == Fate::Stays {
                        kept.push(item);
                    }
                }
                *items = kept;
                Ok(())
            }
            Some(Node::Object(members)) => {
                let mut gone = Vec::new();
                for (key, value) in members.iter_mut() {
                    let fate = self.all(actions, value, level);
                    if fate.map_err(|e| e.within(&within(key)))? == Fate::Goes {
                        gone.push(key.clone());
                    }
                }
                gone.iter().for_each(|key| drop(members.remove(key)));
                Ok(())
            }
            Some(other) => {
                Err(Failure::new(at, format!("must be an array or an object, is {}", other.type_name())))
            }
        }
    }
}
