//! What was counted, as a table for people and as JSON.

use serde_json::{Value, json};

use crate::ordinary::drill::{Column, Plan};
use crate::report::{median, table, time};

/// The rows of the table: what it is, and where it comes from.
type Row = (&'static str, fn(&Column) -> String);

const ROWS: [Row; 21] = [
    ("objects checked", |c| c.counts.objects.to_string()),
    ("writes acknowledged", |c| c.counts.writes.to_string()),
    ("mails sent", |c| c.counts.mails.to_string()),
    ("wrong-shape reads", |c| c.counts.wrong_shape.to_string()),
    ("… of them after the deployment", |c| c.counts.wrong_shape_after.to_string()),
    ("stale reads", |c| c.counts.stale.to_string()),
    ("registered and not found", |c| c.counts.missing.to_string()),
    ("torn objects", |c| c.counts.torn.to_string()),
    ("new shape seen, then the old one", |c| c.counts.back_and_forth.to_string()),
    ("messages at workers of another shape", |c| c.counts.other_shape_messages.to_string()),
    ("… deliveries that they could not read", |c| c.counts.unreadable_deliveries.to_string()),
    ("jobs given up / lost / doubled", |c| {
        format!("{} / {} / {}", c.counts.given_up, c.counts.lost_jobs, c.counts.doubled_jobs)
    }),
    ("fields lost by a rollback", |c| c.counts.lost_fields.to_string()),
    ("reads answered with an error", |c| c.counts.read_errors.to_string()),
    ("writes answered with an error", |c| c.counts.write_errors.to_string()),
    ("longest wait of a reader, deploying", |c| time(c.longest.reader_deploying)),
    ("… otherwise", |c| time(c.longest.reader_otherwise)),
    ("longest wait of a writer, deploying", |c| time(c.longest.writer_deploying)),
    ("… otherwise", |c| time(c.longest.writer_otherwise)),
    ("rollout, median", |c| time(median(&mut c.roll_outs.clone()))),
    ("rollback, median", |c| time(median(&mut c.roll_backs.clone()))),
];

/// Prints the table.
pub(super) fn print(plan: &Plan, columns: &[Column]) {
    let title = format!(
        "The ordinary stack: {} changes under load and back, {} rows, cache entries live {}",
        plan.changes,
        plan.users,
        time(plan.ttl().as_secs_f64())
    );
    let mut header = vec![""];
    header.extend(columns.iter().map(|column| column.practice.name()));
    let row = |(name, of): &Row| {
        let cells = columns.iter().map(of);
        std::iter::once((*name).to_owned()).chain(cells).collect::<Vec<_>>()
    };
    table(&title, &header, &ROWS.iter().map(row).collect::<Vec<_>>());
    for column in columns {
        for error in &column.counts.first_errors {
            println!("\n{}, the first error of {error}", column.practice.name());
        }
    }
}

/// The same as one JSON document; lengths of time in seconds.
pub(super) fn json(plan: &Plan, columns: &[Column]) -> Value {
    let column = |c: &Column| {
        json!({
            "practice": c.practice.name(),
            "counts": c.counts,
            "longest_wait_seconds": c.longest,
            "rollout_seconds": c.roll_outs,
            "rollback_seconds": c.roll_backs,
        })
    };
    json!({
        "seconds": plan.length.as_secs_f64(),
        "changes": plan.changes,
        "users": plan.users,
        "cache_ttl_seconds": plan.ttl().as_secs_f64(),
        "practices": columns.iter().map(column).collect::<Vec<_>>(),
    })
}
