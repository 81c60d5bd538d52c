//! Rules about names and words: what nothing is called, and what stands nowhere.

use crate::code;
use crate::tree::{Fault, Tree};

/// A name that says only that the thing has not found its name.
const SAYS_NOTHING: &[&str] = &["util", "utils", "common", "helper", "helpers"];

const LINES_MAX: usize = 600;
const SOURCE: &[&str] = &["rs", "py", "js", "mjs", "cjs", "ts", "sh", "sql", "css", "html"];

/// Left in code for later. Put together here, so that this file does not hold them.
const UNFINISHED: &[(&str, &str)] = &[
    ("#[ignore", "mend the test, or assert today's behaviour and say what is wrong with it"),
    (concat!("todo", "!"), "do it, or leave it out"),
    (concat!("unimplemented", "!"), "do it, or leave it out"),
];

/// Places that are on one machine only.
const PLACES: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "name no path of a developer's machine"),
    (concat!("../sh", "ared"), "the project stands alone: bring what is needed into it"),
];

pub(crate) fn names(tree: &Tree) -> Vec<Fault> {
    tree.paths()
        .filter_map(|path| {
            let nothing = path.split('/').find(|part| {
                let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
                SAYS_NOTHING.contains(&stem.as_str())
            })?;
            Some(Fault {
                file: path.to_owned(),
                line: 1,
                rule: "everything has a name that says what it is",
                what_to_do: format!("`{nothing}` has no subject: find the concept and name it"),
            })
        })
        .collect()
}

pub(crate) fn unfinished(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in tree.rust_below("") {
        for (number, line) in code::lines(text).iter().enumerate() {
            let joined: String = line.split_whitespace().collect();
            for (mark, what_to_do) in UNFINISHED {
                let found = if mark.starts_with('#') { joined.contains(mark) } else { code::names(&joined, mark) };
                if found {
                    faults.push(Fault {
                        file: file.to_owned(),
                        line: number + 1,
                        rule: "nothing is ignored or left to be done",
                        what_to_do: format!("`{mark}`: {what_to_do}"),
                    });
                }
            }
        }
    }
    faults
}

pub(crate) fn length(tree: &Tree) -> Vec<Fault> {
    tree.texts()
        .filter(|(path, text)| {
            let source = path.rsplit_once('.').is_some_and(|(_, extension)| SOURCE.contains(&extension));
            source && text.lines().count() > LINES_MAX
        })
        .map(|(path, text)| Fault {
            file: path.to_owned(),
            line: LINES_MAX + 1,
            rule: "a file is about one thing",
            what_to_do: format!(
                "{} lines, at most {LINES_MAX}: find the two things and part them",
                text.lines().count()
            ),
        })
        .collect()
}

pub(crate) fn places(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in tree.texts() {
        for (number, line) in text.lines().enumerate() {
            let mut found = |what_to_do: String| {
                faults.push(Fault {
                    file: file.to_owned(),
                    line: number + 1,
                    rule: "the project stands alone",
                    what_to_do,
                });
            };
            for (place, what_to_do) in PLACES.iter().filter(|(place, _)| line.contains(place)) {
                found(format!("`{place}`: {what_to_do}"));
            }
            if file.ends_with("package-lock.json") && line.contains("\"resolved\"") {
                found("a lock file names no registry: make it with omit-lockfile-registry-resolved=true".to_owned());
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files_of(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(|fault| format!("{}:{}", fault.file, fault.line)).collect()
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let tree =
            Tree::of(&[("a/utils.rs", ""), ("common/b.py", ""), ("a/Helpers.test.js", ""), ("a/commonplace.rs", "")]);
        assert_eq!(files_of(&names(&tree)), ["a/Helpers.test.js:1", "a/utils.rs:1", "common/b.py:1"]);
    }

    #[test]
    fn what_is_left_for_later_is_found_but_not_the_word_for_it() {
        let later = concat!("fn f() { todo", "!(); }\n// todo", "!()\nlet s = \"#[ignore]\";\n#[ignore = \"slow\"]\n");
        let tree = Tree::of(&[("a.rs", later), ("b.md", later)]);
        assert_eq!(files_of(&unfinished(&tree)), ["a.rs:1", "a.rs:4"]);
    }

    #[test]
    fn a_long_file_is_found() {
        let long = "x\n".repeat(LINES_MAX + 1);
        let just = "x\n".repeat(LINES_MAX);
        let tree = Tree::of(&[("a.rs", &long), ("b.rs", &just), ("c.md", &long)]);
        assert_eq!(files_of(&length(&tree)), ["a.rs:601"]);
    }

    #[test]
    fn a_place_on_one_machine_is_found() {
        let tree = Tree::of(&[
            ("a.md", concat!("see\n/wo", "rk/main\n")),
            ("b.rs", concat!("include_str!(\"../../sh", "ared/x\")")),
            ("c/package-lock.json", "{\n\"resolved\": \"x\"\n}"),
            ("d.md", "network/ing"),
        ]);
        assert_eq!(files_of(&places(&tree)), ["a.md:2", "b.rs:1", "c/package-lock.json:2"]);
    }
}
