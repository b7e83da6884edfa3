//! Data on stdout: JSON as the engine gave it, or the same for people.

use std::io::{self, Write as _};

use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr as _;

use crate::client::Answer;
use crate::failure::{Failure, Outcome};

/// How data is printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// As JSON.
    pub(crate) json: bool,
}

impl Out {
    /// Prints an answer: as it came, or what `people` makes of it.
    pub(crate) fn answer(self, answer: &Answer, people: impl FnOnce(&Value) -> String) -> Outcome {
        if self.json { line(&answer.text) } else { line(people(&answer.json).trim_end()) }
    }
}

/// Prints a line of data.
pub(crate) fn line(text: &str) -> Outcome {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
        Err(source) => Err(Failure::File { path: "/dev/stdout".into(), verb: "written", source }),
    }
}

/// A member of an object; null if it is not there.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The number of the version that an answer names; 0 if it names none.
pub(crate) fn version_of(answer: &Value) -> u64 {
    let name = member(answer, "version").as_str().unwrap_or_default();
    name.strip_prefix('v').and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// A value in a line or a cell.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => one_line(text),
        Value::Array(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Text that does not break out of its line, whoever wrote it.
fn one_line(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// A table without lines, numbers to the right.
pub(crate) fn table(header: &[&str], rows: &[Vec<Value>]) -> String {
    let is_number = |v: &Value| v.is_number() || v.is_null();
    let columns = header.iter().enumerate().map(|(index, name)| {
        let cells = || rows.iter().map(move |row| row.get(index).unwrap_or(&Value::Null));
        let texts: Vec<String> = std::iter::once(name.to_uppercase()).chain(cells().map(show)).collect();
        pad(texts, !rows.is_empty() && cells().all(is_number))
    });
    let columns: Vec<Vec<String>> = columns.collect();
    let line = |row: usize| {
        let cells: Vec<&str> =
            columns.iter().filter_map(|cells| cells.get(row)).map(String::as_str).collect();
        cells.join("  ").trim_end().to_owned()
    };
    (0..=rows.len()).map(line).collect::<Vec<_>>().join("\n")
}

/// The texts as wide as the widest of them.
fn pad(texts: Vec<String>, to_the_right: bool) -> Vec<String> {
    let width = texts.iter().map(|text| text.width()).max().unwrap_or_default();
    let pad = |text: String| {
        let space = " ".repeat(width.saturating_sub(text.width()));
        if to_the_right { format!("{space}{text}") } else { format!("{text}{space}") }
    };
    texts.into_iter().map(pad).collect()
}

/// A table of objects, one column per member, in the order of their first appearance.
pub(crate) fn objects(rows: &[Value]) -> String {
    let mut header: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for name in row.keys().map(String::as_str) {
            if !header.contains(&name) {
                header.push(name);
            }
        }
    }
    let cells = rows.iter().map(|row| header.iter().map(|name| member(row, name).clone()).collect());
    table(&header, &cells.collect::<Vec<_>>())
}

/// Any JSON object for people: a line per member, what lies within indented, lists of objects as tables.
pub(crate) fn outline(value: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(members) = value {
        outline_into(&mut out, members, 0);
    } else {
        out = show(value);
    }
    out
}

fn outline_into(out: &mut String, members: &Map<String, Value>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (name, value) in members {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push_str(&format!("{indent}{name}:\n"));
                outline_into(out, inner, depth + 1);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                out.push_str(&format!("{indent}{name}:\n"));
                for line in objects(items).lines() {
                    out.push_str(&format!("{indent}  {line}\n"));
                }
            }
            Value::Object(_) => out.push_str(&format!("{indent}{name}: -\n")),
            Value::Array(items) if items.is_empty() => out.push_str(&format!("{indent}{name}: -\n")),
            other => out.push_str(&format!("{indent}{name}: {}\n", show(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_stand_to_the_right_and_text_to_the_left() {
        let rows = [json!({"n": 5, "path": "a"}), json!({"n": 12, "path": "längere", "x": null})];
        assert_eq!(objects(&rows), " N  PATH     X\n 5  a        -\n12  längere  -");
    }

    #[test]
    fn an_outline_shows_everything_once() {
        let value = json!({"a": 1, "b": {"c": "x"}, "d": [1, 2], "e": [], "f": [{"g": 1}], "h": {}});
        assert_eq!(outline(&value), "a: 1\nb:\n  c: x\nd: 1, 2\ne: -\nf:\n  G\n  1\nh: -\n");
    }

    #[test]
    fn text_from_outside_stays_in_its_line() {
        assert_eq!(show(&json!("a\n\u{1b}[31mb")), "a\\n\\u{1b}[31mb");
    }
}
