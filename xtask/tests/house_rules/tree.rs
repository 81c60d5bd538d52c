//! The files of the repository, and what is said when one of them breaks a rule.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Folders that hold what is built or fetched, wherever they are.
const NOT_OURS: &[&str] = &["target", ".git", "node_modules", "__pycache__", "corpus", "artifacts"];

/// The text files of the repository by path, with `/` between the parts. Files that are not text have no text.
pub(crate) struct Tree(BTreeMap<String, Option<String>>);

/// A broken rule: where, which, and what to do.
pub(crate) struct Fault {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) what_to_do: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}: {}: {}", self.file, self.line, self.rule, self.what_to_do)
    }
}

impl Tree {
    /// What git keeps or would keep; without git, all files but what is built or fetched.
    pub(crate) fn real() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository");
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .current_dir(root)
            .output();
        let paths = match listed {
            Ok(listed) if listed.status.success() => {
                let paths = String::from_utf8_lossy(&listed.stdout).into_owned();
                paths.split_terminator('\0').map(str::to_owned).collect()
            }
            _ => {
                let mut paths = Vec::new();
                walk(root, "", &mut paths);
                paths
            }
        };
        let files = paths.into_iter().filter_map(|path| {
            // A file may have been deleted and not yet committed.
            let bytes = fs::read(root.join(&path)).ok()?;
            Some((path, String::from_utf8(bytes).ok()))
        });
        let tree = Self(files.collect());
        assert!(tree.0.contains_key("xtask/Cargo.toml"), "the files of the repository were not found");
        tree
    }

    /// A made-up tree.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect())
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Path and text of every text file.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Path and text of the Rust files below a folder.
    pub(crate) fn rust_below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts().filter(move |(path, _)| path.starts_with(folder) && path.ends_with(".rs"))
    }
}

fn walk(root: &Path, below: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(root, &path, paths),
            Ok(kind) if kind.is_file() => paths.push(path),
            _ => {}
        }
    }
}
