//! `tidings demo`: a server with a made-up company whose people work, live.

mod applications;
mod company;
mod dice;
mod every_type;
mod scenes;
mod shapes;
mod story;
mod things;
mod work;

use super::stop::asked_to_stop;
use super::{env_file, runtime, say};
use crate::boot::{BootError, boot};
use crate::clock::SystemClock;
use crate::config::proxies::TrustedProxies;
use crate::config::{Data, Settings};
use crate::entropy::random;
use crate::service::Services;
use crate::service::publish::PublishError;
use crate::telemetry::{LogFormat, start_logging};
use clap::{Arg, ArgAction, ArgMatches, Command};
use company::Tokens;
use feed::id::EnterpriseId;
use feed::limits::{DATABASE_TIMEOUT_S_DEFAULT, TOKEN_LIFETIME_S_DEFAULT, TOKEN_LIFETIME_S_MAX};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use things::Things;
use work::Work;

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
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("NUMBER")
                .value_parser(clap::value_parser!(u64))
                .help("Tells the story of this seed; the same seed gives the same deeds. Random unless given"),
        )
        .arg(
            Arg::new("every-type")
                .long("every-type")
                .action(ArgAction::SetTrue)
                .help("Begins with an event of every type there is, in both feeds"),
        )
        .arg(
            Arg::new("token-lifetime")
                .long("token-lifetime")
                .value_name("SECONDS")
                .default_value("3600")
                .value_parser(clap::value_parser!(u32).range(1..=i64::from(TOKEN_LIFETIME_S_MAX)))
                .help("How long access tokens of applications live"),
        )
        .arg(
            Arg::new("rate-limit")
                .long("rate-limit")
                .value_name("CALLS")
                .default_value("0")
                .value_parser(clap::value_parser!(u32))
                .help("Calls a minute a user may make before 429; 0 is no limit"),
        )
        .arg(env_file::arg())
}

/// What was asked for.
struct Wish<'a> {
    quiet: bool,
    every_type: bool,
    seed: u64,
    env_file: Option<&'a Path>,
}

/// Serves the demo.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let wish = Wish {
        quiet: matches.get_flag("quiet"),
        every_type: matches.get_flag("every-type"),
        seed: matches.get_one::<u64>("seed").copied().unwrap_or_else(|| u64::from(u32::from_le_bytes(random()))),
        env_file: env_file::given(matches),
    };
    start_logging("warn", LogFormat::Text)?;
    let settings = settings(matches)?;
    runtime()?.block_on(demo(&settings, &wish))
}

fn settings(matches: &ArgMatches) -> Result<Settings, String> {
    let port = matches.get_one::<u16>("port").copied().unwrap_or(8080);
    let token_lifetime_s = matches.get_one::<u32>("token-lifetime").copied().unwrap_or(TOKEN_LIFETIME_S_DEFAULT);
    let rate_limit_per_minute = matches.get_one::<u32>("rate-limit").copied().and_then(NonZeroU32::new);
    Ok(Settings {
        database_connections: 2,
        database_timeout_s: DATABASE_TIMEOUT_S_DEFAULT,
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        public_url: None,
        tls: None,
        data: Data::Memory,
        settling_delay_s: SETTLING_DELAY_S,
        rate_limit_per_minute,
        application_rate_limit_per_minute: None,
        token_lifetime_s,
        provider: None,
        trusted_proxies: TrustedProxies::default(),
        audit_reads: false,
        metrics: true,
        enterprise: (company::enterprise_id(), company::NAME.to_owned()),
        admin: (String::new(), String::new()),
        log_level: "warn".to_owned(),
        log_format: LogFormat::Text,
        added_types: Vec::new(),
    })
}

