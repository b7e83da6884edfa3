//! One event of a repository's history, and its form as a CloudEvent.
//!
//! The ids are those of git: a commit's hash, and hash and path for a file that it changed. The source
//! is the first commit of the first-parent line, so that every clone of a repository says the same.

use std::sync::Arc;

use serde_json::{Value, json};

use super::key;
use super::rows::{RawCommit, RawFile};

/// What all events of one repository have in common.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The CloudEvents `source`: `urn:git:` and the hash of the first commit.
    pub(crate) source: String,
    /// The branch that is read, as the second version of the events says it.
    pub(crate) branch: String,
}

/// One event of a repository's history.
#[derive(Clone, Debug)]
pub(crate) enum GitEvent {
    /// Somebody committed something.
    Commit(Arc<Commit>),
    /// A commit changed a file.
    File(FileChange),
}

/// Who committed what and when.
#[derive(Debug)]
pub(crate) struct Commit {
    origin: Arc<Origin>,
    /// Its hash.
    pub(crate) hash: String,
    /// Its parents' hashes: none for the first, several for a merge.
    pub(crate) parents: Vec<String>,
    /// The author's name.
    pub(crate) author_name: String,
    /// The author's address, as a key.
    pub(crate) author_email: String,
    /// When it was committed.
    pub(crate) committed_at: jiff::Timestamp,
    /// The first line of its message.
    pub(crate) subject: String,
    /// How many files it changed.
    pub(crate) files: u64,
    /// Lines added.
    pub(crate) added: u64,
    /// Lines removed.
    pub(crate) removed: u64,
    altered: bool,
}

/// What a commit did to a file.
#[derive(Clone, Debug)]
pub(crate) struct FileChange {
    /// The commit.
    pub(crate) commit: Arc<Commit>,
    /// The file's path, as a key.
    pub(crate) path: String,
    /// Lines added; 0 for a binary file.
    pub(crate) added: u64,
    /// Lines removed; 0 for a binary file.
    pub(crate) removed: u64,
    /// Whether git takes it for binary, so that lines say nothing.
    pub(crate) binary: bool,
    id: String,
    altered: bool,
}

