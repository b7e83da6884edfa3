//! What only operators may do, over the socket in the engine's folder.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::{Answer, Client, segment};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, member, show, table};
use crate::reach::OPERATOR;
use crate::secret::{self, Credential};
use crate::signing::{About, sign};

/// How often is looked whether a repair is done.
const REPAIR_LOOK_EVERY: Duration = Duration::from_millis(100);

/// Which engine an operator means, and as whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which engine, and as whom")]
pub(crate) struct Post {
    /// The engine's folder, which has the operator's socket
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: Option<PathBuf>,
    /// Who acts: one word of letters, digits, `_` and `-`
    #[arg(
        long = "as",
        value_name = "PRINCIPAL",
        env = "SELFSAME_OPERATOR",
        hide_env_values = true,
        default_value = "operator"
    )]
    principal: String,
    /// A file with the token that proves who acts, where a boundary is in force
    #[arg(long, value_name = "FILE", env = "SELFSAME_OPERATOR_TOKEN_FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,
    /// A file with the seed of the nkey that signs what is ordered
    #[arg(long, value_name = "FILE", env = "SELFSAME_OPERATOR_KEY", hide_env_values = true)]
    key: Option<PathBuf>,
    /// The engine's listener for operators, instead of the socket in its folder
    #[arg(long, value_name = "URL", env = "SELFSAME_OPERATOR_SERVER", hide_env_values = true)]
    server: Option<String>,
}

impl Post {
    /// A client for the operator's socket.
    pub(crate) fn client(&self) -> Outcome<Client> {
        let credential = Credential::of(self.token_file.as_deref(), &self.principal)?;
        if let Some(server) = &self.server {
            return Client::with(server, credential);
        }
        let dir = self.dir.as_ref().ok_or_else(|| {
            Failure::Usage(
                "say which engine: its folder with `--dir`, or its address with `--server`".to_owned(),
            )
        })?;
        let socket = dir.join(OPERATOR);
        if !socket.exists() {
            let reason = "no engine serves from it".to_owned();
            return Err(Failure::Unreachable { at: dir.display().to_string(), reason });
        }
        Client::operator_with(&socket, credential)
    }
}

/// Stop all changes by agents at once; rewinds go on working
#[derive(Args, Debug)]
pub(crate) struct FreezeArgs {
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    post: Post,
}

/// Let agents change again after a freeze
#[derive(Args, Debug)]
pub(crate) struct UnfreezeArgs {
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    post: Post,
}

/// Let no version below this one serve again
#[derive(Args, Debug)]
pub(crate) struct FloorArgs {
    /// The lowest version that may serve; `none`: any may
    version: String,
    #[command(flatten)]
    post: Post,
}

/// Let a version not serve until it is unsealed
#[derive(Args, Debug)]
pub(crate) struct SealArgs {
    /// The version
    version: String,
    /// Why, for those who are refused
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    post: Post,
}

/// Let a sealed version serve again
#[derive(Args, Debug)]
pub(crate) struct UnsealArgs {
    /// The version
    version: String,
    #[command(flatten)]
    post: Post,
}

/// What is done with events that are set aside.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// Set events aside
    ///
    /// The log keeps them. Every live version is folded anew without them, in the shadow; until that is done it goes
    /// on as it was.
    Add(SetAsideArgs),
    /// List what is set aside, and which versions are not folded anew yet
    List {
        #[command(flatten)]
        post: Post,
    },
    /// Let events that were set aside come back
    Release {
        /// The position of the record that set them aside
        quarantine: u64,
        #[command(flatten)]
        post: Post,
    },
}

/// Which events are set aside.
#[derive(Args, Debug)]
pub(crate) struct SetAsideArgs {
    /// The first position
    #[arg(long, value_name = "POSITION")]
    from: u64,
    /// The last position
    #[arg(long, value_name = "POSITION")]
    to: u64,
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events of this principal; may be repeated
    #[arg(long = "principal", value_name = "PRINCIPAL")]
    principals: Vec<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    post: Post,
}

pub(crate) async fn quarantine(command: QuarantineCommand, out: Out) -> Outcome {
    match command {
        QuarantineCommand::Add(args) => {
            let body = json!({
                "from": args.from, "to": args.to, "types": args.types, "principals": args.principals,
                "reason": args.reason,
            });
            let what = ("quarantine", &body);
            order(&args.post, ("quarantines", &body), what, About::Nothing, out, "these events are set aside")
                .await
        }
        QuarantineCommand::Release { quarantine, post } => {
            let path = format!("quarantines/{quarantine}/release");
            let signed = json!({ "quarantine": quarantine });
            let what = ("release", &signed);
            order(&post, (&path, &json!({})), what, About::Nothing, out, "the events come back").await
        }
        QuarantineCommand::List { post } => {
            let state = post.client()?.get("state", &[]).await?.json;
            let json = member(&state, "quarantines").clone();
            out.answer(&Answer { text: json.to_string(), json }, set_aside)
        }
    }
}

