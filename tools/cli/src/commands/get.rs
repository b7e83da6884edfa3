//! `get`: one object of a cache, or one row of a view.

use async_nats::HeaderMap;
use clap::Args;
use selfsame_node::nats::subject::subject_get;
use selfsame_record::{Key, Name, NameError};

use crate::client::{Answer, Client, segment};
use crate::commands::Via;
use crate::failure::{Failure, Outcome};
use crate::nats;
use crate::out::{Out, member, show};
use crate::reach::Reach;

/// Get one object of a cache, or one row of a view
///
/// The value is printed as JSON. Which version answered, and at which position, is said on stderr; with
/// --json both are part of the output.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame get author ann@example.org
  selfsame get files src/main.rs --at-least 4711   wait until position 4711 is applied
  selfsame get author ann@example.org --read-as v1 ask for another live version's object")]
pub(crate) struct GetArgs {
    /// The cache or view
    projection: String,
    /// The key of the object or row
    key: String,
    /// Read another live version than the active one
    #[arg(long, value_name = "VERSION")]
    read_as: Option<String>,
    /// Wait until this position is applied, such as the one that a publication was answered with
    #[arg(long, value_name = "POSITION")]
    at_least: Option<u64>,
    /// How to ask
    #[arg(long, value_enum, default_value_t = Via::Http)]
    via: Via,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: GetArgs, out: Out) -> Outcome {
    let answer = match args.via {
        Via::Http => over_http(&args).await?,
        Via::Nats => over_nats(&args).await?,
    };
    let (version, position) = (member(&answer.json, "version"), member(&answer.json, "position"));
    if !out.json {
        eprintln!("{} at #{position}", show(version));
    }
    out.answer(&answer, |json| format!("{:#}", member(json, "value")))
}

async fn over_http(args: &GetArgs) -> Outcome<Answer> {
    if matches!(args.key.as_str(), "." | "..") {
        let why = format!("the key `{}` cannot be part of a URL: use `--via nats`", args.key);
        return Err(Failure::Usage(why));
    }
    let client = args.reach.client()?;
    match ask(&client, "cache", args).await {
        Err(refused) if refused.code() == "unknown-projection" => {
            // It may be a view; if it is none either, that answer says more.
            ask(&client, "views", args).await
        }
        answered => answered,
    }
}

async fn ask(client: &Client, kind: &str, args: &GetArgs) -> Outcome<Answer> {
    let path = format!("{kind}/{}/{}", segment(&args.projection), segment(&args.key));
    let mut query = Vec::new();
    query.extend(args.read_as.as_ref().map(|version| ("read_as".to_owned(), version.clone())));
    query.extend(args.at_least.map(|position| ("at_least".to_owned(), position.to_string())));
    client.get(&path, &query).await
}

async fn over_nats(args: &GetArgs) -> Outcome<Answer> {
    let usage = |e: NameError| Failure::Usage(e.to_string());
    let projection = Name::parse(&args.projection).map_err(usage)?;
    let key = Key::parse(&args.key).map_err(usage)?;
    let client = nats::connect(&args.reach).await?;
    let mut headers = HeaderMap::new();
    if let Some(version) = &args.read_as {
        headers.insert("selfsame-read-as", version.as_str());
    }
    if let Some(position) = args.at_least {
        headers.insert("selfsame-at-least", position.to_string());
    }
    nats::request(&client, subject_get(&projection, &key), headers, "").await
}
