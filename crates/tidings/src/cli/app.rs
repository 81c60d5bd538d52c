//! `tidings app`: the applications of the enterprise, their secrets and keys.

use super::client::{Client, percent, read_json, with_connection};
use super::table::table;
use super::{note, say};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use ureq::http::Method;

const PATH: &str = "/api/v1/applications";

/// The command.
pub(super) fn command() -> Command {
    let id =
        || Arg::new("id").value_name("CLIENT_ID").required(true).help("The client id that `tidings app list` shows");
    let command = Command::new("app")
        .about("Creates and changes applications (needs an admin's token with the scope administer)")
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
            Command::new("create")
                .about("Creates an application and shows its secret, this once")
                .arg(Arg::new("name").value_name("NAME").required(true).help("What people call it"))
                .args(wishes()),
        )
        .subcommand(Command::new("list").about("Lists the applications, without their secrets"))
        .subcommand(Command::new("change").about("Changes an application").arg(id()).args(wishes()))
        .subcommand(Command::new("disable").about("Stops an application and its tokens at once").arg(id()))
        .subcommand(Command::new("enable").about("Lets a disabled application go on").arg(id()))
        .subcommand(
            Command::new("rotate-secret").about("Makes a new client secret and shows it, this once").arg(id()).arg(
                Arg::new("overlap")
                    .long("overlap")
                    .value_name("SECONDS")
                    .default_value("0")
                    .value_parser(clap::value_parser!(u32))
                    .help("For how long the old one goes on working"),
            ),
        )
        .subcommand(
            Command::new("keys")
                .about("Lists, registers, makes and removes public keys")
                .subcommand_required(true)
                .subcommand(Command::new("list").about("Lists the public keys").arg(id()))
                .subcommand(
                    Command::new("add").about("Registers a public key").arg(id()).arg(
                        Arg::new("file")
                            .value_name("PEM")
                            .required(true)
                            .value_parser(clap::value_parser!(PathBuf))
                            .help("The file with the public RSA key"),
                    ),
                )
                .subcommand(
                    Command::new("generate")
                        .about("Makes a key pair and prints the JWT configuration file that the SDKs read, this once")
                        .arg(id())
                        .arg(
                            Arg::new("client-secret")
                                .long("client-secret")
                                .env("TIDINGS_CLIENT_SECRET")
                                .hide_env_values(true)
                                // One in 64 begins with a hyphen.
                                .allow_hyphen_values(true)
                                .value_name("SECRET")
                                .help("The client secret, to stand in the file"),
                        ),
                )
                .subcommand(
                    Command::new("remove")
                        .about("Removes a public key")
                        .arg(id())
                        .arg(Arg::new("key").value_name("KEY_ID").required(true).help("The id that `keys list` shows")),
                ),
        )
        .subcommand(
            Command::new("sign-in-code")
                .about("Makes a one-time code with which a person can sign in on the consent page")
                .arg(Arg::new("user").value_name("USER").required(true).help("Whose, by id or login")),
        );
    with_connection(command)
}

fn wishes() -> [Arg; 3] {
    [
        Arg::new("scopes")
            .long("scopes")
            .value_name("SCOPES")
            .help("The most that its tokens can give, separated by commas"),
        Arg::new("acts-as")
            .long("acts-as")
            .value_name("WHOM")
            .help("For whom it gets tokens without asking them: nobody, everybody, or user ids separated by commas"),
        Arg::new("redirect-uri")
            .long("redirect-uri")
            .value_name("URL")
            .action(ArgAction::Append)
            .help("Where people may be sent back to after consenting; may be given again"),
    ]
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let send =
        |method, path: &str, body: &Value| -> Result<Value, String> { Ok(client.send_json(method, path, body)?) };
    match matches.subcommand() {
        Some(("create", matches)) => {
            let mut wish = wish_of(matches);
            wish.insert("name".to_owned(), json!(text(matches, "name")));
            show_secret(&send(Method::POST, PATH, &Value::Object(wish))?, as_json)
        }
        Some(("change", matches)) => {
            show(vec![send(Method::PATCH, &path_of(matches, ""), &Value::Object(wish_of(matches)))?], as_json)
        }
        Some((verb @ ("disable" | "enable"), matches)) => {
            let wish = json!({ "enabled": verb == "enable" });
            show(vec![send(Method::PATCH, &path_of(matches, ""), &wish)?], as_json)
        }
        Some(("rotate-secret", matches)) => {
            let wish = json!({ "overlap": matches.get_one::<u32>("overlap") });
            show_secret(&send(Method::POST, &path_of(matches, "/secrets"), &wish)?, as_json)
        }
        Some(("keys", matches)) => keys(&client, matches, as_json),
        Some(("sign-in-code", matches)) => {
            let path = format!("/api/v1/users/{}/sign-in-codes", percent(text(matches, "user")));
            let answer = send(Method::POST, &path, &json!({}))?;
            match as_json {
                true => say(answer),
                false => {
                    note(format_args!(
                        "The code, shown this once; it works once and until {}:",
                        word(&answer, "expires_at")
                    ));
                    say(word(&answer, "code"));
                }
            }
            Ok(())
        }
        _ => {
            let mut answer: Value = read_json(&client.get(PATH)?)?;
            show(entries(&mut answer), as_json)
        }
    }
}

