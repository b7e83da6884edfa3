//! `version docs` and `version types`: what a version promises to its clients, in forms for their tools.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::client::segment;
use crate::commands::publish::read_source;
use crate::contract::types::Language;
use crate::contract::{Contract, Written, asyncapi, openapi, types};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};
use crate::reach::Reach;

/// Which version, registered or not.
#[derive(Args, Debug)]
pub(crate) struct SourceArgs {
    /// The version: its number such as `v2`, or its content id
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    version: Option<String>,
    /// A document instead, YAML or JSON; `-` for stdin. No engine is needed
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Write a version's AsyncAPI and OpenAPI documents
///
/// AsyncAPI 3.0 has the event types and the subjects that they are published on, and reads over NATS. OpenAPI
/// 3.1 has publishing, reads and jobs over HTTP. The same version always gives the same bytes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame version docs v2 --out api
  selfsame version docs v2 --kind openapi --format json | jq .paths
  selfsame version docs --file profiles-v2.yaml --out api")]
pub(crate) struct DocsArgs {
    /// Which documents
    #[arg(long, value_enum, default_value_t = Kind::All)]
    kind: Kind,
    /// How they are written; `--json` means the same as `--format json`
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
    /// The folder to write `asyncapi` and `openapi` files to; without it, one kind is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    source: SourceArgs,
}

/// Which documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Events over NATS
    Asyncapi,
    /// Publishing, reads and jobs over HTTP
    Openapi,
    /// Both
    All,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// Write types for programs from a version
///
/// The data of each event type, the rows of each cache and view, and the job inputs of each queue. What may be
/// absent and what may be null is told apart in each language. The same version always gives the same bytes.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame version types v2 --lang typescript > events.ts
  selfsame version types --file profiles-v2.yaml --lang rust > src/events.rs")]
pub(crate) struct TypesArgs {
    /// The language
    #[arg(long = "lang", value_enum, value_name = "LANGUAGE")]
    language: Language,
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) async fn docs(args: DocsArgs, out: Out) -> Outcome {
    if args.kind == Kind::All && args.out.is_none() {
        let text =
            "two documents cannot be printed at once: say `--out DIR`, `--kind asyncapi` or `--kind openapi`";
        return Err(Failure::Usage(text.to_owned()));
    }
    let contract = args.source.read().await?;
    let format = if out.json { Format::Json } else { args.format };
    let mut written = Vec::new();
    for kind in
        [Kind::Asyncapi, Kind::Openapi].into_iter().filter(|kind| [*kind, Kind::All].contains(&args.kind))
    {
        let (name, document) = match kind {
            Kind::Asyncapi => ("asyncapi", asyncapi::write(&contract)),
            _ => ("openapi", openapi::write(&contract)),
        };
        let text = format.write(&document.map_err(unusable)?)?;
        match &args.out {
            None => return line(text.trim_end()),
            Some(folder) => {
                written.push(save(&folder.join(format!("{name}.{}", format.extension())), &text)?)
            }
        }
    }
    if out.json { line(&json!({ "written": written }).to_string()) } else { line(&written.join("\n")) }
}

pub(super) async fn types(args: TypesArgs, out: Out) -> Outcome {
    let contract = args.source.read().await?;
    let text = types::write(&contract, args.language).map_err(unusable)?;
    if out.json { line(&json!({ "types": text }).to_string()) } else { line(text.trim_end()) }
}

fn unusable(reason: String) -> Failure {
    Failure::Input { what: "the document".to_owned(), reason }
}

/// Writes a file, and gives its name.
fn save(path: &Path, text: &str) -> Outcome<String> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let failed = |source| Failure::File { path: path.to_owned(), verb: "written", source };
    folder.and_then(|()| std::fs::write(path, text)).map_err(failed)?;
    Ok(path.display().to_string())
}

impl SourceArgs {
    async fn read(&self) -> Outcome<Contract> {
        if let Some(file) = &self.file {
            let text = read_source(file)?;
            let what = || format!("`{file}`");
            return Contract::written(&text).map_err(|reason| Failure::Input { what: what(), reason });
        }
        let version = self.version.as_deref().unwrap_or_default();
        let client = self.reach.client()?;
        let answer = client.get(&format!("versions/{}", segment(version)), &[]).await?;
        Contract::registered(&answer.json).ok_or_else(|| Failure::NotAnEngine {
            at: client.at().to_owned(),
            reason: "its answer has no document of a version".to_owned(),
        })
    }
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Format::Yaml => "yaml",
            Format::Json => "json",
        }
    }

    fn write(self, document: &Written) -> Outcome<String> {
        let written = match self {
            Format::Yaml => serde_norway::to_string(document).map_err(|err| err.to_string()),
            Format::Json => {
                serde_json::to_string_pretty(document).map(|text| text + "\n").map_err(|err| err.to_string())
            }
        };
        written.map_err(|reason| Failure::Bug(format!("a document could not be written: {reason}")))
    }
}
