//! `tidings publish`: drafts from a file, one on each line.

mod batch;
mod ids;
pub(super) mod lines;
mod tally;

use super::client::{Client, Failure, with_connection};
use super::stop::until_stopped;
use crate::entropy::{hex, random};
use batch::{Fate, Server, Stopped, send};
use clap::{Arg, ArgAction, ArgMatches, Command};
use feed::limits::{PUBLISH_BYTES_MAX, PUBLISH_DRAFTS_MAX};
use ids::Draft;
use lines::{Content, Lines};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tally::Tally;

/// Drafts that are sent at once unless asked otherwise.
const BATCH_DEFAULT: &str = "500";
/// Bytes after which a batch is sent, however few drafts it has.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that giving an id to a draft adds to it, and its line break; a batch stays within what the server takes.
const ADDED_BYTES: usize = 64;
/// Longest name of a key for ids.
const KEY_BYTES_MAX: usize = 64;

const LONG_ABOUT: &str = "\
Publishes drafts, one JSON object on each line, from a file or from standard input.

Drafts are sent in batches, in order. A draft that is refused is named with its line and the reason, and left out; all \
others are published. The exit status is 0 only if every draft was taken.

Nothing is published twice. A draft without an event_id is given one, made from a key (--ids, random unless given) and \
the number of its line; the rest of the line stays as it is, byte for byte. So a batch whose answer was lost can be \
sent again: what had arrived is recognised by its ids. Batches are sent again a few times after a lost connection or \
when the server is busy. If that does not help, or when it is stopped (Ctrl-C), the command ends and says how to go \
on, with --from-line and --ids. \
(The server recognises an id for as long as it keeps the event, and for 30 days at least.)";

/// The command.
pub(super) fn command() -> Command {
    let command = Command::new("publish")
        .about("Publishes drafts, one JSON object on each line")
        .long_about(LONG_ABOUT)
        .arg(Arg::new("file").value_name("FILE").help("The file; - or nothing is standard input"))
        .arg(
            Arg::new("from-line")
                .long("from-line")
                .value_name("NUMBER")
                .default_value("1")
                .value_parser(clap::value_parser!(u64).range(1..))
                .help("Begins at this line of the file"),
        )
        .arg(
            Arg::new("ids")
                .long("ids")
                .value_name("KEY")
                .value_parser(key)
                .help("The key from which missing ids are made, to go on with the same file; random unless given"),
        )
        .arg(
            Arg::new("batch")
                .long("batch")
                .value_name("DRAFTS")
                .default_value(BATCH_DEFAULT)
                .value_parser(clap::value_parser!(u64).range(1..=PUBLISH_DRAFTS_MAX as u64))
                .help("Most drafts that are sent at once"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Tells what became of the drafts as JSON: a line for each that was not taken, and a summary"),
        );
    with_connection(command)
}

fn key(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > KEY_BYTES_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("a key is 1 to {KEY_BYTES_MAX} visible ASCII characters"));
    }
    Ok(text.to_owned())
}

/// What was asked for.
struct Wish {
    file: String,
    first: u64,
    key: String,
    drafts_max: usize,
    as_json: bool,
}

/// Publishes, until the end or until the person stops it.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let server = Server::new(Client::of(matches)?)?;
    let given = matches.get_one::<String>("ids").cloned();
    let wish = Wish {
        file: matches.get_one::<String>("file").cloned().unwrap_or_else(|| "-".to_owned()),
        first: matches.get_one::<u64>("from-line").copied().unwrap_or(1),
        key: given.unwrap_or_else(|| hex(&random::<8>())),
        drafts_max: matches.get_one::<u64>("batch").copied().and_then(|it| usize::try_from(it).ok()).unwrap_or(1),
        as_json: matches.get_flag("json"),
    };
    let (key, unsettled) = (wish.key.clone(), Arc::new(AtomicU64::new(wish.first)));
    let publishing = unsettled.clone();
    // Reading and sending block; they have a thread of their own, so that the wish to stop is heard.
    match until_stopped(move || publish(server, &wish, &publishing))? {
        Some(outcome) => outcome,
        None => {
            let line = unsettled.load(Ordering::SeqCst);
            Err(tally::advice(&Stopped { line, failure: Failure::Interrupted, unclear_until: None }, &key))
        }
    }
}

