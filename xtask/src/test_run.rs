//! The test command: its steps in order, and what is said of them at the end.

use std::time::Duration;

use crate::compat;
use crate::deny;
use crate::docs;
use crate::ground::Ground;
use crate::postgres;
use crate::process::Call;
use crate::stopwatch::Stopwatch;
use crate::tally::Tally;

/// Building everything from nothing on a small machine takes long; a hang takes for ever.
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);
const SHORT_LIMIT: Duration = Duration::from_secs(5 * 60);

/// One step of a run.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) run: Box<dyn Fn(&Ground) -> Outcome>,
}

/// How a step went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It passed; the tests it ran, if it is a step that runs tests.
    Passed(Tally),
    /// It failed, for this reason.
    Failed(Tally, String),
    /// It was not run, for this reason: something could not be had.
    Skipped(String),
}

pub(crate) fn everything() -> Vec<Step> {
    let mut steps = rust();
    steps.extend(compat());
    steps
}

/// The steps that need only Rust.
pub(crate) fn rust() -> Vec<Step> {
    vec![
        cargo(&["fmt", "--check"], SHORT_LIMIT, &[]),
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], BUILD_LIMIT, &[]),
        postgres_there(),
        cargo_test(),
        cargo(&["doc", "--workspace", "--no-deps"], BUILD_LIMIT, &[("RUSTDOCFLAGS", "-D warnings")]),
        Step { name: "cargo deny: licences, bans, sources".to_owned(), run: Box::new(deny::check) },
        Step { name: "documents made by programs are current".to_owned(), run: Box::new(docs::check) },
    ]
}

/// The unmodified SDKs against the server as it is released.
pub(crate) fn compat() -> Vec<Step> {
    let mut steps = vec![cargo(&["build", "--release", "--package", "tidings"], BUILD_LIMIT, &[])];
    steps.extend(compat::SUITES.iter().map(|suite| Step {
        name: format!("compat: {}", suite.title),
        run: Box::new(move |ground| compat::run(ground, suite)),
    }));
    steps
}

fn cargo(words: &'static [&str], limit: Duration, environment: &'static [(&str, &str)]) -> Step {
    Step {
        name: format!("cargo {}", words.join(" ")),
        run: Box::new(move |ground| {
            let mut call = Call::new("cargo", &ground.root, limit).words(words);
            for (name, value) in environment {
                call = call.set(name, value);
            }
            match call.run().fault {
                None => Outcome::Passed(Tally::default()),
                Some(fault) => Outcome::Failed(Tally::default(), fault),
            }
        }),
    }
}

/// The tests start a PostgreSQL of their own, if it is installed or `TIDINGS_TEST_POSTGRES` names one. Here it is made sure
/// that it is.
fn postgres_there() -> Step {
    let run = |ground: &Ground| {
        let install = ["install", "--yes", "--no-install-recommends", "postgresql"];
        if ground.postgres_given || postgres::programs().is_some() {
            return Outcome::Passed(Tally::default());
        }
        let ended = Call::new("apt-get", &ground.root, SHORT_LIMIT).words(&install).run();
        match postgres::programs() {
            Some(_) => Outcome::Passed(Tally::default()),
            None => Outcome::Skipped(format!(
                "no PostgreSQL 15 or newer, so its keeper is not tested: {}",
                ended.fault.unwrap_or_else(|| "apt-get did not bring it".to_owned())
            )),
        }
    };
    Step { name: "PostgreSQL is there to test with".to_owned(), run: Box::new(run) }
}

fn cargo_test() -> Step {
    // A failing crate must not hide what the others have to say.
    let words = ["test", "--workspace", "--no-fail-fast"];
    Step {
        name: format!("cargo {}", words.join(" ")),
        run: Box::new(move |ground| of_tests(Call::new("cargo", &ground.root, BUILD_LIMIT).words(&words))),
    }
}

