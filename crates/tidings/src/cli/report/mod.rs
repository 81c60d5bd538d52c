//! `tidings report`: asking for reports, watching them being made, fetching and checking them.

mod fetch;
mod verify;

use super::client::{Client, percent, read_json, with_connection};
use super::filters::{members, with_filters};
use super::say;
use super::table::table;
use clap::{Arg, ArgAction, ArgMatches, Command};
use feed::limits::{REPORT_PART_ROWS_MAX, REPORT_PART_ROWS_MIN};
use indicatif::HumanBytes;
use serde_json::{Value, json};
use ureq::http::Method;

fn id() -> Arg {
    Arg::new("id").value_name("ID").required(true).help("The report")
}

fn json_flag() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).global(true).help("Prints JSON, one thing a line")
}

/// The options that say what a report is to be.
fn with_wish(command: Command) -> Command {
    let command = command
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(["csv", "ndjson", "parquet"])
                .default_value("csv")
                .help("csv for spreadsheets, ndjson for events as published, parquet for analysis"),
        )
        .arg(
            Arg::new("column")
                .long("column")
                .value_name("COLUMN")
                .action(ArgAction::Append)
                .value_delimiter(',')
                .help("A column of csv or parquet; may be given several times. All but 'event' unless given"),
        )
        .arg(Arg::new("name").long("name").value_name("NAME").help("What it is called"))
        .arg(
            Arg::new("keep-days")
                .long("keep-days")
                .value_name("DAYS")
                .value_parser(clap::value_parser!(u32))
                .help("Removed so many days after it is finished (30)"),
        )
        .arg(
            Arg::new("part-rows")
                .long("part-rows")
                .value_name("EVENTS")
                .value_parser(clap::value_parser!(u64).range(REPORT_PART_ROWS_MIN..=REPORT_PART_ROWS_MAX))
                .help("A file of it holds at most so many events, 10000 to 500000 (500000)"),
        );
    with_filters(command)
}

/// The command.
pub(super) fn command() -> Command {
    let new = with_wish(Command::new("new").about("Asks for a report, and watches it being made"))
        .arg(Arg::new("no-wait").long("no-wait").action(ArgAction::SetTrue).help("Comes back at once"))
        .arg(
            Arg::new("fetch")
                .long("fetch")
                .value_name("DIR")
                .conflicts_with("no-wait")
                .help("Fetches it into this directory when it is finished"),
        );
    let fetch = Command::new("fetch")
        .about("Fetches a finished report: its parts and its manifest; checks them")
        .arg(id())
        .arg(Arg::new("dir").value_name("DIR").required(true).help("A directory, made if it is not there"));
    let schedule = Command::new("schedule")
        .about("Reports made every day, week or month, of the period that is over")
        .subcommand_required(true)
        .subcommand(
            with_wish(Command::new("add").about("Has a report made again and again")).arg(
                Arg::new("every")
                    .long("every")
                    .value_name("PERIOD")
                    .value_parser(["day", "week", "month"])
                    .required(true)
                    .help("How often, at midnight UTC when the period is over"),
            ),
        )
        .subcommand(Command::new("list").about("Lists schedules"))
        .subcommand(Command::new("remove").about("Ends a schedule; its reports stay").arg(id()));
    let command = Command::new("report")
        .about("Reports over the whole history of the enterprise (scope manage_enterprise_properties)")
        .subcommand_required(true)
        .arg(json_flag())
        .subcommand(new)
        .subcommand(Command::new("list").about("Lists reports, the newest first"))
        .subcommand(Command::new("show").about("Shows a report, and watches it while it is made").arg(id()))
        .subcommand(fetch)
        .subcommand(Command::new("cancel").about("Stops a report that is not finished").arg(id()))
        .subcommand(Command::new("delete").about("Deletes a report that has ended").arg(id()))
        .subcommand(schedule)
        .subcommand(verify::command());
    with_connection(command)
}

/// Does what is asked.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    match matches.subcommand() {
        Some(("verify", matches)) => verify::run(matches),
        Some((verb, matches)) => asked(verb, matches, &Client::of(matches)?),
        None => Err("say which verb; `tidings report --help` lists them".to_owned()),
    }
}

