//! `tidings copy FROM TO`: moving a store between directories and databases, with its ids, times and positions.

use super::{note, runtime, say};
use crate::config::{Data, data};
use clap::{Arg, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};
use store::embedded::{self, EmbeddedStore};
use store::ledger::Unavailable;
use store::moving::{Piece, Tally};
use store::postgres::{self, PostgresStore};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pieces on their way.
const PIECES_MAX: usize = 8;

/// The command.
pub(super) fn command() -> Command {
    let store = |name: &'static str, help: &'static str| {
        Arg::new(name).required(true).value_name(name).help(help).hide_env_values(true)
    };
    Command::new("copy")
        .about("Copies a store into an empty one: a directory or a database into a directory or a database")
        .long_about(
            "Copies everything in a store that nobody serves into an empty one: events with their ids, times and positions, \
             so that readers go on with the cursors they have; imported history, people, groups, collaborations and synced \
             folders, tokens, applications, secrets, legal holds, periods of retention, and schedules of reports. Reports \
             that were made stay where they are. In the end everything is read from both and compared. If it breaks off, \
             nothing was copied: run it again. A database must have its tables (`tidings migrate`).",
        )
        .arg(store("FROM", "The store to copy: a directory, or postgres://…"))
        .arg(store("TO", "The empty store: a directory, made if it is not there, or postgres://…"))
        .arg(Arg::new("json").long("json").action(clap::ArgAction::SetTrue).help("Prints the result as JSON"))
}

/// A store that is not in use.
enum Place {
    Directory(PathBuf),
    Database(String),
}

/// A place that a person named.
fn place(matches: &ArgMatches, name: &str) -> Result<Place, String> {
    let text = matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    match data(text).map_err(|wrong| format!("{name} {wrong}"))? {
        Data::Directory(directory) => Ok(Place::Directory(directory)),
        Data::Postgres(url) => Ok(Place::Database(url.0)),
        Data::Memory => Err(format!("{name} keeps nothing; name a directory or a database")),
    }
}

/// Copies.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let (from, to) = (place(matches, "FROM")?, place(matches, "TO")?);
    let is_same = match (&from, &to) {
        (Place::Directory(from), Place::Directory(to)) => {
            std::path::absolute(from).ok() == std::path::absolute(to).ok()
        }
        (Place::Database(from), Place::Database(to)) => from == to,
        _ => false,
    };
    if is_same {
        return Err("FROM and TO are the same".to_owned());
    }
    let runtime = runtime()?;
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {human_pos} entries, {per_sec}") {
        bar.set_style(style);
    }
    if let Place::Database(url) = &from {
        runtime.block_on(refuse_served(url)).map_err(|wrong| format!("FROM: {wrong}"))?;
    }
    let source = Source::open(&runtime, &from).map_err(|wrong| format!("FROM: {wrong}"))?;
    bar.set_message("copying");
    let (to_sink, for_sink) = channel(PIECES_MAX);
    let (copied, given) = std::thread::scope(|threads| {
        let taking = threads.spawn(|| take_over(&runtime, &to, for_sink));
        let given = source.give(&runtime, &bar, Some(to_sink));
        (taking.join().unwrap_or_else(|_| Err("taking over broke off".to_owned())), given)
    });
    bar.finish_and_clear();
    // Whoever takes over and refuses knows better why than who finds that nobody listens.
    match (copied, given) {
        (Err(wrong), Ok(_)) => Err(format!("TO: {wrong}")),
        (Err(wrong), Err(Stopped::Closed)) => Err(format!("TO: {wrong}")),
        (_, Err(Stopped::Failed(wrong))) => Err(format!("FROM: {wrong}")),
        (Ok(()), Err(Stopped::Closed)) => Err("TO: it stopped before the end".to_owned()),
        (Ok(()), Ok(tally)) => compare(matches, &runtime, &to, &tally, &bar),
    }
}