/// The outcome of a call that runs tests. One that ran none has not passed.
pub(crate) fn of_tests(call: Call) -> Outcome {
    let ended = call.run();
    match ended.fault {
        Some(fault) => Outcome::Failed(ended.tally, fault),
        None if ended.tally.is_empty() => Outcome::Failed(ended.tally, "it ran no tests".to_owned()),
        None if ended.tally.failed > 0 => Outcome::Failed(ended.tally, "tests failed, though it ended well".to_owned()),
        None => Outcome::Passed(ended.tally),
    }
}

/// Runs all steps, also after one has failed, and sums them up. True if none failed.
pub(crate) fn run(ground: &Ground, steps: &[Step]) -> bool {
    let whole = Stopwatch::start();
    let mut lines = Vec::new();
    let mut total = Tally::default();
    for (number, step) in steps.iter().enumerate() {
        println!("\n==== {}/{}  {}", number + 1, steps.len(), step.name);
        let watch = Stopwatch::start();
        let outcome = strictly((step.run)(ground), ground.ci);
        let counted = count(&outcome);
        total += counted;
        let line = summary_line(&step.name, &outcome, watch.elapsed());
        println!("---- {line}");
        lines.push(line);
    }
    println!("\n==== Summary, {}", seconds(whole.elapsed()));
    for line in lines {
        println!("{line}");
    }
    println!("\n{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    total.failed == 0
}

/// In CI a thing that is missing is a failure.
fn strictly(outcome: Outcome, ci: bool) -> Outcome {
    match outcome {
        Outcome::Skipped(reason) if ci => {
            Outcome::Failed(Tally::default(), format!("with CI=true nothing may be skipped: {reason}"))
        }
        outcome => outcome,
    }
}

/// A step counts for the tests it ran, else for one; a failure always counts.
fn count(outcome: &Outcome) -> Tally {
    let one = Tally::default();
    match outcome {
        Outcome::Passed(tests) if tests.is_empty() => Tally { passed: 1, ..one },
        Outcome::Passed(tests) => *tests,
        Outcome::Failed(tests, _) => Tally { failed: tests.failed.max(1), ..*tests },
        Outcome::Skipped(_) => Tally { skipped: 1, ..one },
    }
}

fn summary_line(name: &str, outcome: &Outcome, took: Duration) -> String {
    let (verdict, tests, reason) = match outcome {
        Outcome::Passed(tests) => ("passed", *tests, None),
        Outcome::Failed(tests, reason) => ("FAILED", *tests, Some(reason)),
        Outcome::Skipped(reason) => ("skipped", Tally::default(), Some(reason)),
    };
    let mut line = format!("{verdict:8} {:>9}  {name}", seconds(took));
    if !tests.is_empty() {
        line += &format!(" ({} passed, {} failed, {} skipped)", tests.passed, tests.failed, tests.skipped);
    }
    if let Some(reason) = reason {
        line += &format!("\n                    {reason}");
    }
    line
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_counts_and_every_skip_is_a_failure_in_ci() {
        let three = Tally { passed: 3, failed: 0, skipped: 0 };
        assert_eq!(count(&Outcome::Passed(Tally::default())).passed, 1);
        assert_eq!(count(&Outcome::Passed(three)).passed, 3);
        let failed = count(&Outcome::Failed(three, "it crashed after three tests".to_owned()));
        assert_eq!((failed.passed, failed.failed), (3, 1));
        let missing = || Outcome::Skipped("no python3".to_owned());
        assert_eq!(count(&strictly(missing(), false)).skipped, 1);
        assert_eq!(count(&strictly(missing(), true)).failed, 1);
    }

    #[test]
    fn a_run_of_no_tests_has_not_passed() {
        let here = std::path::Path::new(".");
        let call = |script| Call::new("sh", here, SHORT_LIMIT).words(&["-c", script]).quiet();
        assert!(matches!(of_tests(call("true")), Outcome::Failed(..)));
        assert!(matches!(of_tests(call("echo Ran 2 tests in 1s")), Outcome::Passed(_)));
        assert!(matches!(of_tests(call("echo Ran 2 tests in 1s; false")), Outcome::Failed(..)));
    }
}
