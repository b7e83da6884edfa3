//! Any text as a schema-version document: a version, or problems that say where.
//!
//! It is checked as a first version and as a child of a fixed one, and judged against that. Its canonical
//! text is the same document, and so is what rebasing it onto its parent gives. Its guards are evaluated, and
//! none passes on what was not measured.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use selfsame_schema::{Document, GuardOutcome, NoSamples, Problem, Rates, Ratio, Readings, Registry};
use selfsame_schema_fuzz::{Vocabulary, mutate};

static VOCABULARY: Vocabulary = Vocabulary::new(
    concat!(
        include_str!("../vocabulary/schema.txt"),
        include_str!("../vocabulary/lens.txt"),
        include_str!("../vocabulary/document.txt"),
    ),
    "",
);

/// The version that the inputs may name as their parent.
static PARENT: LazyLock<Registry> = LazyLock::new(|| {
    let document = Document::parse(include_str!("../vocabulary/parent.json")).expect("a document");
    let mut registry = Registry::new();
    let version = registry.check(&document).expect("a version");
    registry.insert(version);
    registry
});

/// What was measured of projections that a document is likely to have.
static READINGS: LazyLock<Readings> = LazyLock::new(|| {
    let rows = ["p", "x-y"].map(|name| (name.parse().expect("a name"), 0));
    let rates = Rates { refused: Some(Ratio { part: 1, of: 3 }), ..Rates::default() };
    Readings { rows: rows.into(), events: Some(u64::MAX), rates, ..Readings::default() }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, &VOCABULARY)
});

fuzz_target!(|text: &str| {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(problems) => return say(&problems),
    };
    let again = Document::parse(document.canonical()).expect("its own canonical text is a document");
    assert_eq!(document.canonical(), again.canonical());
    for registry in [&Registry::new(), &*PARENT] {
        let version = match registry.check(&document) {
            Ok(version) => version,
            Err(problems) => {
                say(&problems);
                continue;
            }
        };
        let twin = registry.check(&again).expect("it is the same document");
        assert_eq!(version.id(), twin.id());
        match registry.judge(&version, &NoSamples) {
            Ok(report) => assert_eq!(report.is_some(), version.parent().is_some()),
            Err(problems) => say(&problems),
        }
        for guard in version.guards() {
            let reading = guard.evaluate(&READINGS, &Readings::default());
            let before = guard.reads().any(|field| field.starts_with("before"));
            assert!(
                !before || reading.outcome != GuardOutcome::Pass,
                "nothing was measured before: {reading:?}"
            );
            let reading = guard.evaluate(&Readings::default(), &READINGS);
            let now = guard.reads().any(|field| !field.starts_with("before"));
            assert!(!now || reading.outcome != GuardOutcome::Pass, "nothing is measured now: {reading:?}");
        }
        if let Some(parent) = version.parent().and_then(|no| registry.version(no)) {
            let rebased = registry.rebase(&version, parent).expect("the parent left all as it is");
            let rebased = Document::parse(&rebased.document.to_string()).expect("a document");
            assert_eq!(registry.check(&rebased).expect("a version").id(), version.id());
        }
        let mut registry = registry.clone();
        registry.insert(version.clone());
        assert_eq!(registry.find(&version.id()).map(|found| found.id()), Some(version.id()));
    }
});

/// A refusal says something.
fn say(problems: &[Problem]) {
    assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.message.is_empty()));
}
