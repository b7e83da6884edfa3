//! The routes that read caches and views.

use selfsame_core::Code;
use selfsame_projections::PAGE_ROWS_MAX;
use serde_json::{Value, json};

use super::operation::{Operation, query};
use super::{READ, Writer};
use crate::contract::{answers, columns};

impl<'d> Writer<'d> {
    fn row(&mut self, name: &str, projection: &Value) -> String {
        let row = columns::row(&mut self.components, projection);
        self.components.add(&format!("{name}.row"), row)
    }

    fn one_row(&mut self, kind: &str, name: &str, row: &str) {
        let (id, summary) = (format!("{kind}.{name}.get"), format!("Read one row of `{name}`."));
        let mut operation = Operation::new(&id, &summary, name);
        let key = json!({ "type": "string", "minLength": 1, "description": "The key, with `/` as `%2F`." });
        operation.path_parameter("key", key);
        operation.reads_as();
        operation.refusals = READ.to_vec();
        operation.refusals.push(Code::NotFound);
        self.get(&format!("/v1/{kind}/{name}/{{key}}"), operation, answers::one_row(name, row));
    }

    pub(super) fn cache(&mut self, name: &str, projection: &'d Value) {
        let row = self.row(name, projection);
        self.one_row("cache", name, &row);
    }

    pub(super) fn view(&mut self, name: &str, projection: &'d Value) {
        let row = self.row(name, projection);
        self.one_row("views", name, &row);
        let (id, summary) = (format!("views.{name}.query"), format!("Read rows of `{name}` by an index."));
        let mut operation = Operation::new(&id, &summary, name);
        operation.parameters = self.query_parameters(projection, &row);
        operation.reads_as();
        operation.refusals = READ.to_vec();
        operation.refusals.extend([Code::BadQuery, Code::PageExpired]);
        self.get(&format!("/v1/views/{name}"), operation, answers::page(name, &row));
    }

    fn query_parameters(&self, projection: &Value, row: &str) -> Vec<Value> {
        let indexes: Vec<Vec<&str>> = projection
            .get("indexes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|index| index.as_array().into_iter().flatten().filter_map(Value::as_str).collect())
            .collect();
        let mut columns: Vec<&str> = indexes.iter().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let mut parameters = Vec::new();
        if !indexes.is_empty() {
            let names: Vec<String> = indexes.iter().map(|index| index.join(",")).collect();
            let by = json!({ "type": "string", "enum": names });
            parameters.push(query(
                "by",
                "The index, by its columns; without it, rows are in the order of keys.",
                by,
            ));
        }
        for column in columns {
            let text =
                format!("Rows whose `{column}` is this; the first columns of the index, in its order.");
            parameters.push(query(&format!("eq.{column}"), &text, self.scalar(row, column)));
        }
        let text = json!({ "type": "string" });
        parameters.extend([
            query("from", "The least value of the next column (or of the key), included.", text.clone()),
            query("until", "The value of that column at which to stop, not included.", text.clone()),
            query(
                "order",
                "Whether the least or the greatest comes first.",
                json!({ "enum": ["asc", "desc"], "default": "asc" }),
            ),
            query(
                "limit",
                "Rows of a page.",
                json!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX,
                        "default": selfsame_node::read::PAGE_ROWS_DEFAULT }),
            ),
            query("after", "The cursor of the page: `next` of the page before.", text),
        ]);
        parameters
    }

    /// The values that a column is asked for with: its own if they are plain, else texts.
    fn scalar(&self, row: &str, column: &str) -> Value {
        let schema = self.components.get(row).and_then(|row| row.get("properties")?.get(column));
        let kind = match schema.and_then(|schema| schema.get("type")) {
            Some(Value::Array(names)) => names.iter().find(|name| *name != "null"),
            kind => kind,
        };
        json!({ "type": kind.and_then(Value::as_str).unwrap_or("string") })
    }
}
