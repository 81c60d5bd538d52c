//! Documents that are made by programs: written by `cargo xtask docs`, compared by `cargo xtask test`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::ground::Ground;
use crate::process::Call;
use crate::tally::Tally;
use crate::test_run::Outcome;

const MAKING_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Documents that the server prints itself, each with the words that make it do so. Add a line for a new one.
const PRINTED: &[(&str, &[&str])] =
    &[("docs/event-types.md", &["docs", "event-types"]), ("docs/settings.md", &["docs", "settings"])];

/// Documents written by hand, with pieces of code that tests run.
const WITH_SNIPPETS: &[&str] = &["docs/clients.md"];

const SNIPPET_BEGIN: &str = "<!-- snippet: ";
const SNIPPET_END: &str = "<!-- end of snippet -->";

/// Writes all documents. True if all could be made.
pub(crate) fn write(ground: &Ground) -> bool {
    let mut well = true;
    for (file, made) in make_all(ground) {
        let path = ground.root.join(file);
        let written = made.and_then(|text| {
            fs::create_dir_all(path.parent().unwrap_or(&ground.root))
                .and_then(|()| fs::write(&path, text))
                .map_err(|error| error.to_string())
        });
        match written {
            Ok(()) => println!("wrote {file}"),
            Err(fault) => {
                eprintln!("{file}: {fault}");
                well = false;
            }
        }
    }
    well
}

/// Compares all documents with what would be written.
pub(crate) fn check(ground: &Ground) -> Outcome {
    let mut faults = Vec::new();
    for (file, made) in make_all(ground) {
        match made {
            Err(fault) => faults.push(format!("{file}: {fault}")),
            Ok(text) if fs::read_to_string(ground.root.join(file)).ok().as_ref() != Some(&text) => {
                faults.push(format!("{file} is not current: run `cargo xtask docs` and commit it"));
            }
            Ok(_) => println!("{file} is current"),
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        Outcome::Passed(Tally::default())
    } else {
        Outcome::Failed(Tally::default(), faults.join("; "))
    }
}

fn make_all(ground: &Ground) -> Vec<(&'static str, Result<String, String>)> {
    let printed = PRINTED.iter().map(|(file, words)| (*file, print(ground, words)));
    let with_snippets = WITH_SNIPPETS.iter().map(|file| {
        let made =
            read(&ground.root.join(file)).and_then(|text| with_snippets(&text, |path| read(&ground.root.join(path))));
        (*file, made)
    });
    printed.chain(with_snippets).collect()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} could not be read: {error}", path.display()))
}

/// What the server prints when it is asked for a document.
fn print(ground: &Ground, words: &[&str]) -> Result<String, String> {
    let build =
        Call::new("cargo", &ground.root, MAKING_LIMIT).words(&["build", "--quiet", "--package", "tidings"]).run();
    if let Some(fault) = build.fault {
        return Err(fault);
    }
    // Not through the line reader of `process`, which keeps the end of long texts only.
    let server = ground.target.join("debug").join(format!("tidings{}", std::env::consts::EXE_SUFFIX));
    let said = std::process::Command::new(server)
        .args(words)
        .current_dir(&ground.root)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let command = format!("tidings {}", words.join(" "));
    if !said.status.success() {
        return Err(format!("`{command}` ended with {}: {}", said.status, String::from_utf8_lossy(&said.stderr)));
    }
    match String::from_utf8(said.stdout) {
        Ok(text) if !text.trim().is_empty() => Ok(text),
        Ok(_) => Err(format!("`{command}` printed nothing")),
        Err(error) => Err(format!("`{command}` printed no UTF-8: {error}")),
    }
}

/// The document with each snippet as it stands in the code now.
///
/// A snippet is a comment that names file and region, the code, and a comment that ends it:
///
/// ```text
/// <!-- snippet: compat/python/client.py client -->
/// (fenced code)
/// <!-- end of snippet -->
/// ```
fn with_snippets(document: &str, read: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut made = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        made.push_str(line);
        made.push('\n');
        let Some(named) = line.strip_prefix(SNIPPET_BEGIN).and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        let (file, region) =
            named.split_once(' ').ok_or_else(|| format!("`{line}` must name a file and a region in it"))?;
        if !lines.any(|line| line == SNIPPET_END) {
            return Err(format!("the snippet `{named}` has no `{SNIPPET_END}`"));
        }
        let code = region_of(&read(file)?, region).map_err(|fault| format!("{file}: {fault}"))?;
        let language = match Path::new(file).extension().and_then(|extension| extension.to_str()) {
            Some("py") => "python",
            Some(other) => other,
            None => "text",
        };
        made += &format!("```{language}\n{code}```\n{SNIPPET_END}\n");
    }
    Ok(made)
}

/// The lines between `docs:begin NAME` and `docs:end NAME`, each a comment of its own.
fn region_of(code: &str, name: &str) -> Result<String, String> {
    let marks = |line: &str, word: &str| {
        line.trim_start_matches(['#', '/', ' ']) == format!("docs:{word} {name}")
            && line != line.trim_start_matches(['#', '/'])
    };
    let mut lines = code.lines();
    if !lines.any(|line| marks(line, "begin")) {
        return Err(format!("there is no line `docs:begin {name}`"));
    }
    let mut region = String::new();
    for line in lines {
        if marks(line, "end") {
            return Ok(region);
        }
        region.push_str(line);
        region.push('\n');
    }
    Err(format!("there is no line `docs:end {name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "import os\n# docs:begin client\nclient = 1\n\nend = 2\n# docs:end client\nrest\n";

    #[test]
    fn a_snippet_is_replaced_by_the_code_as_it_is() {
        let document = "Before\n<!-- snippet: a/b.py client -->\n```python\nold\n```\n<!-- end of snippet -->\nAfter\n";
        let made = with_snippets(document, |file| {
            assert_eq!(file, "a/b.py");
            Ok(CODE.to_owned())
        })
        .expect("the document is well formed");
        let expected = "Before\n<!-- snippet: a/b.py client -->\n```python\nclient = 1\n\nend = 2\n```\n\
                        <!-- end of snippet -->\nAfter\n";
        assert_eq!(made, expected);
        let again = with_snippets(&made, |_| Ok(CODE.to_owned()));
        assert_eq!(again.as_deref(), Ok(expected), "a current document stays as it is");
    }

    #[test]
    fn what_is_missing_is_named() {
        let check = |document: &str, expected: &str| {
            let fault = with_snippets(document, |_| Ok(CODE.to_owned())).expect_err(document);
            assert!(fault.contains(expected), "{fault}");
        };
        check("<!-- snippet: a.py client -->\n", "has no `<!-- end of snippet -->`");
        check("<!-- snippet: a.py other -->\n<!-- end of snippet -->\n", "no line `docs:begin other`");
        check("<!-- snippet: a.py -->\n<!-- end of snippet -->\n", "must name a file and a region");
    }
}
