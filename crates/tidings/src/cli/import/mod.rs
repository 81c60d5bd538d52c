//! `tidings import`: history from elsewhere, out of NDJSON, pages of the API, and CSV reports.

mod columns;
mod csv_rows;
mod json_rows;
mod rows;
mod send;
mod tally;

use super::client::{Client, with_connection};
use super::stop::until_stopped;
use clap::{Arg, ArgAction, ArgMatches, Command};
use columns::{Mapping, Times};
use feed::limits::{PUBLISH_BYTES_MAX, PUBLISH_DRAFTS_MAX};
use rows::{Row, Rows};
use send::{Outcome, Server};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use tally::Tally;

/// Rows that are sent at once unless asked otherwise.
const BATCH_DEFAULT: &str = "5000";
/// Bytes after which a batch is sent, however few rows it has.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

const LONG_ABOUT: &str = "\
Imports history: events of the enterprise feed from elsewhere, which keep their ids and times. They stand at their true \
time in closed windows, in search and in reports, age by their original time, and are shown to no follower and in no \
user feed. The token needs the scope import and an admin's role.

Files are NDJSON (one event a line, such as a report or a feed archived), JSON (a page of the events API, or a list), or \
CSV with headings. Headings are matched with the members of an event whatever their case; --map says what others are, \
and columns that nobody claims are kept in additional_details. A CSV row without an id is given one made of what it says, so that \
the same file gives the same ids.

Run the same command again after it broke off: what is there already is recognised, by id and time, and is not stored \
twice. A bad row ends the import, is named with its line and the reason, and nothing of its batch is stored; with \
--skip-bad such rows are left out and written to FILE.bad, to be mended and imported later. Events older than the \
enterprise keeps events are left out and counted.";

