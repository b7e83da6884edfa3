//! How a candidate differs from what answers, while events arrive.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use selfsame_node::replay;
use selfsame_projections::{Generation, RowRef};
use selfsame_record::{Position, VersionNo};
use serde_json::{Value, json};

use crate::server::{STRUCTURED, Server, V1, V2, event, registered};

/// A version replayed from the log alone, up to this position.
fn replayed(server: &Server, version: u32, at: u64) -> Generation {
    let (log, until) = (server.engine.handle().log(), Some(Position::new(at)));
    replay(&**log, VersionNo::new(version), until, &mut |_, _| {}).expect("a replay").1
}

fn rows(generation: &Generation, name: &str) -> BTreeMap<String, Value> {
    let value = |json: &str| serde_json::from_str(json).expect("JSON");
    let row = |(key, row): (&str, RowRef<'_>)| (key.to_owned(), value(&row.to_json()));
    if let Some(cache) = generation.cache(name) {
        return cache.iter().map(row).collect();
    }
    if let Some(view) = generation.view(name) {
        return view.iter().map(row).collect();
    }
    let queue = generation.queue(name).expect("a queue");
    queue.iter_from(Position::ZERO).map(|(at, input)| (at.to_string(), value(&input.json))).collect()
}

/// Holds every count, digest and sample of the comparison against two replays up to its position.
fn check(server: &Server, compared: &Value) {
    let at = compared["at"].as_u64().expect("a position");
    let (active, other) = (replayed(server, 1, at), replayed(server, 2, at));
    assert_eq!(compared["active_digest"], active.digest().to_string(), "#{at}");
    assert_eq!(compared["digest"], other.digest().to_string(), "#{at}");
    let projections = compared["projections"].as_array().expect("a list");
    let names: Vec<&Value> = projections.iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["by_city", "cards", "profile", "welcome"]);
    for projection in projections {
        let name = projection["name"].as_str().expect("a name");
        if name == "cards" {
            let count = rows(&other, name).len();
            assert_eq!((&projection["change"], &projection["added"]), (&json!("new"), &json!(count)));
            continue;
        }
        let (one, two) = (rows(&active, name), rows(&other, name));
        let added = two.keys().filter(|key| !one.contains_key(*key)).count();
        let removed = one.keys().filter(|key| !two.contains_key(*key)).count();
        let equal = one.iter().filter(|(key, row)| two.get(*key) == Some(row)).count();
        let counts = json!([added, removed, one.len() - removed - equal, equal]);
        let of = |name| projection[name].clone();
        assert_eq!(
            json!([of("added"), of("removed"), of("changed"), of("equal")]),
            counts,
            "{name} at #{at}"
        );
        for sample in projection["samples"].as_array().into_iter().flatten() {
            let key = sample["key"].as_str().expect("a key");
            assert_eq!(one.get(key), sample.get("active"), "{name} {key} at #{at}");
            assert_eq!(two.get(key), sample.get("candidate"), "{name} {key} at #{at}");
        }
    }
}

async fn publish(server: &Server, n: usize) {
    let (user, city) = (format!("u{}", n % 50), ["Rome", "London", "Bonn"][n % 3]);
    let mut sent = if n.is_multiple_of(4) {
        let mut moved = event("user.moved", &user, json!({ "user_id": user, "city": city }));
        moved["dataschema"] = json!("urn:selfsame:version:v2");
        moved
    } else {
        registered(&user, city)
    };
    sent["id"] = json!(n.to_string());
    let answer = server.post("/v1/events", STRUCTURED, &sent.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    if n.is_multiple_of(7) {
        let leased = server.order("/v1/jobs/welcome/lease", json!({ "max": 1 })).await;
        let (lease, jobs) = (leased.json["lease"].clone(), leased.json["jobs"].clone());
        let ack = json!({ "job": jobs[0]["job"], "lease": lease });
        assert_eq!(server.order("/v1/jobs/welcome/ack", ack).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_comparison_under_load_is_that_of_two_replays_up_to_its_position() {
    let server = Arc::new(Server::with_v1().await);
    // Every fourth is written in v2, which nothing is built of yet.
    for n in (1..100).filter(|n| n % 4 != 0) {
        publish(&server, 10_000 + n).await;
    }
    server.prepare(V2, "v2").await;
    let going = Arc::new(AtomicBool::new(true));
    let load = {
        let (server, going) = (Arc::clone(&server), Arc::clone(&going));
        tokio::spawn(async move {
            let mut n = 0;
            while going.load(Ordering::Relaxed) {
                publish(&server, n).await;
                n += 1;
            }
            n
        })
    };
    let mut positions = vec![];
    for _ in 0..12 {
        let answer = server.get("/v1/versions/v2/compare").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let compared = &answer.json["compared"];
        assert_eq!((&compared["at"], answer.version.as_deref()), (&json!(answer.position), Some("v1")));
        assert_eq!((&compared["version"], &compared["failures"]), (&json!("v2"), &json!(0)));
        check(&server, compared);
        positions.push(answer.position);
    }
    going.store(false, Ordering::Relaxed);
    let published = load.await.expect("no panic");
    positions.dedup();
    assert!(positions.is_sorted() && positions.len() > 1, "{positions:?} with {published} published");
}

#[tokio::test]
async fn what_a_candidate_could_not_take_in_is_listed() {
    let server = Server::with_v1().await;
    let by_key = V1.replacen("name: users", "name: users-by-city\nparent: v1", 1).replacen(
        "    indexes: [[city]]",
        "    key: $.city",
        1,
    );
    server.prepare(&by_key, "v2").await;
    server.register_user("ada", "London").await;
    let nowhere = server.register_user("bob", "").await;
    let compared = server.get("/v1/versions/v2/compare").await.json["compared"].clone();
    let expect = json!([{
        "event_type": "user.registered", "projection": "by_city", "reason": "key-invalid", "count": 1,
        "first": nowhere.position, "last": nowhere.position, "samples": [nowhere.position],
    }]);
    assert_eq!((&compared["failed"], &compared["failures"]), (&expect, &json!(1)), "{compared}");
    let by_city = &compared["projections"][0];
    let counts = (&by_city["added"], &by_city["removed"], &by_city["changed"], &by_city["equal"]);
    assert_eq!(counts, (&json!(1), &json!(2), &json!(0), &json!(0)));
    let sample = &by_city["samples"][0];
    assert_eq!((&sample["change"], &sample["key"]), (&json!("added"), &json!("London")));
    assert_eq!(sample["candidate"], json!({ "city": "London", "email": "ada@example.org" }));
    let profile = &compared["projections"][1];
    assert_eq!((&profile["change"], &profile["active_digest"]), (&json!("same"), &profile["digest"]));
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused() {
    let server = Server::with_v1().await;
    server.post("/v1/versions", "application/yaml", V2).await;
    for (path, status, code) in [
        ("/v1/versions/v1/compare", 409, "already-active"),
        ("/v1/versions/v2/compare", 409, "not-built"),
        ("/v1/versions/v9/compare", 404, "unknown-version"),
        ("/v1/versions/v2/compare?from=v1", 400, "bad-request"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
    }
}
