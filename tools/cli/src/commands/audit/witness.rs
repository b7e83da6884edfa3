//! `audit witness`: follows another engine's checkpoints, and puts its name below those that follow each other.
//!
//! # Invariants
//!
//! 1. Nothing is cosigned that does not begin with what was cosigned before.
//! 2. What is cosigned is kept durably before anybody sees the signature: a witness that restarts knows it.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use clap::Args;
use parking_lot::RwLock;
use selfsame_node::audit::{CHECKPOINT, new_key, read_checkpoint, replace};
use selfsame_record::checkpoint::SignedCheckpoint;
use selfsame_record::note::{KeyKind, SignerKey, VerifierKey};
use zeroize::Zeroizing;

use crate::client::Client;
use crate::commands::audit::engine::follows;
use crate::commands::audit::trust::{Token, tampered};
use crate::failure::{Failure, Outcome};
use crate::out::line;

/// Follow another engine's checkpoints and cosign those that follow each other
///
/// The last one that was cosigned is kept in the state's folder. A checkpoint that is smaller, or that does not begin
/// with the last one, is refused and said loudly: the engine was set back, or shows different logs to different
/// people. Run it where the engine's operator has no access.
///
/// Cosignatures are those of C2SP tlog-cosignature (`cosignature/v1`).
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame audit witness --of http://engine:4747 --log-key VKEY --state ./seen --key ./witness.key
  selfsame audit witness --of URL --log-key VKEY --state ./seen --key ./witness.key --listen 127.0.0.1:4848
  selfsame audit witness --of URL --log-key VKEY --state ./seen --key ./witness.key --once")]
pub(crate) struct WitnessArgs {
    /// The engine's address
    #[arg(long = "of", value_name = "URL")]
    pub(super) engine: String,
    /// The engine's public key, as `audit.vkey` has it
    #[arg(long, value_name = "VKEY")]
    pub(super) log_key: String,
    /// The folder that keeps what was cosigned last; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(super) state: PathBuf,
    /// The file of the witness's own key; made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// The name under which a new key is made
    #[arg(long, value_name = "NAME", default_value = "selfsame-witness")]
    pub(super) name: String,
    /// Answer `GET /checkpoint` with the last cosigned checkpoint, at this address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// Look once, print the cosigned checkpoint, and end
    #[arg(long)]
    pub(super) once: bool,
    /// How often it is looked
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) every: u64,
    #[command(flatten)]
    pub(super) token: Token,
}

pub(crate) async fn run(args: WitnessArgs) -> Outcome {
    let log = VerifierKey::parse(args.log_key.trim()).map_err(|e| Failure::Usage(e.to_string()))?;
    let client = args.token.client(&args.engine)?;
    let mut witness = Witness::open(&args, log)?;
    eprintln!("witness   {}", witness.key.verifier());
    if args.once {
        let cosigned = witness.look(&client).await?;
        return line(cosigned.to_string().trim_end());
    }
    let shown = Arc::new(RwLock::new(witness.last.as_ref().map(ToString::to_string)));
    if let Some(address) = args.listen {
        listen(address, Arc::clone(&shown)).await?;
    }
    let mut looks = tokio::time::interval(Duration::from_secs(args.every));
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            _ = looks.tick() => {}
        }
        match witness.look(&client).await {
            Ok(cosigned) => *shown.write() = Some(cosigned.to_string()),
            Err(failure @ Failure::Audit { .. }) => {
                eprintln!("REFUSED to cosign: the engine contradicts what it signed before");
                failure.say(false);
            }
            Err(failure) => failure.say(false),
        }
    }
}

/// A witness and its memory.
pub(super) struct Witness {
    log: VerifierKey,
    key: SignerKey,
    state: PathBuf,
    last: Option<SignedCheckpoint>,
    // Two witnesses with one key and two memories could contradict each other.
    _lock: File,
}

impl Witness {
    pub(super) fn open(args: &WitnessArgs, log: VerifierKey) -> Outcome<Witness> {
        let failed = |source| Failure::File { path: args.state.clone(), verb: "used", source };
        std::fs::create_dir_all(&args.state).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(args.state.join("lock"));
        let lock = lock.map_err(failed)?;
        lock.try_lock().map_err(|err| failed(err.into()))?;
        let key = secret(&args.key, &args.name)?;
        let place = || args.state.join(CHECKPOINT).display().to_string();
        let last = read_checkpoint(&args.state).map_err(|err| tampered(place(), err))?;
        if let Some(last) = &last {
            last.verify(&log).map_err(|err| tampered(place(), err))?;
            last.cosigned(key.verifier()).map_err(|err| tampered(place(), err))?;
        }
        Ok(Witness { log, key, state: args.state.clone(), last, _lock: lock })
    }

    #[cfg(test)]
    pub(super) fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Looks at what the engine says now, and cosigns it if it follows from what was cosigned last.
    pub(super) async fn look(&mut self, client: &Client) -> Outcome<SignedCheckpoint> {
        let mut signed = client.checkpoint().await?;
        let now = signed.verify(&self.log).map_err(|err| tampered(client.at(), err))?.clone();
        if let Some(last) = &self.last {
            follows(client, last.unverified(), &now).await?;
            if last.unverified() == &now && signed.note().signatures().len() < last.note().signatures().len()
            {
                signed = last.clone();
            }
        }
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        signed.cosign(&self.key, time);
        replace(&self.state, CHECKPOINT, &signed.to_string()).map_err(|err| tampered(CHECKPOINT, err))?;
        self.last = Some(signed.clone());
        Ok(signed)
    }
}

/// The witness's own key, made if it is not there.
fn secret(path: &Path, name: &str) -> Outcome<SignerKey> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let failed = |verb| move |source| Failure::File { path: path.to_owned(), verb, source };
    let unusable = |e: selfsame_record::note::KeyError| Failure::Input {
        what: format!("`{}`", path.display()),
        reason: e.to_string(),
    };
    if path.exists() {
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed("read"))?);
        let key = SignerKey::parse(text.trim_end()).map_err(unusable)?;
        if key.verifier().kind() != KeyKind::Cosignature {
            let reason = "it is a key that signs logs, and a witness needs one of its own".to_owned();
            return Err(Failure::Input { what: format!("`{}`", path.display()), reason });
        }
        return Ok(key);
    }
    let key = new_key(Some(name), KeyKind::Cosignature).map_err(|e| Failure::Usage(e.to_string()))?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed("made"))?;
    let written = file.write_all(key.to_secret_text().as_bytes()).and_then(|()| file.write_all(b"\n"));
    written.and_then(|()| file.sync_all()).map_err(failed("written"))?;
    Ok(key)
}

async fn listen(address: SocketAddr, shown: Arc<RwLock<Option<String>>>) -> Outcome {
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener =
        listener.map_err(|e| Failure::Server { what: "the witness", reason: format!("{address}: {e}") })?;
    if let Ok(address) = listener.local_addr() {
        eprintln!("listening http://{address}/checkpoint");
    }
    let answer = move || {
        let shown = shown.read().clone();
        async move { shown.ok_or((StatusCode::NOT_FOUND, "nothing was cosigned yet\n")) }
    };
    let routes = Router::new().route("/checkpoint", get(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(())
}
