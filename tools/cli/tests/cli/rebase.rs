//! A version that came second, written against what answers now.

use std::fs;

use crate::helper::Served;

/// A document with a cache, and with caches more, each by its name and what is added to `count` in it.
fn document(name: &str, parent: Option<&str>, caches: &[(&str, u32)]) -> String {
    let parent = parent.map_or_else(String::new, |parent| format!("parent: {parent}\n"));
    let caches: String = caches
        .iter()
        .map(|(name, count)| {
            format!("  {name}: {{ kind: cache, on: {{ user.seen: {{ add: {{ count: {count} }} }} }} }}\n")
        })
        .collect();
    format!(
        "selfsame: 1\nname: {name}\n{parent}events:\n  user.seen:\n    key: /id\n    schema: {{ type: object, \
         required: [id], properties: {{ id: {{ type: string }} }} }}\nprojections:\n  seen: {{ kind: cache, on: {{ \
         user.seen: {{ set: {{ id: $.id }} }} }} }}\n{caches}"
    )
}

#[test]
fn a_version_that_came_second_is_rebased_or_every_conflict_is_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = Served::start(folder.path(), &[]);
    let documents = [
        document("users", None, &[]),
        document("first", Some("v1"), &[("one", 1), ("two", 1)]),
        document("disjoint", Some("v1"), &[("three", 1)]),
        document("other", Some("v1"), &[("one", 2), ("two", 2)]),
    ];
    for (n, document) in documents.iter().enumerate() {
        let path = folder.path().join(format!("{n}.yaml"));
        fs::write(&path, document).expect("written");
        served.run(&["version", "register", path.to_str().expect("a path")]).ok();
    }
    for (version, expect) in [("v1", "none"), ("v2", "v1")] {
        served.run(&["version", "build", version, "--wait"]).ok();
        served.run(&["version", "cutover", version, "--expect", expect]).ok();
    }
    let stays = served.run(&["version", "rebase", "v2"]).ok();
    assert_eq!(stays, "v2 stays as it is: there is nothing to do\n");
    let rebased = served.run(&["version", "rebase", "v3"]).ok();
    assert_eq!(rebased, "v5 does to v2 what v3 did to its parent\n");
    let again = served.run(&["version", "rebase", "v3", "--onto", "v2", "--json"]).json();
    assert_eq!((&again["registered"], &again["existed"]), (&"v5".into(), &true.into()), "{again}");
    let refused = served.run(&["version", "rebase", "v4"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.starts_with("error[rebase-conflict]: v4 cannot be written against v2"),
        "{refused:?}"
    );
    for place in ["/projections/one: ", "/projections/two: "] {
        let lines = refused.err.lines().filter(|line| line.trim_start().starts_with(place));
        assert_eq!(lines.count(), 1, "{place} {}", refused.err);
    }
}
