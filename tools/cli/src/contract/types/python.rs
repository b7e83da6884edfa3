//! Python: a TypedDict for each object, `Literal` for listed values.
//!
//! A key that is no name of Python, or begins with two underscores, needs the form of TypedDict that is a
//! call. A name of another type is written as text, since that type may stand further down, and nothing else
//! is, so that a program can look at the types at run time.

use std::fmt::Write as _;

use serde_json::Value;

use super::model::{Body, Declaration, Field, Model, Rest, Type};

const ABOUT: &str = "\
# `NotRequired[T]` may be absent and `T | None` may be null; the engine tells them apart, and keeps keys that are
# not named here unless the schema closes the object.
#
# An `int` has no limit here, and the engine keeps integers beyond 2^53 as they were written; other programs that
# read JSON may round them. A `float` rounds numbers with more than 17 digits.

from typing import Any, Final, Literal, Never, NotRequired, Optional, TypeAlias, TypedDict, Union
";

/// Words that are no names.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

pub(super) fn write(model: &Model) -> String {
    let mut out =
        format!("# {} {}, written by `selfsame version types`.\n#\n{ABOUT}", model.name, model.label);
    if let Some(version) = &model.version {
        let _ = write!(out, "\n# The version, to be named as `dataschema` and `read_as`.\n");
        let _ = writeln!(out, "VERSION: Final = {}", text(version));
    }
    for declaration in &model.declarations {
        out.push_str("\n\n");
        doc(&mut out, "", &declaration.doc);
        declare(&mut out, declaration);
    }
    out
}

fn doc(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines {
        let _ = writeln!(out, "{}", format!("{indent}# {line}").trim_end());
    }
}

fn declare(out: &mut String, declaration: &Declaration) {
    let name = &declaration.name;
    match &declaration.body {
        Body::Object { fields, rest } => object(out, name, fields, rest),
        Body::Enum(texts) => {
            let texts: Vec<String> = texts.iter().map(|it| text(it)).collect();
            let _ = writeln!(out, "{name}: TypeAlias = Literal[{}]", texts.join(", "));
        }
        Body::Union(types) => {
            let written: Vec<String> = types.iter().map(ty).collect();
            let union = match types.iter().any(names) {
                true => format!("Union[{}]", written.join(", ")),
                false => written.join(" | "),
            };
            let _ = writeln!(out, "{name}: TypeAlias = {union}");
        }
        Body::Alias(alias) => {
            let _ = writeln!(out, "{name}: TypeAlias = {}", ty(alias));
        }
    }
}

fn object(out: &mut String, name: &str, fields: &[Field], rest: &Rest) {
    if let Rest::Of(ty) = rest
        && *ty != Type::Any
    {
        let _ = writeln!(out, "# Other keys hold `{}`, which a TypedDict cannot say.", self::ty(ty));
    }
    let annotation = |field: &Field| {
        let ty = ty(&field.ty);
        if field.required { ty } else { format!("NotRequired[{ty}]") }
    };
    if fields.iter().all(|field| is_name(&field.key)) {
        let _ = writeln!(out, "class {name}(TypedDict):");
        if fields.is_empty() {
            out.push_str("    pass\n");
        }
        for field in fields {
            doc(out, "    ", &field.doc);
            let _ = writeln!(out, "    {}: {}", field.key, annotation(field));
        }
        return;
    }
    let _ = writeln!(out, "{name} = TypedDict(\n    {},\n    {{", text(name));
    for field in fields {
        doc(out, "        ", &field.doc);
        let _ = writeln!(out, "        {}: {},", text(&field.key), annotation(field));
    }
    out.push_str("    },\n)\n");
}

/// Whether a name is in the type, which is a text at run time and has no `|`.
fn names(of: &Type) -> bool {
    !of.names(false).is_empty()
}

fn ty(of: &Type) -> String {
    match of {
        Type::Any => "Any".to_owned(),
        Type::Never => "Never".to_owned(),
        Type::Null => "None".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Integer => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::String => "str".to_owned(),
        Type::Literals(values) => {
            let word = |value: &Value| match value {
                Value::Bool(true) => "True".to_owned(),
                Value::Bool(false) => "False".to_owned(),
                other => other.to_string(),
            };
            format!("Literal[{}]", values.iter().map(word).collect::<Vec<_>>().join(", "))
        }
        Type::List(item) => format!("list[{}]", ty(item)),
        Type::Map(value) => format!("dict[str, {}]", ty(value)),
        Type::Named(name) => text(name),
        Type::Nullable(inner) if names(inner) => format!("Optional[{}]", ty(inner)),
        Type::Nullable(inner) => format!("{} | None", ty(inner)),
    }
}

/// A text as a literal. What JSON escapes, Python reads alike.
fn text(text: &str) -> String {
    Value::from(text).to_string()
}

fn is_name(key: &str) -> bool {
    let begins = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let goes_on = key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    begins && goes_on && !key.starts_with("__") && !KEYWORDS.contains(&key)
}
