//! The files that `tools/corpus` wrote.

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

/// One version of the schemas.
pub(crate) struct Version {
    pub(crate) name: String,
    /// The payload schemas by event type, each a document of its own.
    pub(crate) schemas: BTreeMap<String, Value>,
    validators: BTreeMap<String, Validator>,
}

/// One payload that somebody received.
pub(crate) struct Example {
    pub(crate) event_type: String,
    pub(crate) payload: Value,
}

/// Every version, and the examples by their version.
pub(crate) struct Corpus {
    pub(crate) versions: Vec<Version>,
    pub(crate) examples: Vec<(String, Vec<Example>)>,
}

impl Corpus {
    /// Reads the folder.
    pub(crate) fn read(folder: &Path) -> Result<Corpus, String> {
        let mut corpus = Corpus { versions: Vec::new(), examples: Vec::new() };
        for path in files(&folder.join("schemas"))? {
            corpus.versions.push(Version::of(&json_of(&text(&path)?)?)?);
        }
        corpus.versions.sort_by_key(|version| number(&version.name));
        for path in files(&folder.join("examples"))? {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let examples = text(&path)?.lines().map(example).collect::<Result<Vec<_>, _>>()?;
            corpus.examples.push((name, examples));
        }
        corpus.examples.sort_by_key(|(name, _)| number(name));
        Ok(corpus)
    }

    /// The version whose schemas describe the examples: the one that takes most of them, and of several the
    /// one next below the examples' own number.
    pub(crate) fn own_version(&self, name: &str, examples: &[Example]) -> Option<usize> {
        let taken = |version: &Version| {
            examples
                .iter()
                .filter(|example| version.check(&example.event_type, &example.payload).is_ok())
                .count()
        };
        let versions = self.versions.iter().enumerate();
        let newer = |version: &Version| number(&version.name) > number(name);
        let fit = versions.map(|(n, version)| (taken(version), !newer(version), n)).max()?;
        Some(fit.2)
    }
}

impl Version {
    fn of(document: &Value) -> Result<Version, String> {
        let name = document["name"].as_str().unwrap_or_default();
        let name = name.trim_start_matches("github-").replace('-', ".");
        let mut version = Version { name, schemas: BTreeMap::new(), validators: BTreeMap::new() };
        for (event_type, event) in document["events"].as_object().into_iter().flatten() {
            let mut schema = event["schema"].clone();
            schema["$defs"] = document["$defs"].clone();
            let validator = jsonschema::draft202012::options().should_validate_formats(false).build(&schema);
            let validator = validator.map_err(|e| format!("{event_type} of {}: {e}", version.name))?;
            version.validators.insert(event_type.clone(), validator);
            version.schemas.insert(event_type.clone(), schema);
        }
        Ok(version)
    }

    /// Takes out what closed objects do not name.
    pub(crate) fn drop_unknown(&self, event_type: &str, payload: &mut Value) {
        let Some(validator) = self.validators.get(event_type) else { return };
        let mut unknown = Vec::new();
        for error in validator.iter_errors(payload) {
            if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
                unknown.push((error.instance_path().to_string(), unexpected.clone()));
            }
        }
        for (host, keys) in unknown {
            let members = payload.pointer_mut(&host).and_then(Value::as_object_mut);
            members.into_iter().for_each(|members| members.retain(|key, _| !keys.contains(key)));
        }
    }

    /// Whether the payload is valid; the message says where not.
    pub(crate) fn check(&self, event_type: &str, payload: &Value) -> Result<(), String> {
        let Some(validator) = self.validators.get(event_type) else {
            return Err(format!("{} has no event type `{event_type}`", self.name));
        };
        let mut errors = validator.iter_errors(payload).map(|e| {
            let message: String = e.to_string().chars().take(160).collect();
            format!("`{}`: {message}", e.instance_path())
        });
        match errors.next() {
            None => Ok(()),
            Some(first) => Err(first),
        }
    }
}

fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, String> {
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
    Ok(Example { event_type, payload: line.get_mut("payload").map(Value::take).unwrap_or(json!(null)) })
}

fn number(name: &str) -> Vec<u32> {
    name.split('.').filter_map(|part| part.parse().ok()).collect()
}
