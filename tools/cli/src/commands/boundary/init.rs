//! `boundary init`: a new boundary with keys and tokens.

use std::path::{Path, PathBuf};

use clap::Args;
use selfsame_boundary::{Fresh, Named, folder};
use selfsame_core::PrincipalKind;
use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};

/// Make a boundary with keys and tokens
///
/// Writes boundary.toml, policy.cedar and policy.cedarschema to DIR, signed with the key of the first operator.
/// For everybody who is named it writes a key (NAME.nk) and a bearer token (NAME.token) to the folder after
/// --keys, which their owner alone can use, and which is to lie on another machine than the engine: hand them
/// out, and keep the operators' keys where no agent can read. Nothing is overwritten.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame boundary init ./boundary --keys ~/selfsame-keys --instance shop --operator ada \\
      --operator bob --service web --agent coder:bob
  selfsame boundary check ./boundary
  selfsame serve --dir ./data --boundary ./boundary --boundary-key UABC...")]
pub(crate) struct InitArgs {
    /// The folder to make
    dir: PathBuf,
    /// The folder for keys and tokens; not within DIR
    #[arg(long, value_name = "KEYS")]
    keys: PathBuf,
    /// What the installation is called; signed commands name it
    #[arg(long, value_name = "TEXT")]
    instance: String,
    /// An operator, and the person who answers for them; without it, they do themselves
    #[arg(long = "operator", value_name = "NAME[:OWNER]", required = true)]
    operators: Vec<String>,
    /// A service, and the person who answers for it
    #[arg(long = "service", value_name = "NAME[:OWNER]")]
    services: Vec<String>,
    /// An agent, and the person who answers for it; that person's word on its changes does not count
    #[arg(long = "agent", value_name = "NAME[:OWNER]")]
    agents: Vec<String>,
}

impl InitArgs {
    fn named(&self) -> Vec<Named> {
        let kinds = [
            (PrincipalKind::Operator, &self.operators),
            (PrincipalKind::Service, &self.services),
            (PrincipalKind::Agent, &self.agents),
        ];
        let named = |kind, text: &String| {
            let (name, owner) = text.split_once(':').unwrap_or((text, text));
            Named { name: name.to_owned(), kind, owner: owner.to_owned() }
        };
        kinds.iter().flat_map(|(kind, all)| all.iter().map(|text| named(*kind, text))).collect()
    }
}

pub(super) fn run(args: &InitArgs, out: Out) -> Outcome {
    if absolute(&args.keys)?.starts_with(absolute(&args.dir)?) {
        let text = "the folder after `--keys` lies within the boundary, which the engine reads";
        return Err(Failure::Usage(text.to_owned()));
    }
    let fresh = Fresh::make(&args.instance, &args.named())?;
    let secret = |name: &str, end: &str| args.keys.join(format!("{name}.{end}"));
    let mut free = folder::paths(&args.dir);
    free.extend(fresh.secrets.iter().flat_map(|s| [secret(&s.name, "nk"), secret(&s.name, "token")]));
    folder::is_free(&free)?;
    folder::make_secret_dir(&args.keys)?;
    for secrets in &fresh.secrets {
        folder::write_secret(&secret(&secrets.name, "nk"), &secrets.seed)?;
        folder::write_secret(&secret(&secrets.name, "token"), &secrets.token)?;
    }
    folder::write(&args.dir, &fresh.files, &fresh.seal)?;
    let (dir, keys, key) = (args.dir.display(), args.keys.display(), fresh.key.as_str());
    if out.json {
        let names: Vec<&str> = fresh.secrets.iter().map(|secrets| secrets.name.as_str()).collect();
        let hash = fresh.files.hash();
        let said = json!({"dir": dir.to_string(), "keys": keys.to_string(), "key": key, "hash": hash, "principals": names});
        return line(&said.to_string());
    }
    line(key)?;
    eprintln!(
        "the boundary is in {dir}, signed; the keys and tokens of {} principals are in {keys}\n\
         next: read {dir}/policy.cedar, and see what each may do with `selfsame boundary check {dir}`\n\
         next: move {keys} away from this machine, and give everybody their own token\n\
         next: serve with `selfsame serve --dir DATA --boundary {dir} --boundary-key {key}`",
        fresh.secrets.len(),
    );
    Ok(())
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    // Links count as what they lead to, as far as there is something.
    let known = path.canonicalize().or_else(|_| std::path::absolute(path));
    known.map_err(|source| Failure::File { path: path.to_owned(), verb: "read", source })
}
