//! Lenses of every kind through a running engine: registered, folded, read, rewound, compared, refused.

use serde_json::json;

use crate::server::{Answer, STRUCTURED, Server, event};

const V1: &str = "
selfsame: 1
name: orders
events:
  order.placed:
    key: /id
    schema:
      type: object
      required: [id, cents, state, items]
      properties:
        id: { type: string }
        cents: { type: integer }
        state: { type: string, enum: [open, shut] }
        items: { type: array, items: { type: object, required: [n], properties: { n: { type: integer } } } }
projections:
  order:
    kind: cache
    on: { order.placed: { set: { cents: $.cents, state: $.state, items: $.items, kind: $type } } }
";

/// Another name for the type, another unit, a table, a field within a list, and a computed field.
const V2: &str = "
selfsame: 1
name: orders
parent: v1
events:
  order.opened:
    key: /id
    schema:
      type: object
      required: [id, euros, state, items, large]
      properties:
        id: { type: string }
        euros: { type: number }
        state: { type: string, enum: [O, S] }
        items: { type: array, items: { type: object, required: [count], properties: { count: { type: integer } } } }
        large: { type: boolean }
lenses:
  order.opened:
    - retype: { from: order.placed, to: order.opened }
    - derive: { at: /large, cel: 'event.cents >= 10000' }
    - rename: { from: /cents, to: /euros }
    - scale: { at: /euros, num: 1, den: 100 }
    - convert: { at: /state, up: { open: O, shut: S } }
    - map: { at: /items, lens: [ { rename: { from: /n, to: /count } } ] }
projections:
  order:
    kind: cache
    on: { order.opened: { set: { euros: $.euros, state: $.state, items: $.items, large: $.large, kind: $type } } }
";

async fn publish(server: &Server, event_type: &str, key: &str, data: serde_json::Value) -> Answer {
    let published = server.post("/v1/events", STRUCTURED, &event(event_type, key, data).to_string()).await;
    assert_eq!(published.status, 200, "{published:?}");
    published
}

#[tokio::test]
async fn every_reader_sees_what_the_lens_makes_and_a_rewind_takes_it_back() {
    let server = Server::start().await;
    server.activate(V1, "v1").await;
    let old = json!({ "id": "a", "cents": 12345, "state": "open", "items": [{ "n": 2 }] });
    let first = publish(&server, "order.placed", "a", old.clone()).await;
    server.prepare(V2, "v2").await;
    server.cutover("v2").await;
    let value = server.get("/v1/cache/order/a").await.json["value"].clone();
    let seen = json!({
        "euros": 123.45, "state": "O", "items": [{ "count": 2 }], "large": true, "kind": "order.opened",
    });
    assert_eq!(value, seen);

    let new = json!({ "id": "b", "euros": 7, "state": "S", "items": [{ "count": 1 }], "large": false });
    let second = publish(&server, "order.opened", "b", new).await;
    let event = server.get(&format!("/v1/events/{}", first.position)).await.json["event"].clone();
    assert_eq!((&event["type"], &event["written_type"]), (&json!("order.opened"), &json!("order.placed")));
    assert_eq!(event["data"]["euros"], 123.45);
    let path = format!("/v1/events/{}?read_as=v1", second.position);
    let event = server.get(&path).await.json["event"].clone();
    assert_eq!(event["data"], json!({ "id": "b", "cents": 700, "state": "shut", "items": [{ "n": 1 }] }));

    let rewind = server.order("/v1/versions/v1/rewind", json!({ "reason": "tried" })).await;
    assert_eq!(rewind.status, 200, "{rewind:?}");
    let value = server.get("/v1/cache/order/b").await.json["value"].clone();
    let back = json!({ "cents": 700, "state": "shut", "items": [{ "n": 1 }], "kind": "order.placed" });
    assert_eq!(value, back);
    let value = server.get("/v1/cache/order/a").await.json["value"].clone();
    assert_eq!((&value["cents"], &value["items"]), (&old["cents"], &old["items"]));
    server.stop().await;
}