/// Reads the copy, and compares it with what was given.
fn compare(
    matches: &ArgMatches,
    runtime: &Runtime,
    to: &Place,
    tally: &Tally,
    bar: &ProgressBar,
) -> Result<(), String> {
    let copy = Source::open(runtime, to)?;
    bar.reset();
    bar.set_message("comparing");
    let found = copy.give(runtime, bar, None);
    bar.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(Stopped::Failed(wrong)) => return Err(format!("the copy cannot be read: {wrong}")),
        Err(Stopped::Closed) => return Err("reading the copy broke off".to_owned()),
    };
    let differences = tally.differences(&found);
    differences.iter().for_each(note);
    if !differences.is_empty() {
        return Err("the copy is not the same; do not use it, and report this".to_owned());
    }
    let (entries, checksums) = (found.entries(), found.checksums());
    match matches.get_flag("json") {
        true => say(json!({ "entries": entries, "checksums": checksums })),
        false => say(format_args!("{entries} entries copied, read again and the same ({checksums} checksums).")),
    }
    Ok(())
}

/// Why giving ended early.
enum Stopped {
    /// Nobody takes the pieces any more.
    Closed,
    /// It could not be read.
    Failed(String),
}

/// A store to be read.
enum Source {
    Directory(EmbeddedStore),
    Database(PostgresStore),
}

impl Source {
    fn open(runtime: &Runtime, place: &Place) -> Result<Self, String> {
        match place {
            Place::Directory(directory) => {
                if !directory.exists() {
                    return Err(format!("there is no store in {}", directory.display()));
                }
                let store = EmbeddedStore::open(directory, embedded::Options::default());
                Ok(Source::Directory(store.map_err(|wrong| wrong.to_string())?))
            }
            Place::Database(url) => {
                let store = runtime.block_on(PostgresStore::open(url, postgres::Options::default()));
                Ok(Source::Database(store.map_err(|wrong| wrong.to_string())?))
            }
        }
    }

    /// Gives all pieces, counted, to whoever takes them.
    fn give(&self, runtime: &Runtime, bar: &ProgressBar, to: Option<Sender<Piece>>) -> Result<Tally, Stopped> {
        let mut tally = Tally::default();
        let mut closed = false;
        let mut pass = |piece: Piece| {
            tally.count(&piece);
            bar.set_position(tally.entries());
            match &to {
                Some(to) if to.blocking_send(piece).is_err() => {
                    closed = true;
                    Err(Unavailable::Closing)
                }
                _ => Ok(()),
            }
        };
        let given = match self {
            Source::Directory(store) => store.give(&mut pass),
            Source::Database(store) => {
                let (give, mut given) = channel(PIECES_MAX);
                let store = store.clone();
                let giving = runtime.spawn(async move { store.give(&give).await });
                let mut passed = Ok(());
                while let (Ok(()), Some(piece)) = (&passed, given.blocking_recv()) {
                    passed = pass(piece);
                }
                drop(given);
                let giving = runtime.block_on(giving).unwrap_or(Err(Unavailable::Closing));
                passed.and(giving)
            }
        };
        // Whoever takes them over learns that no more will come.
        drop(to);
        match given {
            Ok(()) => Ok(tally),
            Err(_) if closed => Err(Stopped::Closed),
            Err(wrong) => Err(Stopped::Failed(wrong.to_string())),
        }
    }
}

/// Refuses a database that another process of this program uses.
async fn refuse_served(url: &str) -> Result<(), String> {
    match PostgresStore::others(url).await.map_err(|wrong| wrong.to_string())? {
        0 => Ok(()),
        others => Err(format!("{others} connections of `tidings` to this database are open; stop its processes first")),
    }
}

/// Takes the pieces over into an empty store.
fn take_over(runtime: &Runtime, to: &Place, mut pieces: Receiver<Piece>) -> Result<(), String> {
    match to {
        Place::Directory(directory) => {
            let is_new = !directory.exists();
            let taken =
                EmbeddedStore::take_over(directory, embedded::Options::default(), &mut || pieces.blocking_recv());
            if is_new {
                keep_private(directory);
            }
            taken.map_err(|wrong| wrong.to_string())
        }
        Place::Database(url) => runtime.block_on(async {
            refuse_served(url).await?;
            let store = PostgresStore::open(url, postgres::Options::default()).await;
            let store = store.map_err(|wrong| wrong.to_string())?;
            store.take_over(&mut pieces).await.map_err(|wrong| wrong.to_string())
        }),
    }
}

/// Lets only its owner into a new store, as serving does: it holds what everybody did.
fn keep_private(directory: &Path) {
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    if directory.exists()
        && let Err(why) = std::fs::set_permissions(directory, only_owner)
    {
        note(format_args!("other users of this machine may be able to read {}: {why}", directory.display()));
    }
}
