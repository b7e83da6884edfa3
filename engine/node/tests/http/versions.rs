//! The life of a version over HTTP.

use serde_json::{Value, json};

use crate::server::{STRUCTURED, Server, V1, V2, event};

#[tokio::test]
async fn a_version_is_registered_once() {
    let server = Server::start().await;
    let root = server.post("/v1/versions", "application/yaml", V1).await;
    assert_eq!((root.status, &root.json["registered"]), (201, &json!("v1")));
    assert_eq!(root.version, None, "nothing is active");
    let first = server.post("/v1/versions", "application/yaml", V2).await;
    assert_eq!((first.status, &first.json["existed"]), (201, &json!(false)));
    let again = server.post("/v1/versions", "text/plain", &format!("# A comment.\n{V2}")).await;
    assert_eq!((again.status, &again.json["existed"]), (200, &json!(true)), "{again:?}");
    assert_eq!((&again.json["registered"], &again.json["id"]), (&json!("v2"), &first.json["id"]));
    assert_eq!(again.position, first.position);
    let listed = server.get("/v1/versions").await;
    let stages = listed.json["versions"].as_array().expect("a list").iter().map(|v| (&v["no"], &v["stage"]));
    let registered = json!("registered");
    assert_eq!(stages.collect::<Vec<_>>(), [(&json!("v1"), &registered), (&json!("v2"), &registered)]);
    let by_id = server.get(&format!("/v1/versions/{}", root.json["id"].as_str().expect("an id"))).await;
    assert_eq!(by_id.json["no"], "v1");
}

#[tokio::test]
async fn versions_that_are_registered_at_once_are_all_registered() {
    let server = Server::with_v1().await;
    let documents: Vec<String> = (0..6).map(|n| V2.replacen("name: ", &format!("name: n{n}-"), 1)).collect();
    let register = |document: &String| {
        let request = server.request(reqwest::Method::POST, "/v1/versions").bearer_auth("tester");
        server.send(request.body(document.clone()))
    };
    let answers = futures_util::future::join_all(documents.iter().map(register)).await;
    let mut numbers: Vec<String> = answers.iter().map(|a| a.json["registered"].to_string()).collect();
    numbers.sort();
    assert_eq!(numbers, ["v2", "v3", "v4", "v5", "v6", "v7"].map(|v| format!("\"{v}\"")), "{answers:?}");
}

