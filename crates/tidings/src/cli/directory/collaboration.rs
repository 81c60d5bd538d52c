//! `tidings collaboration`: who is let in on which file or folder.

use super::{body, json_flag, list, option, show, text, word};
use crate::cli::client::{Client, percent, read_json, with_connection};
use crate::cli::say;
use clap::{ArgMatches, Command};
use ureq::http::Method;

const PATH: &str = "/api/v1/collaborations";
const COLUMNS: [&str; 7] = ["id", "item", "accessible_by.type", "accessible_by.id", "role", "status", "created_at"];

/// The command.
pub(super) fn command() -> Command {
    let id = || word("collaboration", "Which collaboration, by id");
    let user = || option("user", "The user, by id or login").conflicts_with("group");
    let group = || option("group", "The group, by id");
    let status = || option("status", "pending or accepted").value_parser(["pending", "accepted"]);
    let command = Command::new("collaboration")
        .about("Lets users and groups in on files and folders, and out again (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(
            Command::new("list")
                .about("Lists collaborations: all, or those on an item, of a user, of a group")
                .arg(option("item", "The file or folder, by id"))
                .arg(user())
                .arg(group()),
        )
        .subcommand(Command::new("show").about("Shows a collaboration").arg(id()))
        .subcommand(
            Command::new("add")
                .about("Lets a user or a group in")
                .arg(word("item", "The file or folder, by id"))
                .arg(user().required_unless_present("group"))
                .arg(group())
                .arg(option("role", "As what; an editor unless given"))
                .arg(option("type", "file or folder; a folder unless given").value_parser(["file", "folder"]))
                .arg(option("name", "The name of the item, for readers of the event"))
                .arg(status())
                .arg(option("id", "The id; made up unless given")),
        )
        .subcommand(
            Command::new("edit")
                .about("Changes the role, or accepts for who is pending")
                .arg(id())
                .arg(option("role", "The new role"))
                .arg(status()),
        )
        .subcommand(Command::new("remove").about("Ends a collaboration").arg(id()));
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with collaborations")?;
    let path = || format!("{PATH}/{}", percent(text(matches, "collaboration")));
    let one = match verb {
        "list" => {
            let given = ["item", "user", "group"].into_iter().filter(|name| !text(matches, name).is_empty());
            let query: String = given.map(|name| format!("{name}={}&", percent(text(matches, name)))).collect();
            show(&list(&client, PATH, &query)?, as_json, &COLUMNS);
            return Ok(());
        }
        "remove" => {
            client.delete(&path())?;
            say(format_args!("removed {}", text(matches, "collaboration")));
            return Ok(());
        }
        "add" => {
            let names = [
                ("item", "item"),
                ("user", "user"),
                ("group", "group"),
                ("role", "role"),
                ("type", "item_type"),
                ("name", "item_name"),
                ("status", "status"),
                ("id", "id"),
            ];
            client.send_json(Method::POST, PATH, &body(matches, &names))?
        }
        "edit" => {
            client.send_json(Method::PATCH, &path(), &body(matches, &[("role", "role"), ("status", "status")]))?
        }
        _ => read_json(&client.get(&path())?)?,
    };
    show(&[one], as_json, &COLUMNS);
    Ok(())
}
