//! Conditions that are refused when their version is registered.

use crate::{first, guard, lines, second};
use serde_json::json;

/// The condition is refused for this alone.
#[track_caller]
fn check(expect: &str, problem: &str) {
    let problems = second(&guard(expect)).map(drop).expect_err("the guard should be refused");
    assert_eq!(lines(&problems), format!("/guards/0/expect: {problem}"));
}

#[test]
fn unknown_names_are_answered_with_what_there_is() {
    check(
        "row.profile > 0",
        "column 1: there is no variable `row`; what is measured are `rows`, `before`, `rates`, `events`, `latency`, `changed`",
    );
    check(
        "rows.profiles > 0",
        "column 6: there is no field `rows.profiles`; the projections of this version are `by-mail`, `profile`, `users`",
    );
    check(
        "rows.users >= before.rows.users",
        "column 27: there is no field `before.rows.users`; the projections of the parent are `by-mail`, `profile`",
    );
    check(
        "rates.refusals < 0.1",
        "column 7: there is no field `rates.refusals`; `rates` has `refused`, `fold_failures`, `job_failures`",
    );
    check(
        "before.rates['x y'] < 0.1",
        "column 14: there is no field `before.rates[\"x y\"]`; `before.rates` has `refused`, `fold_failures`, `job_failures`",
    );
    check(
        "latency.p50 < 5.0",
        "column 9: there is no field `latency.p50`; `latency` has `publish_p99_ms`, `read_p99_ms`",
    );
    check(
        "before.latency.read_p99_ms < 5.0",
        "column 8: there is no field `before.latency`; `before` has `rows`, `rates`",
    );
    check(
        "changed.profile == 0",
        "column 9: there is no field `changed.profile`; the projections under `unchanged` of `probation` are `by-mail`",
    );
}

#[test]
fn the_first_version_has_nothing_before_it() {
    let problems = |sections| lines(&first(&sections).map(drop).expect_err("refused"));
    assert_eq!(
        problems(json!({"guards": [{"name": "g", "expect": "before.rows.profile > 0"}]})),
        "/guards/0/expect: column 1: there is no variable `before`; the first version has nothing before it"
    );
    assert_eq!(
        problems(json!({"guards": [{"name": "g", "expect": "changed.profile > 0"}]})),
        "/guards/0/expect: column 9: there is no field `changed.profile`; name the projection under `unchanged` of `probation`"
    );
    assert_eq!(
        problems(json!({"probation": {"unchanged": ["profile"]}})),
        "/probation/unchanged: the first version has nothing before it, so `profile` cannot stay as it is; leave it out"
    );
}

#[test]
fn a_guard_is_true_or_false_over_single_measurements() {
    let compare = "compare it with something, as in `rows.profile > 0`";
    check("rows.profile", &format!("a guard is true or false, and this is an integer; {compare}"));
    check(
        "events > 0 ? true : null",
        &format!("a guard is true or false, and this is a boolean or null; {compare}"),
    );
    check(
        "rows == before.rows",
        "`before.rows` are several measurements; name one of them, as `before.rows.x`",
    );
    check(
        "has((events > 0 ? rows : before.rows).profile)",
        "`before.rows` are several measurements; name one of them, as `before.rows.x`",
    );
    check("'profile' in rows", "`rows` are several measurements; name one of them, as `rows.x`");
    check("1 < 2", "the condition names no measurement; name a measurement, as in `rates.refused < 0.01`");
    let convert = "write `2.0` for `2`, or convert one side with `double(...)` or `int(...)`";
    check(
        "rows.profile * 0.9 > 1.0",
        &format!(
            "column 14: `*` takes two values of one type, and these are an integer and a number; {convert}"
        ),
    );
    check(
        "rows.profile >",
        "column 15: the text is not an expression: mismatched input the end expecting expression",
    );
    check(
        "event.id == 'x'",
        "column 1: there is no variable `event`; what is measured are `rows`, `before`, `rates`, `events`, `latency`, `changed`",
    );
}
