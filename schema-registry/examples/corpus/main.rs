//! Registers the versions of GitHub's webhook schemas one after the other, each with the lens that is
//! proposed for it, and reads every example payload at every version.
//!
//! `tools/corpus` fetches what this reads. `cargo run --release -p selfsame-schema --example corpus`
//! prints tables in Markdown.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a tool that is run by hand: it times what it does, and stops at a file that is not as expected"
)]

mod corpus;
mod read;
mod received;
mod register;

use std::collections::BTreeMap;
use std::process::ExitCode;

use corpus::Corpus;
use register::Registered;
use selfsame_schema::Registry;

/// What the version is called that takes what really arrives.
const RECEIVED: &str = "as received";

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned());
    match Corpus::read(std::path::Path::new(&folder)).and_then(|corpus| report(&corpus)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn report(corpus: &Corpus) -> Result<(), String> {
    let mut registry = Registry::new();
    println!("| version | event types | with a lens | operations | check | judge | verdicts | partial |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut parent = None;
    let mut registered = Vec::new();
    for (name, document) in &corpus.documents {
        let one = register::register(&mut registry, name, document, parent)?;
        line(&one);
        registered.push(one);
        parent = Some(document);
    }
    let mut names: Vec<&str> = corpus.documents.iter().map(|(name, _)| name.as_str()).collect();
    if let (Some((_, last)), Some((_, examples))) = (corpus.documents.last(), corpus.examples.last()) {
        let (received, lacking) = received::as_received(last, examples);
        let one = register::register(&mut registry, RECEIVED, &received, parent)?;
        line(&one);
        let lacking: Vec<String> = lacking.iter().map(|name| format!("`{name}`")).collect();
        println!("\n{RECEIVED}: 6.11.0 with these members optional, or there at all: {}", lacking.join(", "));
        registered.push(one);
        names.push(RECEIVED);
    }
    for one in &registered {
        list(&format!("{}: lenses that do not lead there", one.name), &one.unled);
        list(&format!("{}: partial", one.name), &one.partial);
    }
    read::report(&registry, &names, &corpus.examples);
    Ok(())
}

fn line(one: &Registered) {
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for t in one.report.iter().flat_map(|report| &report.types) {
        *verdicts.entry(t.verdict.name()).or_default() += 1;
    }
    let verdicts: Vec<String> = verdicts.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
    let Registered { name, types, lenses, operations, partial, check, judge, .. } = one;
    println!(
        "| {name} | {types} | {lenses} | {operations} | {} ms | {} ms | {} | {} |",
        check.as_millis(),
        judge.as_millis(),
        verdicts.join(", "),
        partial.len()
    );
}

fn list(title: &str, lines: &BTreeMap<String, String>) {
    if !lines.is_empty() {
        println!("\n### {title}\n");
    }
    for (name, why) in lines {
        let why: String = why.chars().take(200).collect();
        println!("- `{name}`: {why}");
    }
}
