//! Tables of values: which value stands in the place of which.

use serde_json::{Map, Value};

use crate::json::pointer;
use crate::limits::TABLE_ENTRIES_MAX;
use crate::problem::{Problem, Problems};

/// Pairs of values, no two of them with the same first value.
///
/// A document writes an object if the values to find are strings, and a list of pairs if they are not:
/// `{ up: { m: male } }`, `{ up: [[1, low], [null, none]] }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table(Vec<(Value, Value)>);

impl Table {
    /// Reads the table at `place`.
    pub(super) fn parse(json: &Value, place: &str, problems: &mut Problems) -> Option<Table> {
        let before = problems.count();
        let table = match json {
            Value::Object(object) => Table::of_object(object),
            Value::Array(list) => Table::of_pairs(list, place, problems),
            _ => {
                let problem = Problem::new(place, format!("must be a table, is `{json}`"));
                problems.push(
                    problem.help("write `{ from: to }`, or pairs `[[from, to]]` if `from` is no string"),
                );
                return None;
            }
        };
        let entries = table.0.len();
        if entries > TABLE_ENTRIES_MAX {
            problems.add(place, format!("has {entries} entries, over the limit of {TABLE_ENTRIES_MAX}"));
        }
        Some(table).filter(|_| problems.count() == before)
    }

    fn of_object(object: &Map<String, Value>) -> Table {
        Table(object.iter().map(|(from, to)| (Value::from(from.as_str()), to.clone())).collect())
    }

    fn of_pairs(list: &[Value], place: &str, problems: &mut Problems) -> Table {
        let mut table = Table::default();
        // One more than are taken, so that the limit is noticed and a long list costs no more.
        for (index, pair) in list.iter().enumerate().take(TABLE_ENTRIES_MAX + 1) {
            let place = pointer::child(place, &index.to_string());
            match pair.as_array().map(Vec::as_slice) {
                Some([from, _]) if table.get(from).is_some() => {
                    problems.add(place, format!("`{from}` stands twice in the table"));
                }
                Some([from, to]) => table.0.push((from.clone(), to.clone())),
                _ => problems.push(Problem::new(place, "must be a pair").help("write `[from, to]`")),
            }
        }
        table
    }

    /// The pairs, in the order in which the document has them.
    pub(crate) fn pairs(&self) -> &[(Value, Value)] {
        &self.0
    }

    /// The value that stands in the place of this one.
    pub(crate) fn get(&self, value: &Value) -> Option<&Value> {
        self.0.iter().find(|(from, _)| same(from, value)).map(|(_, to)| to)
    }

    /// The table the other way round; two pairs that lead to the same value, if there are such.
    pub(super) fn inverse(&self) -> Result<Table, [Value; 3]> {
        let mut inverse = Table::default();
        for (from, to) in &self.0 {
            if let Some(other) = inverse.get(to) {
                return Err([other.clone(), from.clone(), to.clone()]);
            }
            inverse.0.push((to.clone(), from.clone()));
        }
        Ok(inverse)
    }

    /// A pair of this table, as the way back, that leads to a value which `up` leads elsewhere from, though
    /// `up` knows a value that leads there.
    pub(super) fn contradiction(&self, up: &Table) -> Option<(&Value, &Value)> {
        let leads_back = |to: &Value, from: &Value| up.get(from).is_some_and(|there| same(there, to));
        let known = |to: &Value| up.0.iter().any(|(_, there)| same(there, to));
        let pairs = self.0.iter().map(|(to, from)| (to, from));
        pairs.into_iter().find(|(to, from)| known(to) && !leads_back(to, from))
    }
}

/// Whether two values of a document are the same JSON value: `1` and `1.0` are.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
