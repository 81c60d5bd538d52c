//! `tidings report verify`: checks a report without the server.

use crate::cli::say;
use crate::service::report::manifest::{Checked, MANIFEST, check};
use clap::{Arg, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::Path;

/// The command.
pub(super) fn command() -> Command {
    Command::new("verify")
        .about("Checks a fetched report, without the server: that it is whole and as it was made")
        .arg(Arg::new("path").value_name("PATH").required(true).help("The directory of the report, or its manifest"))
        .arg(
            Arg::new("fingerprint")
                .long("fingerprint")
                .value_name("FINGERPRINT")
                .help("The key that must have signed it, as `tidings report list` shows it"),
        )
}

/// Checks.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let path = Path::new(text("path").unwrap_or_default());
    let is_manifest = path.file_name().is_some_and(|name| name == MANIFEST);
    let dir =
        if is_manifest { path.parent().filter(|dir| *dir != Path::new("")).unwrap_or(Path::new(".")) } else { path };
    let as_json = matches.get_flag("json");
    let checked = checked(dir, text("fingerprint"), as_json)?;
    if as_json {
        say(json!({
            "report": checked.report, "rows": checked.rows, "parts": checked.parts,
            "key_fingerprint": checked.fingerprint,
        }));
        return Ok(());
    }
    say(format_args!(
        "Report {} is whole and unchanged: {} events in {} parts.",
        checked.report, checked.rows, checked.parts
    ));
    say(format_args!("It was signed by {}", checked.fingerprint));
    if text("fingerprint").is_none() {
        say("Whether that is your server's key, `tidings report list` tells; --fingerprint makes this check it.");
    }
    Ok(())
}

/// Checks a directory, with a progress bar.
pub(super) fn checked(dir: &Path, expected: Option<&str>, quiet: bool) -> Result<Checked, String> {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
    let style = "{spinner} checking {bytes} {bytes_per_sec}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let checked = check(dir, expected, &mut |bytes| bar.inc(bytes));
    bar.finish_and_clear();
    checked.map_err(|wrong| wrong.to_string())
}
