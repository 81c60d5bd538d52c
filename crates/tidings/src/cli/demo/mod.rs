//! `tidings demo`: a server with a made-up company whose people work, live.

mod company;

use super::stop::asked_to_stop;
use super::{env_file, runtime, say};
use crate::boot::{BootError, Booted, boot, set_up};
use crate::clock::SystemClock;
use crate::config::{Data, Settings};
use crate::telemetry::{LogFormat, start_logging};
use clap::{Arg, ArgAction, ArgMatches, Command};
use company::Tokens;
use feed::id::EnterpriseId;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// The settling delay of the demo, in seconds: history should follow quickly when somebody is trying it out.
const SETTLING_DELAY_S: u32 = 1;

/// The command.
pub(super) fn command() -> Command {
    Command::new("demo")
        .about("Serves a made-up company at work: something to point a client at in a minute")
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .default_value("8080")
                .value_parser(clap::value_parser!(u16))
                .help("The port on this machine; 0 picks a free one"),
        )
        .arg(
            Arg::new("quiet")
                .long("quiet")
                .action(ArgAction::SetTrue)
                .help("Nobody works: the feeds stay as you fill them"),
        )
        .arg(env_file::arg())
}

/// Serves the demo.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let port = matches.get_one::<u16>("port").copied().unwrap_or(8080);
    let env_file = env_file::given(matches);
    start_logging("warn", LogFormat::Text)?;
    let settings = settings(port)?;
    runtime()?.block_on(demo(&settings, matches.get_flag("quiet"), env_file))
}

fn settings(port: u16) -> Result<Settings, String> {
    Ok(Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        public_url: None,
        data: Data::Memory,
        settling_delay_s: SETTLING_DELAY_S,
        rate_limit_per_minute: None,
        metrics: true,
        enterprise: (company::enterprise_id(), company::NAME.to_owned()),
        admin: (String::new(), String::new()),
        log_level: "warn".to_owned(),
        log_format: LogFormat::Text,
        added_types: Vec::new(),
    })
}

async fn demo(settings: &Settings, quiet: bool, env_file: Option<&Path>) -> Result<(), String> {
    let shown = |wrong: BootError| wrong.to_string();
    let booted = boot(settings, Arc::new(SystemClock)).await.map_err(shown)?;
    let enterprise = &settings.enterprise.0;
    set_up(&booted.services, enterprise, company::NAME, &company::people()).await.map_err(shown)?;
    let tokens = company::tokens(&booted.services).await.map_err(shown)?;
    let url = booted.base_url();
    if let Some(path) = env_file {
        env_file::write(path, &env_lines(&url, enterprise, &tokens))?;
    }
    introduce(&url, &tokens, quiet);
    serve(booted).await.map_err(shown)
}

async fn serve(booted: Booted) -> Result<(), BootError> {
    booted.serve(asked_to_stop()).await
}

/// The shell lines of `--env`. Values are ids, tokens and a URL: nothing that a shell would read in another way.
fn env_lines(url: &str, enterprise: &EnterpriseId, tokens: &Tokens) -> String {
    let mut lines = format!("BASE_URL={url}\nENTERPRISE_ID={enterprise}\n");
    for (name, token, id) in [
        ("ADMIN", &tokens.admin, company::ADMIN),
        ("COADMIN", &tokens.co_admin, company::CO_ADMIN),
        ("USER", &tokens.user, company::USER),
        ("OTHER_USER", &tokens.other_user, company::OTHER_USER),
    ] {
        lines.push_str(&format!("{name}_TOKEN={token}\n{name}_ID={id}\n"));
    }
    lines.push_str(&format!("PUBLISH_TOKEN={}\n", tokens.publish));
    lines
}

fn introduce(url: &str, tokens: &Tokens, quiet: bool) {
    say(format_args!("{} is {} on {url}", company::NAME, if quiet { "quiet" } else { "at work" }));
    say("");
    say(format_args!("  Admin      {}   token {}", company::ADMIN, tokens.admin));
    say(format_args!("  Co-admin   {}   token {}", company::CO_ADMIN, tokens.co_admin));
    say(format_args!("  Mara       {}   token {}", company::USER, tokens.user));
    say(format_args!("  Tomas      {}   token {}", company::OTHER_USER, tokens.other_user));
    say(format_args!("  Publisher                token {}", tokens.publish));
    say("");
    say("Three things to try, each in another terminal:");
    say("");
    say("  # what Mara has seen so far");
    say(format_args!("  curl -s '{url}/2.0/events?limit=3' -H 'Authorization: Bearer {}'", tokens.user));
    say("");
    say("  # what an administrator sees, as it happens");
    say(format_args!("  tidings tail --url {url} --token {} --stream admin_logs_streaming", tokens.admin));
    say("");
    say("  # publish a deed of your own");
    say(format_args!(
        "  curl -s '{url}/api/v1/events' -H 'Authorization: Bearer {}' -d '{}'",
        tokens.publish, r#"{"event_type":"LOGIN","ip_address":"203.0.113.9"}"#
    ));
    say("");
    say("Everything is kept in memory and gone when this ends (Ctrl-C).");
}
