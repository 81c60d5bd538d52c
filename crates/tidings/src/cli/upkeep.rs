//! `tidings verify`, `backup`, `stats`: looking after a store in a directory of this machine.
//!
//! While a server has the directory open, it is asked over its control socket; otherwise the store is opened here.

use super::{note, runtime, say};
use crate::boot::services;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::config::table::with_settings;
use crate::control::{Line, Request, answer, socket};
use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Options, Progress, verify};

/// The commands.
pub(super) fn commands() -> [Command; 3] {
    let data = data_arg;
    [
        Command::new("verify")
            .about("Reads and checks everything in a store; names file and place of any damage")
            .long_about(
                "Reads and checks everything in a store that no server has open. Exits with 1 if there is damage, and names \
                 file and place of it. To verify a store in use, back it up and verify the copy.",
            )
            .arg(data()),
        Command::new("backup")
            .about("Copies a store, also while a server serves it; the copy simply opens")
            .arg(Arg::new("to").required(true).value_name("DIR").value_parser(clap::value_parser!(PathBuf)).help("An empty directory, or one to be made"))
            .arg(data()),
        Command::new("stats")
            .about("Tells how large a store is and how it is doing")
            .arg(data())
            .arg(Arg::new("expired").long("expired").action(ArgAction::SetTrue).help("Tells what the next sweep would remove instead")),
    ]
}

/// Which store, for those who look after it.
pub(super) fn data_arg() -> Arg {
    Arg::new("data")
        .long("data")
        .env("TIDINGS_DATA")
        .value_name("DIR")
        .default_value("tidings-data")
        .value_parser(clap::value_parser!(PathBuf))
        .help("The directory of the store")
}

/// Runs one of the commands.
pub(super) fn run(name: &str, matches: &ArgMatches) -> Result<(), String> {
    let data = matches.get_one::<PathBuf>("data").cloned().unwrap_or_default();
    let request = match name {
        "verify" => return verify_store(&data),
        "backup" => {
            let to = matches.get_one::<PathBuf>("to").cloned().unwrap_or_default();
            // The server may have another working directory.
            Request::Backup(std::path::absolute(&to).map_err(|why| format!("{}: {why}", to.display()))?)
        }
        _ if matches.get_flag("expired") => Request::Expired,
        _ => Request::Stats,
    };
    let done = ask(&data, request)?;
    say(serde_json::to_string_pretty(&done).unwrap_or_default());
    Ok(())
}

fn verify_store(data: &Path) -> Result<(), String> {
    let bar = bar();
    let verified = verify(data, &mut |at| show(&bar, at.done, at.of)).map_err(|wrong| wrong.to_string())?;
    bar.finish_and_clear();
    for damage in &verified.damage {
        note(damage);
    }
    say(format_args!("{} files, {} bytes, {} entries read", verified.files, verified.bytes, verified.entries));
    match verified.damage.len() {
        0 => {
            say("no damage");
            Ok(())
        }
        places => Err(format!("{places} damaged: restore these files from a backup")),
    }
}

/// Asks the server that has the directory open, or the store itself if none has.
pub(super) fn ask(data: &Path, request: Request) -> Result<Value, String> {
    let bar = bar();
    let answered = match UnixStream::connect(socket(data)) {
        Ok(stream) => ask_server(stream, &request, &bar),
        Err(_) if !data.exists() => Err(format!("there is no store in {}", data.display())),
        Err(_) => ask_store(data, request, &bar),
    };
    bar.finish_and_clear();
    answered
}

/// Opens the store, as a server with the settings of the environment would, and asks it.
fn ask_store(data: &Path, request: Request, bar: &ProgressBar) -> Result<Value, String> {
    let matches = with_settings(Command::new("tidings")).get_matches_from(["tidings"]);
    let settings = Settings::load(&matches).map_err(|wrong| wrong.to_string())?;
    let store = EmbeddedStore::open(data, Options::default()).map_err(|wrong| wrong.to_string())?;
    let runtime = runtime()?;
    let services = runtime.block_on(services(&settings, store.stores(), Arc::new(SystemClock)));
    let services = services.map_err(|wrong| wrong.to_string())?;
    answer(&store, &services, runtime.handle(), request, &mut |at: Progress| show(bar, at.done, at.of))
}

fn ask_server(mut stream: UnixStream, request: &Request, bar: &ProgressBar) -> Result<Value, String> {
    let broken = |why: std::io::Error| format!("the server broke off: {why}");
    let mut line = serde_json::to_string(request).map_err(|wrong| wrong.to_string())?;
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(broken)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line.map_err(broken)?) {
            Ok(Line::Progress(done, of)) => show(bar, done, of),
            Ok(Line::Done(done)) => return Ok(done),
            Ok(Line::Error(why)) => return Err(why),
            Err(wrong) => return Err(format!("the server's answer cannot be read: {wrong}")),
        }
    }
    Err("the server broke off without an answer".to_owned())
}

/// A bar on the terminal; nothing if there is none.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} to go");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, done: u64, of: u64) {
    bar.set_length(of);
    bar.set_position(done);
}
