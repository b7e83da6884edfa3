//! The output of `git log -z --numstat` taken apart.
//!
//! Every field and every row ends in a NUL, which no path, name or message can contain. A commit is six
//! fields ([`FORMAT`]) and then one row per changed file, the first with a newline before it:
//!
//! ```text
//! hash \0 parents \0 author \0 e-mail \0 seconds \0 subject \0 \n 1 \t 0 \t path \0 - \t - \t path \0
//! ```
//!
//! A row has two tabs and a hash has none, so the two are never taken for each other.

use std::io::{self, BufRead};

/// What `--format` asks for: the fields of [`RawCommit`], in order.
pub(crate) const FORMAT: &str = "%H%x00%P%x00%an%x00%ae%x00%ct%x00%s";

/// A commit as git says it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RawCommit {
    /// Its hash.
    pub(crate) hash: String,
    /// Its parents' hashes.
    pub(crate) parents: Vec<String>,
    /// The author's name, in whatever encoding.
    pub(crate) author: Vec<u8>,
    /// The author's address, in whatever encoding.
    pub(crate) email: Vec<u8>,
    /// When it was committed, in seconds since 1970.
    pub(crate) seconds: i64,
    /// The first line of its message.
    pub(crate) subject: Vec<u8>,
    /// The files that it changed.
    pub(crate) files: Vec<RawFile>,
}

/// A changed file as git says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawFile {
    /// Its path, in whatever encoding.
    pub(crate) path: Vec<u8>,
    /// Lines added and removed; `None` for a binary file.
    pub(crate) lines: Option<(u64, u64)>,
}

/// Why the output could not be taken apart.
#[derive(Debug)]
pub(crate) enum RowsError {
    /// Reading failed.
    Io(io::Error),
    /// The output is not of the form that was asked for.
    Form(String),
}

/// Takes commits from the output, one at a time.
pub(crate) struct Rows<R> {
    input: R,
    /// The hash of the commit after the last one.
    ahead: Option<Vec<u8>>,
}

impl<R: BufRead> Rows<R> {
    pub(crate) fn new(input: R) -> Rows<R> {
        Rows { input, ahead: None }
    }

    /// The next commit with all its rows; `None` at the end.
    pub(crate) fn commit(&mut self) -> Result<Option<RawCommit>, RowsError> {
        let first = match self.ahead.take() {
            Some(hash) => Some(hash),
            None => self.token()?,
        };
        let Some(hash) = first else { return Ok(None) };
        let mut commit = self.header(&hash)?;
        while let Some(token) = self.token()? {
            match row(&token) {
                Some(file) => commit.files.push(file),
                None => {
                    self.ahead = Some(token);
                    break;
                }
            }
        }
        Ok(Some(commit))
    }

    fn header(&mut self, hash: &[u8]) -> Result<RawCommit, RowsError> {
        let hash = hash_text(hash)?;
        let parents = self.field("parents")?;
        let parents = parents.split(|b| *b == b' ').filter(|p| !p.is_empty());
        Ok(RawCommit {
            hash,
            parents: parents.map(hash_text).collect::<Result<_, _>>()?,
            author: self.field("author")?,
            email: self.field("e-mail")?,
            seconds: seconds(&self.field("time")?),
            subject: self.field("subject")?,
            files: Vec::new(),
        })
    }

    fn field(&mut self, name: &str) -> Result<Vec<u8>, RowsError> {
        self.token()?.ok_or_else(|| RowsError::Form(format!("the output ends before a commit's {name}")))
    }

    /// The bytes up to the next NUL; `None` at the end.
    fn token(&mut self) -> Result<Option<Vec<u8>>, RowsError> {
        let mut token = Vec::new();
        if self.input.read_until(0, &mut token).map_err(RowsError::Io)? == 0 {
            return Ok(None);
        }
        if token.pop() != Some(0) {
            return Err(RowsError::Form("the output ends in the middle of a row".to_owned()));
        }
        Ok(Some(token))
    }
}

