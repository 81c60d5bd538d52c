//! `tidings token`: the access tokens of the enterprise.

use super::client::{Client, percent, read_json, with_connection};
use super::say;
use super::table::table;
use clap::{Arg, ArgAction, ArgMatches, Command};
use feed::permission::Scopes;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

const PATH: &str = "/api/v1/tokens";

/// The command.
pub(super) fn command() -> Command {
    let scopes: Vec<&str> = Scopes::NAMES.iter().map(|(_, name)| *name).collect();
    let command = Command::new("token")
        .about("Makes, lists and revokes access tokens (needs an admin's token with the scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .global(true)
                .help("Prints the server's own answer"),
        )
        .subcommand(
            Command::new("add")
                .about("Makes a token and shows its secret, this once")
                .arg(Arg::new("user").value_name("USER").required(true).help("Whose token, by id or login"))
                .arg(
                    Arg::new("scopes")
                        .long("scopes")
                        .value_name("SCOPES")
                        .default_value("")
                        .hide_default_value(true)
                        .help(format!(
                            "What it may do beyond reading the user's own feed, separated by commas: {}",
                            scopes.join(", ")
                        )),
                )
                .arg(
                    Arg::new("note")
                        .long("note")
                        .value_name("TEXT")
                        .default_value("")
                        .hide_default_value(true)
                        .help("What it is for"),
                )
                .arg(
                    Arg::new("expires-in")
                        .long("expires-in")
                        .value_name("SECONDS")
                        .value_parser(clap::value_parser!(u32).range(1..))
                        .help("After how long it ends; never, unless given"),
                ),
        )
        .subcommand(Command::new("list").about("Lists the tokens, without their secrets"))
        .subcommand(
            Command::new("revoke")
                .about("Revokes a token at once")
                .arg(Arg::new("id").value_name("ID").required(true).help("The id that `tidings token list` shows")),
        );
    with_connection(command)
}

/// A token as the server shows it.
#[derive(Deserialize)]
struct Token {
    id: String,
    user: String,
    scopes: String,
    note: String,
    created_at: String,
    expires_at: Option<String>,
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    match matches.subcommand() {
        Some(("add", matches)) => add(&client, matches, as_json),
        Some(("revoke", matches)) => {
            let id = matches.get_one::<String>("id").map(String::as_str).unwrap_or_default();
            client.delete(&format!("{PATH}/{}", percent(id)))?;
            match as_json {
                true => say(json!({"revoked": id})),
                false => say(format_args!("revoked {id}")),
            }
            Ok(())
        }
        _ => list(&client, as_json),
    }
}

fn add(client: &Client, matches: &ArgMatches, as_json: bool) -> Result<(), String> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    // A scope that does not exist is told without asking.
    Scopes::parse(text("scopes")).map_err(|wrong| wrong.to_string())?;
    let wish = json!({
        "user": text("user"), "scopes": text("scopes"), "note": text("note"),
        "expires_in": matches.get_one::<u32>("expires-in"),
    });
    let answer = client.send_json(Method::POST, PATH, &wish)?;
    if as_json {
        say(answer);
        return Ok(());
    }
    let word = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, user, secret) = (word("id"), word("user"), word("access_token"));
    say(format_args!("The token of user {user}, shown this once (its id is {id}):"));
    say(secret);
    Ok(())
}

fn list(client: &Client, as_json: bool) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Answer {
        entries: Vec<Token>,
    }
    let answer = client.get(PATH)?;
    if as_json {
        say(read_json::<Value>(&answer)?);
        return Ok(());
    }
    let answer: Answer = read_json(&answer)?;
    let row = |token: Token| {
        let expires = token.expires_at.unwrap_or_else(|| "never".to_owned());
        vec![token.id, token.user, token.created_at, expires, token.scopes, token.note]
    };
    let rows: Vec<Vec<String>> = answer.entries.into_iter().map(row).collect();
    say(table(&["id", "user", "created", "ends", "scopes", "note"], &rows));
    Ok(())
}
