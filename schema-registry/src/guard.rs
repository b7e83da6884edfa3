//! Conditions that a schema version promises to keep while it serves.
//!
//! A guard is an expression over the engine's own [`Readings`]: rows, rates, latencies, and what they were
//! at the cutover. It is checked with its version (`scope`), and afterwards an evaluation always ends in one
//! of three ways. It passes only if it is true and everything that it names was measured: a division by zero, a
//! result out of range and a measurement without data are an outcome of their own, with the reason.
//!
//! Not here: measuring, and what a failed guard leads to.

mod readings;
mod scope;

use std::fmt;

use selfsame_record::Name;
use serde::{Deserialize, Serialize};

pub use readings::{Latencies, Rates, Ratio, Readings};
pub(crate) use scope::Scope;

use crate::cel::{CelValue, Expression, ExpressionError, Kind};
use readings::{Both, field};

/// Measurements whose values a reading lists.
const VALUES_SHOWN_MAX: usize = 16;
/// Characters of a guard's expression that a reading shows.
const EXPECT_SHOWN_MAX: usize = 256;

/// What a guard looks back on: the last events, or the last seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// The last so many events that arrived.
    Events(u64),
    /// The last so many seconds.
    Seconds(u64),
}

/// A condition of a schema version, checked.
#[derive(Clone, Debug)]
pub struct Guard {
    name: Name,
    over: Over,
    expression: Expression,
}

/// How an evaluation of a guard came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuardOutcome {
    /// The condition holds, and all that it names was measured.
    Pass,
    /// The condition is false, whatever the measurements without data would have been.
    Fail,
    /// Neither is known.
    NoData,
}

/// One evaluation of a guard, as a record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The guard's name.
    pub guard: Name,
    /// How it came out.
    pub outcome: GuardOutcome,
    /// The condition, what became of it, and the values that it was evaluated on.
    pub detail: String,
}

/// Why an expression is no guard.
pub(crate) enum NoGuard {
    /// The expression is refused.
    Refused(ExpressionError),
    /// It is not true or false, but this.
    NotBool(String),
    /// It reads all of this at once.
    Group(String),
    /// It does not read any measurement.
    Constant,
}

impl Guard {
    /// Checks an expression over what there is to measure.
    pub(crate) fn compile(name: Name, expect: &str, over: Over, scope: &Scope<'_>) -> Result<Guard, NoGuard> {
        let expression = Expression::compile(expect, scope).map_err(NoGuard::Refused)?;
        let ty = expression.value_type();
        if ty.kind != Kind::Bool || ty.nullable {
            return Err(NoGuard::NotBool(ty.to_string()));
        }
        if let Some(group) = expression.paths().iter().find(|path| scope.is_group(path)) {
            return Err(NoGuard::Group(field(group)));
        }
        if expression.paths().is_empty() {
            return Err(NoGuard::Constant);
        }
        Ok(Guard { name, over, expression })
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The condition as it is written.
    pub fn expect(&self) -> &str {
        self.expression.source()
    }

    /// What its rates, latencies and `events` are taken over.
    pub fn over(&self) -> Over {
        self.over
    }

    /// The measurements that it reads, as an expression names them, sorted: `before.rows.profile`.
    pub fn reads(&self) -> impl Iterator<Item = String> {
        self.expression.paths().iter().map(|path| field(path))
    }

    /// The first measurement that it reads of a projection that is not there now, or was not there before.
    pub(crate) fn lost(&self, now: &dyn Fn(&str) -> bool, before: &dyn Fn(&str) -> bool) -> Option<String> {
        let is_there = |path: &[String]| match path {
            [of, name] if of == "rows" || of == "changed" => now(name),
            [_, of, name] if of == "rows" => before(name),
            _ => true,
        };
        self.expression.paths().iter().find(|path| !is_there(path)).map(|path| field(path))
    }

    /// What it comes to, with what is measured now and what was measured at the cutover.
    pub fn evaluate(&self, now: &Readings, before: &Readings) -> Reading {
        let both = Both { now, before };
        let unmeasured = || self.expression.paths().iter().find(|path| both.measured(path).is_none());
        let (outcome, what) = match (self.expression.evaluate(&both), unmeasured()) {
            (Ok(CelValue::Bool(false)), _) => (GuardOutcome::Fail, "is false".to_owned()),
            (_, Some(path)) => {
                (GuardOutcome::NoData, format!("has no outcome, since `{}` has no data", field(path)))
            }
            (Ok(CelValue::Bool(true)), None) => (GuardOutcome::Pass, "is true".to_owned()),
            // Its type was checked.
            (Ok(other), None) => {
                (GuardOutcome::NoData, format!("has no outcome, since it is {}", other.type_name()))
            }
            (Err(error), None) => (GuardOutcome::NoData, format!("has no outcome: {error}")),
        };
        let detail = format!("`{}` {what}{}", self.shown(), self.values(&both));
        Reading { guard: self.name.clone(), outcome, detail }
    }

    /// The condition, on one line and not too long.
    fn shown(&self) -> String {
        let mut words = self.expect().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = words.char_indices().nth(EXPECT_SHOWN_MAX) {
            words.truncate(end);
            words.push_str("...");
        }
        words
    }

    /// What was measured, in the order in which the condition names it.
    fn values(&self, both: &Both<'_>) -> String {
        let mut values: Vec<(usize, String)> = Vec::new();
        for path in self.expression.paths() {
            let name = field(path);
            let Some(measured) = both.measured(path) else { continue };
            let at = self.expect().find(&name).unwrap_or(usize::MAX);
            values.push((at, format!("{name} = {measured}")));
        }
        values.sort_by_key(|(at, _)| *at);
        let more = values.len().saturating_sub(VALUES_SHOWN_MAX);
        let mut shown: Vec<String> =
            values.into_iter().take(VALUES_SHOWN_MAX).map(|(_, value)| value).collect();
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Over::Events(events) => write!(f, "the last {events} events"),
            Over::Seconds(seconds) => write!(f, "the last {seconds} s"),
        }
    }
}

impl fmt::Display for GuardOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GuardOutcome::Pass => "pass",
            GuardOutcome::Fail => "fail",
            GuardOutcome::NoData => "no-data",
        })
    }
}
