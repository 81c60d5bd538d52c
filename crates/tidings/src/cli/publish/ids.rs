//! Ids for drafts that have none, so that sending a draft again can never make a second event of it.
//!
//! The server makes up an id for a draft without one, and would make up another if the draft came again. So the id is
//! put in here, before the first attempt: spliced into the bytes of the line, everything else of which stays as it is.
//! It is made from a key and the number of the line, so that a publish that broke off can be gone on with.

use crate::entropy::hex;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Digits of an id, as those of user events have.
const ID_DIGITS: usize = 40;

/// A line ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Draft {
    /// Which line of the file.
    pub(super) line: u64,
    /// The draft, with an id if one could be given.
    pub(super) text: String,
    /// Whether it has an id, so that it may be sent again.
    pub(super) repeatable: bool,
}

impl Draft {
    /// The draft of a line; an id that is missing is made from the key.
    pub(super) fn of(line: u64, text: String, key: &str) -> Self {
        let gap = match Gap::find(&text) {
            Found::Gap(gap) => gap,
            Found::HasId => return Draft { line, text, repeatable: true },
            // The server will say what is wrong with it.
            Found::Unclear => return Draft { line, text, repeatable: false },
        };
        let id = id_of(key, line);
        let mut filled = String::with_capacity(text.len() + 64);
        filled.push_str(&text[..gap.from]);
        match gap.null {
            true => filled.push_str(&format!("\"{id}\"")),
            false => filled.push_str(&format!("\"event_id\":\"{id}\",")),
        }
        filled.push_str(&text[gap.to..]);
        Draft { line, text: filled, repeatable: true }
    }
}

fn id_of(key: &str, line: u64) -> String {
    let digest = Sha256::digest(format!("tidings publish {key} {line}"));
    let mut id = hex(digest.as_slice());
    id.truncate(ID_DIGITS);
    id
}

/// Where an id belongs.
struct Gap {
    from: usize,
    to: usize,
    /// Whether a null stands there, to be replaced.
    null: bool,
}

enum Found {
    HasId,
    Gap(Gap),
    Unclear,
}

/// What matters here of a draft or of one of its renderings. A member that is there twice is an error, here as there.
#[derive(Deserialize)]
struct Sketch<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    event_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    user: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    enterprise: Option<&'a RawValue>,
}

/// A member that is there, be it null.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl Gap {
    fn find(text: &str) -> Found {
        let Some(draft) = sketch(text) else { return Found::Unclear };
        if draft.user.is_none() && draft.enterprise.is_none() {
            return Gap::within(text, text, &draft);
        }
        // An envelope: one id is enough, because the server makes the other rendering's from it.
        let mut gap = Found::Unclear;
        for rendering in [draft.enterprise, draft.user].into_iter().flatten().map(RawValue::get) {
            let Some(sketch) = sketch(rendering) else { continue };
            match Gap::within(text, rendering, &sketch) {
                Found::HasId => return Found::HasId,
                Found::Gap(found) => gap = Found::Gap(found),
                Found::Unclear => {}
            }
        }
        gap
    }

    /// The gap in an object that is part of the text.
    fn within(text: &str, object: &str, sketch: &Sketch<'_>) -> Found {
        let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
        match sketch.event_id.map(RawValue::get) {
            Some("null") => {
                let from = sketch.event_id.map(|raw| place(raw.get())).unwrap_or_default();
                Found::Gap(Gap { from, to: from + "null".len(), null: true })
            }
            Some(id) if id.starts_with('"') && id != "\"\"" => Found::HasId,
            Some(_) => Found::Unclear,
            None => match object.find('{') {
                // An empty object stays one: the server has words for that.
                Some(brace) if !object[brace + 1..].trim_start().starts_with('}') => {
                    let at = place(object) + brace + 1;
                    Found::Gap(Gap { from: at, to: at, null: false })
                }
                _ => Found::Unclear,
            },
        }
    }
}

fn sketch(text: &str) -> Option<Sketch<'_>> {
    // A derived reader takes a list for an object without names, too.
    text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> (String, bool) {
        let draft = Draft::of(7, text.to_owned(), "key");
        (draft.text.replace(&id_of("key", 7), "ID"), draft.repeatable)
    }

    #[test]
    fn an_id_is_spliced_in_and_nothing_else_changes() {
        for (text, expected) in [
            (r#"{"event_type":"LOGIN"}"#, r#"{"event_id":"ID","event_type":"LOGIN"}"#),
            (" {  \"a\" :1.50e3 }\r", " {\"event_id\":\"ID\",  \"a\" :1.50e3 }\r"),
            (r#"{"event_type":"A","event_id": null }"#, r#"{"event_type":"A","event_id": "ID" }"#),
            (r#"{"user":{"event_type":"A"}}"#, r#"{"user":{"event_id":"ID","event_type":"A"}}"#),
            (
                r#"{"audience":[],"enterprise":{"ü":0},"user":{ "b":{}}}"#,
                r#"{"audience":[],"enterprise":{"ü":0},"user":{"event_id":"ID", "b":{}}}"#,
            ),
            (r#"{"user":null,"enterprise":{"a":0}}"#, r#"{"user":null,"enterprise":{"event_id":"ID","a":0}}"#),
        ] {
            assert_eq!(filled(text), (expected.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn a_draft_with_an_id_keeps_it() {
        for text in [
            r#"{"event_id":"x","event_type":"A"}"#,
            r#"{"user":{"event_type":"A"},"enterprise":{"event_id":"x"}}"#,
            r#"{"event\u005fid":"x"}"#,
        ] {
            assert_eq!(filled(text), (text.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn what_is_no_draft_is_left_to_the_server() {
        for text in [
            "{}",
            "{ }",
            "[1]",
            "[null,null,null]",
            "rubbish",
            r#"{"event_id":1}"#,
            r#"{"event_id":""}"#,
            r#"{"event_id":null,"event_id":null}"#,
            r#"{"user":7}"#,
            r#"{"user":null,"enterprise":null}"#,
        ] {
            assert_eq!(filled(text), (text.to_owned(), false), "{text}");
        }
    }

    #[test]
    fn ids_depend_on_key_and_line_only() {
        assert_eq!(id_of("a", 1), id_of("a", 1));
        assert_ne!(id_of("a", 1), id_of("a", 2));
        assert_ne!(id_of("a", 1), id_of("b", 1));
        assert_eq!(id_of("a", 1).len(), ID_DIGITS);
    }
}
