//! JSON values as JSON Schema sees them: their types, their order, and when they are equal.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Doubles up to here are exact integers.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A set of types. Whole numbers and numbers with a fraction are apart, so that no value has two types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const NONE: Types = Types(0);
    pub(crate) const NULL: Types = Types(1);
    pub(crate) const BOOLEAN: Types = Types(2);
    pub(crate) const WHOLE: Types = Types(4);
    pub(crate) const FRACTION: Types = Types(8);
    pub(crate) const NUMBER: Types = Types(12);
    pub(crate) const STRING: Types = Types(16);
    pub(crate) const ARRAY: Types = Types(32);
    pub(crate) const OBJECT: Types = Types(64);
    pub(crate) const ALL: Types = Types(127);

    /// The type with this name.
    pub(crate) fn named(name: &str) -> Option<Types> {
        Some(match name {
            "null" => Types::NULL,
            "boolean" => Types::BOOLEAN,
            "integer" => Types::WHOLE,
            "number" => Types::NUMBER,
            "string" => Types::STRING,
            "array" => Types::ARRAY,
            "object" => Types::OBJECT,
            _ => return None,
        })
    }

    /// What `type` says; none if it is malformed.
    pub(crate) fn declared(word: &Value) -> Option<Types> {
        match word {
            Value::String(name) => Types::named(name),
            Value::Array(names) => names
                .iter()
                .try_fold(Types::NONE, |types, name| Some(types.or(Types::named(name.as_str()?)?))),
            _ => None,
        }
    }

    pub(crate) fn of(value: &Value) -> Types {
        match value {
            Value::Null => Types::NULL,
            Value::Bool(_) => Types::BOOLEAN,
            Value::Number(number) if is_whole(number) => Types::WHOLE,
            Value::Number(_) => Types::FRACTION,
            Value::String(_) => Types::STRING,
            Value::Array(_) => Types::ARRAY,
            Value::Object(_) => Types::OBJECT,
        }
    }

    pub(crate) fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    pub(crate) fn and(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    pub(crate) fn without(self, other: Types) -> Types {
        Types(self.0 & !other.0)
    }

    pub(crate) fn meets(self, other: Types) -> bool {
        self.and(other) != Types::NONE
    }

    pub(crate) fn within(self, other: Types) -> bool {
        self.without(other) == Types::NONE
    }

    /// The types one by one.
    pub(crate) fn each(self) -> impl Iterator<Item = Types> {
        (0..7).map(|bit| Types(1 << bit)).filter(move |types| self.meets(*types))
    }

    pub(crate) fn bits(self) -> usize {
        usize::from(self.0)
    }

    /// The names, for people.
    pub(crate) fn names(self) -> String {
        let all = [
            (Types::NULL, "null"),
            (Types::BOOLEAN, "boolean"),
            (Types::WHOLE, "integer"),
            (Types::FRACTION, "number with a fraction"),
            (Types::STRING, "string"),
            (Types::ARRAY, "array"),
            (Types::OBJECT, "object"),
        ];
        all.iter()
            .filter(|(types, _)| self.meets(*types))
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
}

/// A number to compare with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exact {
    Whole(i128),
    Double(f64),
}

impl Exact {
    pub(crate) fn of(value: &Value) -> Option<Exact> {
        let number = value.as_number()?;
        if let Some(whole) = number.as_i128() {
            return Some(Exact::Whole(whole));
        }
        let double = number.as_f64()?;
        if double.fract() == 0.0 && double.abs() < EXACT_MAX {
            return format!("{double:.0}").parse().ok().map(Exact::Whole);
        }
        Some(Exact::Double(double))
    }

    /// How they are ordered, if that is certain.
    pub(crate) fn order(self, other: Exact) -> Option<Ordering> {
        match (self, other) {
            (Exact::Whole(a), Exact::Whole(b)) => Some(a.cmp(&b)),
            (Exact::Double(a), Exact::Double(b)) => a.partial_cmp(&b),
            (Exact::Whole(a), Exact::Double(b)) => as_double(a)?.partial_cmp(&b),
            (Exact::Double(a), Exact::Whole(b)) => a.partial_cmp(&as_double(b)?),
        }
    }

    pub(crate) fn whole(self) -> Option<i128> {
        match self {
            Exact::Whole(whole) => Some(whole),
            Exact::Double(_) => None,
        }
    }
}

fn as_double(whole: i128) -> Option<f64> {
    let double = whole as f64;
    (double.abs() <= EXACT_MAX).then_some(double)
}

/// Whether two values are equal for `const`, `enum` and `uniqueItems`; none if that is not certain.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => Some(Exact::of(a)?.order(Exact::of(b)?)? == Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b).map(|(a, b)| equal(a, b)))
        }
        (Value::Object(a), Value::Object(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().map(|(key, a)| b.get(key).map_or(Some(false), |b| equal(a, b))))
        }
        (a, b) => Some(a == b),
    }
}

/// Whether all hold: false if one does not, none if that is not known.
pub(crate) fn all(verdicts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for verdict in verdicts {
        match verdict {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// Whether one holds: true if one does, none if that is not known.
pub(crate) fn any(verdicts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    all(verdicts.into_iter().map(|verdict| verdict.map(|holds| !holds))).map(|none| !none)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        assert_eq!(equal(&json!([1, {"a": 2.0}]), &json!([1.0, {"a": 2}])), Some(true));
        assert_eq!(equal(&json!(0.5), &json!(0)), Some(false));
        assert_eq!(equal(&json!(u64::MAX), &json!(1.8e19)), None);
        assert_eq!(Types::of(&json!(1e300)), Types::WHOLE);
        assert_eq!(Types::of(&json!(1.5)), Types::FRACTION);
    }
}
