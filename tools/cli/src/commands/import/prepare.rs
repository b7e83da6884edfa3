//! An engine made ready for the events of a git history.

use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::commands::version::wait::wait_built;
use crate::documents::GIT_V1;
use crate::failure::{Failure, Outcome};
use crate::out::{member, show};

/// The name that the bundled document has.
const NAME: &str = "git-history";

/// Sees that the version can be written. An engine without any version gets the bundled one; a set-up
/// that broke off half-way goes on.
pub(super) async fn prepare(client: &Client, write_as: &str) -> Outcome {
    let versions = client.get("versions", &[]).await?.json;
    if needs_set_up(&versions) {
        set_up(client).await?;
    }
    check(client, write_as).await
}

/// Whether nothing answers yet, and nothing but the bundled document was registered.
fn needs_set_up(versions: &Value) -> bool {
    let names = member(versions, "versions").as_array().into_iter().flatten();
    let mut names = names.map(|version| member(version, "name"));
    member(versions, "version").is_null() && names.all(|name| name == NAME)
}

async fn set_up(client: &Client) -> Outcome {
    let registered = client.send("versions", "application/yaml", GIT_V1).await?.json;
    let version = show(member(&registered, "registered"));
    eprintln!("no version is active yet: registering the bundled `{NAME}` as {version}");
    match client.post(&format!("versions/{version}/build"), &json!({})).await {
        Ok(_) => {}
        // It was begun by an import that ended before it was done.
        Err(refused) if matches!(refused.code().as_str(), "already-building" | "in-use") => {}
        Err(refused) => return Err(refused),
    }
    wait_built(client, &version).await?;
    let switched =
        client.post(&format!("versions/{version}/cutover"), &json!({ "expected_active": null })).await;
    match switched {
        Ok(answer) => eprintln!("{version} answers from #{} on", member(&answer.json, "at")),
        Err(refused) if refused.code() == "already-active" => {}
        Err(refused) => return Err(refused),
    }
    Ok(())
}

/// Sees before the first event that the version is live and has both event types.
async fn check(client: &Client, write_as: &str) -> Outcome {
    let version = client.get(&format!("versions/{}", segment(write_as)), &[]).await?.json;
    let stage = show(member(&version, "stage"));
    let what = || format!("{write_as} as the version to write");
    if !matches!(stage.as_str(), "candidate" | "active" | "standby") {
        let reason = format!("it is {stage} and not live: build it, or name a live one with `--write-as`");
        return Err(Failure::Input { what: what(), reason });
    }
    for event_type in ["git.commit", "git.file-changed"] {
        if !has_type(&version, event_type) {
            let reason = format!("it has no event type `{event_type}`: register `examples/git-v1.yaml`");
            return Err(Failure::Input { what: what(), reason });
        }
    }
    Ok(())
}

fn has_type(version: &Value, event_type: &str) -> bool {
    let types = member(version, "events").as_array().into_iter().flatten();
    types.into_iter().any(|entry| member(entry, "type") == event_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_engine_without_versions_of_its_own_is_set_up() {
        let ours = json!({"name": "git-history"});
        let theirs = json!({"name": "profiles"});
        for (active, versions, expect) in [
            (Value::Null, json!([]), true),
            (Value::Null, json!([ours]), true),
            (Value::Null, json!([theirs]), false),
            (json!("v1"), json!([ours]), false),
        ] {
            assert_eq!(needs_set_up(&json!({"version": active, "versions": versions})), expect);
        }
    }

    #[test]
    fn the_bundled_document_has_the_name_that_is_looked_for() {
        assert!(GIT_V1.contains(&format!("\nname: {NAME}\n")));
    }
}
