//! Verifying an engine that runs, by what it answers.

use std::path::Path;

use reqwest::Method;
use selfsame_node::audit::CHECKPOINT;
use selfsame_record::Record;
use selfsame_record::checkpoint::{Checkpoint, SignedCheckpoint};
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::{Hash, TileKind, TileName, Tree, verify_consistency};
use serde_json::{Value, json};

use crate::client::Client;
use crate::commands::audit::trust::{Trust, another, older, tampered};
use crate::commands::audit::verify::Verified;
use crate::failure::{Failure, Outcome};

/// Verifies what an engine answers: its hashes, and over its operator's socket its records too.
pub(super) async fn verify(client: &Client, trust: &Trust, dir: Option<&Path>) -> Outcome<Verified> {
    let key = match dir {
        Some(dir) => trust.of_folder(dir)?,
        None => trust.given()?.ok_or_else(|| {
            Failure::Usage("a running engine is verified by its key: give it with `--key VKEY`".to_owned())
        })?,
    };
    let signed = client.checkpoint().await?;
    let signed = signed.verify(&key).map_err(|err| tampered(CHECKPOINT, err))?;
    let tree = hashes(client, signed).await?;
    if dir.is_some() {
        records(client, &tree).await?;
    }
    let held = trust.hold_against(&key, &tree)?;
    let more = json!({ "at": client.at(), "records_read": dir.is_some(), "held": held });
    Ok(Verified { what: "engine", key, size: signed.size, root: signed.root.to_base64(), more })
}

async fn hashes(client: &Client, signed: &Checkpoint) -> Outcome<Tree> {
    let mut tree = Tree::new();
    for name in TileName::of_size(signed.size, TileKind::Level(0)) {
        let bytes = client.bytes(&format!("/audit/{name}")).await?;
        bytes.as_chunks::<32>().0.iter().for_each(|leaf| tree.push(Hash(*leaf)));
    }
    if tree.size() != signed.size {
        return Err(tampered(CHECKPOINT, older(signed.size, tree.size())));
    }
    if tree.root() != signed.root {
        return Err(tampered("tile/0", another(signed, &tree.root().to_base64())));
    }
    Ok(tree)
}

async fn records(client: &Client, tree: &Tree) -> Outcome {
    let (mut entry, mut next) = (EntryWriter::new(), 0);
    if tree.size() > 0 {
        let request = client.request_at(Method::GET, "/audit/records").query(&[("until", tree.size())]);
        client
            .lines(request, &mut |_, line| {
                let record: Record = serde_json::from_value(line).map_err(|e| Failure::NotAnEngine {
                    at: client.at().to_owned(),
                    reason: e.to_string(),
                })?;
                entry.write_owned(&record);
                if tree.leaf(next) != Some(entry.leaf()) {
                    return Err(tampered("log", format!("#{} is not the record that was signed", next + 1)));
                }
                next += 1;
                Ok(())
            })
            .await?;
    }
    if next == tree.size() { Ok(()) } else { Err(tampered("log", format!("it ends at #{next}"))) }
}

/// Sees that a later checkpoint of an engine follows from an earlier one.
pub(super) async fn follows(client: &Client, from: &Checkpoint, to: &Checkpoint) -> Outcome {
    if to.size < from.size {
        return Err(tampered(client.at(), older(from.size, to.size)));
    }
    let path: Vec<Hash> = if from.size == 0 || from.size == to.size {
        Vec::new()
    } else {
        let answer =
            client.bytes(&format!("/audit/proof/consistency?from={}&to={}", from.size, to.size)).await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let path = answer.get("path").cloned().unwrap_or_default();
        serde_json::from_value(path)
            .map_err(|e| Failure::NotAnEngine { at: client.at().to_owned(), reason: e.to_string() })?
    };
    let shown = verify_consistency((from.size, from.root), (to.size, to.root), &path);
    shown.map_err(|err| {
        let (old, new) = (from.size, to.size);
        tampered(
            client.at(),
            format!("its log of #{new} does not begin with the one of #{old}: a fork ({err})"),
        )
    })
}

impl Client {
    /// The engine's checkpoint, as it came.
    pub(super) async fn checkpoint(&self) -> Outcome<SignedCheckpoint> {
        let bytes = self.bytes("/audit/checkpoint").await?;
        let text = String::from_utf8_lossy(&bytes);
        SignedCheckpoint::parse(&text)
            .map_err(|e| Failure::NotAnEngine { at: self.at().to_owned(), reason: e.to_string() })
    }
}
