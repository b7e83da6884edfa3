//! Proposes lenses over the versions of GitHub's webhook schemas, and says which example payloads can be
//! read at another version with them and without.
//!
//! `tools/corpus` fetches what this reads. `cargo run --release -p selfsame-schema --example corpus`
//! prints tables in Markdown.
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a tool that is run by hand: to stop at a file that is not as expected is what it should do"
)]

mod apply;
mod corpus;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use corpus::{Corpus, Example, Version};
use selfsame_schema::{Purpose, Way};
use serde_json::Value;

/// How the examples of one package are read at one version.
#[derive(Default)]
struct Reading {
    plain: usize,
    with_lens: usize,
    /// The same, once an example that its own version refuses is given and rid of what that version asks for.
    filled: usize,
    /// Of a type that the version does not have.
    unknown: usize,
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
    println!(
        "| from | to | event types in both | changed | operations | most per type | lens leads up, down |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut steps: Vec<(usize, usize)> = (1..corpus.versions.len()).map(|n| (n - 1, n)).collect();
    let at = |name: &str| corpus.versions.iter().position(|version| version.name == name);
    steps.extend(at("5.8.0").zip(at("6.11.0")).filter(|(a, b)| b - a > 1));
    let lenses: BTreeMap<(usize, usize), Lenses> =
        steps.iter().map(|&(a, b)| ((a, b), lenses(corpus, a, b))).collect();
    println!();
    println!(
        "| examples | read at | examples | of a known type | without lens | with lens | once it is put in its own form |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut notes = Vec::new();
    for (name, examples) in &corpus.examples {
        let Some(own) = corpus.own_version(name, examples) else { continue };
        let writers: Vec<Option<usize>> =
            examples.iter().map(|example| writer(corpus, own, example)).collect();
        notes.push((
            format!("{name}, published at {}", corpus.versions[own].name),
            strays(corpus, own, examples, &writers),
        ));
        for to in 0..corpus.versions.len() {
            let reading = read(corpus, examples, &writers, own, to, &lenses);
            let Reading { plain, with_lens, filled, unknown, failures } = reading;
            let (all, at) = (examples.len(), &corpus.versions[to].name);
            println!("| {name} | {at} | {all} | {} | {plain} | {with_lens} | {filled} |", all - unknown);
            notes.push((format!("{name} at {at}"), failures));
        }
    }
    for (title, list) in notes.into_iter().filter(|(_, list)| !list.is_empty()) {
        println!("\n### {title}\n");
        for (message, count) in list {
            println!("- {count} × {message}");
        }
    }
}

/// The version that an example is published at: its package's own, or the newest one that takes it.
fn writer(corpus: &Corpus, own: usize, example: &Example) -> Option<usize> {
    let takes = |version: &Version| version.check(&example.event_type, &example.payload).is_ok();
    if takes(&corpus.versions[own]) { Some(own) } else { corpus.versions.iter().rposition(takes) }
}

/// The examples that their own schema refuses, and which version takes them.
fn strays(
    corpus: &Corpus,
    own: usize,
    examples: &[Example],
    writers: &[Option<usize>],
) -> BTreeMap<String, usize> {
    let mut strays = BTreeMap::new();
    for (example, writer) in examples.iter().zip(writers) {
        if let Err(message) = corpus.versions[own].check(&example.event_type, &example.payload) {
            let at = writer.map_or("no version takes it".to_owned(), |n| {
                format!("{} takes it", corpus.versions[n].name)
            });
            *strays
                .entry(format!("`{}` is refused by its own schema, {at}: {message}", example.event_type))
                .or_default() += 1;
        }
    }
    strays
}

type Lenses = BTreeMap<String, Vec<Value>>;

fn lenses(corpus: &Corpus, from: usize, to: usize) -> Lenses {
    let (from, to) = (&corpus.versions[from], &corpus.versions[to]);
    let (mut all, mut changed, mut most, mut led) = (0, 0, 0, [0, 0]);
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
        let lens = Value::from(ops.clone());
        for (n, way, from, to) in [(0, Way::Up, old, new), (1, Way::Down, new, old)] {
            match selfsame_schema::derive(&lens, way, Purpose::Proof, from, Some(to)) {
                Ok(_) => led[n] += 1,
                Err(problems) => unsure.extend(problems.iter().map(|p| format!("astray {way:?} {name} {p}"))),
            }
        }
        lenses.insert(name.clone(), ops);
    }
    let (both, [up, down]) = (lenses.len(), led);
    println!("| {} | {} | {both} | {changed} | {all} | {most} | {up}, {down} |", from.name, to.name);
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

/// Reads every example at a version, edge by edge from the one that it is published at.
fn read(
    corpus: &Corpus,
    examples: &[Example],
    writers: &[Option<usize>],
    own: usize,
    to: usize,
    lenses: &BTreeMap<(usize, usize), Lenses>,
) -> Reading {
    let (mut reading, at) = (Reading::default(), &corpus.versions[to]);
    for (example, writer) in examples.iter().zip(writers) {
        let event_type = &example.event_type;
        reading.unknown += usize::from(!at.schemas.contains_key(event_type));
        reading.plain += usize::from(at.check(event_type, &example.payload).is_ok());
        let read = match writer {
            None => Err("no version takes it as it is".to_owned()),
            Some(from) => led(example, *from, to, lenses).and_then(|payload| at.check(event_type, &payload)),
        };
        match read {
            Ok(()) => {
                reading.with_lens += 1;
                reading.filled += 1;
            }
            Err(message) => {
                let filled = filled(corpus, example, own, to, lenses);
                reading.filled += usize::from(filled.is_ok());
                let message = match filled {
                    Ok(()) => format!("{message}; put in its own form it is read"),
                    Err(why) if why == message => message,
                    Err(why) => format!("{message}; put in its own form: {why}"),
                };
                *reading.failures.entry(format!("`{event_type}`: {message}")).or_default() += 1;
            }
        }
    }
    reading
}

/// Reads the example once its own version's required members that it lacks are there, and what that version
/// does not name is gone: as if the version before had been looser, and the lens from it gave and took them.
fn filled(
    corpus: &Corpus,
    example: &Example,
    own: usize,
    to: usize,
    lenses: &BTreeMap<(usize, usize), Lenses>,
) -> Result<(), String> {
    let (event_type, at) = (&example.event_type, &corpus.versions[own]);
    let Some(schema) = at.schemas.get(event_type) else {
        return Err("its own version does not know the type".to_owned());
    };
    let proposals =
        selfsame_schema::propose(&requiring_nothing(schema), schema).expect("schemas that can be walked");
    let ops: Vec<Value> = proposals.into_iter().map(|proposal| proposal.op).collect();
    let mut payload = example.payload.clone();
    at.drop_unknown(event_type, &mut payload);
    apply::run(&ops, true, &mut payload)?;
    at.check(event_type, &payload)?;
    let example = Example { event_type: event_type.clone(), payload };
    let payload = led(&example, own, to, lenses)?;
    corpus.versions[to].check(event_type, &payload)
}

/// The schema with every member optional.
fn requiring_nothing(schema: &Value) -> Value {
    match schema {
        Value::Array(list) => list.iter().map(requiring_nothing).collect(),
        Value::Object(members) => {
            let kept = members.iter().filter(|(word, value)| *word != "required" || !value.is_array());
            kept.map(|(word, value)| (word.clone(), requiring_nothing(value))).collect()
        }
        other => other.clone(),
    }
}

/// The payload at another version.
fn led(
    example: &Example,
    from: usize,
    to: usize,
    lenses: &BTreeMap<(usize, usize), Lenses>,
) -> Result<Value, String> {
    let mut payload = example.payload.clone();
    let up = from < to;
    let mut edges: Vec<usize> = (from.min(to)..from.max(to)).collect();
    // A lens that leads all the way is taken, where there is one.
    let mut steps = vec![(from.min(to), from.max(to))];
    if !lenses.contains_key(&steps[0]) {
        if !up {
            edges.reverse();
        }
        steps = edges.into_iter().map(|n| (n, n + 1)).collect();
    }
    for step in steps {
        let ops = lenses.get(&step).and_then(|lenses| lenses.get(&example.event_type));
        apply::run(ops.map(Vec::as_slice).unwrap_or_default(), up, &mut payload)?;
    }
    Ok(payload)
}
