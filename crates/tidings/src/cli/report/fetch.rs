//! Watching a report being made, and fetching it.

use super::member;
use super::verify::checked;
use crate::cli::client::{Client, percent, read_json};
use crate::cli::patience::Patience;
use crate::cli::say;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Between two looks at a report.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Asks again and again until a report has ended; answers how it ended. A failed one is an error.
pub(super) fn watch(client: &Client, mut report: Value, quiet: bool) -> Result<Value, String> {
    let style = "{spinner} {msg} {human_pos} events {bar:30} {eta}";
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let path = format!("/api/v1/reports/{}", percent(&member(&report, "id")));
    let patience = Patience::new()?;
    loop {
        let state = member(&report, "state");
        if !matches!(state.as_str(), "waiting" | "running") {
            bar.finish_and_clear();
            return match state.as_str() {
                "failed" => Err(format!("the report failed: {}", member(&report, "problem"))),
                _ => Ok(report),
            };
        }
        if let Some(rows) = report.get("expected_rows").and_then(Value::as_u64) {
            bar.set_length(rows);
        }
        bar.set_position(report.get("rows").and_then(Value::as_u64).unwrap_or(0));
        bar.set_message(state);
        patience.wait(LOOK_PAUSE);
        report = read_json(&client.get(&path)?)?;
    }
}

/// Fetches a finished report into a directory, and checks it. Parts that are there and whole are not fetched again.
pub(super) fn fetch(client: &Client, report: &Value, dir: &str, as_json: bool) -> Result<(), String> {
    let id = member(report, "id");
    if member(report, "state") != "finished" {
        return Err(format!("report {id} is not finished; `tidings report show {id}` watches it"));
    }
    let dir = Path::new(dir);
    let cannot = |why: std::io::Error| format!("{} cannot be written: {why}", dir.display());
    fs::create_dir_all(dir).map_err(cannot)?;
    let parts = report.get("parts").and_then(Value::as_array).cloned().unwrap_or_default();
    let size = |part: &Value| part.get("bytes").and_then(Value::as_u64).unwrap_or(0);
    let bar = if as_json { ProgressBar::hidden() } else { ProgressBar::new(parts.iter().map(size).sum()) };
    let style = "{bar:30} {bytes} of {total_bytes} {eta}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let path = format!("/api/v1/reports/{}", percent(&id));
    for part in &parts {
        let name = member(part, "name");
        if Path::new(&name).components().count() != 1 {
            return Err("the server names a part that is no plain file".to_owned());
        }
        let to = dir.join(&name);
        if fs::metadata(&to).is_ok_and(|there| there.len() == size(part)) {
            bar.inc(size(part));
            continue;
        }
        let aside = dir.join(format!("{name}.new"));
        let mut file = File::create(&aside).map_err(cannot)?;
        client.download(&format!("{path}/parts/{}", percent(&name)), &mut file, &mut |bytes| bar.inc(bytes))?;
        file.flush().and_then(|()| fs::rename(&aside, &to)).map_err(cannot)?;
    }
    let manifest = client.get(&format!("{path}/manifest"))?;
    fs::write(dir.join("manifest.json"), manifest).map_err(cannot)?;
    bar.finish_and_clear();
    let checked = checked(dir, None, as_json)?;
    if as_json {
        say(json!({"dir": dir.display().to_string(), "rows": checked.rows, "key_fingerprint": checked.fingerprint}));
    } else {
        say(format_args!("{} events in {} parts are in {}", checked.rows, checked.parts, dir.display()));
    }
    Ok(())
}
