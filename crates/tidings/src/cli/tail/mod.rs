//! `tidings tail`: prints the events of a stream as they come.

mod follow;
mod page;
mod wish;

use super::client::{Client, with_connection};
use super::note;
use super::patience::Patience;
use super::stop::until_stopped;
use clap::{Arg, ArgAction, ArgMatches, Command};
use feed::position::{Position, Start};
use feed::stream_type::StreamType;
use follow::{Ended, Follower};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;
use wish::Wish;

const LONG_ABOUT: &str = "\
Prints the events of a stream, one on each line, byte for byte as the server gives them (save that a line break within \
an event becomes a blank), and goes on as new ones come.

It begins where --from says: now; 0, the oldest event kept; a position, as --show-position or --json told it; or a \
time, which is turned into a position. Every event comes once, in the order of the stream, also when the server was \
away for a while: the position moves only when a page was printed whole.

Enterprise streams need a token with the scope manage_enterprise_properties, of an admin, a co-admin who may read \
reports, or a service account.";

/// How long a page that is just being printed may take when the command is stopped.
const LAST_PAGE: Duration = Duration::from_millis(500);
const LAST_PAGE_STEP: Duration = Duration::from_millis(10);

/// The command.
pub(super) fn command() -> Command {
    let streams: Vec<&str> = StreamType::EVERY.iter().map(|stream| stream.name()).collect();
    let command = Command::new("tail")
        .about("Prints the events of a stream as they come")
        .long_about(LONG_ABOUT)
        .arg(
            Arg::new("stream")
                .long("stream")
                .value_name("STREAM")
                .default_value("all")
                .value_parser(clap::builder::PossibleValuesParser::new(streams))
                .help("Which stream"),
        )
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("now|0|POSITION|TIME")
                .help("Where to begin [default: now, or 0 with --after or --before]"),
        )
        .arg(
            Arg::new("type")
                .long("type")
                .value_name("TYPES")
                .help("Only these event types, separated by commas; for enterprise streams"),
        )
        .arg(
            Arg::new("after")
                .long("after")
                .value_name("TIME")
                .help("Only deeds done at this time or later; for admin_logs"),
        )
        .arg(
            Arg::new("before")
                .long("before")
                .value_name("TIME")
                .help("Only deeds done before this time, and ends once they are all told; for admin_logs"),
        )
        .arg(
            Arg::new("until-end")
                .long("until-end")
                .action(ArgAction::SetTrue)
                .help("Ends where the stream ends now, instead of waiting for more"),
        )
        .arg(Arg::new("as-user").long("as-user").value_name("ID").help("Acts for this user; the token must allow it"))
        .arg(
            Arg::new("show-position")
                .long("show-position")
                .action(ArgAction::SetTrue)
                .help("Tells the position to go on from, on standard error, when it ends or is stopped"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("One line for each page instead: {\"next_stream_position\":…,\"entries\":[…]}"),
        );
    with_connection(command)
}

/// Where the reader stands. It is locked while a page is printed, so that it always agrees with what was printed.
type Standing = Arc<Mutex<Option<Position>>>;

/// Follows a stream until it ends, nobody reads any more, or the person stops it.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let wish = Wish::of(matches)?;
    let client = Client::of(matches)?.acting_as(matches.get_one::<String>("as-user").cloned());
    let as_json = matches.get_flag("json");
    let standing = Standing::default();
    if let Start::After(position) = wish.from {
        *lock(&standing) = Some(position);
    }
    let printing = standing.clone();
    // Following blocks; it has a thread of its own, so that the wish to stop is heard.
    let outcome = until_stopped(move || follow(&client, &wish, &printing, as_json))?;
    if matches.get_flag("show-position") {
        tell_position(&standing)?;
    }
    outcome.unwrap_or(Ok(()))
}

fn follow(client: &Client, wish: &Wish, standing: &Standing, as_json: bool) -> Result<(), String> {
    let mut out = std::io::BufWriter::with_capacity(128 * 1024, std::io::stdout());
    let mut unwritable = None;
    let mut follower = Follower::new(client, wish)?;
    let ended = follower.follow(&mut |page| {
        let mut here = lock(standing);
        let worth_printing = !page.entries.is_empty() || (as_json && *here != Some(page.next));
        let printed = if worth_printing { page.print(&mut out, as_json) } else { Ok(()) };
        match printed {
            Ok(()) => *here = Some(page.next),
            Err(why) => unwritable = Some(why),
        }
        unwritable.is_none()
    });
    match (ended?, unwritable) {
        (Ended::NobodyReads, Some(why)) if why.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("the events cannot be printed: {why}"))
        }
        (Ended::AtEnd | Ended::NobodyReads, _) => Ok(()),
    }
}

fn lock(standing: &Standing) -> std::sync::MutexGuard<'_, Option<Position>> {
    standing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Tells where to go on. A page that is just being printed is waited for, but not for ever: its reader may be gone.
fn tell_position(standing: &Standing) -> Result<(), String> {
    let patience = Patience::new()?;
    let mut waited = Duration::ZERO;
    loop {
        match standing.try_lock() {
            Ok(position) => {
                match *position {
                    Some(position) => note(format_args!("position {position}")),
                    None => note("no position yet"),
                }
                return Ok(());
            }
            Err(TryLockError::WouldBlock) if waited < LAST_PAGE => {
                patience.wait(LAST_PAGE_STEP);
                waited += LAST_PAGE_STEP;
            }
            Err(_) => {
                note("stopped within a page, part of which may have been printed; no position to go on from");
                return Ok(());
            }
        }
    }
}
