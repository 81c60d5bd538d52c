//! `tidings migrate`: bringing a database up to date.

use super::{runtime, say};
use crate::config::{Data, data};
use clap::{Arg, ArgMatches, Command};
use store::postgres;

/// The command.
pub(super) fn command() -> Command {
    Command::new("migrate")
        .about("Makes the tables of a PostgreSQL database, or brings them up to date")
        .long_about(
            "Makes the tables of a PostgreSQL database, or brings them up to date. Running it twice, or twice at once, does \
             no harm, and servers that run meanwhile go on. `tidings serve` never changes tables by itself: it refuses a \
             database that is older or newer than it knows.",
        )
        .arg(
            Arg::new("data")
                .long("data")
                .env("TIDINGS_DATA")
                .value_name("POSTGRES-URL")
                .required(true)
                .hide_env_values(true)
                .help("The address of the database: postgres://user@host/database"),
        )
}

/// Migrates.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let given = matches.get_one::<String>("data").map(String::as_str).unwrap_or_default();
    let Data::Postgres(url) = data(given).map_err(|wrong| format!("--data {wrong}"))? else {
        return Err(
            "only a database is migrated; a directory needs nothing, it is brought up to date when it is opened"
                .to_owned(),
        );
    };
    let migrated = runtime()?.block_on(postgres::migrate(&url.0)).map_err(|wrong| wrong.to_string())?;
    match (migrated.from, migrated.to) {
        (0, to) => say(format_args!("The tables are made, version {to}.")),
        (from, to) if from == to => say(format_args!("The tables are up to date, version {to}.")),
        (from, to) => say(format_args!("The tables are brought from version {from} to {to}.")),
    }
    if migrated.citus {
        say("Citus is there: they are spread over its machines by enterprise.");
    }
    Ok(())
}
