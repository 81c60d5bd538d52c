//! Commands about the directory: who shares what with whom, and who hears of it.
//!
//! One file each; [`ALL`] names them. Each asks the server by the native calls, so what is checked and what is recorded
//! is the same whoever asks.

mod collaboration;
mod enterprise;
mod explain;
mod folder;
mod group;
mod roster;
mod sync;

pub(super) use roster::read as read_rosters;

use super::client::{Client, percent, read_json};
use super::say;
use super::table::table;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A command: what it is, and what it does.
pub(super) struct Verb {
    /// Its arguments.
    pub(super) command: fn() -> Command,
    /// Does it.
    pub(super) run: fn(&ArgMatches) -> Result<(), String>,
}

/// The commands of this folder.
pub(super) static ALL: [Verb; 7] = [
    Verb { command: group::command, run: group::run },
    Verb { command: collaboration::command, run: collaboration::run },
    Verb { command: folder::command, run: folder::run },
    Verb { command: sync::command, run: sync::run },
    Verb { command: enterprise::command, run: enterprise::run },
    Verb { command: roster::command, run: roster::run },
    Verb { command: explain::command, run: explain::run },
];

/// The command of this name.
pub(super) fn named(name: &str) -> Option<&'static Verb> {
    ALL.iter().find(|verb| (verb.command)().get_name() == name)
}

/// Prints JSON instead of tables.
pub(super) fn json_flag() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).global(true).help("Prints JSON, one thing a line")
}

/// A word that must be given.
pub(super) fn word(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(name.to_uppercase()).required(true).help(help)
}

/// An option with a value.
pub(super) fn option(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(name.to_uppercase()).help(help)
}

pub(super) fn text<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).map(String::as_str).unwrap_or_default()
}

/// The options that were given, as the members of a body: by the name of the option and that of the member.
pub(super) fn body(matches: &ArgMatches, names: &[(&str, &str)]) -> Value {
    let given = names.iter().filter_map(|(option, member)| Some((member, matches.get_one::<String>(option)?)));
    Value::Object(given.map(|(member, text)| ((*member).to_owned(), Value::from(text.as_str()))).collect::<Map<_, _>>())
}

/// All pages of a list. `query` is empty or ends in `&`.
fn list(client: &Client, path: &str, query: &str) -> Result<Vec<Value>, String> {
    #[derive(Deserialize)]
    struct Answer {
        entries: Vec<Value>,
        next: Option<String>,
    }
    let mut entries = Vec::new();
    let mut after = String::new();
    loop {
        let answer: Answer = read_json(&client.get(&format!("{path}?{query}after={}", percent(&after)))?)?;
        entries.extend(answer.entries);
        match answer.next {
            // A place that does not move would be asked for without end.
            Some(next) if next != after => after = next,
            _ => return Ok(entries),
        }
    }
}

/// Prints things as JSON lines, or as a table of some of their members; `a.b` is a member of a member.
pub(super) fn show(things: &[Value], as_json: bool, members: &[&str]) {
    if as_json {
        things.iter().for_each(say);
        return;
    }
    let cell = |thing: &Value, member: &str| {
        let value = member.split('.').try_fold(thing, |value, name| value.get(name));
        match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    };
    let rows: Vec<Vec<String>> =
        things.iter().map(|thing| members.iter().map(|member| cell(thing, member)).collect()).collect();
    say(table(members, &rows));
}
