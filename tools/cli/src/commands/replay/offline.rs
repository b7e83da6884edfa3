//! A replay of a folder that no engine serves from.

use std::path::{Path, PathBuf};

use selfsame_log::FjallLog;
use selfsame_node::RowsWanted;
use selfsame_record::{Digest, Position, VersionNo};
use serde_json::{Value, json};

use crate::commands::replay::with_rows;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

/// Opens the log in an engine's folder. While it is open no engine can start there.
///
/// # Errors
///
/// If there is none, or an engine has it open.
pub(crate) fn open_log(dir: &Path) -> Outcome<FjallLog> {
    let folder = dir.join("log");
    // Opening would make one.
    if !folder.is_dir() {
        return Err(Failure::NoLog(dir.to_owned()));
    }
    Ok(FjallLog::open(&folder)?)
}

/// Folds a version from the folder's log, in the form of the engine's answer.
pub(super) async fn replay(
    dir: PathBuf,
    (version, until): (Option<String>, Option<u64>),
    compare_with: Option<Digest>,
    rows: Option<RowsWanted>,
) -> Outcome<Value> {
    let version = version.as_deref().map(VersionNo::parse).transpose();
    let version = version.map_err(|e| Failure::Usage(e.to_string()))?;
    let folding = tokio::task::spawn_blocking(move || {
        fold(&dir, (version, until.map(Position::new)), compare_with, rows.as_ref())
    });
    folding.await.map_err(|_| Failure::Bug("the replay ended by a bug".to_owned()))?
}

fn fold(
    dir: &Path,
    (version, until): (Option<VersionNo>, Option<Position>),
    with: Option<Digest>,
    rows: Option<&RowsWanted>,
) -> Outcome<Value> {
    rows.map_or(Ok(()), RowsWanted::check).map_err(|refusal| Failure::refused(&refusal))?;
    let log = open_log(dir)?;
    let mut progress = Progress::start("replaying", "records", 0);
    let folded = selfsame_node::replay(&log, version, until, &mut |done, total| progress.at(done, total));
    progress.finish();
    let (replayed, generation) = folded.map_err(|refusal| Failure::refused(&refusal))?;
    let equal = with.map(|digest| digest == replayed.digest);
    let answer = json!({ "replayed": replayed, "live": null, "compared_with": with, "equal": equal });
    let shown = rows.map(|rows| rows.of(&generation)).transpose().map_err(|r| Failure::refused(&r))?;
    let shown = shown.into_iter().flatten().map(|row| json!(row)).collect();
    Ok(with_rows(answer, rows.is_some(), shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_log_stays_without_one() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(matches!(open_log(dir.path()), Err(Failure::NoLog(_))));
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0);
    }
}
