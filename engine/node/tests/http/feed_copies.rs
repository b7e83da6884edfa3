//! A copy that a feed keeps equals the projection, whatever happens on the way.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{BATCH, STRUCTURED, Server, V1, V2, event, registered};
use crate::subscriber::{Copy, fresh, switch};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Publishes, moves and switches, while a subscriber comes and goes; in the end it has the projection.
async fn check_twin(seed: u64) {
    let document = V2.replace("user.moved: { set: { city: $.city } }", "user.moved: delete");
    let server = Server::with_v1().await;
    server.prepare(&document, "v2").await;
    let (done, finished) = (std::sync::atomic::AtomicBool::new(false), std::sync::atomic::Ordering::SeqCst);
    let writing = async {
        let mut dice = Dice(seed);
        let mut active = 1;
        for n in 0..400 {
            let user = format!("u{}", dice.below(40));
            let city = format!("c{}", dice.below(9));
            let mut event = match (active, dice.below(3)) {
                (2, 0) => event("user.moved", &user, json!({ "user_id": user, "city": city })),
                (2, _) => {
                    let data = json!({ "user_id": user, "mail": "m", "city": city, "locale": "de" });
                    event("user.registered", &user, data)
                }
                _ => registered(&user, &city),
            };
            event["id"] = json!(n.to_string());
            event["dataschema"] = json!(format!("v{active}"));
            let published = server.post("/v1/events", STRUCTURED, &event.to_string()).await;
            assert_eq!(published.status, 200, "{published:?}");
            if dice.below(25) == 0 {
                let (verb, to) = if active == 1 { ("cutover", 2) } else { ("rewind", 1) };
                switch(&server, verb, &format!("v{to}")).await;
                active = to;
            }
        }
        done.store(true, finished);
    };
    let mut copy = Copy::new();
    let mut dice = Dice(seed ^ 0x5e1f);
    let mut connections = 0;
    let reading = async {
        while !done.load(finished) {
            copy.subscribe(&server, "/v1/feed/profile?snapshot=true").await;
            connections += 1;
            for _ in 0..dice.below(60) {
                // Going away in the middle of anything.
                if tokio::time::timeout(Duration::from_millis(dice.below(30)), copy.read()).await.is_err() {
                    break;
                }
            }
            copy.response = None;
        }
    };
    tokio::join!(writing, reading);
    copy.subscribe(&server, "/v1/feed/profile?snapshot=true").await;
    let head = server.get("/v1/state").await.position;
    copy.reach(head).await;
    assert_eq!(copy.rows, fresh(&server).await, "seed {seed}");
    assert!(connections > 3, "seed {seed}: {connections} connections");
    for n in 0..40 {
        let read = server.get(&format!("/v1/cache/profile/u{n}")).await;
        let read = (read.status == 200).then(|| read.json["value"].clone());
        assert_eq!(copy.rows.get(&format!("u{n}")), read.as_ref(), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_equals_the_projection_whatever_happens_on_the_way() {
    for seed in [0x1234_5678, 0x9abc_def1, 0x0bad_cafe] {
        check_twin(seed).await;
    }
}

/// V1 with an event that deletes.
fn v1_with_gone() -> String {
    let gone = "events:\n  user.gone:\n    key: /user_id\n    schema: { type: object, required: [user_id], \
        properties: { user_id: { type: string } } }\n";
    let delete = "  profile:\n    kind: cache\n    on:\n      user.gone: delete\n";
    V1.replace("events:\n", gone).replace("  profile:\n    kind: cache\n    on:\n", delete)
}

/// Copies begin, some with all rows and some from a position, in the middle of many changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_change_while_they_are_read_are_sent_again() {
    let server = Server::start().await;
    server.activate(&v1_with_gone(), "v1").await;
    let begun = server.get("/v1/state").await.position;
    for chunk in 0..6 {
        let users: Vec<Value> =
            (0..1000).map(|n| registered(&format!("u{}", 1000 * chunk + n), "London")).collect();
        let published = server.post("/v1/events", BATCH, &json!(users).to_string()).await;
        assert_eq!(published.status, 200, "{published:?}");
    }
    let writing = async {
        let mut dice = Dice(0x5eed);
        for n in 0..300 {
            let some: Vec<Value> = (0..10)
                .map(|m| {
                    let user = format!("u{}", dice.below(6000));
                    let mut event = match dice.below(3) {
                        0 => event("user.gone", &user, json!({ "user_id": user })),
                        _ => registered(&user, &format!("c{n}")),
                    };
                    event["id"] = json!(format!("{n} {m}"));
                    event
                })
                .collect();
            let published = server.post("/v1/events", BATCH, &json!(some).to_string()).await;
            assert_eq!(published.status, 200, "{published:?}");
        }
        server.get("/v1/state").await.position
    };
    let copying = async {
        let mut copies = vec![];
        for n in 0..8 {
            let path = if n % 2 == 0 { String::new() } else { format!("?from={begun}") };
            let mut copy = Copy::subscribed(&server, &format!("/v1/feed/profile{path}")).await;
            copy.until("caught-up").await;
            copies.push(copy);
        }
        copies
    };
    let (head, copies) = tokio::join!(writing, copying);
    let fresh = fresh(&server).await;
    for mut copy in copies {
        copy.reach(head).await;
        assert!(copy.rows == fresh, "the rows are those of a copy that begins when all is over");
    }
}
