//! `tidings user`: the users of the enterprise.

use super::client::{Client, percent, read_json, with_connection};
use super::say;
use super::table::table;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::http::Method;

const PATH: &str = "/api/v1/users";

/// The command.
pub(super) fn command() -> Command {
    let whom = || Arg::new("user").value_name("USER").required(true).help("Who, by id or login");
    let role = || {
        Arg::new("role")
            .long("role")
            .value_name("ROLE")
            .value_parser(["user", "coadmin", "admin", "service_account"])
            .help("What they may do")
    };
    let permissions = || {
        Arg::new("permissions")
            .long("permissions")
            .value_name("PERMISSIONS")
            .value_delimiter(',')
            .value_parser(["reports", "users"])
            .requires("role")
            .help("What a coadmin may do, separated by commas")
    };
    let name = || Arg::new("name").long("name").value_name("NAME").help("The name");
    let command = Command::new("user")
        .about("Adds, lists, changes and removes users (needs a token with the scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).global(true).help("Prints JSON, one user a line"))
        .subcommand(
            Command::new("add")
                .about("Adds a user")
                .arg(Arg::new("login").value_name("LOGIN").required(true).help("The login, usually an e-mail address"))
                .arg(name().required(true))
                .arg(role())
                .arg(permissions())
                .arg(Arg::new("id").long("id").value_name("ID").help("The id; made up unless given")),
        )
        .subcommand(
            Command::new("list").about("Lists the users, by id").arg(
                Arg::new("last-active")
                    .long("last-active")
                    .action(ArgAction::SetTrue)
                    .help("Says when each last did something that is in the enterprise feed"),
            ),
        )
        .subcommand(Command::new("show").about("Shows a user").arg(whom()))
        .subcommand(
            Command::new("edit")
                .about("Changes a user")
                .arg(whom())
                .arg(name())
                .arg(Arg::new("login").long("login").value_name("LOGIN").help("The login"))
                .arg(role())
                .arg(permissions()),
        )
        .subcommand(Command::new("remove").about("Removes a user, whose tokens stop working at once").arg(whom()));
    with_connection(command)
}

/// A user as the server shows one.
#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
    login: String,
    role: String,
    permissions: Vec<String>,
    status: String,
    created_at: String,
    /// When they were last active, if the server was asked.
    #[serde(default)]
    last_active_at: Option<String>,
    /// They were not after this, and before it was not looked.
    #[serde(default)]
    not_active_after: Option<String>,
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do with users")?;
    let path = || {
        let user = matches.get_one::<String>("user").map(String::as_str).unwrap_or_default();
        format!("{PATH}/{}", percent(user))
    };
    let user = match verb {
        "list" => return list(&client, matches.get_flag("last-active"), as_json),
        "remove" => {
            // By id: a login may be given to somebody else in between.
            let user = id_of(&read_json(&client.get(&path())?)?)?;
            client.delete(&format!("{PATH}/{}", percent(&user)))?;
            match as_json {
                true => say(json!({"removed": user})),
                false => say(format_args!("removed {user}")),
            }
            return Ok(());
        }
        "add" => client.send_json(Method::POST, PATH, &change(matches, &["id", "name", "login", "role"]))?,
        "edit" => {
            let change = change(matches, &["name", "login", "role"]);
            if change.as_object().is_some_and(Map::is_empty) {
                return Err("say what to change: --name, --login, --role or --permissions".to_owned());
            }
            client.send_json(Method::PATCH, &path(), &change)?
        }
        _ => read_json(&client.get(&path())?)?,
    };
    show(vec![user], as_json)
}

fn id_of(user: &Value) -> Result<String, String> {
    user.get("id").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| "the server shows no id".to_owned())
}

/// What was given of a user's members.
fn change(matches: &ArgMatches, names: &[&str]) -> Value {
    let mut change = Map::new();
    for name in names {
        if let Some(text) = matches.get_one::<String>(name) {
            change.insert((*name).to_owned(), json!(text));
        }
    }
    if let Some(permissions) = matches.get_many::<String>("permissions") {
        change.insert("permissions".to_owned(), permissions.cloned().collect());
    }
    Value::Object(change)
}

fn list(client: &Client, with_activity: bool, as_json: bool) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Answer {
        entries: Vec<Value>,
        next: Option<String>,
    }
    let mut users = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("{PATH}?after={}&last_active={with_activity}", percent(&after));
        let answer: Answer = read_json(&client.get(&path)?)?;
        users.extend(answer.entries);
        match answer.next {
            // A place that does not move would be asked for without end.
            Some(next) if next != after => after = next,
            _ => break,
        }
    }
    show(users, as_json)
}

fn show(users: Vec<Value>, as_json: bool) -> Result<(), String> {
    let with_activity = users.iter().any(|user| user.get("last_active_at").is_some());
    if as_json {
        users.iter().for_each(say);
        return Ok(());
    }
    let read = |user| serde_json::from_value(user).map_err(|wrong| format!("the server shows no user ({wrong})"));
    let row = |user: User| {
        let role = match user.permissions.as_slice() {
            [] => user.role,
            some => format!("{} ({})", user.role, some.join(", ")),
        };
        let active = match (user.last_active_at, user.not_active_after) {
            (Some(at), _) => at,
            (None, Some(second)) => format!("before {second}"),
            (None, None) => "nothing kept".to_owned(),
        };
        let mut row = vec![user.id, user.login, user.name, role, user.status, user.created_at];
        row.extend(with_activity.then_some(active));
        row
    };
    let users: Vec<User> = users.into_iter().map(read).collect::<Result<_, String>>()?;
    let rows: Vec<Vec<String>> = users.into_iter().map(row).collect();
    let heads = ["id", "login", "name", "role", "status", "since", "last active"];
    say(table(&heads[..heads.len() - usize::from(!with_activity)], &rows));
    Ok(())
}
