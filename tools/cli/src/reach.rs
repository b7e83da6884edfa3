//! Which engine a command speaks to, and as whom.
//!
//! An engine that serves from a folder leaves `serving.json` there, so that commands given the folder
//! find it, whatever ports it has.

use std::path::{Path, PathBuf};

use async_nats::ConnectOptions;
use clap::Args;
use selfsame_node::nats::NatsKey;
use selfsame_node::nats::client::options_as;
use selfsame_record::Principal;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::secret::Credential;

/// Where an engine listens if nothing else is said.
pub(crate) const LISTEN: &str = "127.0.0.1:4747";
/// The file that says where an engine listens, in its folder.
pub(crate) const SERVING: &str = "serving.json";
/// The operator's socket, in the engine's folder.
pub(crate) const OPERATOR: &str = "operator.sock";

/// Which engine, and as whom.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Which engine, and as whom")]
pub(crate) struct Reach {
    /// The engine's address
    ///
    /// Without it, the address in `serving.json` of the folder given by --dir; without that,
    /// http://127.0.0.1:4747.
    #[arg(long, value_name = "URL", env = "SELFSAME_SERVER", hide_env_values = true)]
    pub(crate) server: Option<String>,
    /// The folder of an engine on this machine, which says where it listens
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    pub(crate) dir: Option<PathBuf>,
    /// The NATS server that the engine is connected to
    ///
    /// Without it, the one in `serving.json` of the folder given by --dir.
    #[arg(long, value_name = "URL", env = "SELFSAME_NATS", hide_env_values = true)]
    pub(crate) nats: Option<String>,
    /// The file with the seed of your NATS key, for a server with accounts
    ///
    /// One line that begins with `SU`, in a file that only you can read. The key has to be one of the
    /// principal's that --as names.
    #[arg(long, value_name = "FILE", env = "SELFSAME_NATS_KEY", hide_env_values = true)]
    pub(crate) nats_key: Option<PathBuf>,
    /// Who acts: one word of letters, digits, `_` and `-`
    ///
    /// An event's identity is its principal, source and id together: the same event published by
    /// another principal is another event.
    #[arg(
        long = "as",
        value_name = "PRINCIPAL",
        env = "SELFSAME_PRINCIPAL",
        hide_env_values = true,
        default_value = "cli"
    )]
    pub(crate) principal: String,
    /// A file with the token that proves who acts, where a boundary is in force
    #[arg(long, value_name = "FILE", env = "SELFSAME_TOKEN_FILE", hide_env_values = true)]
    pub(crate) token_file: Option<PathBuf>,
}

/// What an engine says of itself in its folder while it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Serving {
    /// Its HTTP address, as a URL.
    pub(crate) http: String,
    /// Its NATS server, as a URL.
    pub(crate) nats: Option<String>,
    /// Its listener for operators, as a URL, if there is one beside the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<String>,
    /// Its process.
    pub(crate) pid: u32,
}

impl Serving {
    /// What the folder says; `None` if nothing serves from it.
    pub(crate) fn read(dir: &Path) -> Outcome<Option<Serving>> {
        let path = dir.join(SERVING);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Failure::File { path, verb: "read", source }),
        };
        let parsed = serde_json::from_str(&text).map(Some);
        parsed.map_err(|e| Failure::Input { what: format!("`{}`", path.display()), reason: e.to_string() })
    }

    /// Leaves it in the folder, whole or not at all.
    pub(crate) fn write(&self, dir: &Path) -> Outcome {
        let path = dir.join(SERVING);
        let written = tempfile::NamedTempFile::new_in(dir).and_then(|file| {
            serde_json::to_writer_pretty(file.as_file(), self)?;
            file.persist(&path).map_err(|e| e.error)
        });
        written.map(|_| ()).map_err(|source| Failure::File { path, verb: "written", source })
    }
}

impl Reach {
    /// A client for the engine.
    pub(crate) fn client(&self) -> Outcome<Client> {
        let server = match (&self.server, self.serving()?) {
            (Some(server), _) => server.clone(),
            (None, Some(serving)) => serving.http,
            (None, None) => match &self.dir {
                Some(dir) => return Err(not_served(dir)),
                None => format!("http://{LISTEN}"),
            },
        };
        Client::with(&server, Credential::of(self.token_file.as_deref(), &self.principal)?)
    }

    /// Who acts.
    pub(crate) fn principal(&self) -> Outcome<Principal> {
        Principal::parse(&self.principal).map_err(|e| Failure::Usage(e.to_string()))
    }

    /// The NATS server's address, if one is known.
    pub(crate) fn nats_url(&self) -> Outcome<Option<String>> {
        if let Some(url) = &self.nats {
            return Ok(Some(url.clone()));
        }
        Ok(self.serving()?.and_then(|serving| serving.nats))
    }

    /// What a connection to the NATS server is proven with, if it is.
    pub(crate) fn nats_options(&self) -> Outcome<ConnectOptions> {
        match &self.nats_key {
            None => Ok(ConnectOptions::new()),
            Some(file) => Ok(options_as(&self.principal()?, &read_key(file)?)),
        }
    }

    fn serving(&self) -> Outcome<Option<Serving>> {
        self.dir.as_deref().map_or(Ok(None), Serving::read)
    }
}

/// The key in a file.
pub(crate) fn read_key(file: &Path) -> Outcome<NatsKey> {
    NatsKey::read(file).map_err(|e| Failure::Input { what: "the NATS key".to_owned(), reason: e.to_string() })
}

fn not_served(dir: &Path) -> Failure {
    Failure::Unreachable { at: dir.display().to_string(), reason: format!("it has no `{SERVING}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(server: Option<&str>, dir: Option<&Path>) -> Reach {
        let (server, dir) = (server.map(str::to_owned), dir.map(Path::to_owned));
        Reach { server, dir, nats: None, nats_key: None, principal: "cli".to_owned(), token_file: None }
    }

    #[test]
    fn a_folder_says_where_its_engine_listens() {
        let dir = tempfile::tempdir().expect("a folder");
        let serving = Serving {
            http: "http://127.0.0.1:1".into(),
            nats: Some("nats://x".into()),
            operator: None,
            pid: 7,
        };
        assert_eq!(Serving::read(dir.path()).expect("nothing"), None);
        let err = reach(None, Some(dir.path())).client().expect_err("an error");
        assert!(err.to_string().ends_with("it has no `serving.json`"), "{err}");
        serving.write(dir.path()).expect("written");
        assert_eq!(Serving::read(dir.path()).expect("read"), Some(serving));
        let found = reach(None, Some(dir.path()));
        assert_eq!(found.client().expect("a client").at(), "http://127.0.0.1:1");
        assert_eq!(found.nats_url().expect("a URL"), Some("nats://x".to_owned()));
        let named = reach(Some("http://127.0.0.1:2/"), Some(dir.path()));
        assert_eq!(named.client().expect("a client").at(), "http://127.0.0.1:2");
        assert_eq!(reach(None, None).client().expect("a client").at(), "http://127.0.0.1:4747");
    }
}
