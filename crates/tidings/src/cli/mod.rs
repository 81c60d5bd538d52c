//! Commands: what people type.
//!
//! Each command is a file with its arguments and what it does. Everything a command prints for people goes through
//! `say`, so that logs (standard error) and answers (standard output) never mix.

mod app;
mod bench;
mod client;
mod copy;
mod demo;
mod directory;
mod docs;
mod env_file;
mod filters;
mod hold;
mod import;
mod migrate;
mod patience;
mod publish;
mod report;
mod retention;
mod search;
mod serve;
mod stop;
mod table;
mod tail;
mod token;
mod upkeep;
mod user;

use crate::config::table::with_settings;
use clap::{ArgMatches, Command};
use std::fmt::Display;
use std::process::ExitCode;

/// Prints a line for the person at the terminal. Nobody reads it any more if standard output is closed.
pub(crate) fn say(line: impl Display) {
    use std::io::Write;
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// Prints what went wrong.
fn complain(wrong: impl Display) {
    use std::io::Write;
    drop(writeln!(std::io::stderr(), "tidings: {wrong}"));
}

/// Tells the person at the terminal something beside the answer.
fn note(line: impl Display) {
    use std::io::Write;
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// All commands.
fn commands() -> Command {
    let command = Command::new("tidings")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A self-hosted event-feed server that speaks the wire protocol of the Box Events API")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(demo::command())
        .subcommand(with_settings(serve::command()))
        .subcommand(migrate::command())
        .subcommand(copy::command())
        .subcommand(publish::command())
        .subcommand(tail::command())
        .subcommand(search::command())
        .subcommand(report::command())
        .subcommand(user::command())
        .subcommand(token::command())
        .subcommand(bench::command())
        .subcommands(upkeep::commands())
        .subcommand(app::command())
        .subcommand(retention::command())
        .subcommand(hold::command())
        .subcommand(import::command())
        .subcommand(docs::command());
    directory::ALL.iter().fold(command, |command, verb| command.subcommand((verb.command)()))
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let matches = commands().get_matches();
    match dispatch(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            complain(wrong);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(matches: &ArgMatches) -> Result<(), String> {
    match matches.subcommand() {
        Some(("demo", matches)) => demo::run(matches),
        Some(("serve", matches)) => serve::run(matches),
        Some(("migrate", matches)) => migrate::run(matches),
        Some(("copy", matches)) => copy::run(matches),
        Some(("publish", matches)) => publish::run(matches),
        Some(("tail", matches)) => tail::run(matches),
        Some(("search", matches)) => search::run(matches),
        Some(("report", matches)) => report::run(matches),
        Some(("user", matches)) => user::run(matches),
        Some(("token", matches)) => token::run(matches),
        Some(("bench", matches)) => bench::run(matches),
        Some((name @ ("verify" | "backup" | "stats"), matches)) => upkeep::run(name, matches),
        Some(("app", matches)) => app::run(matches),
        Some(("retention", matches)) => retention::run(matches),
        Some(("hold", matches)) => hold::run(matches),
        Some(("import", matches)) => import::run(matches),
        Some(("docs", matches)) => docs::run(matches),
        Some((name, matches)) if let Some(verb) = directory::named(name) => (verb.run)(matches),
        _ => Err("no such command; `tidings --help` lists them".to_owned()),
    }
}

/// The runtime of a server.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| format!("the runtime cannot be started: {why}"))
}