#[tokio::test]
async fn a_version_shows_its_document_and_what_its_generation_holds() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.post("/v1/versions", "application/yaml", V2).await;
    let v1 = server.get("/v1/versions/v1").await.json;
    assert_eq!((&v1["name"], &v1["parent"]), (&json!("users"), &Value::Null));
    assert_eq!(v1["document"]["selfsame"], 1);
    assert_eq!(v1["events"], json!([{ "type": "user.registered", "key": "/user_id", "lens": null }]));
    assert_eq!(v1["live"]["projections"].as_array().map(Vec::len), Some(3));
    assert_eq!(v1["live"]["skipped"], json!([]));
    let v2 = server.get("/v1/versions/v2").await.json;
    assert_eq!((&v2["stage"], &v2["live"], &v2["build"]), (&json!("registered"), &Value::Null, &Value::Null));
    assert_eq!(v2["parent"], "v1");
    assert_eq!(v2["events"][1]["lens"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_plan_says_what_would_change() {
    let server = Server::with_v1().await;
    server.post("/v1/versions", "application/yaml", V2).await;
    let plan = server.get("/v1/versions/v2/plan").await;
    let json = &plan.json;
    assert_eq!((&json["plan"], &json["from"]), (&json!("v2"), &json!("v1")));
    assert_eq!((&json["class"], &json["stage"]), (&json!("compatible"), &json!("registered")));
    assert_eq!(json["records_to_replay"], plan.position);
    assert_eq!(json["rewind_skips"], json!(["user.moved"]));
    let change = |list: &str, by: &str, name: &str| -> Value {
        let entries = json[list].as_array().expect("a list");
        entries.iter().find(|entry| entry[by] == name).expect("an entry")["change"].clone()
    };
    assert_eq!(change("types", "type", "user.moved"), "new");
    assert_eq!(change("types", "type", "user.registered"), "changed");
    assert_eq!(change("projections", "name", "cards"), "new");
    assert_eq!(change("projections", "name", "profile"), "changed");
    let builds: Vec<String> =
        projections(json).iter().map(|p| format!("{} {}", p["name"], p["build"])).collect();
    let rebuilt = ["by_city", "cards", "profile", "welcome"].map(|name| format!("\"{name}\" \"rebuilt\""));
    assert_eq!(builds, rebuilt);
    let own = server.get("/v1/versions/v1/plan").await;
    assert_eq!(own.json["records_to_replay"], 0, "it is live");
    assert_eq!(own.json["rewind_skips"], json!([]));
}

fn projections(plan: &Value) -> &[Value] {
    plan["projections"].as_array().expect("a list")
}

#[tokio::test]
async fn a_plan_says_which_projections_are_shared() {
    let server = Server::with_v1().await;
    let other = V1.replace("name: users", "name: others\nparent: v1").replace("to: $.email", "to: $.city");
    server.post("/v1/versions", "application/yaml", &other).await;
    let plan = server.get("/v1/versions/v2/plan").await.json;
    let builds = projections(&plan).iter().map(|p| json!([p["name"], p["build"], p["with"]]));
    let expect = [
        json!(["by_city", "shared", "v1"]),
        json!(["profile", "shared", "v1"]),
        json!(["welcome", "rebuilt", null]),
    ];
    assert_eq!(builds.collect::<Vec<_>>(), expect);
    let own = server.get("/v1/versions/v1/plan").await.json;
    assert!(projections(&own).iter().all(|p| p["build"] == "kept"), "{own}");
    server.register_user("ada", "London").await;
    server.order("/v1/versions/v2/build", json!({})).await;
    server.until_stage("v2", "candidate").await;
    server.register_user("bob", "Paris").await;
    for read_as in ["v1", "v2"] {
        let row = server.get(&format!("/v1/cache/profile/bob?read_as={read_as}")).await;
        assert_eq!(row.json["value"]["city"], "Paris", "{row:?}");
    }
}

#[tokio::test]
async fn a_plan_without_an_active_version_finds_everything_new() {
    let server = Server::start().await;
    server.post("/v1/versions", "application/yaml", V1).await;
    let plan = server.get("/v1/versions/v1/plan").await.json;
    assert_eq!(plan["types"], json!([{ "type": "user.registered", "change": "new", "class": "additive" }]));
    assert_eq!((&plan["from"], &plan["rewind_skips"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn the_whole_way_there_and_back() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.prepare(V2, "v2").await;
    let cutover = server.cutover("v2").await;
    assert_eq!(cutover.version.as_deref(), Some("v2"));
    assert_eq!((&cutover.json["from"], &cutover.json["to"]), (&json!("v1"), &json!("v2")));
    assert_eq!((&cutover.json["at"], &cutover.json["window"]), (&json!(cutover.position), &Value::Null));

    let moved = event("user.moved", "ada", json!({ "user_id": "ada", "city": "Rome" }));
    server.post("/v1/events", STRUCTURED, &moved.to_string()).await;
    let body = json!({ "expected_active": "v2", "reason": "slow" });
    let rewind = server.order("/v1/versions/v1/rewind", body).await;
    assert_eq!((rewind.status, rewind.version.as_deref()), (200, Some("v1")));
    let at = cutover.position;
    assert_eq!(rewind.json["window"], json!({ "first": at, "last": at + 1, "events": 1 }));
    let row = server.get("/v1/cache/profile/ada").await;
    assert_eq!(row.json["value"]["city"], "London", "the older version does not know that she moved");
    let skipped = server.get("/v1/versions/v1").await.json["live"]["skipped"].clone();
    assert_eq!((&skipped[0]["event_type"], &skipped[0]["count"]), (&json!("user.moved"), &json!(1)));

    let forward = server.order("/v1/versions/v2/cutover", json!({ "expected_active": "v1" })).await;
    assert_eq!((forward.status, forward.version.as_deref()), (200, Some("v2")));
    assert_eq!(server.get("/v1/cache/profile/ada").await.json["value"]["city"], "Rome");
    assert_eq!(server.get("/v1/state").await.json["switches"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_rewind_to_a_dropped_version_is_pending_until_it_is_built() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.activate(V2, "v2").await;
    let dropped = server.order("/v1/versions/v1/drop", json!({})).await;
    assert_eq!((dropped.status, &dropped.json["dropped"]), (200, &json!("v1")));
    let rewind = server.post("/v1/versions/v1/rewind", "application/json", "").await;
    assert_eq!((rewind.status, &rewind.json["pending"]), (202, &json!("v1")));
    server.until_stage("v1", "active").await;
    assert_eq!(server.get("/v1/cache/profile/ada").await.version.as_deref(), Some("v1"));
}

#[tokio::test]
async fn a_rewind_says_beforehand_what_it_would_do() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    let never = server.get("/v1/versions/v1/rewind").await.json;
    assert_eq!(never["forbidden"], "it answers already");
    server.activate(V2, "v2").await;
    for city in ["Rome", "Oslo"] {
        let moved = json!({ "user_id": "ada", "city": city });
        let mut moved = event("user.moved", "ada", moved);
        moved["id"] = json!(city);
        server.post("/v1/events", STRUCTURED, &moved.to_string()).await;
    }
    let mail = json!({ "user_id": "bob", "mail": "m", "city": "Rome", "locale": "it" });
    server.post("/v1/events", STRUCTURED, &event("user.registered", "bob", mail).to_string()).await;
    let told = server.get("/v1/versions/v1/rewind").await.json;
    assert_eq!((&told["warm"], &told["records_to_replay"]), (&json!(true), &json!(0)));
    let window = &told["window"];
    assert_eq!(window["events"], 3);
    let by = json!([
        { "type": "user.moved", "principal": "tester", "events": 2 },
        { "type": "user.registered", "principal": "tester", "events": 1 },
    ]);
    assert_eq!(window["by"], by);
    assert_eq!(window["skipped"][0]["events"], 2, "v1 does not know that she moved");
    let jobs: Vec<(&Value, &Value)> =
        told["jobs"].as_array().expect("a list").iter().map(|q| (&q["queue"], &q["kept"])).collect();
    assert_eq!(jobs, [(&json!("cards"), &json!(false)), (&json!("welcome"), &json!(true))]);
    let rewind = server.order("/v1/versions/v1/rewind", json!({})).await;
    assert_eq!(rewind.json["window"]["events"], window["events"], "as it was told");
    server.order("/v1/versions/v2/drop", json!({})).await;
    let cold = server.get("/v1/versions/v2/rewind").await.json;
    assert_eq!((&cold["warm"], cold["records_to_replay"].as_u64() > Some(9)), (&json!(false), true));
    assert_eq!(server.get("/v1/versions/v9/rewind").await.status, 404);
}
