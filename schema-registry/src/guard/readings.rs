//! What the engine measured of itself, as guards read it.
//!
//! Whole numbers alone, so that equal measurements are equal records: a rate is two counts, and a latency is
//! in microseconds. A guard sees both as numbers.

use std::collections::BTreeMap;
use std::fmt;

use selfsame_record::Name;
use serde::{Deserialize, Serialize};

use crate::cel::{CelValue, Document};

/// The measurements at one moment. What was not measured is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// Rows by projection.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<Name, u64>,
    /// Rows that differ from the standby's, by projection.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<Name, u64>,
    /// Events that were taken in the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// How often something went wrong in the span.
    #[serde(default, skip_serializing_if = "Rates::is_empty")]
    pub rates: Rates,
    /// How long answers took in the span.
    #[serde(default, skip_serializing_if = "Latencies::is_empty")]
    pub latency: Latencies,
}

/// How often something goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Events that were refused, of those that were refused or taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Ratio>,
    /// Events that could not be folded, of those that were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold_failures: Option<Ratio>,
    /// Jobs that were given back or given up, of those that ended a try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_failures: Option<Ratio>,
}

/// A part of a whole, as two counts. Of a whole of nothing there is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// The part.
    pub part: u64,
    /// The whole.
    pub of: u64,
}

/// How long answers take, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latencies {
    /// Of a hundred publishers, ninety-nine wait no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_p99_us: Option<u64>,
    /// Of a hundred readers, ninety-nine wait no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_p99_us: Option<u64>,
}

impl Rates {
    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        *self == Rates::default()
    }
}

impl Latencies {
    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        *self == Latencies::default()
    }
}

impl Readings {
    fn at(&self, path: &[&str]) -> Option<Measured> {
        match path {
            ["rows", projection] => self.rows.get(*projection).copied().map(Measured::Count),
            ["changed", projection] => self.changed.get(*projection).copied().map(Measured::Count),
            ["events"] => self.events.map(Measured::Count),
            ["rates", rate] => {
                let ratio = match *rate {
                    "refused" => self.rates.refused,
                    "fold_failures" => self.rates.fold_failures,
                    "job_failures" => self.rates.job_failures,
                    _ => None,
                };
                ratio.filter(|ratio| ratio.of > 0).map(Measured::Share)
            }
            ["latency", "publish_p99_ms"] => self.latency.publish_p99_us.map(Measured::Micros),
            ["latency", "read_p99_ms"] => self.latency.read_p99_us.map(Measured::Micros),
            _ => None,
        }
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    Count(u64),
    /// Never of nothing.
    Share(Ratio),
    Micros(u64),
}

impl Measured {
    fn value(self) -> CelValue<'static> {
        match self {
            Measured::Count(count) => match i64::try_from(count) {
                Ok(count) => CelValue::Int(count),
                // Beyond the integers of expressions, which say so when they compute with it.
                Err(_) => CelValue::Number(count.to_string().into()),
            },
            Measured::Share(ratio) => CelValue::Double(ratio.part as f64 / ratio.of as f64),
            Measured::Micros(micros) => CelValue::Double(micros as f64 / 1000.0),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value().to_json())?;
        match self {
            Measured::Share(Ratio { part, of }) => write!(f, " ({part} of {of})"),
            Measured::Count(_) | Measured::Micros(_) => Ok(()),
        }
    }
}

/// What is measured now and what was measured at the cutover, as one document.
pub(super) struct Both<'a> {
    pub(super) now: &'a Readings,
    pub(super) before: &'a Readings,
}

impl Both<'_> {
    pub(super) fn measured(&self, path: &[String]) -> Option<Measured> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.split_first() {
            Some((&"before", below)) => self.before.at(below),
            _ => self.now.at(&path),
        }
    }
}

impl Document for Both<'_> {
    fn get(&self, path: &[String]) -> Option<CelValue<'_>> {
        self.measured(path).map(Measured::value)
    }

    /// Every measurement is there, with data or without: a guard cannot pass for want of data.
    fn has(&self, _path: &[String]) -> bool {
        true
    }
}

/// How an expression names a measurement.
pub(super) fn field(path: &[String]) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text = String::new();
    for key in path {
        if !key.chars().all(word) || key.starts_with(|c: char| c.is_ascii_digit()) {
            text.push_str(&format!("['{key}']"));
        } else if text.is_empty() {
            text.push_str(key);
        } else {
            text.push('.');
            text.push_str(key);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    /// The form stands in logs: it never changes.
    #[test]
    fn readings_keep_their_form() {
        let full = Readings {
            rows: [(name("profile"), 10)].into(),
            changed: [(name("users-by"), 0)].into(),
            events: Some(1000),
            rates: Rates {
                refused: Some(Ratio { part: 3, of: 1003 }),
                fold_failures: Some(Ratio { part: 0, of: 1000 }),
                job_failures: Some(Ratio { part: 0, of: 0 }),
            },
            latency: Latencies { publish_p99_us: Some(1500), read_p99_us: Some(80) },
        };
        let json = json!({
            "rows": {"profile": 10},
            "changed": {"users-by": 0},
            "events": 1000,
            "rates": {
                "refused": {"part": 3, "of": 1003},
                "fold_failures": {"part": 0, "of": 1000},
                "job_failures": {"part": 0, "of": 0},
            },
            "latency": {"publish_p99_us": 1500, "read_p99_us": 80},
        });
        for (readings, json) in [(full, json), (Readings::default(), json!({}))] {
            assert_eq!(serde_json::to_value(&readings).unwrap(), json);
            assert_eq!(serde_json::from_value::<Readings>(json).unwrap(), readings);
        }
    }
}