/// The row of a changed file, if it is one.
fn row(token: &[u8]) -> Option<RawFile> {
    let token = token.strip_prefix(b"\n").unwrap_or(token);
    let mut parts = token.splitn(3, |b| *b == b'\t');
    let (added, removed, path) = (parts.next()?, parts.next()?, parts.next()?);
    let lines = match (added, removed) {
        (b"-", b"-") => None,
        _ => Some((count(added)?, count(removed)?)),
    };
    Some(RawFile { path: path.to_vec(), lines })
}

fn count(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A commit's time; what no clock ever showed counts as 1970.
fn seconds(digits: &[u8]) -> i64 {
    std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).unwrap_or(0)
}

fn hash_text(bytes: &[u8]) -> Result<String, RowsError> {
    let is_hash = matches!(bytes.len(), 40 | 64) && bytes.iter().all(u8::is_ascii_hexdigit);
    if !is_hash {
        let shown: String = String::from_utf8_lossy(bytes).chars().take(64).collect();
        return Err(RowsError::Form(format!("`{shown}` stands where a commit's hash was expected")));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// One line per case: the output of git, and what is read from it.
    #[track_caller]
    fn check(output: &str, expect: &str) {
        let mut rows = Rows::new(output.as_bytes());
        let mut got = Vec::new();
        loop {
            match rows.commit() {
                Ok(Some(commit)) => got.push(show(&commit)),
                Ok(None) => break,
                Err(RowsError::Form(why)) => {
                    got.push(why);
                    break;
                }
                Err(RowsError::Io(err)) => panic!("{err}"),
            }
        }
        assert_eq!(got.join(" | "), expect);
    }

    fn show(commit: &RawCommit) -> String {
        let files = commit.files.iter().map(|file| {
            let path = String::from_utf8_lossy(&file.path).into_owned();
            file.lines.map_or(format!("{path:?} binary"), |(added, removed)| {
                format!("{path:?} +{added} -{removed}")
            })
        });
        let files: Vec<String> = files.collect();
        format!("{}<{} {}", &commit.hash[..2], commit.parents.len(), files.join(", "))
    }

    #[test]
    fn commits_and_their_rows_are_told_apart() {
        check("", "");
        check(&format!("{A}\0\0N\0e\x007\0s\0"), "aa<0 ");
        check(
            &format!("{A}\0\0N\0e\x007\0s\0\n1\t0\ta.txt\0-\t-\tbin\0{B}\0{A}\0N\0e\x007\0s\0"),
            r#"aa<0 "a.txt" +1 -0, "bin" binary | bb<1 "#,
        );
    }

    #[test]
    fn a_path_may_hold_anything_but_a_nul() {
        check(
            &format!("{A}\0\0N\0e\x007\0s\0\n1\t2\td/t\tab\nnl\x003\t4\t{B}\0"),
            &format!(r#"aa<0 "d/t\tab\nnl" +1 -2, "{B}" +3 -4"#),
        );
    }

    #[test]
    fn empty_fields_and_many_parents_are_read() {
        check(&format!("{A}\0{B} {B} {B}\0\0\0\0\0"), "aa<3 ");
    }

    #[test]
    fn what_is_not_of_the_form_is_named() {
        check("nonsense\0", "`nonsense` stands where a commit's hash was expected");
        check(&format!("{A}\0"), "the output ends before a commit's parents");
        check(&format!("{A}\0\0N\0e\x007\0half"), "the output ends in the middle of a row");
    }

    #[test]
    fn a_time_that_cannot_be_counts_as_1970() {
        let read = |time: &str| {
            let output = format!("{A}\0\0N\0e\0{time}\0s\0");
            Rows::new(output.as_bytes()).commit().expect("a form").expect("a commit").seconds
        };
        assert_eq!((read("-5"), read("99999999999999999999"), read("x")), (-5, 0, 0));
    }
}
