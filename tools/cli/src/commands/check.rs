//! `check`: whether a schema may replace another one, by the rules that people know and by documents.

mod lens;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use selfsame_schema::Comparison;
use selfsame_schema::compat::{SCHEMA_NESTING_MAX, compare};
use selfsame_schema::inclusion::{Examined, INCLUSION_STEPS_MAX, Inclusion, examine};
use selfsame_schema::sample::{Budget, Untried};
use serde_json::{Value, json};

use crate::commands::lens::schema;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line, table};

/// Bytes of a schema's file: 16 MiB.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// What the search for a witness may take, each way.
const BUDGET: Budget = Budget { documents: 20_000, bytes: 32 << 20 };

/// Said with every label.
const NOTE: &str = "a label is a rule and not a proof: it does not look at everything that a validator does, \
                    and that no witness was found does not mean that there is none";

/// Check whether a JSON Schema may replace another one
///
/// Names every change from OLD to NEW as schema registries do, with what the rules say: backward, NEW reads
/// what was written under OLD; forward, OLD reads what is written under NEW. A label is a rule and not a
/// proof. So beside it stands, each way, whether every document that is valid under the one schema is valid
/// under the other: proven, refuted by a document that was validated under both, or not decided, with the
/// places. A witness decides against the label.
///
/// No engine is needed. The exit code is 0 if the rules of the mode are kept and no witness was found against
/// them, 1 if not, and 2 for a wrong command line.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame check order-1.json order-2.json
  selfsame check order-1.yaml order-2.yaml --mode full --lenient
  selfsame check order-1.yaml order-2.yaml --lens lens.yaml --mode full
  git show main:order.json > /tmp/old.json && selfsame check /tmp/old.json order.json --json")]
pub(crate) struct CheckArgs {
    /// The schema that is replaced, as JSON or YAML
    old: PathBuf,
    /// The schema that replaces it, as JSON or YAML
    new: PathBuf,
    /// What is needed
    #[arg(long, value_enum, default_value_t = Mode::Backward)]
    mode: Mode,
    /// Judge by the LENIENT policy, under which properties may come and go
    #[arg(long)]
    lenient: bool,
    /// A lens between the two, as JSON or YAML: judge what arrives through it, as an engine does
    #[arg(long, conflicts_with = "lenient")]
    lens: Option<PathBuf>,
}

/// Which data must be readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// NEW reads what was written under OLD
    Backward,
    /// OLD reads what is written under NEW
    Forward,
    /// Both
    Full,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Backward => "backward",
            Mode::Forward => "forward",
            Mode::Full => "full",
        }
    }

    fn backward(self) -> bool {
        self != Mode::Forward
    }

    fn forward(self) -> bool {
        self != Mode::Backward
    }
}

pub(crate) async fn run(args: CheckArgs, out: Out) -> Outcome {
    let (old, new) = (dated(schema(&args.old)?), dated(schema(&args.new)?));
    if let Some(path) = &args.lens {
        return lens::run(&old, &new, path, args.mode, out);
    }
    let what = || format!("`{}` with `{}`", args.old.display(), args.new.display());
    let compared = compare(&old, &new);
    let comparison = compared.map_err(|e| Failure::Input { what: what(), reason: e.to_string() })?;
    let examined = |sub, sup| examine(sub, sup, INCLUSION_STEPS_MAX, BUDGET);
    let report = Report::new(&args, comparison, [examined(&old, &new), examined(&new, &old)]);
    line(&if out.json { report.json().to_string() } else { report.people() })?;
    if report.compatible { Ok(()) } else { Err(Failure::Incompatible { mode: args.mode.name() }) }
}

/// The schema, with its dialect written down if it says none and is spelled as only draft-07 is.
fn dated(mut schema: Value) -> Value {
    let is_old = schema.get("$schema").is_none() && speaks_draft_7(&schema, 0);
    if let Some(members) = schema.as_object_mut().filter(|_| is_old) {
        members.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    }
    schema
}

fn speaks_draft_7(schema: &Value, depth: usize) -> bool {
    match schema {
        _ if depth > SCHEMA_NESTING_MAX => false,
        Value::Object(members) => {
            members.get("items").is_some_and(Value::is_array)
                || members.contains_key("additionalItems")
                || members.values().any(|schema| speaks_draft_7(schema, depth + 1))
        }
        Value::Array(items) => items.iter().any(|schema| speaks_draft_7(schema, depth + 1)),
        _ => false,
    }
}

