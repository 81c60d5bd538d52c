//! `tidings enterprise`: the settings of the token's enterprise; and all enterprises of a store, for the operator of its
//! machine.

use super::{json_flag, option, show, text};
use crate::cli::client::{Client, read_json, with_connection};
use crate::cli::say;
use crate::cli::upkeep::{ask, data_arg};
use crate::control::Request;
use crate::operator::Order;
use crate::service::enterprise::{EnterpriseChange, FreshEnterprise};
use clap::{Arg, ArgMatches, Command};
use feed::id::EnterpriseId;
use serde_json::{Value, json};
use std::path::PathBuf;
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
    let which = |help| Arg::new("enterprise").value_name("ENTERPRISE").help(help);
    let own_or_any = || which("Which enterprise, by id, for the operator; that of the token unless given");
    let any = || which("Which enterprise, by id").required(true);
    let mut edit = Command::new("edit")
        .visible_alias("change")
        .about("Changes the settings")
        .arg(own_or_any())
        .arg(data_arg())
        .arg(option("name", "The name"))
        .arg(option("opted-in", "Whether FILE_MARKED_MALICIOUS reaches it").value_parser(["yes", "no"]));
    for (name, help) in DAYS {
        edit = edit.arg(option(name, help).value_parser(clap::value_parser!(u32)));
    }
    let command = Command::new("enterprise")
        .about("Shows and changes the settings of the enterprise (scope administer); adds and lists enterprises")
        .long_about(
            "Shows and changes the settings of the token's enterprise (scope administer). The operator of the machine, who \
             may write the store's files, adds and lists enterprises, and shows and changes any of them by its id: with \
             --data, whether the store is being served or not, and without a token.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(Command::new("list").about("Lists the enterprises of a store").arg(data_arg()))
        .subcommand(
            Command::new("add")
                .about("Adds an enterprise with its first admin, and prints a token for them, once")
                .arg(any())
                .arg(option("name", "Its name").required(true))
                .arg(option("admin-login", "The login of its first admin, usually an e-mail address").required(true))
                .arg(option("admin-name", "The name of its first admin").default_value("Admin"))
                .arg(data_arg()),
        )
        .subcommand(Command::new("show").about("Shows the settings").arg(own_or_any()).arg(data_arg()))
        .subcommand(edit)
        .subcommand(
            Command::new("token")
                .about("Makes a token with every scope for an admin of an enterprise, and prints it, once")
                .arg(any())
                .arg(option("user", "Which admin, by id or login; the first there is unless given"))
                .arg(data_arg()),
        );
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let as_json = matches.get_flag("json");
    let (verb, given) = matches.subcommand().ok_or("say what to do with enterprises")?;
    let id = given.try_get_one::<String>("enterprise").ok().flatten();
    let id = id.map(|id| EnterpriseId::new(id)).transpose().map_err(|wrong| wrong.to_string())?;
    let data = given.get_one::<PathBuf>("data").cloned().unwrap_or_default();
    let order = |order| ask(&data, Request::Order(order));
    let answer = match (verb, id) {
        ("list", _) => {
            let all = order(Order::ListEnterprises)?;
            show_settings(all.as_array().map(Vec::as_slice).unwrap_or_default(), as_json);
            return Ok(());
        }
        ("add", Some(id)) => order(Order::AddEnterprise(FreshEnterprise {
            id,
            name: text(given, "name").to_owned(),
            admin_name: text(given, "admin-name").to_owned(),
            admin_login: text(given, "admin-login").to_owned(),
        }))?,
        ("token", Some(id)) => order(Order::MakeToken(id, given.get_one::<String>("user").cloned()))?,
        ("edit", Some(id)) => {
            let change = change(given, &order(Order::ShowEnterprise(id.clone()))?);
            let change: EnterpriseChange = serde_json::from_value(change).map_err(|wrong| wrong.to_string())?;
            order(Order::EditEnterprise(id, change))?
        }
        ("edit", None) => {
            let client = Client::of(matches)?;
            client.send_json(Method::PATCH, PATH, &change(given, &read_json(&client.get(PATH)?)?))?
        }
        (_, Some(id)) => order(Order::ShowEnterprise(id))?,
        (_, None) => read_json(&Client::of(matches)?.get(PATH)?)?,
    };
    match answer.get("access_token").and_then(Value::as_str).filter(|_| !as_json) {
        None => show_settings(&[answer], as_json),
        Some(token) => {
            let login = ["/admin/login", "/login"].iter().find_map(|at| answer.pointer(at)?.as_str());
            say(format_args!("A token with every scope for {}, shown this once:", login.unwrap_or("the admin")));
            say(format_args!("  {token}"));
        }
    }
    Ok(())
}

/// The change that the options say, of settings as they are.
fn change(given: &ArgMatches, settings: &Value) -> Value {
    let mut change = super::body(given, &[("name", "name")]);
    if !text(given, "opted-in").is_empty() {
        change["opted_in"] = json!(text(given, "opted-in") == "yes");
    }
    let mut retention = settings["retention"].clone();
    for (name, _) in DAYS {
        if let Some(days) = given.get_one::<u32>(name) {
            retention[name] = json!(days);
            change["retention"] = retention.clone();
        }
    }
    change
}

fn show_settings(enterprises: &[Value], as_json: bool) {
    let days = DAYS.map(|(name, _)| format!("retention.{name}"));
    let mut columns = vec!["id", "name", "opted_in"];
    columns.extend(days.iter().map(String::as_str));
    show(enterprises, as_json, &columns);
}