fn set_aside(json: &Value) -> String {
    let in_force = member(json, "in_force").as_array().filter(|list| !list.is_empty());
    let Some(in_force) = in_force else { return "nothing is set aside".to_owned() };
    let row = |entry: &Value| {
        let what = member(entry, "what");
        let text = |name| member(what, name).clone();
        vec![
            member(entry, "quarantine").clone(),
            text("from"),
            text("to"),
            text("types"),
            text("principals"),
            text("reason"),
        ]
    };
    let header = ["quarantine", "from", "to", "types", "principals", "reason"];
    let lines = table(&header, &in_force.iter().map(row).collect::<Vec<_>>());
    match member(json, "pending").as_array() {
        Some(pending) if !pending.is_empty() => {
            format!("{lines}\nnot folded anew yet: {}", show(member(json, "pending")))
        }
        _ => lines,
    }
}

/// Fold a live version anew from the log, and put that in the place of what is live
///
/// It is done in the shadow, like a build; readers go on reading. Both should be equal, and the record says whether
/// they are; the exit code is 1 if they are not.
#[derive(Args, Debug)]
pub(crate) struct RepairArgs {
    /// The version
    version: String,
    #[command(flatten)]
    post: Post,
}

pub(crate) async fn repair(args: RepairArgs, out: Out) -> Outcome {
    let client = args.post.client()?;
    let path = format!("versions/{}/repair", segment(&args.version));
    let signed = json!({ "version": args.version });
    let about = About::Version(&args.version);
    let started = send(&args.post, (&path, &json!({})), ("repair", &signed), about).await?;
    let since = member(&started.json, "record").as_u64().unwrap_or_default();
    loop {
        tokio::time::sleep(REPAIR_LOOK_EVERY).await;
        let state = client.get("state", &[]).await?.json;
        let repairs = member(&state, "repairs");
        if member(repairs, "under_way").as_array().is_some_and(|under_way| !under_way.is_empty()) {
            continue;
        }
        let last = member(repairs, "last");
        if member(last, "at").as_u64().is_none_or(|at| at < since) {
            return Err(Failure::NotBuilt { version: args.version, stage: "not folded anew".to_owned() });
        }
        let equal = member(last, "equal") == &Value::Bool(true);
        out.answer(&Answer { text: last.to_string(), json: last.clone() }, |json| {
            let same = if equal { "equal to" } else { "DIFFERENT from" };
            format!("{} is folded anew since #{}, {same} what was live", args.version, member(json, "at"))
        })?;
        return if equal { Ok(()) } else { Err(Failure::Unequal) };
    }
}

/// Let an agent do more than propose again
#[derive(Args, Debug)]
pub(crate) struct ResetBreakerArgs {
    /// The agent
    agent: String,
    #[command(flatten)]
    post: Post,
}

pub(crate) async fn freeze(args: FreezeArgs, out: Out) -> Outcome {
    let body = json!({ "reason": args.reason });
    let what = ("freeze", &body);
    order(&args.post, ("freeze", &body), what, About::Nothing, out, "all changes by agents are frozen").await
}

pub(crate) async fn unfreeze(args: UnfreezeArgs, out: Out) -> Outcome {
    let body = json!({ "reason": args.reason });
    let what = ("unfreeze", &body);
    order(&args.post, ("unfreeze", &body), what, About::Nothing, out, "agents may change again").await
}

pub(crate) async fn floor(args: FloorArgs, out: Out) -> Outcome {
    let version = if args.version == "none" { Value::Null } else { args.version.as_str().into() };
    let said = format!("the floor is {}", args.version);
    let about = if version.is_null() { About::Nothing } else { About::Version(&args.version) };
    let body = json!({ "version": version });
    order(&args.post, ("floor", &body), ("floor", &body), about, out, &said).await
}

pub(crate) async fn seal(args: SealArgs, out: Out) -> Outcome {
    let path = format!("versions/{}/seal", segment(&args.version));
    let said = format!("{} is sealed", args.version);
    let signed = json!({ "version": args.version, "reason": args.reason });
    let (what, about) = (("seal", &signed), About::Version(&args.version));
    order(&args.post, (&path, &json!({ "reason": args.reason })), what, about, out, &said).await
}

pub(crate) async fn unseal(args: UnsealArgs, out: Out) -> Outcome {
    let path = format!("versions/{}/unseal", segment(&args.version));
    let said = format!("{} may serve again", args.version);
    let signed = json!({ "version": args.version });
    let (what, about) = (("unseal", &signed), About::Version(&args.version));
    order(&args.post, (&path, &json!({})), what, about, out, &said).await
}

pub(crate) async fn reset_breaker(args: ResetBreakerArgs, out: Out) -> Outcome {
    let path = format!("breakers/{}/reset", segment(&args.agent));
    let said = format!("{} may do more than propose again", args.agent);
    let signed = json!({ "agent": args.agent });
    order(&args.post, (&path, &json!({})), ("reset-breaker", &signed), About::Nothing, out, &said).await
}

/// Orders something: signed if there is a key, with the token or the name alone if there is none.
pub(crate) async fn order(
    post: &Post,
    bare: (&str, &Value),
    signed: (&str, &Value),
    about: About<'_>,
    out: Out,
    said: &str,
) -> Outcome {
    let answer = send(post, bare, signed, about).await?;
    out.answer(&answer, |json| format!("{said}, by the record #{}", member(json, "record")))
}

async fn send(
    post: &Post,
    (path, body): (&str, &Value),
    signed: (&str, &Value),
    about: About<'_>,
) -> Outcome<Answer> {
    let client = post.client()?;
    let Some(key) = &post.key else { return client.post(path, body).await };
    let envelope = sign(&client, &secret::key(key)?, &post.principal, signed, about).await?;
    client.post("commands", &envelope).await
}