fn keys(client: &Client, matches: &ArgMatches, as_json: bool) -> Result<(), String> {
    match matches.subcommand() {
        Some(("add", matches)) => {
            let file = matches.get_one::<PathBuf>("file").cloned().unwrap_or_default();
            let pem = std::fs::read_to_string(&file).map_err(|why| format!("{}: {why}", file.display()))?;
            let answer = client.send_json(Method::POST, &path_of(matches, "/keys"), &json!({ "public_key": pem }))?;
            show_keys(&[answer], as_json)
        }
        Some(("generate", matches)) => {
            let wish = json!({ "client_secret": matches.get_one::<String>("client-secret") });
            let answer = client.send_json(Method::POST, &path_of(matches, "/keys"), &wish)?;
            match as_json {
                true => say(answer),
                false => say(format_args!("{:#}", answer["jwt_config"])),
            }
            Ok(())
        }
        Some(("remove", matches)) => {
            let key = text(matches, "key");
            client.delete(&path_of(matches, &format!("/keys/{}", percent(key))))?;
            match as_json {
                true => say(json!({ "removed": key })),
                false => say(format_args!("removed {key}")),
            }
            Ok(())
        }
        Some((_, matches)) => {
            let mut answer: Value = read_json(&client.get(&path_of(matches, "/keys"))?)?;
            show_keys(&entries(&mut answer), as_json)
        }
        None => Err("say what to do with the keys".to_owned()),
    }
}

fn text<'a>(matches: &'a ArgMatches, name: &str) -> &'a str {
    matches.get_one::<String>(name).map(String::as_str).unwrap_or_default()
}

fn word(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn path_of(matches: &ArgMatches, below: &str) -> String {
    format!("{PATH}/{}{below}", percent(text(matches, "id")))
}

fn entries(answer: &mut Value) -> Vec<Value> {
    match answer.get_mut("entries").map(Value::take) {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    }
}

fn wish_of(matches: &ArgMatches) -> Map<String, Value> {
    let mut wish = Map::new();
    if let Some(scopes) = matches.get_one::<String>("scopes") {
        wish.insert("scopes".to_owned(), json!(scopes));
    }
    if let Some(whom) = matches.get_one::<String>("acts-as") {
        let whom = match whom.as_str() {
            "nobody" | "everybody" => json!(whom),
            ids => ids.split(',').map(str::trim).collect(),
        };
        wish.insert("acts_as".to_owned(), whom);
    }
    if let Some(uris) = matches.get_many::<String>("redirect-uri") {
        wish.insert("redirect_uris".to_owned(), uris.cloned().collect());
    }
    wish
}

fn show_secret(answer: &Value, as_json: bool) -> Result<(), String> {
    if as_json {
        say(answer);
        return Ok(());
    }
    note("Client id and client secret, the secret shown this once:");
    say(word(answer, "client_id"));
    say(word(answer, "client_secret"));
    Ok(())
}

fn show(applications: Vec<Value>, as_json: bool) -> Result<(), String> {
    if as_json {
        applications.iter().for_each(say);
        return Ok(());
    }
    let row = |it: Value| {
        let acts_as = match &it["acts_as"] {
            Value::Array(users) => users.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        let state = if it["enabled"] == true { "enabled" } else { "disabled" };
        let keys = it["keys"].as_array().map_or(0, Vec::len).to_string();
        let service_account = word(&it, "service_account");
        vec![
            word(&it, "client_id"),
            word(&it, "name"),
            state.to_owned(),
            service_account,
            acts_as,
            keys,
            word(&it, "scopes"),
        ]
    };
    let rows: Vec<Vec<String>> = applications.into_iter().map(row).collect();
    say(table(&["client id", "name", "state", "service account", "acts as", "keys", "scopes"], &rows));
    Ok(())
}

fn show_keys(keys: &[Value], as_json: bool) -> Result<(), String> {
    if as_json {
        keys.iter().for_each(say);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = keys.iter().map(|it| vec![word(it, "id"), word(it, "created_at")]).collect();
    say(table(&["id", "registered"], &rows));
    Ok(())
}