/// Publishes a file. `unsettled` is always the first line whose fate is open.
fn publish(server: Server, wish: &Wish, unsettled: &AtomicU64) -> Result<(), String> {
    let (from, bytes) = open(&wish.file)?;
    let mut publish = Publish {
        lines: Lines::new(from, PUBLISH_BYTES_MAX - ADDED_BYTES),
        server,
        tally: Tally::new(bytes, wish.as_json),
        drafts: Vec::new(),
        drafts_bytes: 0,
        unsettled,
    };
    match publish.all(wish) {
        Ok(()) => publish.tally.finish(None, &wish.key),
        Err(End::Stopped(stopped)) => publish.tally.finish(Some(&stopped), &wish.key),
        Err(End::Unreadable(why)) => {
            publish.tally.finish(None, &wish.key)?;
            Err(format!("the file cannot be read on: {why}"))
        }
    }
}

/// The file, and how many bytes it has if that is known.
fn open(name: &str) -> Result<(Box<dyn BufRead>, Option<u64>), String> {
    if name == "-" {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            super::note("Reading drafts from the terminal, one JSON object on each line; end with Ctrl-D.");
        }
        return Ok((Box::new(stdin.lock()), None));
    }
    let file = File::open(name).map_err(|why| format!("{name} cannot be opened: {why}"))?;
    let bytes = file.metadata().ok().filter(|it| it.is_file()).map(|it| it.len());
    Ok((Box::new(BufReader::new(file)), bytes))
}

/// Why it ended early.
enum End {
    Stopped(Stopped),
    Unreadable(std::io::Error),
}

/// A publish under way.
struct Publish<'a> {
    lines: Lines<Box<dyn BufRead>>,
    server: Server,
    tally: Tally,
    drafts: Vec<Draft>,
    drafts_bytes: usize,
    unsettled: &'a AtomicU64,
}

impl Publish<'_> {
    fn all(&mut self, wish: &Wish) -> Result<(), End> {
        while let Some(line) = self.lines.next(wish.first).map_err(End::Unreadable)? {
            let refused = match line.content {
                Content::Text(text) => {
                    let bytes = text.len() + ADDED_BYTES;
                    if self.drafts_bytes + bytes > PUBLISH_BYTES_MAX {
                        self.send(line.number).map_err(End::Stopped)?;
                    }
                    self.drafts.push(Draft::of(line.number, text, &wish.key));
                    self.drafts_bytes += bytes;
                    if self.drafts.len() >= wish.drafts_max || self.drafts_bytes >= BATCH_BYTES {
                        self.send(line.number + 1).map_err(End::Stopped)?;
                    }
                    continue;
                }
                Content::TooLong => format!("is longer than {PUBLISH_BYTES_MAX} bytes, the most that a publish takes"),
                Content::NotText(at) => format!("is not UTF-8 from byte {at} of the line on; write JSON in UTF-8"),
            };
            self.tally.tell(line.number, Fate::Refused { field: String::new(), reason: refused });
        }
        self.send(u64::MAX).map_err(End::Stopped)
    }

    /// Sends the drafts gathered; `next` is the first line after them.
    fn send(&mut self, next: u64) -> Result<(), Stopped> {
        let drafts = std::mem::take(&mut self.drafts);
        self.drafts_bytes = 0;
        let tally = &mut self.tally;
        let sent = send(&mut self.server, drafts, &mut |line, fate| tally.tell(line, fate));
        self.tally.read(self.lines.bytes);
        if sent.is_ok() {
            self.unsettled.store(next, Ordering::SeqCst);
        }
        sent
    }
}
