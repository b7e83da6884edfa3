//! `audit tail`: an engine's checkpoints as they come, each held against the one before.

use std::time::Duration;

use clap::Args;
use selfsame_node::audit::CHECKPOINT;
use selfsame_record::checkpoint::Checkpoint;
use serde_json::json;

use crate::commands::audit::engine::follows;
use crate::commands::audit::trust::{Trust, tampered};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};
use crate::reach::Reach;

/// Follow the checkpoints of a running engine, each held against the one before
///
/// A line for each new checkpoint, once it is shown that it begins with the one before. It fails if one does not.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame audit tail --server http://127.0.0.1:4747 --key VKEY
  selfsame audit tail --dir ./data --checkpoint ./held-since-june --count 1")]
pub(crate) struct TailArgs {
    /// How often it is looked
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// End after so many checkpoints
    #[arg(long, value_name = "CHECKPOINTS")]
    count: Option<u64>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: TailArgs, out: Out) -> Outcome {
    let client = args.reach.client()?;
    let key = match &args.reach.dir {
        Some(dir) => args.trust.of_folder(dir)?,
        None => args
            .trust
            .given()?
            .ok_or_else(|| Failure::Usage("give the log's key with `--key VKEY`".to_owned()))?,
    };
    let mut last: Option<Checkpoint> = args.trust.held(&key)?;
    let (mut left, mut shown) = (args.count.unwrap_or(u64::MAX), None);
    let mut looks = tokio::time::interval(Duration::from_secs(args.every));
    while left > 0 {
        looks.tick().await;
        let signed = client.checkpoint().await?;
        let now = signed.verify(&key).map_err(|err| tampered(CHECKPOINT, err))?.clone();
        if let Some(before) = &last {
            follows(&client, before, &now).await?;
        }
        if shown != Some(now.size) {
            left -= 1;
            shown = Some(now.size);
            let follows = last.as_ref().map(|before| before.size);
            let said = json!({ "size": now.size, "root": now.root, "follows": follows });
            line(&if out.json { said.to_string() } else { format!("#{} {}", now.size, now.root) })?;
        }
        last = Some(now);
    }
    Ok(())
}