async fn demo(settings: &Settings, wish: &Wish<'_>) -> Result<(), String> {
    let shown = |wrong: BootError| wrong.to_string();
    let booted = boot(settings, Arc::new(SystemClock)).await.map_err(shown)?;
    let enterprise = &settings.enterprise.0;
    company::set_up(&booted.services, &Things::new(booted.services.clock.now())).await.map_err(shown)?;
    let tokens = company::tokens(&booted.services).await.map_err(shown)?;
    let work = begin_to_work(&booted.services, &tokens, wish).await?;
    let url = booted.base_url();
    if let Some(path) = wish.env_file {
        let config = applications::config_path(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let made = applications::make(&booted.services).await.map_err(shown)?;
        env_file::write(&config, &made.jwt_config)?;
        env_file::write(path, &(env_lines(&url, enterprise, &tokens) + &made.env_lines(&config)))?;
    }
    introduce(&url, &tokens, wish, work.last_upload.as_deref());
    let working = (!wish.quiet).then(|| tokio::spawn(work.go_on()));
    booted.serve(asked_to_stop()).await.map_err(shown)?;
    if let Some(working) = working {
        // It ends by itself at the ring that closes the server.
        drop(working.await);
    }
    Ok(())
}

/// Publishes what there is to be seen at the start.
async fn begin_to_work(services: &Arc<Services>, tokens: &Tokens, wish: &Wish<'_>) -> Result<Work, String> {
    let publisher = services.authenticator.caller(&tokens.publish, None).await.map_err(|wrong| wrong.to_string())?;
    let mut work = Work::new(services.clone(), publisher, wish.seed);
    let unpublished = |wrong: PublishError| format!("the first deeds could not be published: {wrong:?}");
    if !wish.quiet {
        work.catch_up().await.map_err(unpublished)?;
    }
    if wish.every_type {
        company::opt_in(services).await.map_err(|wrong| wrong.to_string())?;
        work.show_every_type().await.map_err(unpublished)?;
    }
    Ok(work)
}

/// The shell lines of `--env`. Values are ids, tokens and a URL: nothing that a shell would read in another way.
fn env_lines(url: &str, enterprise: &EnterpriseId, tokens: &Tokens) -> String {
    let mut lines = format!("BASE_URL={url}\nENTERPRISE_ID={enterprise}\n");
    for (name, token, id) in [
        ("ADMIN", &tokens.admin, company::ADMIN),
        ("COADMIN", &tokens.co_admin, company::CO_ADMIN),
        ("USER", &tokens.user, company::USER),
        ("OTHER_USER", &tokens.other_user, company::OTHER_USER),
        ("GUEST", &tokens.guest, company::GUEST),
    ] {
        lines.push_str(&format!("{name}_TOKEN={token}\n{name}_ID={id}\n"));
    }
    lines.push_str(&format!("PUBLISH_TOKEN={}\n", tokens.publish));
    lines
}

fn introduce(url: &str, tokens: &Tokens, wish: &Wish<'_>, last_upload: Option<&str>) {
    if wish.quiet {
        say(format_args!("{} is quiet on {url}", company::NAME));
    } else {
        say(format_args!("{} is at work on {url} (--seed {} tells the same story again)", company::NAME, wish.seed));
    }
    say("");
    say(format_args!("  Admin      {}   token {}", company::ADMIN, tokens.admin));
    say(format_args!("  Co-admin   {}   token {}", company::CO_ADMIN, tokens.co_admin));
    say(format_args!("  Mara       {}   token {}", company::USER, tokens.user));
    say(format_args!("  Tomas      {}   token {}", company::OTHER_USER, tokens.other_user));
    say(format_args!("  Priya      {}   token {}   (a guest from Brightmoor)", company::GUEST, tokens.guest));
    say(format_args!("  Publisher                token {}", tokens.publish));
    say("");
    say(format_args!("  Console    {url}/console/   sign in with a token, or as {} with the", company::ADMIN_LOGIN));
    say(format_args!("             one-time code {} (more of them under People)", tokens.sign_in_code));
    let tidings = this_program();
    let by = |token: &str| format!("--url {url} --token {token}");
    say("");
    say("Things to try, each in another terminal:");
    say("");
    say("  # what Mara has seen so far");
    say(format_args!("  curl -s '{url}/2.0/events?limit=3' -H 'Authorization: Bearer {}'", tokens.user));
    say("");
    say("  # how much that is on each of her streams: all, changes, and changes in the folders she has synced");
    say(format_args!(
        "  for s in all changes sync; do echo $s $({tidings} tail {} --stream $s --from 0 --until-end | wc -l); done",
        by(&tokens.user)
    ));
    if let Some(id) = last_upload {
        say("");
        say("  # who heard of the last upload, and why; and why Priya did or did not");
        say(format_args!("  {tidings} explain {id} --user {} {}", company::GUEST, by(&tokens.admin)));
    }
    say("");
    say("  # who is there, and who shares what with whom");
    say(format_args!("  {tidings} directory export {}", by(&tokens.admin)));
    say("");
    say("  # what an administrator sees, as it happens");
    say(format_args!("  {tidings} tail {} --stream admin_logs_streaming", by(&tokens.admin)));
    say("");
    say("  # publish a deed of your own");
    let deed = r#"{"event_type":"LOGIN","ip_address":"203.0.113.9"}"#;
    say(format_args!("  echo '{deed}' | {tidings} publish {}", by(&tokens.publish)));
    say("");
    say("Everything is kept in memory and gone when this ends (Ctrl-C).");
}

/// How to call this program from another terminal: by its name if it was found by its name, else by its whole path.
fn this_program() -> String {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let by_name = called.components().count() == 1;
    match std::env::current_exe() {
        Ok(path) if !by_name => in_shell(&path.display().to_string()),
        _ => "tidings".to_owned(),
    }
}

/// A word as a shell reads it.
fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | ':');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::in_shell;

    #[test]
    fn a_path_with_blanks_is_one_word() {
        assert_eq!(in_shell("/opt/tidings"), "/opt/tidings");
        assert_eq!(in_shell("/my files/it's"), r"'/my files/it'\''s'");
    }
}
