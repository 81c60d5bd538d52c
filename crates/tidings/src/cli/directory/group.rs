//! `tidings group`: groups and who is in them.

use super::{body, json_flag, list, show, text, word};
use crate::cli::client::{Client, percent, read_json, with_connection};
use crate::cli::say;
use clap::{ArgMatches, Command};
use serde_json::json;
use ureq::http::Method;

const PATH: &str = "/api/v1/groups";

/// The command.
pub(super) fn command() -> Command {
    let group = || word("group", "Which group, by id");
    let user = || word("user", "Who, by id or login");
    let command = Command::new("group")
        .about("Adds, lists, changes and removes groups and their members (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(Command::new("list").about("Lists the groups"))
        .subcommand(Command::new("show").about("Shows a group and its members").arg(group()))
        .subcommand(
            Command::new("add")
                .about("Adds a group")
                .arg(word("name", "Its name"))
                .arg(super::option("id", "The id; made up unless given")),
        )
        .subcommand(Command::new("rename").about("Renames a group").arg(group()).arg(word("name", "Its new name")))
        .subcommand(Command::new("remove").about("Removes a group, with all it was let in on").arg(group()))
        .subcommand(Command::new("join").about("Puts a user into a group").arg(group()).arg(user()))
        .subcommand(Command::new("leave").about("Takes a user out of a group").arg(group()).arg(user()));
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with groups")?;
    let columns = ["id", "name", "created_at"];
    let path = || format!("{PATH}/{}", percent(text(matches, "group")));
    match verb {
        "list" => show(&list(&client, PATH, "")?, as_json, &columns),
        "show" => {
            show(&[read_json(&client.get(&path())?)?], as_json, &columns);
            show(&list(&client, &format!("{}/members", path()), "")?, as_json, &["id", "login", "name"]);
        }
        "add" => {
            let body = body(matches, &[("name", "name"), ("id", "id")]);
            show(&[client.send_json(Method::POST, PATH, &body)?], as_json, &columns);
        }
        "rename" => {
            let body = body(matches, &[("name", "name")]);
            show(&[client.send_json(Method::PATCH, &path(), &body)?], as_json, &columns);
        }
        "remove" => {
            client.delete(&path())?;
            say(format_args!("removed {}", text(matches, "group")));
        }
        "join" => {
            let body = json!({"user": text(matches, "user")});
            let member = client.send_json(Method::POST, &format!("{}/members", path()), &body)?;
            show(&[member], as_json, &["id", "login", "name"]);
        }
        _ => {
            client.delete(&format!("{}/members/{}", path(), percent(text(matches, "user"))))?;
            say(format_args!("{} left {}", text(matches, "user"), text(matches, "group")));
        }
    }
    Ok(())
}
