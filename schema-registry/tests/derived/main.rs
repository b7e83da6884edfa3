//! Lenses proposed from two schemas, and schemas derived from lenses.
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may")]

mod image;
mod pairs;
mod propose;
mod wrong;

use serde_json::Value;

/// YAML as JSON.
fn yaml(text: &str) -> Value {
    serde_norway::from_str(text).expect("YAML")
}
