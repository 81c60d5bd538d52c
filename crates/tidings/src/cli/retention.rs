//! `tidings retention`: how long events are kept, and what the next sweep removes.

use super::client::{Client, read_json, with_connection};
use super::directory::{json_flag, option};
use super::say;
use super::table::table;
use clap::{ArgMatches, Command};
use indicatif::HumanBytes;
use serde_json::{Map, Value};
use ureq::http::Method;

const PATH: &str = "/api/v1/retention";
/// The periods: name, what they are of, and help.
const PERIODS: [(&str, &str, &str); 4] = [
    ("user", "user feeds (all, changes, sync)", "Days that user feeds are kept, 14 to 62"),
    ("streaming", "admin_logs_streaming", "Days of admin_logs_streaming, 1 to 62"),
    ("history", "admin_logs", "Days of admin_logs, 14 to 2557"),
    ("events", "the events, for search and reports", "Days of the events themselves, at most 2557 (seven years)"),
];

/// The command.
pub(super) fn command() -> Command {
    let with_periods = |command: Command| {
        PERIODS.iter().fold(command, |command, (name, _, help)| {
            command.arg(option(name, help).value_name("DAYS").value_parser(clap::value_parser!(u32)))
        })
    };
    let command = Command::new("retention")
        .about("Shows and changes how long events are kept (scope administer)")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(json_flag())
        .subcommand(Command::new("show").about("Shows the periods, and what the next sweep will remove"))
        .subcommand(with_periods(
            Command::new("forecast").about("Shows what a sweep would remove by other periods, and changes nothing"),
        ))
        .subcommand(with_periods(
            Command::new("set")
                .about("Changes periods; what is past them goes with the next sweep, and cannot be brought back"),
        ));
    with_connection(command)
}

/// Does what the subcommand says.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let as_json = matches.get_flag("json");
    let (verb, matches) = matches.subcommand().ok_or("say what to do about retention")?;
    let answer: Value = match verb {
        "show" => read_json(&client.get(PATH)?)?,
        "forecast" => {
            let days: Vec<String> = given(matches).map(|(name, days)| format!("{name}={days}")).collect();
            read_json(&client.get(&format!("{PATH}/forecast?{}", days.join("&")))?)?
        }
        _ => {
            let change: Map<String, Value> =
                given(matches).map(|(name, days)| (name.to_owned(), days.into())).collect();
            if change.is_empty() {
                return Err("say which period to change: --user, --streaming, --history or --events DAYS".to_owned());
            }
            client.send_json(Method::PATCH, PATH, &Value::Object(change))?
        }
    };
    if as_json {
        say(answer);
    } else {
        say(told(&answer));
    }
    Ok(())
}

fn given(matches: &ArgMatches) -> impl Iterator<Item = (&'static str, u32)> {
    PERIODS.iter().filter_map(|(name, ..)| Some((*name, *matches.get_one::<u32>(name)?)))
}

/// The answer for people.
fn told(answer: &Value) -> String {
    let days = |name: &str| format!("{} days", answer["periods"][name]);
    let rows: Vec<Vec<String>> =
        PERIODS.iter().map(|(name, what, _)| vec![(*name).to_owned(), days(name), (*what).to_owned()]).collect();
    let mut text = table(&["period", "kept for", "of what"], &rows);
    text.push_str("\n\nWhat a sweep removes by these:\n");
    let sweep = &answer["next_sweep"];
    for (name, what) in [("user", "from user feeds"), ("events", "events for good")] {
        let kind = &sweep[name];
        let bytes = HumanBytes(kind["bytes"].as_u64().unwrap_or(0));
        let at_least = if sweep["at_least"] == true { "at least " } else { "" };
        text.push_str(&format!("  {what}: {at_least}{}, about {bytes}", kind["renderings"]));
        if let Some(left) = kind["oldest_left"].as_str() {
            text.push_str(&format!("; the oldest left is of {left}"));
        }
        text.push_str(&format!("; {} more only legal holds keep\n", kind["held"]));
    }
    text.push_str(&format!("Legal holds in effect: {}", answer["holds_in_effect"]));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_are_told_what_goes() {
        let kind = |renderings, held| {
            json!({
                "renderings": renderings, "bytes": renderings * 1500, "held": held,
                "oldest": "2025-05-14T02:09:05+00:00", "oldest_left": "2025-06-14T02:09:05+00:00",
            })
        };
        let answer = json!({
            "periods": {"user": 60, "streaming": 14, "history": 365, "events": 2557},
            "next_sweep": {"user": kind(12_000, 0), "events": kind(0, 7), "at_least": false},
            "holds_in_effect": 1,
        });
        insta::assert_snapshot!(told(&answer), @r"
        PERIOD     KEPT FOR   OF WHAT
        user       60 days    user feeds (all, changes, sync)
        streaming  14 days    admin_logs_streaming
        history    365 days   admin_logs
        events     2557 days  the events, for search and reports

        What a sweep removes by these:
          from user feeds: 12000, about 17.17 MiB; the oldest left is of 2025-06-14T02:09:05+00:00; 0 more only legal holds keep
          events for good: 0, about 0 B; the oldest left is of 2025-06-14T02:09:05+00:00; 7 more only legal holds keep
        Legal holds in effect: 1
        ");
    }
}