fn asked(verb: &str, matches: &ArgMatches, client: &Client) -> Result<(), String> {
    let as_json = matches.get_flag("json");
    let path = || format!("/api/v1/reports/{}", percent(text(matches, "id")));
    match verb {
        "new" => {
            let report = client.send_json(Method::POST, "/api/v1/reports", &wish(matches))?;
            if matches.get_flag("no-wait") {
                show(&[report], as_json);
                return Ok(());
            }
            let report = fetch::watch(client, report, as_json)?;
            if let Some(dir) = matches.get_one::<String>("fetch") {
                return fetch::fetch(client, &report, dir, as_json);
            }
            show(&[report], as_json);
            Ok(())
        }
        "list" => {
            let answer: Value = read_json(&client.get("/api/v1/reports")?)?;
            show(&rows(&answer), as_json);
            if !as_json {
                super::note(format_args!("Signed by {}", answer["key_fingerprint"].as_str().unwrap_or_default()));
            }
            Ok(())
        }
        "show" => {
            let report = read_json(&client.get(&path())?)?;
            let report = fetch::watch(client, report, as_json)?;
            if as_json {
                say(report);
            } else {
                say(format_args!("{report:#}"));
            }
            Ok(())
        }
        "fetch" => {
            let report = read_json(&client.get(&path())?)?;
            fetch::fetch(client, &report, text(matches, "dir"), as_json)
        }
        "cancel" => {
            show(&[client.send_json(Method::POST, &format!("{}/cancel", path()), &json!({}))?], as_json);
            Ok(())
        }
        "delete" => client.delete(&path()).map(drop).map_err(String::from),
        _ => schedule(matches, client),
    }
}

fn schedule(matches: &ArgMatches, client: &Client) -> Result<(), String> {
    let as_json = matches.get_flag("json");
    let shown = |schedules: &[Value]| {
        if as_json {
            schedules.iter().for_each(say);
            return;
        }
        let cells = |it: &Value| ["id", "name", "every", "format", "next_at"].map(|name| member(it, name)).to_vec();
        say(table(&["id", "name", "every", "format", "next"], &schedules.iter().map(cells).collect::<Vec<_>>()));
    };
    match matches.subcommand() {
        Some(("add", matches)) => {
            let mut wish = wish(matches);
            wish["every"] = json!(text(matches, "every"));
            shown(&[client.send_json(Method::POST, "/api/v1/report-schedules", &wish)?]);
        }
        Some(("remove", matches)) => {
            client.delete(&format!("/api/v1/report-schedules/{}", percent(text(matches, "id"))))?;
        }
        _ => shown(&rows(&read_json(&client.get("/api/v1/report-schedules")?)?)),
    }
    Ok(())
}

fn text<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).map(String::as_str).unwrap_or_default()
}

fn wish(matches: &ArgMatches) -> Value {
    let columns: Vec<&String> = matches.get_many("column").into_iter().flatten().collect();
    json!({
        "name": text(matches, "name"),
        "format": text(matches, "format"),
        "columns": columns,
        "part_rows": matches.get_one::<u64>("part-rows"),
        "keep_days": matches.get_one::<u32>("keep-days"),
        "filters": members(matches),
    })
}

fn rows(answer: &Value) -> Vec<Value> {
    answer.get("entries").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn member(thing: &Value, name: &str) -> String {
    match thing.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Prints reports.
fn show(reports: &[Value], as_json: bool) {
    if as_json {
        reports.iter().for_each(say);
        return;
    }
    let cells = |it: &Value| {
        let size = HumanBytes(it.get("bytes").and_then(Value::as_u64).unwrap_or(0)).to_string();
        let [id, name, state, format] = ["id", "name", "state", "format"].map(|name| member(it, name));
        vec![id, name, state, format, member(it, "rows"), size, member(it, "asked_at")]
    };
    let headings = ["id", "name", "state", "format", "events", "size", "asked"];
    say(table(&headings, &reports.iter().map(cells).collect::<Vec<_>>()));
}
