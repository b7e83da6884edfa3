//! `boundary nats-config`: the configuration of a `nats-server` for the members of a boundary.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use selfsame_node::nats::TRAY_BYTES_DEFAULT;
use selfsame_node::nats::layout::{NatsLayout, UserKey, principals_of};
use serde_json::json;

use super::proposed;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};
use crate::reach::read_key;

/// Print the configuration of a `nats-server` for everybody whom a boundary names
///
/// Each service and each agent with an nkey gets an account of its own, which reaches the engine by its own subjects
/// and nothing else; the server attests who sends. Nobody may delete, purge or roll up a stream. Write it to a file,
/// start the server with `nats-server -c FILE`, and serve with `--nats URL --nats-key ENGINE`. After another boundary
/// write it anew and start the server again.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame boundary nats-config ./boundary --engine-key ~/keys/engine.nk --store /var/lib/nats > nats.conf
  nats-server -c nats.conf")]
pub(crate) struct NatsConfigArgs {
    /// The folder of the boundary
    dir: PathBuf,
    /// A file with the seed of the engine's own key; only the public key is written down
    #[arg(long, value_name = "FILE")]
    engine_key: PathBuf,
    /// Where JetStream keeps what was not taken yet
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// Where the server listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4222")]
    listen: SocketAddr,
}

pub(super) fn run(args: &NatsConfigArgs, out: Out) -> Outcome {
    let (_, proposal) = proposed(&args.dir)?;
    let wrong = |reason: String| Failure::Input { what: "the boundary".to_owned(), reason };
    let engine: UserKey = read_key(&args.engine_key)?.public().clone();
    let layout = NatsLayout {
        listen: args.listen,
        store_dir: args.store.clone(),
        tray_bytes_max: TRAY_BYTES_DEFAULT,
        engine: vec![engine],
        principals: principals_of(&proposal.checked.members).map_err(|e| wrong(e.to_string()))?,
    };
    let text = layout.to_config().map_err(|e| wrong(e.to_string()))?;
    if out.json {
        let principals: Vec<&str> = layout.principals.iter().map(|p| p.name.as_str()).collect();
        return line(&json!({ "config": text, "principals": principals }).to_string());
    }
    line(text.trim_end())
}
