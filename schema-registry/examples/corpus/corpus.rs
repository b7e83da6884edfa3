//! The files that `tools/corpus` wrote.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// One payload that somebody received.
pub(crate) struct Example {
    pub(crate) event_type: String,
    pub(crate) payload: String,
}

/// Every version's document, and the examples by their version, both from the oldest on.
pub(crate) struct Corpus {
    pub(crate) documents: Vec<(String, Value)>,
    pub(crate) examples: Vec<(String, Vec<Example>)>,
}

impl Corpus {
    /// Reads the folder.
    pub(crate) fn read(folder: &Path) -> Result<Corpus, String> {
        let mut corpus = Corpus { documents: Vec::new(), examples: Vec::new() };
        for path in files(&folder.join("schemas"))? {
            let document = json_of(&text(&path)?)?;
            let name = document["name"].as_str().unwrap_or_default();
            let name = name.trim_start_matches("github-").replace('-', ".");
            corpus.documents.push((name, document));
        }
        for path in files(&folder.join("examples"))? {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let examples = text(&path)?.lines().map(example).collect::<Result<Vec<_>, _>>()?;
            corpus.examples.push((name, examples));
        }
        corpus.documents.sort_by_key(|(name, _)| number(name));
        corpus.examples.sort_by_key(|(name, _)| number(name));
        Ok(corpus)
    }
}

/// The schema of an event type with the document's shared schemas in it.
pub(crate) fn bundled(document: &Value, event_type: &str) -> Value {
    let mut schema = document["events"][event_type]["schema"].clone();
    schema["$defs"] = document["$defs"].clone();
    schema
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let list = std::fs::read_dir(folder)
        .map_err(|e| format!("{} cannot be read ({e}): run `tools/corpus` first", folder.display()))?;
    let mut files: Vec<_> = list.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    Ok(files)
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))
}

fn json_of(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))
}

fn example(line: &str) -> Result<Example, String> {
    let mut line = json_of(line)?;
    let event_type = line["type"].as_str().unwrap_or_default().to_owned();
    let payload = line.get_mut("payload").map(Value::take).unwrap_or(json!(null));
    Ok(Example { event_type, payload: payload.to_string() })
}

/// A version's name as what it is ordered by.
pub(crate) fn number(name: &str) -> Vec<u32> {
    name.split('.').filter_map(|part| part.parse().ok()).collect()
}
