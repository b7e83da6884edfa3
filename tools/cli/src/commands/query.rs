//! `query`: rows of a view, by one of its indexes.

use clap::Args;
use serde_json::Value;

use crate::client::{Answer, segment};
use crate::failure::Outcome;
use crate::out::{Out, line, member, show, table};
use crate::reach::Reach;

/// Query a view by one of its indexes
///
/// Rows come in the order of the index, page by page; each page is of one version at one position. With
/// --json each page is one line.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame query files --by churn --desc --limit 10
  selfsame query files --by last_author,churn --eq last_author=ann@example.org
  selfsame query files --by churn --from 100 --until 200 --all
  selfsame query files --from src/ --until src0                     rows by key")]
pub(crate) struct QueryArgs {
    /// The view
    view: String,
    /// The columns of the index, in its order; without it, rows come by key
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    by: Vec<String>,
    /// A value that a column must have; give the first columns of the index, in its order
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = equal)]
    eq: Vec<(String, String)>,
    /// The least value of the next column, included
    #[arg(long, value_name = "VALUE")]
    from: Option<String>,
    /// The value of the next column to stop before
    #[arg(long, value_name = "VALUE")]
    until: Option<String>,
    /// Begin with the last rows
    #[arg(long)]
    desc: bool,
    /// Rows of a page, 1 to 1000
    #[arg(long, value_name = "ROWS", default_value_t = 100)]
    limit: u32,
    /// Go on to the last page
    #[arg(long)]
    all: bool,
    /// Read another live version than the active one
    #[arg(long, value_name = "VERSION")]
    read_as: Option<String>,
    /// Wait until this position is applied
    #[arg(long, value_name = "POSITION")]
    at_least: Option<u64>,
    #[command(flatten)]
    reach: Reach,
}

fn equal(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(column, _)| !column.is_empty());
    let (column, value) = pair.ok_or("write it as COLUMN=VALUE")?;
    Ok((column.to_owned(), value.to_owned()))
}

pub(crate) async fn run(args: QueryArgs, out: Out) -> Outcome {
    let client = args.reach.client()?;
    let path = format!("views/{}", segment(&args.view));
    let mut query = parameters(&args);
    let mut rows = Vec::new();
    loop {
        let answer = client.get(&path, &query).await?;
        let place =
            format!("{} at #{}", show(member(&answer.json, "version")), member(&answer.json, "position"));
        let next = take(&answer, out, &mut rows)?;
        let Some(next) = next.filter(|_| args.all) else {
            break finish(out, &rows, &place, member(&answer.json, "next"));
        };
        query.retain(|(name, _)| name != "after");
        query.push(("after".to_owned(), next));
    }
}

/// Prints a page or keeps its rows, and says where the next begins.
fn take(answer: &Answer, out: Out, rows: &mut Vec<Value>) -> Outcome<Option<String>> {
    if out.json {
        line(&answer.text)?;
    } else {
        rows.extend(member(&answer.json, "rows").as_array().into_iter().flatten().cloned());
    }
    Ok(member(&answer.json, "next").as_str().map(str::to_owned))
}

fn finish(out: Out, rows: &[Value], place: &str, next: &Value) -> Outcome {
    if out.json {
        return Ok(());
    }
    let more = if next.is_null() { "" } else { "; there are more: use `--all`, or a higher `--limit`" };
    eprintln!("{} rows, {place}{more}", rows.len());
    if rows.is_empty() { Ok(()) } else { line(&rows_table(rows)) }
}

fn parameters(args: &QueryArgs) -> Vec<(String, String)> {
    let mut query = vec![("limit".to_owned(), args.limit.to_string())];
    if !args.by.is_empty() {
        query.push(("by".to_owned(), args.by.join(",")));
    }
    query.extend(args.eq.iter().map(|(column, value)| (format!("eq.{column}"), value.clone())));
    if args.desc {
        query.push(("order".to_owned(), "desc".to_owned()));
    }
    let given = [("from", &args.from), ("until", &args.until), ("read_as", &args.read_as)];
    for (name, value) in given {
        query.extend(value.as_ref().map(|value| (name.to_owned(), value.clone())));
    }
    query.extend(args.at_least.map(|position| ("at_least".to_owned(), position.to_string())));
    query
}

/// Key and columns of each row.
fn rows_table(rows: &[Value]) -> String {
    let values = || rows.iter().filter_map(|row| member(row, "value").as_object());
    let mut header = vec!["key"];
    for column in values().flat_map(|value| value.keys()) {
        if !header.contains(&column.as_str()) {
            header.push(column);
        }
    }
    let cells = rows.iter().map(|row| {
        let columns = header.iter().skip(1).map(|column| member(member(row, "value"), column).clone());
        std::iter::once(member(row, "key").clone()).chain(columns).collect()
    });
    table(&header, &cells.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_is_a_column_and_a_value() {
        assert_eq!(equal("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(equal("a="), Ok(("a".to_owned(), String::new())));
        assert!(equal("a").is_err() && equal("=b").is_err());
    }

    #[test]
    fn rows_become_a_table_with_their_keys_first() {
        let rows =
            [json!({"key": "a", "value": {"n": 1}}), json!({"key": "b", "value": {"n": 22, "x": "y"}})];
        assert_eq!(rows_table(&rows), "KEY   N  X\na     1  -\nb    22  y");
    }
}
