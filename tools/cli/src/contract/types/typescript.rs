//! TypeScript: interfaces for objects, unions for choices and listed texts.

use std::fmt::Write as _;

use serde_json::Value;

use super::model::{Body, Declaration, Field, Model, Rest, Role, Type};

/// What the file says of itself.
const ABOUT: &str = "\
// `a?: T` may be absent and `a: T | null` may be null; the engine tells them apart, and keeps members that are
// not named here unless the schema closes the object.
//
// A JSON number is a double here: `JSON.parse` rounds integers beyond 2^53 (9007199254740992), and numbers with
// more than 17 digits. The engine keeps them as they were written.
";

pub(super) fn write(model: &Model) -> String {
    let mut out =
        format!("// {} {}, written by `selfsame version types`.\n//\n{ABOUT}", model.name, model.label);
    if let Some(version) = &model.version {
        let _ = write!(out, "\n/** The version, to be named as `dataschema` and `read_as`. */\n");
        let _ = writeln!(out, "export const VERSION = {};", text(version));
    }
    for declaration in &model.declarations {
        out.push('\n');
        doc(&mut out, "", &declaration.doc);
        declare(&mut out, declaration);
    }
    for (name, about, of_role) in [
        ("Events", "The data of each event type.", event as fn(&Role) -> Option<&str>),
        ("Rows", "The rows of each cache and view.", row),
        ("JobInputs", "The job inputs of each queue.", input),
    ] {
        let _ = write!(out, "\n/** {about} */\nexport interface {name} {{\n");
        for declaration in &model.declarations {
            if let Some(key) = declaration.role.as_ref().and_then(of_role) {
                let _ = writeln!(out, "  {}: {};", member(key), declaration.name);
            }
        }
        out.push_str("}\n");
    }
    out
}

fn event(role: &Role) -> Option<&str> {
    if let Role::Event(name) = role { Some(name) } else { None }
}

fn row(role: &Role) -> Option<&str> {
    if let Role::Row(name) = role { Some(name) } else { None }
}

fn input(role: &Role) -> Option<&str> {
    if let Role::Input(name) = role { Some(name) } else { None }
}

fn doc(out: &mut String, indent: &str, lines: &[String]) {
    let safe = |line: &String| line.replace("*/", "*\\/");
    match lines {
        [] => {}
        [one] => {
            let _ = writeln!(out, "{indent}/** {} */", safe(one));
        }
        several => {
            let _ = writeln!(out, "{indent}/**");
            for line in several.iter().map(safe) {
                let _ = writeln!(out, "{indent} * {line}");
            }
            let _ = writeln!(out, "{indent} */");
        }
    }
}

fn declare(out: &mut String, declaration: &Declaration) {
    let name = &declaration.name;
    match &declaration.body {
        Body::Object { fields, rest } => {
            let _ = writeln!(out, "export interface {name} {{");
            for field in fields {
                doc(out, "  ", &field.doc);
                let mark = if field.required { "" } else { "?" };
                let _ = writeln!(out, "  {}{mark}: {};", member(&field.key), ty(&field.ty));
            }
            if let Some(others) = others(fields, rest) {
                let _ = writeln!(out, "  [key: string]: {others};");
            }
            out.push_str("}\n");
        }
        Body::Enum(texts) => {
            let texts: Vec<String> = texts.iter().map(|it| text(it)).collect();
            let _ = writeln!(out, "export type {name} = {};", texts.join(" | "));
        }
        Body::Union(types) => {
            let types: Vec<String> = types.iter().map(ty).collect();
            let _ = writeln!(out, "export type {name} = {};", types.join(" | "));
        }
        Body::Alias(alias) => {
            let _ = writeln!(out, "export type {name} = {};", ty(alias));
        }
    }
}

/// What stands under other keys. It must take what the fields hold, too.
fn others(fields: &[Field], rest: &Rest) -> Option<String> {
    let rest = match rest {
        Rest::Of(rest) => rest,
        Rest::Unsaid | Rest::Closed => return None,
    };
    let mut types = vec![ty(rest)];
    if *rest != Type::Any {
        types.extend(fields.iter().map(|field| ty(&field.ty)));
        types.extend(fields.iter().any(|field| !field.required).then(|| "undefined".to_owned()));
    }
    let mut distinct: Vec<String> = Vec::new();
    types.into_iter().for_each(|ty| {
        if !distinct.contains(&ty) {
            distinct.push(ty);
        }
    });
    Some(distinct.join(" | "))
}

fn ty(of: &Type) -> String {
    match of {
        Type::Any => "unknown".to_owned(),
        Type::Never => "never".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::Literals(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "),
        Type::List(item) if is_one_word(item) => format!("{}[]", ty(item)),
        Type::List(item) => format!("Array<{}>", ty(item)),
        Type::Map(value) => format!("{{ [key: string]: {} }}", ty(value)),
        Type::Named(name) => name.clone(),
        Type::Nullable(inner) => format!("{} | null", ty(inner)),
    }
}

fn is_one_word(of: &Type) -> bool {
    !matches!(of, Type::Nullable(_) | Type::Literals(_) | Type::Map(_))
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

fn member(key: &str) -> String {
    let begins = key.starts_with(|first: char| first.is_ascii_alphabetic() || "_$".contains(first));
    let goes_on = key.chars().all(|letter| letter.is_ascii_alphanumeric() || "_$".contains(letter));
    if begins && goes_on { key.to_owned() } else { text(key) }
}
