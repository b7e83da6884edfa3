//! Guards of any text over any measurements: refused or evaluated, never a panic, and never passed on
//! something that was not measured.

use proptest::prelude::*;
use selfsame_record::Name;
use selfsame_schema::{Document, GuardOutcome, Latencies, Rates, Ratio, Readings};
use serde_json::json;

use crate::{document, guard, registry, second};

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(i64::MAX.unsigned_abs()), 0..1000_u64, any::<u64>()]
}

fn ratio() -> impl Strategy<Value = Option<Ratio>> {
    proptest::option::of((count(), count()).prop_map(|(part, of)| Ratio { part, of }))
}

fn readings() -> impl Strategy<Value = Readings> {
    let name = || prop_oneof![Just("profile"), Just("users"), Just("by-mail")];
    let rows = || {
        proptest::collection::btree_map(name().prop_map(|n| Name::parse(n).expect("a name")), count(), 0..4)
    };
    let latencies = (proptest::option::of(count()), proptest::option::of(count()));
    let rates = (ratio(), ratio(), ratio());
    (rows(), rows(), proptest::option::of(count()), rates, latencies).prop_map(
        |(rows, changed, events, (refused, fold_failures, job_failures), (publish, read))| Readings {
            rows,
            changed,
            events,
            rates: Rates { refused, fold_failures, job_failures },
            latency: Latencies { publish_p99_us: publish, read_p99_us: read },
        },
    )
}

/// Integers and numbers, as guards compute with them.
fn number(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("rates.refused"),
        Just("rates.job_failures"),
        Just("before.rates.refused"),
        Just("latency.publish_p99_ms"),
        Just("latency.read_p99_ms"),
        Just("double(rows.profile)"),
        Just("double(before.rows['by-mail'])"),
        Just("0.0"),
        Just("1e308"),
    ];
    if depth == 0 {
        return leaf.prop_map(str::to_owned).boxed();
    }
    let sign = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/")];
    let pair =
        (number(depth - 1), sign, number(depth - 1)).prop_map(|(a, sign, b)| format!("({a} {sign} {b})"));
    prop_oneof![leaf.prop_map(str::to_owned), pair].boxed()
}

fn integer(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("rows.profile"),
        Just("rows['by-mail']"),
        Just("before.rows.profile"),
        Just("changed['by-mail']"),
        Just("events"),
        Just("0"),
        Just("9223372036854775807"),
    ];
    if depth == 0 {
        return leaf.prop_map(str::to_owned).boxed();
    }
    let sign = prop_oneof![Just("+"), Just("-"), Just("*"), Just("/"), Just("%")];
    let pair =
        (integer(depth - 1), sign, integer(depth - 1)).prop_map(|(a, sign, b)| format!("({a} {sign} {b})"));
    let cut = number(depth - 1).prop_map(|number| format!("int({number})"));
    prop_oneof![leaf.prop_map(str::to_owned), pair, cut].boxed()
}

/// Conditions that compile, apart from those that name no measurement.
fn condition(depth: u32) -> BoxedStrategy<String> {
    let order = || prop_oneof![Just("<"), Just("<="), Just("=="), Just("!="), Just(">=")];
    let numbers = (number(2), order(), number(2)).prop_map(|(a, order, b)| format!("{a} {order} {b}"));
    let integers = (integer(2), order(), integer(2)).prop_map(|(a, order, b)| format!("{a} {order} {b}"));
    let plain = prop_oneof![numbers, integers];
    if depth == 0 {
        return plain.boxed();
    }
    let sign = prop_oneof![Just("&&"), Just("||")];
    let pair = (condition(depth - 1), sign, condition(depth - 1))
        .prop_map(|(a, sign, b)| format!("({a}) {sign} ({b})"));
    let not = condition(depth - 1).prop_map(|condition| format!("!({condition})"));
    prop_oneof![plain, pair, not].boxed()
}

/// Pieces of conditions in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("rows"),
        Just("before"),
        Just("rates"),
        Just("events"),
        Just("latency"),
        Just("changed"),
        Just("."),
        Just("profile"),
        Just("['by-mail']"),
        Just("refused"),
        Just("has("),
        Just("("),
        Just(")"),
        Just("<"),
        Just("&&"),
        Just("||"),
        Just("!"),
        Just("?"),
        Just(":"),
        Just("1"),
        Just("0.5"),
        Just("null"),
        Just(".all(x, x > 0)"),
        Just("["),
        Just("]"),
        Just(","),
        Just("double("),
        Just("'"),
        Just("event"),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_or_evaluated(
        text in prop_oneof![any::<String>(), pieces()],
        now in readings(),
        before in readings(),
    ) {
        if let Ok(version) = second(&guard(&text)) {
            for guard in version.guards() {
                guard.evaluate(&now, &before);
            }
        }
    }

    #[test]
    fn any_json_is_a_document_or_not(
        guards in json(), probation in json(), poison in json(),
    ) {
        let sections = json!({"guards": guards, "probation": probation, "poison": poison});
        if let Ok(document) = Document::parse(&document(Some("v1"), &sections).to_string()) {
            let registry = registry();
            let Ok(version) = registry.check(&document) else { return Ok(()) };
            // Rebased onto its own parent, it is the same version.
            let parent = version.parent().and_then(|no| registry.version(no)).expect("a parent");
            let rebased = registry.rebase(&version, parent).expect("no conflicts").document;
            let rebased = Document::parse(&rebased.to_string()).expect("a document");
            prop_assert_eq!(registry.check(&rebased).expect("a version").id(), version.id());
        }
    }

    #[test]
    fn a_guard_passes_only_on_what_was_measured(
        condition in condition(2),
        now in readings(),
        before in readings(),
    ) {
        // A condition over numbers alone is refused.
        let Ok(version) = second(&guard(&condition)) else {
            prop_assert!(!["rows", "rates", "latency", "events", "changed"].iter().any(|w| condition.contains(w)));
            return Ok(());
        };
        let reading = version.guards()[0].evaluate(&now, &before);
        let shown = |field: &str| {
            let is_it = |value: &str| value.starts_with(&format!("{field} = "));
            reading.detail.split([':', ',']).any(|value| is_it(value.trim_start()))
        };
        let missing = version.guards()[0].reads().any(|field| !shown(&field));
        prop_assert!(!(missing && reading.outcome == GuardOutcome::Pass), "{reading:?}");
        // The negation comes out as the opposite, or not at all either.
        let negated = second(&guard(&format!("!({condition})"))).expect("a version");
        let negated = negated.guards()[0].evaluate(&now, &before).outcome;
        let opposite = match reading.outcome {
            GuardOutcome::Pass => negated == GuardOutcome::Fail,
            GuardOutcome::Fail => negated == if missing { GuardOutcome::NoData } else { GuardOutcome::Pass },
            GuardOutcome::NoData => negated != GuardOutcome::Pass,
        };
        prop_assert!(opposite, "{reading:?} and {negated:?}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let word = prop_oneof![
        Just("name"),
        Just("expect"),
        Just("over"),
        Just("events"),
        Just("seconds"),
        Just("time"),
        Just("unchanged"),
        Just("samples_min"),
        Just("inconclusive"),
        Just("extend_max"),
        Just("build"),
        Just("live"),
        Just("profile"),
        Just("events > 0"),
        Just("extend"),
        Just("skip"),
        Just("5s"),
        Just("a b"),
    ];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        (0..2000_u64).prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        word.clone().prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| json!(list)),
            proptest::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|members| json!(members)),
        ]
    })
}
