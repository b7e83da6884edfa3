//! How guards come out.

use std::collections::BTreeMap;

use selfsame_record::Name;
use selfsame_schema::{GuardOutcome, Latencies, Rates, Ratio, Reading, Readings};
use serde_json::json;

use crate::{guard, lines, second};

fn rows(rows: &[(&str, u64)]) -> BTreeMap<Name, u64> {
    rows.iter().map(|(name, n)| (Name::parse(name).expect("a name"), *n)).collect()
}

/// What was measured after the cutover; nothing of jobs, and nobody published.
fn now() -> Readings {
    Readings {
        rows: rows(&[("profile", 9), ("users", 0), ("by-mail", u64::MAX)]),
        changed: rows(&[("by-mail", 2)]),
        events: Some(1000),
        rates: Rates {
            refused: Some(Ratio { part: 3, of: 1003 }),
            fold_failures: Some(Ratio { part: 0, of: 1000 }),
            job_failures: Some(Ratio { part: 0, of: 0 }),
        },
        latency: Latencies { publish_p99_us: None, read_p99_us: Some(1500) },
    }
}

fn before() -> Readings {
    let rates = Rates { refused: Some(Ratio { part: 1, of: 4 }), ..Rates::default() };
    Readings { rows: rows(&[("profile", 10)]), rates, ..Readings::default() }
}

/// The outcome, and the sentence that says it after the condition.
#[track_caller]
fn check(expect: &str, outcome: GuardOutcome, what: &str) {
    let version = second(&guard(expect)).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    let reading = version.guards()[0].evaluate(&now(), &before());
    let detail = format!("`{expect}` {what}");
    assert_eq!(reading, Reading { guard: Name::parse("g").expect("a name"), outcome, detail });
}

#[test]
fn a_guard_passes_or_fails_and_says_on_what() {
    use GuardOutcome::{Fail, Pass};
    check(
        "rows.profile >= before.rows.profile",
        Fail,
        "is false: rows.profile = 9, before.rows.profile = 10",
    );
    check(
        "before.rows.profile <= rows.profile + 1",
        Pass,
        "is true: before.rows.profile = 10, rows.profile = 9",
    );
    check("rates.refused < 0.01", Pass, "is true: rates.refused = 0.0029910269192422734 (3 of 1003)");
    check(
        "rates.refused < before.rates.refused",
        Pass,
        "is true: rates.refused = 0.0029910269192422734 (3 of 1003), before.rates.refused = 0.25 (1 of 4)",
    );
    check("changed['by-mail'] == 0", Fail, "is false: changed['by-mail'] = 2");
    check(
        "latency.read_p99_ms <= 1.5 && events >= 1000",
        Pass,
        "is true: latency.read_p99_ms = 1.5, events = 1000",
    );
    check("[rows.profile, rows.users].all(n, n > 0)", Fail, "is false: rows.profile = 9, rows.users = 0");
    check(
        "rows.users == 0 || rows.profile / rows.users > 2",
        Pass,
        "is true: rows.users = 0, rows.profile = 9",
    );
}

#[test]
fn without_data_a_guard_never_passes() {
    use GuardOutcome::{Fail, NoData};
    let none = |field: &str| format!("has no outcome, since `{field}` has no data");
    check("latency.publish_p99_ms < 5.0", NoData, &none("latency.publish_p99_ms"));
    check("rates.job_failures == 0.0", NoData, &none("rates.job_failures"));
    check(
        "before.rows['by-mail'] <= rows['by-mail']",
        NoData,
        &format!("{}: rows['by-mail'] = 18446744073709551615", none("before.rows['by-mail']")),
    );
    // Whatever the latency is, it holds; but nobody published.
    check(
        "events > 0 || latency.publish_p99_ms < 5.0",
        NoData,
        &format!("{}: events = 1000", none("latency.publish_p99_ms")),
    );
    check(
        "!(events > 0) || rates.job_failures < 1.0",
        NoData,
        &format!("{}: events = 1000", none("rates.job_failures")),
    );
    check("has(rates.job_failures) && rates.job_failures < 1.0", NoData, &none("rates.job_failures"));
    check("!has(rates.job_failures) || rates.job_failures < 1.0", NoData, &none("rates.job_failures"));
    check("rates.job_failures != null", NoData, &none("rates.job_failures"));
    // Whatever the latency is, it does not hold.
    check("events > 1000 && latency.publish_p99_ms < 5.0", Fail, "is false: events = 1000");
}

#[test]
fn what_cannot_be_computed_is_no_outcome() {
    use GuardOutcome::NoData;
    check(
        "rows.profile / rows.users > 1",
        NoData,
        "has no outcome: `/` by zero: rows.profile = 9, rows.users = 0",
    );
    check(
        "rows.profile % rows.users > 1",
        NoData,
        "has no outcome: `%` by zero: rows.profile = 9, rows.users = 0",
    );
    check(
        "rates.refused / rates.fold_failures > 1.0",
        NoData,
        "has no outcome: `/` by zero: rates.refused = 0.0029910269192422734 (3 of 1003), rates.fold_failures = 0 (0 of 1000)",
    );
    check(
        "rows['by-mail'] + 1 > 0",
        NoData,
        "has no outcome: the result of `+` is beyond 64-bit integers: rows['by-mail'] = 18446744073709551615",
    );
    check(
        "rows.profile * 9223372036854775807 > 0",
        NoData,
        "has no outcome: the result of `*` is beyond 64-bit integers: rows.profile = 9",
    );
    check(
        "double(rows.profile) * 1e308 > 0.0",
        NoData,
        "has no outcome: the result of `*` is not a finite number: rows.profile = 9",
    );
    check(
        "int(rates.refused * 1e30) > 0",
        NoData,
        "has no outcome: the result of `int` is beyond 64-bit integers: rates.refused = 0.0029910269192422734 (3 of 1003)",
    );
}

#[test]
fn a_reading_is_short() {
    let long = format!("rows.profile > 0{}", " && rows.profile > 0".repeat(100));
    let version = second(&guard(&long)).expect("a version");
    let detail = version.guards()[0].evaluate(&now(), &before()).detail;
    assert_eq!(detail.len(), 1 + 256 + "...` is true: rows.profile = 9".len(), "{detail}");
}

/// The form stands in logs: it never changes.
#[test]
fn a_reading_keeps_its_form() {
    let guard = Name::parse("g").expect("a name");
    let rows =
        [(GuardOutcome::Pass, "pass"), (GuardOutcome::Fail, "fail"), (GuardOutcome::NoData, "no-data")];
    for (outcome, word) in rows {
        let reading = Reading { guard: guard.clone(), outcome, detail: "d".to_owned() };
        let json = json!({"guard": "g", "outcome": word, "detail": "d"});
        assert_eq!(serde_json::to_value(&reading).expect("JSON"), json);
        assert_eq!(serde_json::from_value::<Reading>(json).expect("reads back"), reading);
        assert_eq!(outcome.to_string(), word);
    }
}
