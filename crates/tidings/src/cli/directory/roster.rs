//! `tidings directory`: whole directories as one file.

use super::option;
use crate::cli::client::{Client, read_json, with_connection};
use crate::cli::say;
use crate::cli::upkeep::ask;
use crate::control::Request;
use crate::operator::Order;
use crate::service::roster::{Roster, Rosters};
use clap::{Arg, ArgMatches, Command};
use feed::id::EnterpriseId;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};
use ureq::http::Method;

const PATH: &str = "/api/v1/directory";

/// The command.
pub(super) fn command() -> Command {
    let file = Arg::new("file")
        .value_name("FILE")
        .required(true)
        .value_parser(clap::value_parser!(PathBuf))
        .help("The directory, as TOML (.toml) or JSON");
    // Not from the environment: it decides who is asking.
    let data = || {
        option("data", "The store of this machine: its operator imports and exports directories of all enterprises")
            .value_name("DIR")
            .value_parser(clap::value_parser!(PathBuf))
    };
    let command = Command::new("directory")
        .about("Imports and exports users, groups, folders, collaborations and synced folders")
        .long_about(
            "Imports and exports users, groups, folders, collaborations and synced folders: those of the token's \
             enterprise (scope administer), or with --data, for the operator of the machine, those of all enterprises of \
             a store, whether it is being served or not.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("import").about("Adds what is missing and changes what differs").arg(file).arg(data()))
        .subcommand(
            Command::new("export")
                .about("Prints all of it as JSON, to be imported again")
                .arg(data())
                .arg(option("enterprise", "With --data: only this enterprise, by id").requires("data")),
        );
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let (verb, given) = matches.subcommand().ok_or("say what to do with the directory")?;
    let data = given.get_one::<PathBuf>("data");
    if verb == "export" {
        let exported = match data {
            None => read_json(&Client::of(matches)?.get(PATH)?)?,
            Some(data) => {
                let only = given.get_one::<String>("enterprise").map(|id| EnterpriseId::new(id)).transpose();
                ask(data, Request::Order(Order::ExportDirectories(only.map_err(|wrong| wrong.to_string())?)))?
            }
        };
        say(serde_json::to_string_pretty::<Value>(&exported).map_err(|wrong| wrong.to_string())?);
        return Ok(());
    }
    let path = given.get_one::<PathBuf>("file").ok_or("name the file")?;
    let rosters = read(path)?;
    let answer = match (data, rosters.as_slice()) {
        (Some(data), _) => ask(data, Request::Order(Order::ImportDirectories(rosters)))?,
        (None, [only]) => {
            let body = serde_json::to_value(only).map_err(|wrong| wrong.to_string())?;
            Client::of(matches)?.send_json(Method::POST, PATH, &body)?
        }
        (None, _) => {
            let several = "the file has several enterprises, and a token belongs to one: give --data, as the operator";
            return Err(several.to_owned());
        }
    };
    say(format_args!("{} changes", answer.get("changes").and_then(Value::as_u64).unwrap_or_default()));
    Ok(())
}

/// Reads directories from a file, by its ending: one, or several under `enterprises`.
pub(in crate::cli) fn read(path: &Path) -> Result<Vec<Roster>, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|why| format!("{shown} cannot be read: {why}"))?;
    let is_toml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    let several = parsed::<Value>(&text, is_toml).map(|value| value.get("enterprises").is_some());
    let read = several.and_then(|several| match several {
        true => parsed::<Rosters>(&text, is_toml).map(|rosters| rosters.enterprises),
        false => parsed::<Roster>(&text, is_toml).map(|roster| vec![roster]),
    });
    read.map_err(|wrong| format!("{shown} is no directory: {wrong}"))
}

fn parsed<T: DeserializeOwned>(text: &str, is_toml: bool) -> Result<T, String> {
    match is_toml {
        true => toml::from_str(text).map_err(|wrong| wrong.to_string()),
        false => serde_json::from_str(text).map_err(|wrong| wrong.to_string()),
    }
}
