//! `tidings explain`: who heard an event, and why.

use super::{option, text, word};
use crate::cli::client::{Client, percent, read_json, with_connection};
use crate::cli::say;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Deserialize;
use serde_json::Value;

/// The command.
pub(super) fn command() -> Command {
    let command = Command::new("explain")
        .about("Says who heard an event and why, or why somebody did not (scope administer)")
        .arg(word("event_id", "The event, by its id in user feeds or in the enterprise feed"))
        .arg(option("user", "Also why this user heard it or did not, by id or login"))
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints JSON"));
    with_connection(command)
}

#[derive(Deserialize)]
struct Explanation {
    event_type: String,
    user_event_id: Option<String>,
    heard_by: Vec<Hearer>,
    lists: Vec<List>,
    user: Option<Hearer>,
}

#[derive(Deserialize)]
struct Hearer {
    id: String,
    name: String,
    heard: bool,
    reasons: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    name: String,
    members: u64,
}

/// Explains.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let (id, user) = (text(matches, "event_id"), text(matches, "user"));
    let answer = client.get(&format!("/api/v1/events/{}/audience?user={}", percent(id), percent(user)))?;
    if matches.get_flag("json") {
        say(read_json::<Value>(&answer)?);
        return Ok(());
    }
    let explanation: Explanation = read_json(&answer)?;
    let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
    let heard = explanation.heard_by.len();
    say(format_args!("{} {}", plain(&explanation.event_type), plain(id)));
    match explanation.user_event_id {
        None => say("It has no rendering for user feeds; administrators read it in the enterprise feed."),
        Some(_) => say(format_args!("Heard by {heard}{}:", if heard == 1_000 { " and more" } else { "" })),
    }
    let line =
        |hearer: &Hearer| format!("  {} ({}): {}", plain(&hearer.name), hearer.id, plain(&hearer.reasons.join("; ")));
    explanation.heard_by.iter().for_each(|hearer| say(line(hearer)));
    for list in &explanation.lists {
        say(format_args!("  posted once for {}, {} then", plain(&list.name), list.members));
    }
    if let Some(asked) = &explanation.user {
        say(format_args!("{}:", if asked.heard { "Heard it" } else { "Did not hear it" }));
        say(line(asked));
    }
    Ok(())
}
