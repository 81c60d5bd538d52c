//! `tidings folder`: the folder tree, as far as the directory knows it.

use super::{body, json_flag, option, show, text, word};
use crate::cli::client::{Client, percent, read_json, with_connection};
use clap::{ArgMatches, Command};
use ureq::http::Method;

const PATH: &str = "/api/v1/folders";
const COLUMNS: [&str; 5] = ["id", "parent", "path", "owned_by", "trashed"];

/// The command.
pub(super) fn command() -> Command {
    let folder = || word("folder", "Which folder, by id");
    let name = || option("name", "Its name, for readers of the event");
    let owner = || option("owner", "Its owner, by id or login");
    let command = Command::new("folder")
        .about("Shows, adds and moves folders; who is let in on one is let in on all below it (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(Command::new("show").about("Shows where a file or folder lies, and whose it is").arg(folder()))
        .subcommand(
            Command::new("add")
                .about("Adds a folder")
                .arg(option("id", "The id; made up unless given"))
                .arg(option("parent", "The folder that it lies in; the root unless given"))
                .arg(name())
                .arg(owner()),
        )
        .subcommand(
            Command::new("move")
                .about("Moves a folder with all that is in it, or gives it to another owner")
                .arg(folder())
                .arg(option("parent", "The folder that it is to lie in; 0 is the root"))
                .arg(name())
                .arg(owner()),
        );
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with folders")?;
    let names = [("parent", "parent"), ("name", "name"), ("owner", "owner")];
    let path = || format!("{PATH}/{}", percent(text(matches, "folder")));
    let folder = match verb {
        "add" => {
            let names = [names.as_slice(), &[("id", "id")]].concat();
            client.send_json(Method::POST, PATH, &body(matches, &names))?
        }
        "move" => client.send_json(Method::PATCH, &path(), &body(matches, &names))?,
        _ => read_json(&client.get(&path())?)?,
    };
    show(&[folder], as_json, &COLUMNS);
    Ok(())
}
