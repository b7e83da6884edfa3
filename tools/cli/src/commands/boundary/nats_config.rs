//! `boundary nats-config`: the configuration of a NATS server with the accounts of a boundary.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use selfsame_node::nats::TRAY_BYTES_DEFAULT;
use selfsame_node::nats::layout::{LayoutError, NatsLayout, UserKey, principals_of};

use super::proposed;
use crate::failure::{Failure, Outcome};

/// Write the configuration of a NATS server for a boundary
///
/// Each service and agent with an `nkey` has an account of its own, which reaches its own subjects of the engine and
/// nothing else. The configuration holds public keys alone. Start the server again when it changes: some only seem to
/// take it while they run. `selfsame serve --nats managed` does all of this by itself.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame boundary nats-config ./boundary --engine-key U… > nats.conf
  nats-server -c nats.conf
  selfsame serve --dir ./data --boundary ./boundary --boundary-key U… \\
      --nats nats://127.0.0.1:4222 --nats-key engine.nk")]
pub(crate) struct NatsConfigArgs {
    /// The folder of the boundary
    dir: PathBuf,
    /// The public key that the engine connects with
    #[arg(long, value_name = "KEY", required = true)]
    engine_key: Vec<String>,
    /// Where the server listens; on another address than this machine's, add a `tls` block
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4222")]
    listen: SocketAddr,
    /// Where the server keeps the in-trays
    #[arg(long, value_name = "DIR", default_value = "/var/lib/selfsame/nats")]
    store_dir: PathBuf,
}

pub(super) fn run(args: &NatsConfigArgs) -> Outcome {
    let (_, proposal) = proposed(&args.dir)?;
    let text = config(args, &proposal.checked.members);
    let text = text.map_err(|e| Failure::Input { what: "the boundary".to_owned(), reason: e.to_string() })?;
    crate::out::line(text.trim_end())
}

fn config(
    args: &NatsConfigArgs,
    members: &std::collections::BTreeMap<String, selfsame_core::Member>,
) -> Result<String, LayoutError> {
    let engine: Result<Vec<UserKey>, LayoutError> =
        args.engine_key.iter().map(|key| UserKey::parse(key)).collect();
    let layout = NatsLayout {
        listen: args.listen,
        store_dir: args.store_dir.clone(),
        tray_bytes_max: TRAY_BYTES_DEFAULT,
        engine: engine?,
        principals: principals_of(members)?,
    };
    layout.to_config()
}
