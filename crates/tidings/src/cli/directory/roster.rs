//! `tidings directory`: the whole directory as one file.

use crate::cli::client::{Client, read_json, with_connection};
use crate::cli::say;
use clap::{Arg, ArgMatches, Command};
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
    let command = Command::new("directory")
        .about("Imports and exports users, groups, collaborations and synced folders (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("import").about("Adds what is missing and changes what differs").arg(file))
        .subcommand(Command::new("export").about("Prints all of it as JSON, to be imported again"));
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let (verb, matches) = matches.subcommand().ok_or("say what to do with the directory")?;
    if verb == "export" {
        let roster: Value = read_json(&client.get(PATH)?)?;
        say(serde_json::to_string_pretty(&roster).map_err(|wrong| wrong.to_string())?);
        return Ok(());
    }
    let path = matches.get_one::<PathBuf>("file").ok_or("name the file")?;
    let answer = client.send_json(Method::POST, PATH, &read(path)?)?;
    say(format_args!("{} changes", answer.get("changes").and_then(Value::as_u64).unwrap_or_default()));
    Ok(())
}

/// Reads a directory from a file, by its ending.
pub(in crate::cli) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|why| format!("{shown} cannot be read: {why}"))?;
    let is_toml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    let read = if is_toml {
        toml::from_str(&text).map_err(|wrong| wrong.to_string())
    } else {
        serde_json::from_str(&text).map_err(|wrong| wrong.to_string())
    };
    read.map_err(|wrong| format!("{shown} is no directory: {wrong}"))
}
