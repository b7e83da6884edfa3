//! `check`: whether a schema may replace another one, by the rules that people know and by documents.

mod part;
mod sample;
mod vary;
mod witness;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use selfsame_schema::Comparison;
use selfsame_schema::compat::compare;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::out::{Out, line, table};
use witness::Witnesses;

/// Bytes of a schema's file: 16 MiB.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Said with every label.
const NOTE: &str = "a label is a rule and not a proof: it does not look at everything that a validator does, \
                    and that no witness was found does not mean that there is none";

/// Check whether a JSON Schema may replace another one
///
/// Names every change from OLD to NEW as schema registries do, with what the rules say: backward, NEW reads
/// what was written under OLD; forward, OLD reads what is written under NEW. Then documents are made from
/// both schemas and validated: one that is valid under one schema only is a witness, and a witness decides
/// against the label. A label is a rule and not a proof, and so is a search that finds nothing.
///
/// No engine is needed. The exit code is 0 if the rules of the mode are kept and no witness was found against
/// them, 1 if not, and 2 for a wrong command line.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame check order-1.json order-2.json
  selfsame check order-1.yaml order-2.yaml --mode full --lenient
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
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let what = || format!("`{}` with `{}`", args.old.display(), args.new.display());
    let compared = compare(&old, &new);
    let comparison = compared.map_err(|e| Failure::Input { what: what(), reason: e.to_string() })?;
    let report = Report::new(&args, comparison, witness::search(&old, &new));
    line(&if out.json { report.json().to_string() } else { report.people() })?;
    if report.compatible { Ok(()) } else { Err(Failure::Incompatible { mode: args.mode.name() }) }
}

fn read(path: &Path) -> Outcome<Value> {
    let failed = |source| Failure::File { path: path.to_owned(), verb: "read", source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    let unusable = |reason| Failure::Input { what: format!("`{}`", path.display()), reason };
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unusable(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(&text).map_err(|e| unusable(format!("not JSON: {e}")));
    }
    serde_norway::from_str(&text).map_err(|e| unusable(format!("not YAML: {e}")))
}

/// What is said about two schemas.
struct Report {
    mode: Mode,
    lenient: bool,
    comparison: Comparison,
    witnesses: Witnesses,
    /// Why no documents were tried.
    untried: Option<String>,
    compatible: bool,
    verdict: String,
}

impl Report {
    fn new(args: &CheckArgs, comparison: Comparison, searched: Result<Witnesses, String>) -> Report {
        let (mode, lenient) = (args.mode, args.lenient);
        let (witnesses, untried) = match searched {
            Ok(witnesses) => (witnesses, None),
            Err(why) => (Witnesses::default(), Some(why)),
        };
        let label = if lenient { comparison.lenient } else { comparison.strict };
        let by_label = (!mode.backward() || label.is_backward()) && (!mode.forward() || label.is_forward());
        let contradicted = (mode.backward() && witnesses.backward.is_some())
            || (mode.forward() && witnesses.forward.is_some());
        let verdict = match (by_label, contradicted) {
            (true, true) => format!("not compatible, though the label says {label}"),
            (true, false) => "compatible by the rules; no witness against it was found".to_owned(),
            (false, true) => "not compatible".to_owned(),
            (false, false) => "not compatible by the rules; no witness that proves it was found".to_owned(),
        };
        let compatible = by_label && !contradicted;
        Report { mode, lenient, comparison, witnesses, untried, compatible, verdict }
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
            "changes": self.comparison.changes,
            "witnesses": witnesses.collect::<Vec<_>>(),
            "documents_tried": self.witnesses.tried,
            "documents_not_tried_because": self.untried,
            "note": NOTE,
        })
    }

    /// What a witness is against, under which schema it is valid and under which not, and the witness.
    fn witnesses(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &Value)> {
        let backward = self.witnesses.backward.iter().map(|w| ("backward", "old", "new", w));
        backward.chain(self.witnesses.forward.iter().map(|w| ("forward", "new", "old", w)))
    }

    fn people(&self) -> String {
        let Comparison { changes, strict, lenient } = &self.comparison;
        let policy = if self.lenient { "LENIENT" } else { "STRICT" };
        let mut text = format!("verdict  {} ({}, {policy})\n", self.verdict, self.mode.name());
        let _ = writeln!(text, "label    STRICT {strict}, LENIENT {lenient}");
        if !changes.is_empty() {
            let yes = |holds: bool| json!(if holds { "yes" } else { "no" });
            let row = |c: &selfsame_schema::SchemaChange| {
                let place = if c.pointer.is_empty() { "(root)" } else { &c.pointer };
                vec![json!(place), json!(c.kind), yes(c.backward), yes(c.forward)]
            };
            let rows: Vec<Vec<Value>> = changes.iter().map(row).collect();
            let _ = writeln!(text, "\n{}", table(&["place", "change", "backward", "forward"], &rows));
        }
        text.push('\n');
        for (against, valid, invalid, document) in self.witnesses() {
            let _ = writeln!(text, "witness against {against}: valid under {valid}, invalid under {invalid}");
            let _ = writeln!(text, "  {document}");
        }
        let (tried, (old, new)) = (self.witnesses.tried, self.witnesses.valid);
        let _ = match &self.untried {
            Some(why) => writeln!(text, "no documents could be tried: {why}"),
            None => writeln!(text, "{tried} documents were tried: {old} valid under old, {new} under new"),
        };
        let _ = write!(text, "note: {NOTE}");
        text
    }
}
