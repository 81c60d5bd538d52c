//! Developer commands, started as `cargo xtask …`: the one test command, and the documents made by programs.
//!
//! Only the standard library is used, so that the first thing a newcomer runs is built in a second or two.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer command talks to the terminal")]

mod bench;
mod compat;
mod deny;
mod docs;
mod ground;
#[expect(dead_code, reason = "tests take this file in, too, and use the rest of it")]
mod postgres;
mod process;
mod stopwatch;
mod tally;
mod test_run;

use std::process::ExitCode;

use ground::Ground;

const HELP: &str = "\
Developer commands for Tidings

  cargo xtask test           everything: formatting, lints, tests, documents, and SDKs and a browser against the server
  cargo xtask test rust      the same without SDKs and browser
  cargo xtask test compat    only SDKs and browser against the release build
  cargo xtask bench          the benchmark, beside PostgreSQL, Redis and JetStream; takes the arguments of `tidings bench`
  cargo xtask bench postgres publishing over PostgreSQL, beside COPY of the same rows into the same tables
  cargo xtask docs           write again the documents that are made by programs

`test` needs nothing but Rust. What SDKs and browser want (Python environments, Node packages, Chromium) it fetches itself and keeps
under target/compat. What cannot be had is skipped, and said; with CI=true in the environment it is a failure.
`bench` installs what it stands beside, too, where it can, and leaves out what it cannot.
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ground = Ground::here();
    let well = match words[..] {
        ["test"] => test_run::run(&ground, &test_run::everything()),
        ["test", "rust"] => test_run::run(&ground, &test_run::rust()),
        ["test", "compat"] => test_run::run(&ground, &test_run::compat()),
        ["bench", "postgres", ref words @ ..] => bench::over_postgres(&ground, words),
        ["bench", ref words @ ..] => bench::run(&ground, words),
        ["docs"] => docs::write(&ground),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            true
        }
        _ => {
            eprint!("There is no command `{}`.\n\n{HELP}", words.join(" "));
            false
        }
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