#[tokio::test]
async fn what_lies_between_two_versions_is_said_type_by_type() {
    let server = Server::start().await;
    server.activate(V1, "v1").await;
    let registered = server.post("/v1/versions", "application/yaml", V2).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let report = &registered.json["report"];
    let diff = server.get("/v1/versions/v2/diff").await;
    assert_eq!(&diff.json["diff"], report, "the parent is what a version is compared with");
    let t = &diff.json["diff"]["types"][0];
    assert_eq!((&t["type"], &t["was"]), (&json!("order.opened"), &json!("order.placed")));
    assert_eq!(t["ops"][0], "retype order.placed to order.opened");
    assert_eq!(t["labels"]["strict"], "breaking", "the label does not know the lens");
    assert_eq!(diff.json["transitive"]["versions"], json!([]), "nothing was written");
    let data = json!({ "id": "a", "cents": 1, "state": "open", "items": [] });
    publish(&server, "order.placed", "a", data).await;
    let transitive = server.get("/v1/versions/v2/diff").await.json["transitive"].clone();
    assert_eq!(transitive["versions"], json!(["v1"]));
    assert_eq!(transitive["labels"]["strict"], "breaking");
    let down = server.get("/v1/versions/v1/diff?from=v2").await;
    assert_eq!(down.json["diff"]["types"][0]["was"], "order.opened");
    let alone = server.get("/v1/versions/v1/diff").await;
    assert_eq!((alone.status, alone.code()), (400, "bad-request"));
    let unknown = server.get("/v1/versions/v2/diff?from=v9").await;
    assert_eq!((unknown.status, unknown.code()), (404, "unknown-version"));
    let plan = server.get("/v1/versions/v2/plan").await.json;
    assert_eq!(plan["verdict"], diff.json["diff"]["verdict"]);
    server.stop().await;
}

/// As v1, but with a bound that the event which is there passes.
fn bounded(partial: bool) -> String {
    let narrow = V1.replace("cents: { type: integer }", "cents: { type: integer, maximum: 100 }");
    let narrow = narrow.replace("name: orders", "name: bounded\nparent: v1");
    if partial { narrow.replace("    key: /id\n", "    key: /id\n    partial: true\n") } else { narrow }
}

#[tokio::test]
async fn a_logged_event_that_cannot_be_read_is_the_witness_of_the_refusal() {
    let server = Server::start().await;
    server.activate(V1, "v1").await;
    let data = json!({ "id": "a", "cents": 5000, "state": "open", "items": [] });
    let at = publish(&server, "order.placed", "a", data.clone()).await.position;
    let refused = server.post("/v1/versions", "application/yaml", &bounded(false)).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid-document"), "{refused:?}");
    let problem = &refused.json["problems"][0];
    assert_eq!(problem["witness"], data);
    assert!(problem["message"].as_str().expect("text").contains(&format!("the event at #{at}")), "{problem}");

    let taken = server.post("/v1/versions", "application/yaml", &bounded(true)).await;
    assert_eq!(taken.status, 201, "{taken:?}");
    let build = server.order("/v1/versions/v2/build", json!({})).await;
    assert_eq!(build.status, 202, "{build:?}");
    server.until_stage("v2", "candidate").await;
    let skipped = server.get("/v1/versions/v2").await.json["live"]["skipped"].clone();
    assert_eq!(
        (&skipped[0]["reason"], &skipped[0]["count"]),
        (&json!("inexpressible"), &json!(1)),
        "{skipped}"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_does_not_compile_is_taken_and_said_to_be_slower() {
    let server = Server::start().await;
    let document = "
selfsame: 1
name: contacts
events:
  contact.added:
    key: /id
    schema:
      type: object
      required: [id]
      properties: { id: { type: string }, mail: { type: string }, phone: { type: string } }
      anyOf: [ { required: [mail] }, { required: [phone] } ]
projections:
  contact: { kind: cache, on: { contact.added: { set: { mail: $.mail } } } }
";
    server.activate(document, "v1").await;
    let plan = server.get("/v1/versions/v1/plan").await.json;
    let slower = plan["types"][0]["slower"][0].as_str().expect("a reason").to_owned();
    assert!(slower.contains("checked as a whole, because of `anyOf`"), "{slower}");
    let notes = server.get("/v1/versions/v1").await.json["notes"].clone();
    assert!(notes[0]["message"].as_str().expect("a note").contains("anyOf"), "{notes}");
    publish(&server, "contact.added", "a", json!({ "id": "a", "mail": "a@example.org" })).await;
    let neither = event("contact.added", "b", json!({ "id": "b" })).to_string();
    let refused = server.post("/v1/events", STRUCTURED, &neither).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid-event"), "{refused:?}");
    server.stop().await;
}
