//! `tidings docs`: pages of the manual that are made from tables in the code (for developers).

use crate::config::page as settings;
use clap::{Arg, ArgMatches, Command};
use feed::catalogue::{self, Catalogue};

/// The command.
pub(super) fn command() -> Command {
    Command::new("docs")
        .hide(true)
        .about("Prints a page of the manual that is made from the code")
        .arg(Arg::new("page").required(true).value_parser(["event-types", "settings"]))
}

/// Prints a page.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let page = match matches.get_one::<String>("page").map(String::as_str) {
        Some("event-types") => catalogue::page::markdown(&Catalogue::standard()),
        _ => settings::markdown(),
    };
    super::say(page.trim_end());
    Ok(())
}
