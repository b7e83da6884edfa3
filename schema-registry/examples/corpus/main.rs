//! Proposes lenses over the versions of GitHub's webhook schemas, and says which example payloads can be
//! read at another version with them and without.
//!
//! `tools/corpus` fetches what this reads. `cargo run --release -p selfsame-schema --example corpus`
//! prints tables in Markdown.

mod apply;
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use corpus::{Corpus, Example, Version};
use serde_json::Value;

/// How examples of one version are read at another.
#[derive(Default)]
struct Reading {
    /// Refused by the schema of their own version.
    own: Vec<String>,
    examples: usize,
    plain: usize,
    with_lens: usize,
    failures: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned());
    match Corpus::read(std::path::Path::new(&folder)) {
        Ok(corpus) => {
            report(&corpus);
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn report(corpus: &Corpus) {
    println!("| from | to | event types changed | operations | most per type | least sure | time, ms |");
    println!("|---|---|---|---|---|---|---|");
    let mut steps: Vec<(usize, usize)> = (1..corpus.versions.len()).map(|n| (n - 1, n)).collect();
    let at = |name: &str| corpus.versions.iter().position(|version| version.name == name);
    steps.extend(at("5.8.0").zip(at("6.11.0")).filter(|(a, b)| b - a > 1));
    let lenses: BTreeMap<(usize, usize), Lenses> =
        steps.iter().map(|&(a, b)| ((a, b), lenses(corpus, a, b))).collect();
    println!();
    println!("| examples | own schema | read at | examples | without lens | with lens |");
    println!("|---|---|---|---|---|---|");
    let mut failures = Vec::new();
    for (name, examples) in &corpus.examples {
        let Some(own) = corpus.own_version(name) else { continue };
        for (&(a, b), lenses) in &lenses {
            if a != own && b != own {
                continue;
            }
            let (to, up) = if a == own { (b, true) } else { (a, false) };
            let reading = read(examples, &corpus.versions[own], &corpus.versions[to], lenses, up);
            row(name, own, to, &reading, corpus, "one step");
            failures.push((format!("{name} at {}", corpus.versions[to].name), reading));
        }
        // Through every step in between, as the lineage goes.
        for to in 0..corpus.versions.len() {
            let reading = chain(examples, corpus, own, to, &lenses);
            row(name, own, to, &reading, corpus, "edge by edge");
            failures.push((format!("{name} at {}, edge by edge", corpus.versions[to].name), reading));
        }
    }
    for (title, reading) in failures {
        if reading.failures.is_empty() && reading.own.is_empty() {
            continue;
        }
        println!("\n### {title}\n");
        for (message, count) in &reading.failures {
            println!("- {count} × {message}");
        }
        for message in &reading.own {
            println!("- refused by its own schema: {message}");
        }
    }
}

fn row(name: &str, own: usize, to: usize, reading: &Reading, corpus: &Corpus, way: &str) {
    let (own_name, to) = (&corpus.versions[own].name, &corpus.versions[to].name);
    let Reading { examples, plain, with_lens, own, .. } = reading;
    let own = own.len();
    println!("| {name} | {own_name} ({own} refused) | {to}, {way} | {examples} | {plain} | {with_lens} |");
}

type Lenses = BTreeMap<String, Vec<Value>>;

fn lenses(corpus: &Corpus, from: usize, to: usize) -> Lenses {
    let (from, to) = (&corpus.versions[from], &corpus.versions[to]);
    let start = std::time::Instant::now();
    let (mut all, mut changed, mut most, mut least) = (0, 0, 0, 100);
    let mut lenses = Lenses::new();
    let mut unsure: BTreeSet<String> = BTreeSet::new();
    for (name, old) in &from.schemas {
        let Some(new) = to.schemas.get(name) else { continue };
        let proposals = selfsame_schema::propose(old, new).expect("schemas that can be walked");
        let ops: Vec<Value> = proposals.iter().map(|p| p.op.clone()).collect();
        if std::env::var_os("CORPUS_OPS").is_some() {
            unsure.extend(proposals.iter().map(|p| format!("{} {} {}", p.op, p.confidence, p.reason)));
        }
        let count: usize = ops.iter().map(size).sum();
        all += count;
        most = most.max(count);
        changed += usize::from(count > 0);
        least = proposals.iter().map(|p| p.confidence).min().unwrap_or(100).min(least);
        lenses.insert(name.clone(), ops);
    }
    let ms = start.elapsed().as_millis();
    println!("| {} | {} | {changed} | {all} | {most} | {least} % | {ms} |", from.name, to.name);
    for line in unsure {
        eprintln!("{} {} {line}", from.name, to.name);
    }
    lenses
}

/// How many operations an operation is, those inside counted.
fn size(op: &Value) -> usize {
    let body = op.as_object().and_then(|op| op.values().next());
    let inner = body.and_then(|body| body.get("lens")?.as_array());
    1 + inner.into_iter().flatten().map(size).sum::<usize>()
}

fn read(examples: &[Example], own: &Version, to: &Version, lenses: &Lenses, up: bool) -> Reading {
    let mut reading = Reading::default();
    for example in examples {
        if let Err(message) = own.check(&example.event_type, &example.payload) {
            reading.own.push(message);
        }
        reading.examples += 1;
        reading.plain += usize::from(to.check(&example.event_type, &example.payload).is_ok());
        let mut payload = example.payload.clone();
        let ops = lenses.get(&example.event_type).map(Vec::as_slice).unwrap_or_default();
        let ran = apply::run(ops, up, &mut payload);
        match ran.and_then(|()| to.check(&example.event_type, &payload)) {
            Ok(()) => reading.with_lens += 1,
            Err(message) => {
                *reading.failures.entry(format!("`{}`: {message}", example.event_type)).or_default() += 1;
            }
        }
    }
    reading
}

fn chain(
    examples: &[Example],
    corpus: &Corpus,
    own: usize,
    to: usize,
    lenses: &BTreeMap<(usize, usize), Lenses>,
) -> Reading {
    let mut reading = Reading::default();
    let steps: Vec<(usize, usize, bool)> = if own <= to {
        (own..to).map(|n| (n, n + 1, true)).collect()
    } else {
        (to..own).rev().map(|n| (n, n + 1, false)).collect()
    };
    for example in examples {
        let own = &corpus.versions[own];
        if let Err(message) = own.check(&example.event_type, &example.payload) {
            reading.own.push(message);
        }
        reading.examples += 1;
        let to = &corpus.versions[to];
        reading.plain += usize::from(to.check(&example.event_type, &example.payload).is_ok());
        let mut payload = example.payload.clone();
        let mut ran = Ok(());
        for (a, b, up) in &steps {
            let ops = lenses.get(&(*a, *b)).and_then(|lenses| lenses.get(&example.event_type));
            ran =
                ran.and_then(|()| apply::run(ops.map(Vec::as_slice).unwrap_or_default(), *up, &mut payload));
        }
        match ran.and_then(|()| to.check(&example.event_type, &payload)) {
            Ok(()) => reading.with_lens += 1,
            Err(message) => {
                *reading.failures.entry(format!("`{}`: {message}", example.event_type)).or_default() += 1;
            }
        }
    }
    reading
}
