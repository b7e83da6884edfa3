//! Waiting for a build, and showing how far it is.

use std::time::Duration;

use serde_json::Value;

use crate::client::{Answer, Client, segment};
use crate::commands::builds::megabytes;
use crate::failure::{Failure, Outcome};
use crate::out::{member, show};
use crate::progress::Progress;

/// How often the engine is asked.
const ASK_EVERY: Duration = Duration::from_millis(150);

/// What a version's stage means to somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Done,
    Longer,
    InVain,
}

/// Waits until the version's generation is built and kept in step.
pub(crate) async fn wait_built(client: &Client, version: &str) -> Outcome<Answer> {
    wait(client, version, |stage| match stage {
        "candidate" | "active" | "standby" => Wait::Done,
        "building" => Wait::Longer,
        _ => Wait::InVain,
    })
    .await
}

/// Waits until the version answers, after a rewind that has to build it first.
pub(crate) async fn wait_active(client: &Client, version: &str) -> Outcome<Answer> {
    wait(client, version, |stage| match stage {
        "active" => Wait::Done,
        "building" | "candidate" | "standby" => Wait::Longer,
        _ => Wait::InVain,
    })
    .await
}

async fn wait(client: &Client, version: &str, judge: impl Fn(&str) -> Wait) -> Outcome<Answer> {
    let mut progress: Option<Progress> = None;
    let outcome = loop {
        let answer = client.get(&format!("versions/{}", segment(version)), &[]).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(err) => break Err(err),
        };
        let stage = show(member(&answer.json, "stage"));
        match judge(&stage) {
            Wait::Done => break Ok(answer),
            Wait::InVain => break Err(in_vain(version, &stage, &answer.json)),
            Wait::Longer => show_progress(&mut progress, member(&answer.json, "build")),
        }
        tokio::time::sleep(ASK_EVERY).await;
    };
    if let Some(progress) = progress {
        progress.finish();
    }
    outcome
}

fn show_progress(progress: &mut Option<Progress>, build: &Value) {
    let number = |name| member(build, name).as_u64();
    if let (Some(done), Some(total)) = (number("done"), number("total")) {
        let progress = progress.get_or_insert_with(|| Progress::start("building", "records", total));
        progress.at(done, total);
        let memory = number("bytes").map(megabytes).unwrap_or_default();
        let paused = member(build, "paused") == &Value::Bool(true);
        progress.note(if paused { format!("{memory}, paused") } else { memory });
    }
}

fn in_vain(version: &str, stage: &str, answer: &Value) -> Failure {
    let stage = match member(answer, "reason") {
        Value::Null => stage.to_owned(),
        reason => format!("{stage}: {}", show(reason)),
    };
    Failure::NotBuilt { version: version.to_owned(), stage }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failed_build_says_why() {
        let failed = in_vain("v2", "failed", &json!({"reason": "the disk is full"}));
        assert_eq!(failed.to_string(), "the build of v2 did not finish: it is failed: the disk is full");
        let dropped = in_vain("v2", "dropped", &json!({}));
        assert_eq!(dropped.to_string(), "the build of v2 did not finish: it is dropped");
    }
}
