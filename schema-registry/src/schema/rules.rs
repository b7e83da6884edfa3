//! What is said about values of one type, held against one.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use selfsame_record::ValueRef;

use super::check::{UNKNOWN_MEMBER, Wrong, missing_member, shown, within};
use super::equal::identity;
use super::{Items, Members, Range, Text};
use crate::json::number::{Num, is_multiple};
use crate::json::text;

impl Range {
    /// Checks a number. What is said of no number takes no time.
    #[inline]
    pub(super) fn check(&self, value: ValueRef<'_>) -> Result<(), String> {
        let Range { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of } = self;
        let bounds = [minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of];
        if bounds.into_iter().all(Option::is_none) { Ok(()) } else { self.check_bounds(value) }
    }

    fn check_bounds(&self, value: ValueRef<'_>) -> Result<(), String> {
        let n = match value {
            ValueRef::Int(n) => Num::Int(n),
            ValueRef::Number(lexeme) => Num::of(lexeme),
            _ => return Ok(()),
        };
        let fails =
            |bound: Option<Num>, fine: fn(Ordering) -> bool| bound.filter(|bound| !fine(n.compare(*bound)));
        let broken = fails(self.minimum, Ordering::is_ge)
            .map(|bound| (bound, "at least"))
            .or_else(|| Some((fails(self.maximum, Ordering::is_le)?, "at most")))
            .or_else(|| Some((fails(self.exclusive_minimum, Ordering::is_gt)?, "more than")))
            .or_else(|| Some((fails(self.exclusive_maximum, Ordering::is_lt)?, "less than")));
        if let Some((bound, words)) = broken {
            return Err(format!("must be {words} {bound}, is {}", shown(value)));
        }
        match self.multiple_of {
            Some(step) if !is_multiple(value, step) => {
                Err(format!("must be a multiple of {step}, is {}", shown(value)))
            }
            _ => Ok(()),
        }
    }
}

impl Text {
    pub(super) fn check(&self, value: &str) -> Result<(), String> {
        // A character takes one to four bytes: most texts need not be counted.
        let bytes = value.len() as u64;
        let short = self.min_length.is_some_and(|min| bytes.div_ceil(4) < min);
        if short || self.max_length.is_some_and(|max| bytes > max) {
            let length = value.chars().count() as u64;
            within_bounds(length, self.min_length, self.max_length, "characters")?;
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(value) => {
                Err(format!("{} does not match the pattern `{pattern}`", shown(ValueRef::Text(value))))
            }
            _ => Ok(()),
        }
    }
}

fn within_bounds(count: u64, min: Option<u64>, max: Option<u64>, of: &str) -> Result<(), String> {
    if let Some(min) = min.filter(|min| count < *min) {
        return Err(format!("must have at least {min} {of}, has {count}"));
    }
    match max.filter(|max| count > *max) {
        Some(max) => Err(format!("must have at most {max} {of}, has {count}")),
        None => Ok(()),
    }
}

impl Items {
    /// Checks a compact array: how many elements it has, and each of them.
    pub(crate) fn check(&self, json: &str) -> Result<(), Wrong> {
        let here = |message| (String::new(), message);
        let mut count = 0;
        let mut wrong = None;
        for element in text::elements(json) {
            let checked =
                self.items.as_ref().filter(|_| wrong.is_none()).map(|items| items.check_text(element));
            if let Some(Err(found)) = checked {
                wrong = Some(within(&count.to_string(), found));
            }
            count += 1;
        }
        within_bounds(count, self.min_items, self.max_items, "elements").map_err(here)?;
        if self.unique {
            let mut seen = BTreeSet::new();
            let twice = text::elements(json).enumerate().find(|(_, element)| !seen.insert(identity(element)));
            if let Some((index, _)) = twice {
                return Err(here(format!(
                    "no two elements may be the same, and number {index} stands before"
                )));
            }
        }
        wrong.map_or(Ok(()), Err)
    }
}

impl Members {
    /// Checks a compact object.
    pub(super) fn check(&self, json: &str) -> Result<(), Wrong> {
        let mut required_left = self.properties.values().filter(|p| p.required).count();
        let mut count = 0;
        for (key, member) in text::members(json) {
            let key = text::unquote(key).unwrap_or_default();
            count += 1;
            match self.properties.get(key.as_ref()) {
                Some(property) => {
                    property.schema.check_text(member).map_err(|wrong| within(&key, wrong))?;
                    if property.required {
                        required_left -= 1;
                    }
                }
                None => self.check_other(&key, member)?,
            }
        }
        let there = |key: &str| text::members(json).any(|(k, _)| text::unquote(k).as_deref() == Some(key));
        if required_left > 0 {
            let missing = self.properties.iter().find(|(key, property)| property.required && !there(key));
            missing.map_or(Ok(()), |(key, _)| Err((String::new(), missing_member(key))))?;
        }
        self.check_as_whole(count, &there).map_err(|message| (String::new(), message))
    }

    /// Checks a member that has no property of its own.
    pub(crate) fn check_other(&self, key: &str, json: &str) -> Result<(), Wrong> {
        match &self.rest {
            _ if !self.open => Err(within(key, (String::new(), UNKNOWN_MEMBER.to_owned()))),
            Some(rest) => rest.check_text(json).map_err(|wrong| within(key, wrong)),
            None => Ok(()),
        }
    }

    /// Checks what is said of members that have no property, and of their number.
    pub(crate) fn check_as_whole(&self, count: u64, there: &dyn Fn(&str) -> bool) -> Result<(), String> {
        if let Some(missing) = self.others.iter().find(|key| !there(key)) {
            return Err(missing_member(missing));
        }
        within_bounds(count, self.min_properties, self.max_properties, "members")
    }
}
