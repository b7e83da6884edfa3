//! Who writes and who reads which version, and where it is said.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, STRUCTURED, Server, V1, V2, registered};

impl Server {
    async fn read_by(&self, reader: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(reader)).await
    }
}

/// A row in one line.
fn line(row: &Value) -> String {
    let who = row["principal"].as_str().or(row["group"].as_str()).expect("somebody");
    let (version, stage) = (row["version"].as_str().expect("a version"), row["stage"].as_str());
    let wrote = row["wrote"].as_object().map(|w| format!(" wrote {} last #{}", w["events"], w["last"]));
    let now = row["writes_now"].as_str().map(|now| format!(" writes {now} now"));
    let read = row["read"].as_object().map(|r| format!(" read {}", r["count"]));
    for times in [&row["wrote"], &row["read"]].into_iter().filter(|what| !what.is_null()) {
        assert!(times["last_time"].as_str().is_some_and(|time| time.ends_with('Z')), "{row}");
    }
    let parts = [wrote, now, read].into_iter().flatten().collect::<String>();
    format!("{who} {version} {}{parts}", stage.expect("a stage"))
}

fn lines(rows: &Value) -> Vec<String> {
    rows.as_array().expect("a list").iter().map(line).collect()
}

#[tokio::test]
async fn the_census_says_who_wrote_and_who_read_which_version() {
    let server = Server::with_v1().await;
    let none = server.get("/v1/census").await;
    assert_eq!(none.json["rows"], json!([]));
    assert!(none.json["reads_since"].as_str().is_some_and(|time| time.ends_with('Z')), "{none:?}");
    let at = server.register_user("ada", "London").await.position;
    server.get("/v1/cache/profile/ada").await;
    server.get("/v1/cache/profile/nobody").await;
    server.get(&format!("/v1/events/{at}")).await;
    server.read_by("app", "/v1/views/by_city").await;
    server.read_by("app", "/v1/views/by_city/ada?read_as=v1").await;
    server.order("/v1/jobs/welcome/lease", json!({})).await;
    let said = lines(&server.get("/v1/census").await.json["rows"]);
    let tester = format!("tester v1 active wrote 1 last #{at} read 1");
    assert_eq!(said, ["app v1 active read 2".to_owned(), tester, "unnamed v1 active read 3".to_owned()]);
}

#[tokio::test]
async fn who_asks_for_a_version_that_is_gone_counts_as_its_reader() {
    let server = Server::with_v1().await;
    server.activate(V2, "v2").await;
    server.order("/v1/versions/v1/drop", json!({})).await;
    assert_eq!(server.read_by("app", "/v1/cache/profile/ada?read_as=v1").await.code(), "version-not-live");
    server.read_by("app", "/v1/cache/profile/ada?read_as=v9").await;
    assert_eq!(lines(&server.get("/v1/census").await.json["rows"]), ["app v1 dropped read 1"]);
}

#[tokio::test]
async fn a_plan_says_who_uses_the_versions_that_a_cutover_would_drop() {
    // One standby is kept.
    let server = Server::with_v1().await;
    let old = server.register_user("ada", "London").await.position;
    server.read_by("app", "/v1/cache/profile/ada").await;
    server.activate(V2, "v2").await;
    let v3 = V1.replacen("name: ", "parent: v1\nname: third-", 1);
    let registered_v3 = server.post("/v1/versions", "application/yaml", &v3).await;
    assert_eq!(registered_v3.json["registered"], "v3", "{registered_v3:?}");
    assert_eq!(server.get("/v1/versions/v2/plan").await.json["drops"], json!([]), "it is active");
    let drops = server.get("/v1/versions/v3/plan").await.json["drops"].clone();
    assert_eq!((drops[0]["version"].as_str(), drops[1]["version"].as_str()), (Some("v1"), None));
    let used = ["app v1 standby read 1".to_owned(), format!("tester v1 standby wrote 1 last #{old}")];
    assert_eq!(lines(&drops[0]["used_by"]), used);
    assert_eq!(lines(&server.get("/v1/versions/v1").await.json["used_by"]), used);
    let mut new = registered("bob", "Paris");
    new["data"] = json!({ "user_id": "bob", "mail": "b", "city": "Paris", "locale": "fr" });
    new["dataschema"] = json!("v2");
    let new = server.post("/v1/events", STRUCTURED, &new.to_string()).await;
    assert_eq!(new.status, 200, "{new:?}");
    let dropped = server.order("/v1/versions/v1/drop", json!({})).await;
    assert_eq!(
        (dropped.status, &dropped.json["dropped"]),
        (200, &json!("v1")),
        "it says, and does not refuse"
    );
    let said = lines(&dropped.json["used_by"]);
    let tester = format!("tester v1 dropped wrote 1 last #{old} writes v2 now");
    assert_eq!(said, ["app v1 dropped read 1".to_owned(), tester]);
}
