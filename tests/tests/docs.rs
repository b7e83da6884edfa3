//! What the docs say of the program is so.

use std::path::Path;

use selfsame_core::{Code, Retry};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_error_code_is_explained_with_its_status_and_whether_to_retry() {
    let page = page("docs/errors.md");
    for code in Code::ALL {
        let retry = if code.retry() == Retry::Later { "later" } else { "never" };
        let row = format!("| `{code}` | {} | {retry} |", code.status());
        assert!(page.contains(&row), "docs/errors.md has no row that begins `{row}`");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, Code::ALL.len(), "docs/errors.md explains codes that are not there");
}

#[test]
fn the_docs_name_no_files_that_are_not_there() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "docs/guide.md",
        "docs/operations.md",
        "docs/http.md",
        "docs/compatibility.md",
    ] {
        let page = page(name);
        let mut words = page.split(|c: char| c.is_whitespace() || "()[]`,;|".contains(c));
        let folders = [
            "engine/",
            "projections/",
            "schema-registry/",
            "tools/",
            "tests/",
            "benches/",
            "docs/",
            "examples/",
        ];
        let gone = words.find(|word| {
            let path = word.trim_end_matches(['.', ':']);
            let is_path = folders.iter().any(|f| path.starts_with(f)) && !path.contains(['*', '<', '{', '$']);
            is_path && !Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).exists()
        });
        assert_eq!(gone, None, "{name} names a file that is not there");
    }
}

#[test]
fn the_examples_register_one_after_the_other() {
    for names in [["profiles-v1.yaml", "profiles-v2.yaml"], ["git-v1.yaml", "git-v2.yaml"]] {
        let mut registry = selfsame_schema::Registry::new();
        for name in names {
            let document = page(&format!("examples/{name}"));
            match selfsame_core::check_document(&registry, &document) {
                Ok((version, _)) => registry.insert(version),
                Err(problems) => panic!("{name}: {problems:?}"),
            };
        }
    }
}
