//! Imports point down only: `feed`, above it `store`, above it `tidings` with its own floors.

use crate::code;
use crate::tree::{Fault, Tree};

/// What each crate may never depend on, with the reason.
const BELOW: &[(&str, &[&str], &str)] = &[
    (
        "feed",
        &["store", "tidings", "tokio", "axum", "hyper", "http", "async-trait"],
        "`feed` is pure: no IO, no clock, no async, and nothing of the floors above it",
    ),
    ("store", &["tidings", "axum", "hyper", "http"], "`store` keeps events and knows neither the server nor its wire"),
];

/// Names that may not stand in the code of a folder, with the reason.
const APART: &[(&str, &[&str], &str)] = &[
    (
        "crates/feed/src/",
        &["tokio::", "axum", "hyper", "http::", "store::", "tidings::"],
        "`feed` knows nothing of the floors above it",
    ),
    ("crates/store/src/", &["axum", "hyper", "http::", "tidings::"], "`store` knows nothing of the wire"),
    (
        "crates/tidings/src/service/",
        &["axum", "hyper", "http::"],
        "`service` names no HTTP type: give it a domain word and translate in `http/`",
    ),
    ("crates/tidings/src/http/", &["store::"], "`http` names no store: ask a service"),
];

/// The settings' home.
const CONFIG: &[&str] = &["crates/tidings/src/config.rs", "crates/tidings/src/config/"];

pub(crate) fn dependencies(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, forbidden, why) in BELOW {
        let manifest = format!("crates/{name}/Cargo.toml");
        for (file, text) in tree.texts().filter(|(file, _)| *file == manifest) {
            for (line, dependency) in dependencies_of(text) {
                if forbidden.contains(&dependency.as_str()) {
                    faults.push(Fault {
                        file: file.to_owned(),
                        line,
                        rule: "imports point down only",
                        what_to_do: format!("take `{dependency}` out; {why}"),
                    });
                }
            }
        }
    }
    faults
}

/// The names under `[dependencies]`, `[dev-dependencies]` and their like, with their lines.
fn dependencies_of(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut within = false;
    for (number, line) in manifest.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let parts: Vec<&str> = section.split('.').collect();
            within = parts.last().is_some_and(|last| last.ends_with("dependencies"));
            // `[dependencies.tokio]`
            if let [.., table, name] = parts[..]
                && table.ends_with("dependencies")
            {
                found.push((number, name.to_owned()));
            }
        } else if within && !line.starts_with('#') {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
            if !name.is_empty() {
                found.push((number, name));
            }
        }
    }
    found
}

pub(crate) fn modules(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (folder, forbidden, why) in APART {
        // A module may be a folder or a file.
        let file_form = format!("{}.rs", folder.trim_end_matches('/'));
        let below = tree.rust_below(folder).chain(tree.texts().filter(|(file, _)| *file == file_form));
        for (file, text) in below {
            for (number, line) in code::lines(text).iter().enumerate() {
                for word in forbidden.iter().filter(|word| code::names(line, word)) {
                    faults.push(Fault {
                        file: file.to_owned(),
                        line: number + 1,
                        rule: "modules keep to their floor",
                        what_to_do: format!("take `{word}` out; {why}"),
                    });
                }
            }
        }
    }
    faults
}

pub(crate) fn environment(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in tree.rust_below("crates/") {
        if !file.contains("/src/") || CONFIG.iter().any(|home| file.starts_with(home)) {
            continue;
        }
        for (number, line) in code::lines(text).iter().enumerate() {
            let reads = ["env::var", "env::var_os", "env::vars", "env::vars_os"];
            if reads.iter().any(|read| code::names(line, read)) {
                faults.push(Fault {
                    file: file.to_owned(),
                    line: number + 1,
                    rule: "settings are read in config only",
                    what_to_do: "read it in `tidings::config` and hand it out in `boot`".to_owned(),
                });
            }
        }
    }
    faults
}

pub(crate) fn lints(tree: &Tree) -> Vec<Fault> {
    tree.texts()
        .filter(|(file, text)| {
            let has = |line: &str| text.lines().any(|l| l.trim() == line);
            // A workspace of its own, as `fuzz` is, has nothing to inherit from.
            let ours = file.ends_with("Cargo.toml") && has("[package]") && !has("[workspace]");
            ours && !inherits_lints(text)
        })
        .map(|(file, _)| Fault {
            file: file.to_owned(),
            line: 1,
            rule: "every crate inherits the lints of the workspace",
            what_to_do: "add `[lints]` with `workspace = true`".to_owned(),
        })
        .collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.by_ref().take_while(|line| !line.starts_with('[')).any(|line| line.replace(' ', "") == "workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(faults: &[Fault]) -> Vec<(String, usize)> {
        faults.iter().map(|fault| (fault.file.clone(), fault.line)).collect()
    }

    #[test]
    fn a_dependency_upwards_is_found_in_every_spelling() {
        let tree = Tree::of(&[
            (
                "crates/feed/Cargo.toml",
                "[package]\nname = \"feed\"\n[dependencies]\nserde = \"1\"\ntokio.workspace = true\n",
            ),
            (
                "crates/store/Cargo.toml",
                "[dev-dependencies.axum]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nhttp = \"1\"\n",
            ),
            ("crates/tidings/Cargo.toml", "[dependencies]\naxum = \"1\"\n"),
        ]);
        let expected = [("crates/feed/Cargo.toml", 5), ("crates/store/Cargo.toml", 1), ("crates/store/Cargo.toml", 4)];
        assert_eq!(lines_of(&dependencies(&tree)), expected.map(|(file, line)| (file.to_owned(), line)));
    }

    #[test]
    fn a_name_of_another_floor_is_found_in_code_but_not_in_words() {
        let tree = Tree::of(&[
            ("crates/tidings/src/service/read.rs", "// axum is not used here\nuse http::StatusCode;\n"),
            ("crates/tidings/src/http/router.rs", "use axum::Router;\nlet x = store::Ledger;\n"),
            ("crates/tidings/src/http.rs", "use store::memory;\n"),
            ("crates/feed/src/page.rs", "fn f() { tokio::spawn(g()); }\n"),
        ]);
        let expected = [
            ("crates/feed/src/page.rs", 1),
            ("crates/tidings/src/service/read.rs", 2),
            ("crates/tidings/src/http/router.rs", 2),
            ("crates/tidings/src/http.rs", 1),
        ];
        assert_eq!(lines_of(&modules(&tree)), expected.map(|(file, line)| (file.to_owned(), line)));
    }

    #[test]
    fn reading_the_environment_elsewhere_is_found() {
        let tree = Tree::of(&[
            ("crates/tidings/src/boot.rs", "let port = std::env::var(\"PORT\");\n"),
            ("crates/tidings/src/config.rs", "let port = std::env::var(\"PORT\");\n"),
            ("crates/tidings/src/cli.rs", "let words = std::env::args();\n"),
        ]);
        assert_eq!(lines_of(&environment(&tree)), [("crates/tidings/src/boot.rs".to_owned(), 1)]);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", "[package]\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\n[lints]\n[features]\nworkspace = true\n"),
            ("fuzz/Cargo.toml", "[package]\n[workspace]\n"),
            ("Cargo.toml", "[workspace]\n"),
        ]);
        assert_eq!(lines_of(&lints(&tree)), [("crates/b/Cargo.toml".to_owned(), 1)]);
    }
}
