//! Rust: structs and enums that serde reads and writes.
//!
//! | in JSON | in Rust |
//! |---|---|
//! | must be there | `T` |
//! | must be there, may be null | `Option<T>` |
//! | may be absent | `Option<T>`, left out if `None`; null is refused |
//! | may be absent or null | `Option<Option<T>>`: absent is `None`, null is `Some(None)` |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::model::{Body, Declaration, Edges, Field, Model, Rest, Type};
use super::names::{pascal, snake};
use crate::contract::components::free;

const ABOUT: &str = "\
// Needs the crates `serde` (with `derive`) and `serde_json`.
//
// A member that may be absent is an `Option` that is left out if it is `None`. One that must be there and may be
// null is an `Option`, too, and absence is refused. One that may be either is an `Option<Option<T>>`: `None` is
// absent, `Some(None)` is null. Members that are not named are passed over when reading, unless the schema closes
// the object (then they are refused) or says what they are (then they are in `others`).
//
// An integer is an `i64`: one beyond 64 bits, or written with a fraction (`1.0`), is refused here and kept by the
// engine; one beyond 2^53 may be rounded by other programs that read JSON. A number is a `serde_json::Number`, so
// that `1` is written as `1` again; it rounds numbers with more than 17 digits.
";

const PRESENT: &str = "
/// A member that is there, whether it is null or not.
fn present<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
";

const REQUIRED: &str = "
/// A member that must be there, null or not. Without this, serde takes absence for null.
fn required<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}
";

/// Words that are no names; those that stay none with `r#` before them get an underscore behind.
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
];

const DERIVE: &str = "#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]";

pub(super) fn write(model: &Model) -> String {
    let mut out =
        format!("// {} {}, written by `selfsame version types`.\n//\n{ABOUT}", model.name, model.label);
    if let Some(version) = &model.version {
        let _ = write!(out, "\n/// The version, to be named as `dataschema` and `read_as`.\n");
        let _ = writeln!(out, "pub const VERSION: &str = {version:?};");
    }
    let aliases = model.declarations.iter().filter_map(|it| match &it.body {
        Body::Alias(ty) => Some((it.name.as_str(), ty)),
        _ => None,
    });
    let writer = Writer {
        by_value: Edges::by_value(model),
        cycles: Edges::of_aliases(model),
        aliases: aliases.collect(),
    };
    for declaration in &model.declarations {
        out.push('\n');
        doc(&mut out, "", &declaration.doc);
        writer.declare(&mut out, declaration);
    }
    for (name, function) in [("present", PRESENT), ("required", REQUIRED)] {
        if out.contains(&format!("deserialize_with = \"{name}\"")) {
            out.push_str(function);
        }
    }
    out
}

fn doc(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        let _ = writeln!(out, "{}", format!("{indent}/// {line}").trim_end());
    }
}

struct Writer<'m> {
    by_value: Edges<'m>,
    cycles: Edges<'m>,
    aliases: BTreeMap<&'m str, &'m Type>,
}

