//! What holds for every body.

use super::samples::{ENTERPRISE, USER, members};
use super::{Format, read};
use feed::event::{FeedKind, Rendering};
use proptest::prelude::*;
use serde_json::Value;

/// Checks what readers rely on in every event.
fn check(rendering: &Rendering, feed: FeedKind) {
    let event: Value = serde_json::from_slice(&rendering.bytes).expect("valid JSON");
    let text = |name: &str| event[name].as_str().unwrap_or_else(|| panic!("{name} in {event}")).to_owned();
    assert_eq!(text("type"), "event");
    assert_eq!(text("event_id"), rendering.event_id.as_str());
    assert_eq!(text("event_type"), rendering.event_type.as_str());
    assert!(feed::time::is_wire_form(&text("created_at")));
    let at = feed::time::ReadTime::parse(&text("created_at")).unwrap();
    assert_eq!(at.second, rendering.created_at);
    assert!(event["created_by"]["id"].is_string() && event["created_by"]["type"] == "user");
    assert!(event["session_id"].is_string() || event["session_id"].is_null());
    assert!(event["source"].is_object() || event["source"].is_null());
    assert!(event["additional_details"].is_object() || event["additional_details"].is_null());
    assert!(event["action_by"].is_object() || event["action_by"].is_null());
    match feed {
        FeedKind::User => assert!(event.get("recorded_at").is_some()),
        FeedKind::Enterprise => {
            assert!(event["ip_address"].is_string() && event.get("recorded_at").is_none());
            assert!(event.get("additional_details").is_some() && event.get("action_by").is_some());
        }
    }
    let stamped = {
        let mut stamped = rendering.clone();
        stamped.stamp(super::NOW);
        stamped
    };
    assert!(stamped.says_the_same(&rendering.bytes));
}

fn check_all(body: &[u8], format: Format) -> usize {
    let Ok(events) = read(body, format) else { return 0 };
    for event in &events {
        assert!(event.user.is_some() || event.enterprise.is_some());
        event.user.iter().for_each(|rendering| check(rendering, FeedKind::User));
        event.enterprise.iter().for_each(|rendering| check(rendering, FeedKind::Enterprise));
    }
    events.len()
}

/// Any JSON value that is not too deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// A sample with one stretch of bytes replaced.
fn mutated() -> impl Strategy<Value = (Vec<u8>, Format)> {
    let lines: Vec<&str> = USER.lines().chain(ENTERPRISE.lines()).collect();
    let filling = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        prop::sample::select(vec!["null", "{}", "[]", "\"", "0", ",", "\\u00", "\"type\":\"file\",", "1e9"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (prop::sample::select(lines), any::<prop::sample::Index>(), 0..12_usize, filling, any::<bool>(), 0..4_usize)
        .prop_map(|(line, at, length, filling, ndjson, wrap)| {
            let mut body = line.as_bytes().to_vec();
            let at = at.index(body.len());
            body.splice(at..(at + length).min(line.len()), filling);
            let (before, after) = [("", ""), ("[", "]"), ("{\"user\":", "}"), ("{\"enterprise\":", "}")][wrap];
            let body = [before.as_bytes(), &body, after.as_bytes()].concat();
            (body, if ndjson { Format::Ndjson } else { Format::Json })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        check_all(&body, Format::Json);
        check_all(&body, Format::Ndjson);
    }

    #[test]
    fn any_change_to_a_sample_is_read_or_refused((body, format) in mutated()) {
        check_all(&body, format);
    }

    #[test]
    fn nested_values_come_out_as_they_went_in(details in json(), extra in json(), pretty: bool) {
        let write = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
        let details = write(&Value::from_iter([("x".to_owned(), details)])).unwrap();
        let extra = write(&extra).unwrap();
        let source = format!(r#"{{"any":{extra},"name":{details}}}"#);
        let draft = format!(
            r#"{{"event_type":"MINE","created_by":{{"type":"user","id":"7","more":{extra}}},"additional_details":{details},"extra":{extra},"source":{source}}}"#
        );
        let given = members(&draft);
        let event = super::one(&draft);
        let got = members(std::str::from_utf8(&event.enterprise.unwrap().bytes).unwrap());
        for (name, value) in given {
            prop_assert_eq!(got.get(&name), Some(&value));
        }
    }

    #[test]
    fn a_typed_source_is_checked_or_passed_whole(source in json(), kind in "file|folder|user|app_item|thing", first: bool) {
        let Value::Object(mut members) = source else { return Ok(()) };
        members.remove("type");
        let rest = serde_json::to_string(&members).unwrap();
        let inner = rest.trim_start_matches('{').trim_end_matches('}');
        let comma = if members.is_empty() { "" } else { "," };
        // A text that ends in a brace cannot be cut like this.
        prop_assume!(serde_json::from_str::<Value>(&format!("{{{inner}}}")).is_ok());
        let source = if first { format!(r#"{{"type":"{kind}"{comma}{inner}}}"#) } else { format!(r#"{{{inner}{comma}"type":"{kind}"}}"#) };
        check_all(format!(r#"{{"feed":"enterprise","event_type":"X","source":{source}}}"#).as_bytes(), Format::Json);
    }
}

#[test]
fn the_samples_have_what_readers_rely_on() {
    assert_eq!(check_all(USER.as_bytes(), Format::Ndjson), 36);
    assert_eq!(check_all(ENTERPRISE.as_bytes(), Format::Ndjson), 53);
    for line in USER.lines() {
        assert_eq!(check_all(format!(r#"{{"user":{line}}}"#).as_bytes(), Format::Json), 1);
    }
}
