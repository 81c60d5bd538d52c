//! `tidings search`: the history of the enterprise.

use super::client::{Client, read_json, with_connection};
use super::filters::{query, with_filters};
use super::table::table;
use super::{note, say};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Events shown unless the person says how many.
const LIMIT_DEFAULT: &str = "20";
/// Most events asked for at a time.
const PAGE: usize = 500;

/// The command.
pub(super) fn command() -> Command {
    let command = Command::new("search")
        .about("Finds events in the whole history of the enterprise (scope manage_enterprise_properties)")
        .arg(
            Arg::new("order")
                .long("order")
                .value_name("ORDER")
                .value_parser(["newest", "oldest"])
                .default_value("newest")
                .help("Which come first"),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("COUNT")
                .value_parser(value_parser!(usize))
                .default_value(LIMIT_DEFAULT)
                .help("Stops after so many events; 0 shows all"),
        )
        .arg(
            Arg::new("summary")
                .long("summary")
                .action(ArgAction::SetTrue)
                .help("Counts over time, and the top types, actors and items, in place of the events"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints events as published, one a line"));
    with_connection(with_filters(command))
}

#[derive(Deserialize)]
struct Page<'a> {
    next: Option<String>,
    end: bool,
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

/// Searches.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let client = Client::of(matches)?;
    let filters = query(matches);
    let as_json = matches.get_flag("json");
    if matches.get_flag("summary") {
        let answer = client.get(&format!("/api/v1/search/summary?{filters}"))?;
        return summary(&read_json(&answer)?, as_json);
    }
    let order = matches.get_one::<String>("order").map_or("newest", String::as_str);
    let limit = match matches.get_one::<usize>("limit") {
        None | Some(0) => usize::MAX,
        Some(limit) => *limit,
    };
    let (mut shown, mut rows, mut cursor) = (0, Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/search?{filters}order={order}&cursor={cursor}&limit={}", PAGE.min(limit - shown));
        let answer = client.get(&path)?;
        let page: Page<'_> = read_json(&answer)?;
        shown += page.entries.len();
        for entry in &page.entries {
            if as_json {
                // Line breaks within an event can only stand between its parts, where they mean nothing.
                say(entry.get().replace(['\n', '\r'], ""));
            } else {
                rows.push(row(entry)?);
            }
        }
        let moved = page.next.filter(|next| *next != cursor);
        match moved {
            Some(next) if !page.end && shown < limit => cursor = next,
            _ => {
                if !as_json {
                    say(table(&["time", "type", "actor", "source", "ip"], &rows));
                }
                if !page.end {
                    note(format_args!("There are more: give a larger --limit, or 0 for all."));
                }
                return Ok(());
            }
        }
        if !as_json && !rows.is_empty() && limit == usize::MAX {
            say(table(&["time", "type", "actor", "source", "ip"], &std::mem::take(&mut rows)));
        }
    }
}

fn text(event: &Value, path: &[&str]) -> String {
    let value = path.iter().try_fold(event, |value, name| value.get(name));
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn row(entry: &RawValue) -> Result<Vec<String>, String> {
    let event: Value = serde_json::from_str(entry.get()).map_err(|why| format!("the server sent no event: {why}"))?;
    let source = ["item_name", "name", "file_name", "folder_name", "group_name"];
    let source = source.iter().map(|name| text(&event, &["source", name])).find(|name| !name.is_empty());
    let actor = ["login", "name", "id"].iter().map(|name| text(&event, &["created_by", name]));
    let actor = actor.into_iter().find(|name| !name.is_empty());
    Ok(vec![
        text(&event, &["created_at"]),
        text(&event, &["event_type"]),
        actor.unwrap_or_default(),
        source.unwrap_or_default(),
        text(&event, &["ip_address"]),
    ])
}

fn summary(summary: &Value, as_json: bool) -> Result<(), String> {
    if as_json {
        say(summary);
        return Ok(());
    }
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    let rows = |name: &str| summary.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let buckets = rows("buckets");
    let most = buckets.iter().map(|bucket| number(bucket, "count")).max().unwrap_or(0).max(1);
    let bars: Vec<Vec<String>> = buckets
        .iter()
        .map(|bucket| {
            let count = number(bucket, "count");
            let bar = usize::try_from((count * 40).div_ceil(most)).unwrap_or(0);
            vec![text(bucket, &["from"]), count.to_string(), "#".repeat(bar)]
        })
        .collect();
    say(table(&["from", "events", ""], &bars));
    let exact = summary.get("total_is_exact").and_then(Value::as_bool).unwrap_or(false);
    let total = number(summary, "total");
    if exact {
        say(format_args!("{total} events"));
    } else {
        say(format_args!("{total} events since {}; what is older was not counted", text(summary, &["counted_from"])));
    }
    let sampled = number(summary, "sampled");
    for (name, heading) in [("event_types", "type"), ("actors", "actor"), ("items", "item")] {
        let rows: Vec<Vec<String>> = rows(name)
            .iter()
            .map(|row| vec![text(row, &["id"]), text(row, &["name"]), number(row, "count").to_string()])
            .collect();
        if !rows.is_empty() {
            say("");
            say(table(&[heading, "name", "events"], &rows));
        }
    }
    if summary.get("sampled_all").and_then(Value::as_bool) == Some(false) {
        note(format_args!("The lists are of the newest {sampled} events."));
    }
    Ok(())
}
