//! How the jobs of a queue are tried: `retry` and `lease`.

use selfsame_schema::duration;

use super::Problems;
use super::spot::Spot;
use crate::limits::{
    ATTEMPTS_DEFAULT, ATTEMPTS_MAX, BACKOFF_MAX_MS_DEFAULT, BACKOFF_MIN_MS_DEFAULT, DURATION_MS_MAX,
    LEASE_MS_DEFAULT, LEASE_MS_MIN,
};
use crate::plan::QueuePlan;

/// Reads both sections; what is not said has its default.
pub(crate) fn read(retry: Option<&Spot<'_>>, lease: Option<&Spot<'_>>, problems: &mut Problems) -> QueuePlan {
    let mut plan = QueuePlan {
        attempts: ATTEMPTS_DEFAULT,
        backoff_min_ms: BACKOFF_MIN_MS_DEFAULT,
        backoff_max_ms: BACKOFF_MAX_MS_DEFAULT,
        lease_ms: LEASE_MS_DEFAULT,
    };
    for (key, spot) in retry.and_then(|spot| spot.members(problems)).unwrap_or_default() {
        match key {
            "attempts" => {
                let attempts = spot.integer(1, u64::from(ATTEMPTS_MAX), problems);
                plan.attempts = attempts.and_then(|n| u32::try_from(n).ok()).unwrap_or(plan.attempts);
            }
            "backoff" => {
                (plan.backoff_min_ms, plan.backoff_max_ms) =
                    read_backoff(&spot, problems).unwrap_or_default();
            }
            _ => spot.unsupported(key, &["attempts", "backoff"], problems),
        }
    }
    if let Some(spot) = lease {
        plan.lease_ms = read_lease(spot, problems).unwrap_or_default();
    }
    plan
}

fn read_backoff(spot: &Spot<'_>, problems: &mut Problems) -> Option<(u64, u64)> {
    let text = spot.text(problems)?;
    let Some((min, max)) = duration::parse_range(text) else {
        let message = format!("`{text}` is not a range of durations");
        problems.push(spot.problem(message).help("write it as `2s..5m`, with the units ms, s, m, h, d"));
        return None;
    };
    if min == 0 || min > max || max > DURATION_MS_MAX {
        let message = format!(
            "waits from {min} ms to {max} ms: the first must be at least 1 ms and at most the second, the second at most {DURATION_MS_MAX} ms"
        );
        problems.push(spot.problem(message));
    }
    Some((min, max))
}

fn read_lease(spot: &Spot<'_>, problems: &mut Problems) -> Option<u64> {
    let text = spot.text(problems)?;
    let Some(ms) = duration::parse(text) else {
        let message = format!("`{text}` is not a duration");
        problems.push(spot.problem(message).help("write it as `30s`, with the units ms, s, m, h, d"));
        return None;
    };
    if !(LEASE_MS_MIN..=DURATION_MS_MAX).contains(&ms) {
        let message = format!("a lease has {LEASE_MS_MIN} to {DURATION_MS_MAX} ms, not {ms}");
        problems.push(spot.problem(message));
    }
    Some(ms)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(retry: &Value, lease: &Value, expect: Result<[u64; 4], &str>) {
        let spot = |value: &'static str| move |v| Spot::new(v, value);
        let retry = Some(retry).filter(|v| !v.is_null()).map(spot("/retry"));
        let lease = Some(lease).filter(|v| !v.is_null()).map(spot("/lease"));
        let mut problems = vec![];
        let plan = read(retry.as_ref(), lease.as_ref(), &mut problems);
        let got = match problems.as_slice() {
            [] => Ok([plan.attempts.into(), plan.backoff_min_ms, plan.backoff_max_ms, plan.lease_ms]),
            [problem] => Err(problem.to_string()),
            more => panic!("{more:?}"),
        };
        assert_eq!(got, expect.map_err(str::to_owned));
    }

    #[test]
    fn settings_have_defaults_and_limits() {
        let none = Value::Null;
        check(&none, &none, Ok([5, 1_000, 300_000, 30_000]));
        let full = json!({"attempts": 100, "backoff": "1ms..24h"});
        check(&full, &json!("24h"), Ok([100, 1, 86_400_000, 86_400_000]));
        check(&json!({"backoff": "2s"}), &json!("100ms"), Ok([5, 2_000, 2_000, 100]));
        let attempts = "/retry/attempts: must be an integer from 1 to 100, not `101`";
        check(&json!({"attempts": 101}), &none, Err(attempts));
        check(&json!({"attempts": 0}), &none, Err(&attempts.replace("101", "0")));
        check(&none, &json!("99ms"), Err("/lease: a lease has 100 to 86400000 ms, not 99"));
        check(&none, &json!("86400001ms"), Err("/lease: a lease has 100 to 86400000 ms, not 86400001"));
        check(&none, &json!(30), Err("/lease: must be a text, not a number"));
        check(&none, &json!("soon"), Err("/lease: `soon` is not a duration"));
        check(
            &json!({"backoff": "2s-5m"}),
            &none,
            Err("/retry/backoff: `2s-5m` is not a range of durations"),
        );
        check(&json!({"jitter": 1}), &none, Err("/retry/jitter: `jitter` is not supported yet"));
        check(&json!([]), &none, Err("/retry: must be an object, not an array"));
        for (backoff, min, max) in
            [("5m..2s", 300_000, 2_000), ("0s..1s", 0, 1_000), ("1s..25h", 1_000, 90_000_000)]
        {
            let expect = format!(
                "/retry/backoff: waits from {min} ms to {max} ms: the first must be at least 1 ms and at most the second, the second at most 86400000 ms"
            );
            check(&json!({"backoff": backoff}), &none, Err(&expect));
        }
    }
}