/// A schema, or whatever else stands in a file as JSON or YAML.
pub(crate) fn read(path: &Path) -> Outcome<Value> {
    let failed = |source| Failure::File { path: path.to_owned(), verb: "read", source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    let unusable = |reason| Failure::Input { what: format!("`{}`", path.display()), reason };
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unusable(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    let is_json = text.trim_start().starts_with('{');
    let json = match serde_json::from_str(&text) {
        Ok(value) if is_json => return Ok(value),
        Ok(_) => None,
        Err(e) => Some(e).filter(|_| is_json),
    };
    // Braces are YAML too; what is neither was meant as JSON.
    serde_norway::from_str(&text).map_err(|yaml| {
        unusable(json.map_or_else(|| format!("not YAML: {yaml}"), |json| format!("not JSON: {json}")))
    })
}

/// What is said about two schemas.
struct Report {
    mode: Mode,
    lenient: bool,
    comparison: Comparison,
    /// Whether the new schema takes what the old one takes.
    backward: Examined,
    /// The other way round.
    forward: Examined,
    compatible: bool,
    verdict: String,
}

impl Report {
    fn new(args: &CheckArgs, comparison: Comparison, [backward, forward]: [Examined; 2]) -> Report {
        let (mode, lenient) = (args.mode, args.lenient);
        let label = if lenient { comparison.lenient } else { comparison.strict };
        let by_label = (!mode.backward() || label.is_backward()) && (!mode.forward() || label.is_forward());
        let needed = [(mode.backward(), &backward), (mode.forward(), &forward)];
        let needed = || needed.iter().filter(|(needed, _)| *needed).map(|(_, examined)| &examined.inclusion);
        let contradicted = needed().any(|inclusion| inclusion.witness().is_some());
        let proven = needed().all(Inclusion::is_proven);
        let verdict = match (by_label, contradicted, proven) {
            (true, true, _) => format!("not compatible, though the label says {label}"),
            (true, false, true) => "compatible by the rules, and proven".to_owned(),
            (true, false, false) => "compatible by the rules; no witness against it was found".to_owned(),
            (false, true, _) => "not compatible".to_owned(),
            (false, false, true) => {
                "not compatible by the rules, though all that is valid stays valid".to_owned()
            }
            (false, false, false) => {
                "not compatible by the rules; no witness that proves it was found".to_owned()
            }
        };
        let compatible = by_label && !contradicted;
        Report { mode, lenient, comparison, backward, forward, compatible, verdict }
    }

    fn json(&self) -> Value {
        let witnesses = self.witnesses().map(|(against, valid, invalid, document)| {
            json!({"against": against, "valid_under": valid, "invalid_under": invalid, "document": document})
        });
        json!({
            "compatible": self.compatible,
            "verdict": self.verdict,
            "mode": self.mode.name(),
            "policy": if self.lenient { "lenient" } else { "strict" },
            "strict": self.comparison.strict,
            "lenient": self.comparison.lenient,
            "inclusion": {"backward": self.backward.inclusion, "forward": self.forward.inclusion},
            "changes": self.comparison.changes,
            "witnesses": witnesses.collect::<Vec<_>>(),
            "documents_tried": self.backward.searched.tried + self.forward.searched.tried,
            "documents_not_tried_because": self.untried(),
            "note": NOTE,
        })
    }

    /// What a witness is against, under which schema it is valid and under which not, and the witness.
    fn witnesses(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &Value)> {
        let backward = self.backward.inclusion.witness().map(|w| ("backward", "old", "new", w));
        let forward = self.forward.inclusion.witness().map(|w| ("forward", "new", "old", w));
        backward.into_iter().chain(forward)
    }

    /// Which schema cannot be validated with, and why.
    fn untried(&self) -> Option<String> {
        let said = |examined: &Examined, inside: &str, outside: &str| {
            let (which, why) = match examined.searched.untried.as_ref()? {
                Untried::Inside(why) => (inside, why),
                Untried::Outside(why) => (outside, why),
            };
            Some(format!("the {which} schema: {why}"))
        };
        said(&self.backward, "old", "new").or_else(|| said(&self.forward, "new", "old"))
    }

    fn people(&self) -> String {
        let Comparison { changes, strict, lenient } = &self.comparison;
        let policy = if self.lenient { "LENIENT" } else { "STRICT" };
        let mut text = format!("verdict  {} ({}, {policy})\n", self.verdict, self.mode.name());
        let _ = writeln!(text, "label    STRICT {strict}, LENIENT {lenient}");
        let _ = write!(text, "old in new  {}", answer(&self.backward.inclusion));
        let _ = write!(text, "new in old  {}", answer(&self.forward.inclusion));
        if !changes.is_empty() {
            let yes = |holds: bool| json!(if holds { "yes" } else { "no" });
            let row = |c: &selfsame_schema::SchemaChange| {
                vec![json!(place(&c.pointer)), json!(c.kind), yes(c.backward), yes(c.forward)]
            };
            let rows: Vec<Vec<Value>> = changes.iter().map(row).collect();
            let _ = writeln!(text, "\n{}", table(&["place", "change", "backward", "forward"], &rows));
        }
        text.push('\n');
        for (against, valid, invalid, document) in self.witnesses() {
            let _ = writeln!(text, "witness against {against}: valid under {valid}, invalid under {invalid}");
            let _ = writeln!(text, "  {document}");
        }
        let (backward, forward) = (&self.backward.searched, &self.forward.searched);
        let _ = match self.untried() {
            Some(why) => writeln!(text, "no documents could be tried: {why}"),
            None => writeln!(
                text,
                "documents tried: {} against backward ({} valid under old), {} against forward ({} valid under new)",
                backward.tried, backward.valid, forward.tried, forward.valid
            ),
        };
        let _ = write!(text, "note: {NOTE}");
        text
    }
}

/// What is known about an inclusion, a place per line where it is not decided.
fn answer(inclusion: &Inclusion) -> String {
    match inclusion {
        Inclusion::Proven => "proven\n".to_owned(),
        Inclusion::Refuted { .. } => "refuted\n".to_owned(),
        Inclusion::Unknown { places } => {
            let mut text = "not decided:\n".to_owned();
            for gap in places {
                let _ = writeln!(text, "  {}: {}", place(&gap.pointer), gap.reason);
            }
            text
        }
    }
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "(root)" } else { pointer }
}