impl Writer<'_> {
    fn declare(&self, out: &mut String, declaration: &Declaration) {
        let name = declaration.name.as_str();
        match &declaration.body {
            Body::Object { fields, rest } => self.object(out, name, fields, rest),
            Body::Enum(texts) => {
                let _ = writeln!(out, "{DERIVE}\npub enum {name} {{");
                let mut taken = BTreeSet::from(["Self".to_owned()]);
                for text in texts {
                    let variant = free(&pascal(text), "", &mut taken);
                    let _ = writeln!(out, "    #[serde(rename = {text:?})]\n    {variant},");
                }
                out.push_str("}\n");
            }
            Body::Union(types) => {
                let _ = writeln!(out, "{DERIVE}\n#[serde(untagged)]\npub enum {name} {{");
                let mut taken = BTreeSet::from(["Self".to_owned()]);
                // The first that fits is taken, and a number takes integers, too.
                let (numbers, others): (Vec<&Type>, Vec<&Type>) =
                    types.iter().partition(|ty| **ty == Type::Number);
                for ty in others.into_iter().chain(numbers) {
                    let variant = free(&variant(ty), "", &mut taken);
                    let _ = writeln!(out, "    {variant}({}),", self.ty(ty, name));
                }
                out.push_str("}\n");
            }
            Body::Alias(alias) if self.cycles.lead(name, name) => {
                let _ = writeln!(out, "{DERIVE}\n#[serde(transparent)]");
                let _ = writeln!(out, "pub struct {name}(pub {});", self.ty(alias, name));
            }
            Body::Alias(alias) => {
                let _ = writeln!(out, "pub type {name} = {};", self.ty(alias, name));
            }
        }
    }

    fn object(&self, out: &mut String, name: &str, fields: &[Field], rest: &Rest) {
        let _ = writeln!(out, "{DERIVE}");
        if matches!(rest, Rest::Closed) {
            let _ = writeln!(out, "#[serde(deny_unknown_fields)]");
        }
        let _ = writeln!(out, "pub struct {name} {{");
        let mut taken = BTreeSet::new();
        // What must not be there has no field.
        for field in fields.iter().filter(|field| field.ty != Type::Never) {
            doc(out, "    ", &field.doc);
            self.field(out, name, field, &mut taken);
        }
        if let Rest::Of(ty) = rest {
            let member = free("others", "_", &mut taken);
            let ty = self.ty(ty, name);
            let _ = writeln!(out, "    /// Members that have no field.\n    #[serde(flatten)]");
            let _ = writeln!(out, "    pub {member}: std::collections::BTreeMap<String, {ty}>,");
        }
        out.push_str("}\n");
    }

    fn field(&self, out: &mut String, host: &str, field: &Field, taken: &mut BTreeSet<String>) {
        let member = member(&free(&snake(&field.key), "_", taken));
        let mut serde: Vec<String> = Vec::new();
        if member.trim_start_matches("r#") != field.key {
            serde.push(format!("rename = {:?}", field.key));
        }
        let mut ty = self.ty(&field.ty, host);
        if !field.required {
            ty = format!("Option<{ty}>");
            serde.push("default".to_owned());
            serde.push("skip_serializing_if = \"Option::is_none\"".to_owned());
            serde.push("deserialize_with = \"present\"".to_owned());
        } else if self.may_be_null(&field.ty) {
            serde.push("deserialize_with = \"required\"".to_owned());
        }
        if !serde.is_empty() {
            let _ = writeln!(out, "    #[serde({})]", serde.join(", "));
        }
        let _ = writeln!(out, "    pub {member}: {ty},");
    }

    /// Whether the type is an `Option`, by whatever name.
    fn may_be_null(&self, of: &Type) -> bool {
        let next = |of: &&Type| match of {
            Type::Named(name) => self.aliases.get(name.as_str()).copied(),
            _ => None,
        };
        // Names that lead round in a circle do so within as many steps as there are.
        let mut named = std::iter::successors(Some(of), next).take(self.aliases.len() + 1);
        named.any(|of| matches!(of, Type::Nullable(_)))
    }

    /// The type where it is used in a declaration; in a box where that declaration would hold itself.
    fn ty(&self, of: &Type, host: &str) -> String {
        match of {
            Type::Any | Type::Never => "serde_json::Value".to_owned(),
            Type::Null => "()".to_owned(),
            Type::Boolean => "bool".to_owned(),
            Type::Integer => "i64".to_owned(),
            Type::Number => "serde_json::Number".to_owned(),
            Type::String => "String".to_owned(),
            Type::Literals(values) => {
                let all = |is: fn(&Value) -> bool| values.iter().all(is);
                let name = match (all(Value::is_i64), all(Value::is_boolean)) {
                    (true, _) => "i64",
                    (_, true) => "bool",
                    _ => "serde_json::Value",
                };
                name.to_owned()
            }
            Type::List(item) => format!("Vec<{}>", self.behind(item, host)),
            Type::Map(value) => format!("std::collections::BTreeMap<String, {}>", self.behind(value, host)),
            Type::Named(name) if name == host || self.by_value.lead(name, host) => format!("Box<{name}>"),
            Type::Named(name) => name.clone(),
            Type::Nullable(inner) => format!("Option<{}>", self.ty(inner, host)),
        }
    }

    /// The same behind a list or a map, where no box is needed.
    fn behind(&self, of: &Type, host: &str) -> String {
        match of {
            Type::Named(name) => name.clone(),
            Type::Nullable(inner) => format!("Option<{}>", self.behind(inner, host)),
            other => self.ty(other, host),
        }
    }
}

fn variant(of: &Type) -> String {
    let name = match of {
        Type::Any | Type::Never => "Other",
        Type::Literals(values) if values.iter().all(Value::is_i64) => "Integer",
        Type::Literals(_) => "Boolean",
        Type::Null => "Null",
        Type::Boolean => "Boolean",
        Type::Integer => "Integer",
        Type::Number => "Number",
        Type::String => "Text",
        Type::List(_) => "List",
        Type::Map(_) => "Map",
        Type::Named(name) => name,
        Type::Nullable(inner) => return variant(inner),
    };
    name.to_owned()
}

fn member(name: &str) -> String {
    match name {
        "self" | "super" | "crate" | "_" => format!("{name}_"),
        name if KEYWORDS.contains(&name) => format!("r#{name}"),
        name => name.to_owned(),
    }
}
