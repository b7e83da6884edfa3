//! Who kills the engine, at a random moment or right at a step of a change, and starts it again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use selfsame_sim::Random;

use super::engine::EngineProcess;
use super::findings::Fault;
use super::run::{Run, count, rest};
use crate::failure::Outcome;

/// How long a step of a change is waited for, to kill the engine in the midst of it.
const STEP_WAIT: Duration = Duration::from_secs(3);

/// Kills the engine after each of the pauses, until the agents are told to end, and looks after it in between.
///
/// # Errors
///
/// If the engine does not start again.
pub(super) async fn kill_and_start(
    run: Arc<Run>,
    mut engine: EngineProcess,
    pauses: Vec<Duration>,
) -> Outcome<EngineProcess> {
    let mut random = run.random("killer");
    let mut pauses = pauses.into_iter();
    while !run.ends.agents.load(Ordering::Relaxed) {
        let next = moment(&run, pauses.next(), &mut random);
        let ended = tokio::select! {
            ended = engine.ended() => Some(ended),
            killed = next => {
                if !killed {
                    break;
                }
                None
            }
        };
        match ended {
            Some(what) => run.find(Fault::Failed, "engine", what),
            None => {
                engine.kill().await?;
                count(&run.counts.kills);
            }
        }
        rest(&mut random, 300).await;
        engine.start_again().await?;
    }
    Ok(engine)
}

/// Ready at the moment of the next kill; false if there is none before the end.
async fn moment(run: &Run, pause: Option<Duration>, random: &mut Random) -> bool {
    let Some(pause) = pause else {
        until_end(run).await;
        return false;
    };
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = until_end(run) => return false,
    }
    if random.below(2) == 0 {
        // Between the request and its answer, or soon after: among the records of a change.
        let _ = tokio::time::timeout(STEP_WAIT, run.stepped.notified()).await;
        tokio::time::sleep(Duration::from_micros(random.below(8_000))).await;
    }
    true
}

async fn until_end(run: &Run) {
    while !run.ends.agents.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