/// The command.
pub(super) fn command() -> Command {
    let command = Command::new("import")
        .about("Imports history from elsewhere: NDJSON, JSON pages, CSV reports")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(clap::value_parser!(PathBuf))
                .help("The files, in any order"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(["ndjson", "json", "csv"])
                .help("What the files are; told from their content unless given"),
        )
        .arg(
            Arg::new("map")
                .long("map")
                .value_name("HEADING=MEMBER")
                .action(ArgAction::Append)
                .value_parser(columns::pair)
                .help("What a column is, such as 'Date=created_at' or 'User Id=created_by.id'; '-' leaves it out"),
        )
        .arg(
            Arg::new("type")
                .long("type")
                .value_name("WORDS=TYPE")
                .action(ArgAction::Append)
                .value_parser(columns::pair)
                .help("The event type that a column's words mean, such as 'Uploaded=UPLOAD'"),
        )
        .arg(
            Arg::new("time-format")
                .long("time-format")
                .value_name("FORMAT")
                .value_parser(columns::time_format)
                .help("How times of CSV rows are written, such as '%m/%d/%Y %I:%M %p'; forms of RFC 3339 unless given"),
        )
        .arg(
            Arg::new("time-zone")
                .long("time-zone")
                .value_name("OFFSET")
                .default_value("+00:00")
                .allow_hyphen_values(true)
                .value_parser(columns::offset)
                .help("The offset of times of CSV rows that name none, such as -08:00"),
        )
        .arg(
            Arg::new("skip-bad")
                .long("skip-bad")
                .action(ArgAction::SetTrue)
                .help("Leaves bad rows out, writes them to FILE.bad, and goes on"),
        )
        .arg(
            Arg::new("batch")
                .long("batch")
                .value_name("ROWS")
                .default_value(BATCH_DEFAULT)
                .value_parser(clap::value_parser!(u64).range(1..=PUBLISH_DRAFTS_MAX as u64))
                .help("Most rows that are sent at once"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Tells the summary as JSON"));
    with_connection(command)
}

/// What was asked for.
struct Wish {
    files: Vec<PathBuf>,
    format: Option<String>,
    mapping: Mapping,
    skip_bad: bool,
    rows_max: usize,
    as_json: bool,
}

/// Imports, until the end or until the person stops it.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let server = Server::new(Client::of(matches)?)?;
    let pairs = |name| matches.get_many::<(String, String)>(name).into_iter().flatten().cloned().collect::<Vec<_>>();
    let times = Times {
        format: matches.get_one::<String>("time-format").cloned(),
        offset_s: matches.get_one::<i32>("time-zone").copied().unwrap_or(0),
    };
    let wish = Wish {
        files: matches.get_many::<PathBuf>("file").into_iter().flatten().cloned().collect(),
        format: matches.get_one::<String>("format").cloned(),
        mapping: Mapping::new(pairs("map"), pairs("type"), times)?,
        skip_bad: matches.get_flag("skip-bad"),
        rows_max: matches.get_one::<u64>("batch").copied().and_then(|it| usize::try_from(it).ok()).unwrap_or(1),
        as_json: matches.get_flag("json"),
    };
    // Reading and sending block; they have a thread of their own, so that the wish to stop is heard.
    match until_stopped(move || import(server, &wish))? {
        Some(outcome) => outcome,
        None => Err("stopped. Run the same command again to go on: what is there already is recognised.".to_owned()),
    }
}

fn import(mut server: Server, wish: &Wish) -> Result<(), String> {
    let mut bytes = 0;
    for file in &wish.files {
        let found = file.metadata().map_err(|why| format!("{}: {why}", file.display()))?;
        bytes += found.len();
    }
    let mut tally = Tally::new(bytes, wish.as_json);
    let mut ended = Ok(());
    for file in &wish.files {
        ended = import_file(&mut server, wish, file, &mut tally);
        if ended.is_err() {
            break;
        }
    }
    tally.finish();
    ended
}

fn import_file(server: &mut Server, wish: &Wish, path: &Path, tally: &mut Tally) -> Result<(), String> {
    let name = path.display().to_string();
    let unreadable = |why: std::io::Error| format!("{name} cannot be read: {why}");
    let mut rows = rows_of(wish, path)?;
    let mut bad = Bad { path: path.to_owned(), file: None, head: rows.head().map(str::to_owned) };
    tally.begins();
    let mut batch: Vec<Row> = Vec::new();
    let mut batch_bytes = 0;
    loop {
        let next = rows.next().map_err(unreadable)?;
        let full = |row: &Row| {
            let bytes = row.event.as_ref().map_or(0, String::len);
            batch.len() == wish.rows_max || (batch_bytes + bytes > BATCH_BYTES && !batch.is_empty())
        };
        if next.as_ref().is_none_or(full) {
            send_batch(server, wish, &name, std::mem::take(&mut batch), &mut bad, tally)?;
            batch_bytes = 0;
            tally.reached(rows.bytes());
        }
        let Some(row) = next else { break };
        batch_bytes += row.event.as_ref().map_or(0, String::len);
        batch.push(row);
    }
    tally.ends(rows.bytes());
    bad.finish().map_err(|why| format!("{} cannot be written: {why}", bad.path.display()))
}

/// Sends a batch. Bad rows end the import, or are put aside.
fn send_batch(
    server: &mut Server,
    wish: &Wish,
    name: &str,
    mut batch: Vec<Row>,
    bad: &mut Bad,
    tally: &mut Tally,
) -> Result<(), String> {
    loop {
        let reasons: Vec<(usize, String)> =
            batch.iter().enumerate().filter_map(|(at, row)| Some((at, row.event.as_ref().err()?.clone()))).collect();
        let reasons = if !reasons.is_empty() {
            reasons
        } else {
            match server.send(&batch)? {
                Outcome::Taken(taken) => {
                    tally.add(name, &taken);
                    return Ok(());
                }
                Outcome::Refused(reasons) => reasons,
            }
        };
        for (at, reason) in &reasons {
            tally.bad(name, batch[*at].line, reason);
        }
        if !wish.skip_bad {
            let first = batch.first().map_or(0, |row| row.line);
            return Err(format!(
                "nothing from line {first} of {name} on was imported. Mend the rows named above, or leave them out \
                 with --skip-bad; then run the same command again: what is there already is recognised."
            ));
        }
        let mut at = 0;
        let mut wrong = Ok(());
        batch.retain(|row| {
            let is_bad = reasons.iter().any(|(bad, _)| *bad == at);
            at += 1;
            if is_bad && wrong.is_ok() {
                wrong = bad.put(&row.raw);
            }
            !is_bad
        });
        wrong.map_err(|why| format!("{} cannot be written: {why}", bad.path.display()))?;
        if batch.is_empty() {
            return Ok(());
        }
    }
}

fn rows_of(wish: &Wish, path: &Path) -> Result<Box<dyn Rows>, String> {
    let unreadable = |why: std::io::Error| format!("{} cannot be read: {why}", path.display());
    let open = || File::open(path).map(BufReader::new).map_err(unreadable);
    let format = match &wish.format {
        Some(format) => format.clone(),
        None => rows::guess(open()?.fill_buf().map_err(unreadable)?).to_owned(),
    };
    match format.as_str() {
        "csv" => Ok(Box::new(
            csv_rows::CsvRows::new(open()?, &wish.mapping).map_err(|why| format!("{}: {why}", path.display()))?,
        )),
        "json" => Ok(Box::new(json_rows::whole(open()?).map_err(|why| format!("{}: {why}", path.display()))?)),
        _ => Ok(Box::new(json_rows::Lined::new(open()?, PUBLISH_BYTES_MAX))),
    }
}

/// The file of bad rows beside the one that is imported; begun with the first of them.
struct Bad {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    /// The headings, which the rows need to be understood.
    head: Option<String>,
}

impl Bad {
    fn put(&mut self, raw: &str) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut path = self.path.clone().into_os_string();
                path.push(".bad");
                let mut file = BufWriter::new(File::create(path)?);
                if let Some(head) = &self.head {
                    writeln!(file, "{}", head.trim_end_matches(['\r', '\n']))?;
                }
                none.insert(file)
            }
        };
        writeln!(file, "{}", raw.trim_end_matches(['\r', '\n']))
    }

    fn finish(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}
