//! Expressions: what they give, what is refused, and that the text and the data can be anything.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod limits;
mod oracle;
mod refusals;
mod shapes;
mod text;
mod values;

use selfsame_schema::cel::{Expression, SchemaFields};
use serde_json::{Value, json};

/// An order, with a field of every kind.
fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["id", "n", "m", "price", "rate", "paid", "name", "tags", "items", "labels", "any", "maybe"],
        "properties": {
            "id": { "type": "string" },
            "n": { "type": "integer" },
            "m": { "type": "integer" },
            "price": { "type": "number" },
            "rate": { "type": "number" },
            "paid": { "type": "boolean" },
            "note": { "type": "string" },
            "count": { "type": "integer" },
            "maybe": { "type": ["string", "null"] },
            "name": {
                "type": "object",
                "required": ["given"],
                "properties": { "given": { "type": "string" }, "family": { "type": "string" } },
            },
            "address": {
                "type": "object",
                "properties": { "city": { "type": "string" } },
            },
            "tags": { "type": "array", "items": { "type": "string" } },
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["sku", "qty"],
                    "properties": {
                        "sku": { "type": "string" },
                        "qty": { "type": "integer" },
                        "price": { "type": "number" },
                    },
                },
            },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "any": {},
        },
    })
}

/// An order that fits.
fn order() -> Value {
    json!({
        "id": "o-1", "n": 7, "m": -2, "price": 2.5, "rate": 0.2, "paid": true, "note": "grüße", "maybe": null,
        "name": { "given": "Ada" },
        "tags": ["a", "b"],
        "items": [{ "sku": "x", "qty": 2, "price": 1.5 }, { "sku": "y", "qty": 3 }],
        "labels": { "env": "prod", "a-b": "c" },
        "any": { "deep": [1, "two"] },
    })
}

fn compile(source: &str) -> Result<Expression, String> {
    let schema = schema();
    let fields = SchemaFields::new(&schema).expect("a schema");
    Expression::compile(source, &fields).map_err(|e| match e.help() {
        Some(help) => format!("{e}; {help}"),
        None => e.to_string(),
    })
}

/// The value as JSON, or the failure.
fn evaluate(source: &str, document: &Value) -> String {
    let expression = compile(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    match expression.evaluate(document) {
        Ok(value) => value.to_json(),
        Err(error) => format!("error: {error}"),
    }
}
