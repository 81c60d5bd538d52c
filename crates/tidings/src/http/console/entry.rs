//! Events in words: from the JSON that readers get to a row that people read.
//!
//! Whatever a publisher wrote may stand in it, so nothing is taken for granted, and the templates escape all of it.

use crate::service::read::Page;
use feed::time::{ReadTime, Second};
use serde_json::Value;
use serde_json::value::RawValue;

/// An event as a row shows it.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// What kind of deed it is, for its colour.
    pub kind: &'static str,
    /// When it was done, if that can be read.
    pub at: Option<Second>,
    /// Who did it.
    pub actor: String,
    /// Their login, or their id.
    pub actor_known_as: String,
    /// Their id.
    pub actor_id: String,
    /// What it was done to.
    pub what: String,
    /// What kind of thing that is, and its id.
    pub what_kind: String,
    /// From which address.
    pub ip: String,
}

/// What a reader wants to see; nothing in it is everything.
#[derive(Debug, Clone, Default)]
pub struct Sieve {
    /// Part of the actor's name or login, or their whole id.
    pub actor: String,
    /// A part of anything in the event.
    pub text: String,
}

impl Sieve {
    /// Whether an event is wanted.
    pub fn takes(&self, raw: &str, row: &Row) -> bool {
        let within = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        let actor = self.actor.is_empty()
            || within(&row.actor, &self.actor)
            || within(&row.actor_known_as, &self.actor)
            || row.actor_id == self.actor;
        actor && (self.text.is_empty() || within(raw, &self.text))
    }
}

/// The entries of a page that a sieve lets through, in their order.
pub fn rows(page: &Page, sieve: &Sieve) -> Vec<Row> {
    let entries = page.runs.iter().flat_map(|run| entries_of(run));
    entries.filter_map(|raw| Some(row(&raw)).filter(|row| sieve.takes(&raw, row))).collect()
}

/// The entries of a run, which are separated by commas.
fn entries_of(run: &[u8]) -> Vec<String> {
    let list = format!("[{}]", String::from_utf8_lossy(run));
    let entries: Result<Vec<&RawValue>, _> = serde_json::from_str(&list);
    entries.unwrap_or_default().into_iter().map(|raw| raw.get().to_owned()).collect()
}

/// The row of an event. What it does not say stays empty.
pub fn row(raw: &str) -> Row {
    let event: Value = serde_json::from_str(raw).unwrap_or_default();
    let text = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let event_type = text(&event, "event_type");
    let by = event.get("created_by").cloned().unwrap_or_default();
    let (name, login, actor_id) = (text(&by, "name"), text(&by, "login"), text(&by, "id"));
    let known_as = if login.is_empty() { actor_id.clone() } else { login.clone() };
    let source = event.get("source").cloned().unwrap_or_default();
    let first = |names: &[&str]| names.iter().map(|name| text(&source, name)).find(|text| !text.is_empty());
    let kind = first(&["item_type", "type"]).unwrap_or_default();
    let kind = if kind.is_empty() && source.get("group_id").is_some() { "group".to_owned() } else { kind };
    let id = first(&["item_id", "id", "group_id", "user_id", "api_key", "enterprise_id"]).unwrap_or_default();
    let what = first(&["item_name", "name", "group_name", "user_name", "enterprise_name", "login"]);
    Row {
        id: text(&event, "event_id"),
        kind: kind_of(&event_type),
        at: ReadTime::parse(&text(&event, "created_at")).ok().map(|time| time.second),
        actor: [name, login].into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| actor_id.clone()),
        actor_known_as: known_as,
        actor_id,
        what: what.unwrap_or_else(|| id.clone()),
        what_kind: [kind, id].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "),
        ip: text(&event, "ip_address"),
        event_type,
    }
}

/// What kind of deed a type names: only for its colour, so a guess by its words is good enough.
fn kind_of(event_type: &str) -> &'static str {
    const WORDS: [(&str, &[&str]); 4] = [
        ("alarm", &["FAILED", "MALICIOUS", "SHIELD", "DENIED", "ABNORMAL", "DELETE_USER", "SUSPICIOUS"]),
        (
            "access",
            &["LOGIN", "OAUTH", "APPLICATION", "APP_AUTHORIZATION", "DEVICE", "TOKEN", "SIGN_IN", "ROLE", "SETTINGS"],
        ),
        ("sharing", &["SHARE", "COLLAB", "GROUP", "INVITE", "USER"]),
        (
            "content",
            &[
                "UPLOAD", "DOWNLOAD", "PREVIEW", "EDIT", "MOVE", "COPY", "CREATE", "RENAME", "TRASH", "DELETE", "ITEM",
                "COMMENT", "TASK", "LOCK", "SYNC", "METADATA",
            ],
        ),
    ];
    let held = |words: &[&str]| words.iter().any(|word| event_type.contains(word));
    WORDS.iter().find(|(_, words)| held(words)).map_or("other", |(kind, _)| kind)
}

/// JSON with its parts on lines of their own, and nothing else changed: neither the order of members nor the form of a
/// number.
pub fn indented(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                out.push(c);
                if let Some(close) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_takes_both_shapes_and_nothing_for_granted() {
        let thin = row(
            r#"{"event_id":"e1","event_type":"UPLOAD","created_at":"2025-06-15T15:06:40+00:00","ip_address":"192.0.2.7",
               "created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},
               "source":{"item_type":"file","item_id":"5","item_name":"a<b>.docx"}}"#,
        );
        assert_eq!((thin.actor.as_str(), thin.what.as_str(), thin.what_kind.as_str()), ("Mara", "a<b>.docx", "file 5"));
        assert_eq!((thin.kind, thin.at.map(|at| at.0)), ("content", Some(1_750_000_000)));
        let full = row(
            r#"{"event_type":"ITEM_COPY","source":{"type":"folder","id":"6","name":"Plans"},"created_by":{"id":"8"}}"#,
        );
        assert_eq!((full.actor.as_str(), full.what.as_str(), full.what_kind.as_str()), ("8", "Plans", "folder 6"));
        for odd in ["", "null", "[]", r#"{"created_by":[],"source":"x","event_type":7,"created_at":"never"}"#] {
            assert_eq!(row(odd).actor, "", "{odd}");
        }
    }

    #[test]
    fn a_sieve_looks_at_actor_and_text() {
        let raw = r#"{"created_by":{"id":"7","name":"Mara Lindqvist"},"source":{"name":"Plans"}}"#;
        let takes =
            |actor: &str, text: &str| Sieve { actor: actor.to_owned(), text: text.to_owned() }.takes(raw, &row(raw));
        assert!(takes("", "") && takes("lind", "") && takes("7", "plans") && takes("", "PLANS"));
        assert!(!takes("tomas", "") && !takes("", "budget") && !takes("mara", "budget"));
    }

    #[test]
    fn indenting_changes_nothing_but_blanks() {
        let raw = r#"{"b":[1.50,{"c":"a,{\"}:\\"}],"a":{},"e":[ ]}"#;
        let shown = indented(raw);
        assert_eq!(shown.lines().count(), 10, "{shown}");
        let squeezed: String = shown.lines().map(|line| line.trim_start().replace("\": ", "\":")).collect();
        assert_eq!(squeezed, raw.replace("[ ]", "[]"));
    }
}