/// The commit's own event, and then one for each file.
pub(crate) fn events_of(raw: RawCommit, origin: &Arc<Origin>) -> Vec<GitEvent> {
    let files = raw.files.iter().fold((0, 0, 0), |(n, added, removed), file| {
        let (a, r) = file.lines.unwrap_or_default();
        (n + 1, u64::saturating_add(added, a), u64::saturating_add(removed, r))
    });
    let commit = Arc::new(Commit {
        origin: Arc::clone(origin),
        author_name: key::text(&raw.author),
        author_email: key::key(&raw.email),
        committed_at: jiff::Timestamp::from_second(raw.seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        subject: key::text(&raw.subject),
        files: files.0,
        added: files.1,
        removed: files.2,
        altered: !key::is_kept(&raw.author)
            || !key::is_kept(&raw.subject)
            || key::key(&raw.email).as_bytes() != raw.email,
        hash: raw.hash,
        parents: raw.parents,
    });
    let mut events = Vec::with_capacity(raw.files.len() + 1);
    events.push(GitEvent::Commit(Arc::clone(&commit)));
    events.extend(raw.files.into_iter().map(|file| GitEvent::File(FileChange::new(&commit, &file))));
    events
}

impl FileChange {
    fn new(commit: &Arc<Commit>, file: &RawFile) -> FileChange {
        let (added, removed) = file.lines.unwrap_or_default();
        let path = key::key(&file.path);
        FileChange {
            commit: Arc::clone(commit),
            id: key::file_id(&commit.hash, &file.path),
            altered: path.as_bytes() != file.path,
            path,
            added,
            removed,
            binary: file.lines.is_none(),
        }
    }
}

impl GitEvent {
    /// The event in structured mode, written in a schema version.
    ///
    /// `v1` has the shape of `examples/git-v1.yaml`, every later version that of `examples/git-v2.yaml`.
    pub(crate) fn cloud_event(&self, version: &str) -> Value {
        let (event_type, id, subject, data) = match self {
            GitEvent::Commit(commit) => {
                ("git.commit", &commit.hash, &commit.hash, commit.data(version == "v1"))
            }
            GitEvent::File(file) => ("git.file-changed", &file.id, &file.path, file.data()),
        };
        let commit = self.commit();
        json!({
            "specversion": "1.0",
            "id": id,
            "source": commit.origin.source,
            "type": event_type,
            "subject": subject,
            "time": commit.committed_at.to_string(),
            "dataschema": format!("urn:selfsame:version:{version}"),
            "datacontenttype": "application/json",
            "data": data,
        })
    }

    /// The commit that it is of.
    pub(crate) fn commit(&self) -> &Commit {
        match self {
            GitEvent::Commit(commit) => commit,
            GitEvent::File(file) => &file.commit,
        }
    }

    /// Whether a path, name or subject could not be kept byte for byte.
    pub(crate) fn is_altered(&self) -> bool {
        match self {
            GitEvent::Commit(commit) => commit.altered,
            GitEvent::File(file) => file.altered,
        }
    }
}

impl Commit {
    fn data(&self, first_version: bool) -> Value {
        let mut data = json!({
            "commit": self.hash,
            "author_name": self.author_name,
            "author_email": self.author_email,
            "committed_at": self.committed_at.to_string(),
            "parents": self.parents,
            "files": self.files,
            "added": self.added,
            "removed": self.removed,
        });
        if let Value::Object(fields) = &mut data {
            let name = if first_version { "subject" } else { "title" };
            fields.insert(name.to_owned(), self.subject.clone().into());
            if !first_version {
                fields.insert("branch".to_owned(), self.origin.branch.clone().into());
            }
        }
        data
    }
}

impl FileChange {
    fn data(&self) -> Value {
        json!({
            "commit": self.commit.hash,
            "path": self.path,
            "author_email": self.commit.author_email,
            "added": self.added,
            "removed": self.removed,
            "churn": self.added.saturating_add(self.removed),
            "binary": self.binary,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(raw: RawCommit) -> Vec<GitEvent> {
        let origin = Origin { source: "urn:git:00".to_owned(), branch: "trunk".to_owned() };
        events_of(raw, &Arc::new(origin))
    }

    fn raw() -> RawCommit {
        RawCommit {
            hash: "ab".repeat(20),
            parents: vec!["cd".repeat(20)],
            author: b"Ann".to_vec(),
            email: b"ann@example.org".to_vec(),
            seconds: 1_700_000_000,
            subject: b"Mend the roof".to_vec(),
            files: vec![
                RawFile { path: b"roof.rs".to_vec(), lines: Some((3, 1)) },
                RawFile { path: b"nail.png".to_vec(), lines: None },
            ],
        }
    }

    #[test]
    fn a_commit_comes_before_its_files_and_counts_them() {
        let events = events(raw());
        assert_eq!(events.len(), 3);
        let event = events[0].cloud_event("v1");
        assert_eq!(event["type"], "git.commit");
        assert_eq!(event["id"], "ab".repeat(20));
        assert_eq!(event["source"], "urn:git:00");
        assert_eq!(event["time"], "2023-11-14T22:13:20Z");
        assert_eq!(event["dataschema"], "urn:selfsame:version:v1");
        let data = &event["data"];
        assert_eq!((&data["files"], &data["added"], &data["removed"]), (&json!(2), &json!(3), &json!(1)));
        assert_eq!(data["subject"], "Mend the roof");
        assert_eq!(data["branch"], Value::Null);
    }

    #[test]
    fn a_later_version_says_title_and_branch() {
        let data = events(raw())[0].cloud_event("v2")["data"].clone();
        assert_eq!(data["title"], "Mend the roof");
        assert_eq!(data["branch"], "trunk");
        assert_eq!(data["subject"], Value::Null);
    }

    #[test]
    fn a_file_is_found_by_its_path() {
        let events = events(raw());
        let event = events[2].cloud_event("v1");
        assert_eq!(event["subject"], "nail.png");
        assert_eq!(event["id"], format!("{}:nail.png", "ab".repeat(20)));
        assert_eq!(event["data"]["binary"], true);
        assert_eq!(events[1].cloud_event("v2")["data"]["churn"], 4);
        assert_eq!(event["data"]["path"], event["subject"]);
        assert!(!events[2].is_altered());
    }

    #[test]
    fn what_could_not_be_kept_is_said() {
        let mut odd = raw();
        odd.author = b"Ren\xe9".to_vec();
        odd.email = Vec::new();
        odd.seconds = i64::MAX;
        odd.files[0].path = b"a\nb".to_vec();
        let events = events(odd);
        assert!(events[0].is_altered() && events[1].is_altered() && !events[2].is_altered());
        let data = events[0].cloud_event("v1")["data"].clone();
        assert_eq!(data["author_name"], "Ren\u{fffd}");
        assert_eq!(data["author_email"], "(none)");
        assert_eq!(data["committed_at"], "1970-01-01T00:00:00Z");
        assert_eq!(events[1].cloud_event("v1")["subject"], "a%0Ab");
    }
}
