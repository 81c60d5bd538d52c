//! `tidings serve`: the server.

use super::directory::read_rosters;
use super::stop::asked_to_stop;
use super::{env_file, runtime, say};
use crate::boot::{BootError, boot, first_start};
use crate::clock::SystemClock;
use crate::config::{Data, Settings};
use crate::service::roster::Roster;
use crate::telemetry::start_logging;
use clap::{Arg, ArgMatches, Command};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The command; its arguments are the settings.
pub(super) fn command() -> Command {
    Command::new("serve")
        .about("Serves feeds until it is stopped")
        .arg(
            env_file::arg()
                .help("At the first start of a store: writes URL, ids and the first token as shell lines, in one step"),
        )
        .arg(
            Arg::new("directory").long("directory").value_name("FILE").value_parser(clap::value_parser!(PathBuf)).help(
                "A directory (TOML or JSON) to bring the store to: enterprises, users, groups, folders, collaborations",
            ),
        )
}

/// Serves.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let settings = Settings::load(matches).map_err(|wrong| wrong.to_string())?;
    start_logging(&settings.log_level, settings.log_format)?;
    let rosters = matches.get_one::<PathBuf>("directory").map(|path| read_rosters(path)).transpose()?;
    runtime()?.block_on(serve(&settings, env_file::given(matches), rosters.as_deref()))
}

async fn serve(settings: &Settings, env_file: Option<&Path>, rosters: Option<&[Roster]>) -> Result<(), String> {
    let shown = |wrong: BootError| wrong.to_string();
    let booted = boot(settings, Arc::new(SystemClock)).await.map_err(shown)?;
    if settings.data == Data::Memory {
        tracing::warn!("events are kept in memory: they are gone when this process ends");
    }
    let url = booted.base_url();
    // Of several processes that start on one new store, one sets it up.
    let alone = booted.keeper.alone().await.map_err(|why| why.to_string())?;
    let (begun, changes) = first_start(&booted.services, settings, rosters).await.map_err(shown)?;
    if let (Some(path), Some(first)) = (env_file, begun.first()) {
        let (id, admin, token) = (&first.enterprise.id, &first.admin.person.id, &first.token.secret);
        let lines = format!("BASE_URL={url}\nENTERPRISE_ID={id}\nADMIN_TOKEN={token}\nADMIN_ID={admin}\n");
        env_file::write(path, &lines)?;
    }
    for first in &begun {
        let (enterprise, person) = (&first.enterprise, &first.admin.person);
        say(format_args!(
            "The store is new. It begins with the enterprise {} (id {}) and an admin:",
            enterprise.name, enterprise.id
        ));
        say(format_args!("  {} <{}>, user id {}", person.name, person.login, person.id));
        say("  Their token, shown this once, with every scope:");
        say(format_args!("    {}", first.token.secret));
    }
    if let Some(first) = begun.first() {
        say("  Try:");
        say(format_args!("    export TIDINGS_URL={url} TIDINGS_TOKEN={}", first.token.secret));
        say("    tidings user list");
        say(format_args!("  or open {url}/console/ and sign in with the token."));
    }
    if let Some(changes) = changes {
        say(format_args!("The directory took {changes} changes."));
    }
    drop(alone);
    say(format_args!("Serving on {url}"));
    tracing::info!(address = %booted.address, "serving");
    booted.serve(asked_to_stop()).await.map_err(shown)?;
    tracing::info!("stopped");
    Ok(())
}
