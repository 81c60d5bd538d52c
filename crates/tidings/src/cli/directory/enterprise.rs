//! `tidings enterprise`: the settings of the enterprise.

use super::{json_flag, option, show, text};
use crate::cli::client::{Client, read_json, with_connection};
use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use ureq::http::Method;

const PATH: &str = "/api/v1/enterprise";
const DAYS: [(&str, &str); 4] = [
    ("user", "Days that user feeds are kept, 14 to 62"),
    ("streaming", "Days of admin_logs_streaming, 1 to 62"),
    ("history", "Days of admin_logs, 14 to 2557"),
    ("events", "Days of the events themselves, for reports, to 2557"),
];

/// The command.
pub(super) fn command() -> Command {
    let mut edit = Command::new("edit")
        .about("Changes the settings")
        .arg(option("name", "The name"))
        .arg(option("opted-in", "Whether FILE_MARKED_MALICIOUS reaches it").value_parser(["yes", "no"]));
    for (name, help) in DAYS {
        edit = edit.arg(option(name, help).value_parser(clap::value_parser!(u32)));
    }
    let command = Command::new("enterprise")
        .about("Shows and changes the settings of the enterprise (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(Command::new("show").about("Shows the settings"))
        .subcommand(edit);
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with the enterprise")?;
    let mut settings: Value = read_json(&client.get(PATH)?)?;
    if verb == "edit" {
        let mut change = super::body(matches, &[("name", "name")]);
        if !text(matches, "opted-in").is_empty() {
            change["opted_in"] = json!(text(matches, "opted-in") == "yes");
        }
        let mut retention = settings["retention"].clone();
        for (name, _) in DAYS {
            if let Some(days) = matches.get_one::<u32>(name) {
                retention[name] = json!(days);
                change["retention"] = retention.clone();
            }
        }
        settings = client.send_json(Method::PATCH, PATH, &change)?;
    }
    let days = DAYS.map(|(name, _)| format!("retention.{name}"));
    let mut columns = vec!["id", "name", "opted_in"];
    columns.extend(days.iter().map(String::as_str));
    show(&[settings], as_json, &columns);
    Ok(())
}
