//! Every example read at every version, through the registry's decoders.

use std::collections::BTreeMap;

use selfsame_record::VersionNo;
use selfsame_schema::Registry;

use crate::corpus::{Example, number};

/// How the examples of one package are read at one version.
#[derive(Default)]
struct Reading {
    /// Of a type that the version does not have.
    unknown: usize,
    /// Valid at the version as they are.
    plain: usize,
    with_lens: usize,
    failures: BTreeMap<String, usize>,
}

pub(crate) fn report(registry: &Registry, names: &[&str], examples: &[(String, Vec<Example>)]) {
    println!("\n| examples | read at | of a known type | without lens | with lens |");
    println!("|---|---|---|---|---|");
    let versions: Vec<VersionNo> = registry.versions().map(|version| version.no()).collect();
    let mut notes = Vec::new();
    for (package, examples) in examples {
        let own = own_version(registry, &versions, names, package, examples);
        let writers: Vec<Option<VersionNo>> =
            examples.iter().map(|example| writer(registry, &versions, own, example)).collect();
        notes.push((
            format!("{package}: refused by their own schema"),
            strays(registry, names, own, examples, &writers),
        ));
        for (reader, name) in versions.iter().zip(names) {
            let reading = read(registry, examples, &writers, *reader);
            let known = examples.len() - reading.unknown;
            println!("| {package} | {name} | {known} | {} | {} |", reading.plain, reading.with_lens);
            notes.push((format!("{package} at {name}"), reading.failures));
        }
    }
    for (title, list) in notes.into_iter().filter(|(_, list)| !list.is_empty()) {
        println!("\n### {title}\n");
        for (message, count) in list {
            println!("- {count} × {message}");
        }
    }
}

/// Why the example is not valid at a version; nothing if it is.
fn refusal(registry: &Registry, version: VersionNo, example: &Example) -> Option<String> {
    let shape = registry.version(version)?.event(&example.event_type);
    let Some(shape) = shape else { return Some("the version does not know the type".to_owned()) };
    shape.read(example.payload.as_bytes()).err().map(|invalid| cut(&invalid.to_string()))
}

fn cut(text: &str) -> String {
    text.chars().take(160).collect()
}

/// The version whose schemas describe the examples: the one that takes most of them, and of several the one
/// next below the examples' own number.
fn own_version(
    registry: &Registry,
    versions: &[VersionNo],
    names: &[&str],
    package: &str,
    examples: &[Example],
) -> VersionNo {
    let taken = |version| examples.iter().filter(|e| refusal(registry, version, e).is_none()).count();
    let fit =
        |(version, name): (&VersionNo, &&str)| (taken(*version), number(name) <= number(package), *version);
    let published = versions.iter().zip(names).filter(|(_, name)| !number(name).is_empty());
    published.map(fit).max().expect("a version").2
}

/// The version that an example is published at: its package's own, or the newest one that takes it.
fn writer(
    registry: &Registry,
    versions: &[VersionNo],
    own: VersionNo,
    example: &Example,
) -> Option<VersionNo> {
    let takes = |version: &&VersionNo| refusal(registry, **version, example).is_none();
    Some(&own).filter(takes).or_else(|| versions.iter().rev().find(takes)).copied()
}

/// The examples that their own schema refuses, and which version takes them.
fn strays(
    registry: &Registry,
    names: &[&str],
    own: VersionNo,
    examples: &[Example],
    writers: &[Option<VersionNo>],
) -> BTreeMap<String, usize> {
    let mut strays = BTreeMap::new();
    for (example, writer) in examples.iter().zip(writers) {
        let Some(why) = refusal(registry, own, example) else { continue };
        let name = |no: &VersionNo| names[usize::try_from(no.get()).expect("small") - 1];
        let taken =
            writer.as_ref().map_or("no version takes it".to_owned(), |no| format!("{} takes it", name(no)));
        *strays.entry(format!("`{}` ({taken}): {why}", example.event_type)).or_default() += 1;
    }
    strays
}

fn read(
    registry: &Registry,
    examples: &[Example],
    writers: &[Option<VersionNo>],
    reader: VersionNo,
) -> Reading {
    let mut reading = Reading::default();
    for (example, writer) in examples.iter().zip(writers) {
        let known = registry.version(reader).is_some_and(|v| v.event(&example.event_type).is_some());
        reading.unknown += usize::from(!known);
        reading.plain += usize::from(refusal(registry, reader, example).is_none());
        match through(registry, example, *writer, reader) {
            Ok(()) => reading.with_lens += 1,
            Err(why) if known => {
                *reading.failures.entry(format!("`{}`: {why}", example.event_type)).or_default() += 1;
            }
            Err(_) => {}
        }
    }
    reading
}

fn through(
    registry: &Registry,
    example: &Example,
    writer: Option<VersionNo>,
    reader: VersionNo,
) -> Result<(), String> {
    let writer = writer.ok_or("no version takes it as it is")?;
    let shape = registry.version(writer).and_then(|v| v.event(&example.event_type)).expect("it takes it");
    let row = shape.read(example.payload.as_bytes()).map_err(|e| cut(&e.to_string()))?;
    let decoder = registry.decoder(writer, reader, &example.event_type).ok_or("no way leads there")?;
    decoder.decode(&row).map(drop).map_err(|e| cut(&e.to_string()))
}
