//! `tidings hold`: legal holds, which suspend the sweep.

use super::client::{Client, percent, read_json, with_connection};
use super::directory::{body, json_flag, option, show, text, word};
use super::say;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Value;
use ureq::http::Method;

const PATH: &str = "/api/v1/holds";
const COLUMNS: [&str; 8] =
    ["id", "name", "in_effect", "from", "until", "created_from", "created_before", "placed_by.login"];

/// The command.
pub(super) fn command() -> Command {
    let id = || word("hold", "Which hold, by id");
    let why = || option("why", "Why it is placed");
    let until = || option("until", "When it ends by itself; never unless given").value_name("TIME");
    let command = Command::new("hold")
        .about("Places, lists, changes and releases legal holds (scope administer)")
        .long_about(
            "Places, lists, changes and releases legal holds. What is held stays stored, past every period, until no \
             hold keeps it any more; feeds show it no longer than their period, search and reports do.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(
            Command::new("list")
                .about("Lists the holds in effect")
                .arg(Arg::new("all").long("all").action(ArgAction::SetTrue).help("Also those that ended")),
        )
        .subcommand(Command::new("show").about("Shows all of a hold").arg(id()))
        .subcommand(
            Command::new("add")
                .about("Places a hold on everything, or on what was done within a window of time")
                .arg(word("name", "What to call it"))
                .arg(why())
                .arg(option("created-from", "Only what was done at or after this time").value_name("TIME"))
                .arg(option("created-before", "Only what was done before this time").value_name("TIME"))
                .arg(until()),
        )
        .subcommand(
            Command::new("edit")
                .about("Changes name, reason or end of a hold")
                .arg(id())
                .arg(option("name", "What to call it"))
                .arg(why())
                .arg(until())
                .arg(
                    Arg::new("for-good")
                        .long("for-good")
                        .action(ArgAction::SetTrue)
                        .conflicts_with("until")
                        .help("It no longer ends by itself"),
                ),
        )
        .subcommand(Command::new("release").about("Ends a hold; the next sweep takes what only it kept").arg(id()));
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with holds")?;
    let path = || format!("{PATH}/{}", percent(text(matches, "hold")));
    match verb {
        "list" => {
            let answer: Value = read_json(&client.get(PATH)?)?;
            let mut holds = answer["entries"].as_array().cloned().unwrap_or_default();
            holds.retain(|hold| matches.get_flag("all") || hold["in_effect"] == true);
            show(&holds, as_json, &COLUMNS);
        }
        "show" => {
            let hold: Value = read_json(&client.get(&path())?)?;
            if as_json {
                say(hold);
            } else {
                say(serde_json::to_string_pretty(&hold).unwrap_or_default());
            }
        }
        "add" => {
            let names = [
                ("name", "name"),
                ("why", "why"),
                ("created-from", "created_from"),
                ("created-before", "created_before"),
                ("until", "until"),
            ];
            show(&[client.send_json(Method::POST, PATH, &body(matches, &names))?], as_json, &COLUMNS);
        }
        "edit" => {
            let mut change = body(matches, &[("name", "name"), ("why", "why"), ("until", "until")]);
            if matches.get_flag("for-good") {
                change["until"] = Value::Null;
            }
            show(&[client.send_json(Method::PATCH, &path(), &change)?], as_json, &COLUMNS);
        }
        _ => {
            client.delete(&path())?;
            say(format_args!("released {}", text(matches, "hold")));
        }
    }
    Ok(())
}
