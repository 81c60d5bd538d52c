//! `tidings sync`: the folders that users have marked as synced.

use super::{json_flag, show, text, word};
use crate::cli::client::{Client, percent, read_json, with_connection};
use crate::cli::say;
use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use ureq::http::Method;

/// The command.
pub(super) fn command() -> Command {
    let user = || word("user", "Whose, by id or login");
    let folder = || word("folder", "Which folder, by id");
    let command = Command::new("sync")
        .about("Marks folders as synced for users, which fills their stream 'sync' (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(Command::new("list").about("Lists the synced folders of a user").arg(user()))
        .subcommand(Command::new("add").about("Marks a folder").arg(user()).arg(folder()))
        .subcommand(Command::new("remove").about("Unmarks a folder").arg(user()).arg(folder()));
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with synced folders")?;
    let path = format!("/api/v1/users/{}/synced", percent(text(matches, "user")));
    match verb {
        "list" => {
            let answer: Value = read_json(&client.get(&path)?)?;
            let folders = answer.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
            show(&folders, as_json, &["type", "id"]);
        }
        "add" => {
            let folder = client.send_json(Method::POST, &path, &json!({"folder": text(matches, "folder")}))?;
            show(&[folder], as_json, &["type", "id"]);
        }
        _ => {
            client.delete(&format!("{path}/{}", percent(text(matches, "folder"))))?;
            say(format_args!("{} no longer syncs {}", text(matches, "user"), text(matches, "folder")));
        }
    }
    Ok(())
}
