//! Which feed a bare event is for, and bodies that hold any number of drafts.

use super::{file, one, read};
use feed::event::FeedKind;
use feed::intake::{Format, Refused};

/// Checks which feed a bare event goes to; `None` if it is refused with the advice to give `feed`.
fn check(draft: &str, feed: Option<FeedKind>) {
    match (read(draft.as_bytes(), Format::Json), feed) {
        (Ok(events), Some(feed)) => {
            assert_eq!(events[0].user.is_some(), feed == FeedKind::User, "{draft}");
            assert_eq!(events[0].enterprise.is_some(), feed == FeedKind::Enterprise, "{draft}");
        }
        (Err(Refused::Drafts { bad, .. }), None) => {
            assert_eq!(bad[0].field, "feed");
            assert!(bad[0].reason.contains(r#"give "feed":"user""#), "{}", bad[0]);
        }
        (other, _) => panic!("{other:?}\n{draft}"),
    }
}

#[test]
fn a_bare_event_finds_its_feed() {
    let (user, enterprise) = (Some(FeedKind::User), Some(FeedKind::Enterprise));
    let whole = format!(r#"{{"event_type":"MINE","source":{}}}"#, file(""));
    for (draft, feed) in [
        (r#"{"event_type":"ITEM_UPLOAD"}"#, user),
        (r#"{"event_type":"UPLOAD"}"#, enterprise),
        (r#"{"event_type":"UPLOAD","feed":"user"}"#, user),
        (r#"{"event_type":"ITEM_UPLOAD","feed":"enterprise"}"#, enterprise),
        (r#"{"event_type":"COMMENT_CREATE"}"#, None),
        (r#"{"event_type":"COMMENT_CREATE","additional_details":null}"#, enterprise),
        (r#"{"event_type":"COMMENT_CREATE","recorded_at":"2025-05-14T02:01:06-07:00"}"#, user),
        (r#"{"event_type":"MINE"}"#, None),
        (r#"{"event_type":"MINE","ip_address":"203.0.113.24"}"#, enterprise),
        (r#"{"event_type":"MINE","action_by":null}"#, enterprise),
        (r#"{"event_type":"MINE","source":{"type":"user","id":"7"}}"#, None),
        (&whole, user),
    ] {
        check(draft, feed);
    }
}

#[test]
fn the_feed_is_no_part_of_the_rendering() {
    let event = one(r#"{"event_type":"MINE","feed":"user"}"#);
    assert!(!String::from_utf8(event.user.unwrap().bytes).unwrap().contains("feed"));
}

#[test]
fn a_body_holds_any_number_of_drafts() {
    let draft = r#"{"event_type":"LOGIN"}"#;
    for (body, format, count) in [
        (String::new(), Format::Json, 0),
        (" \n".into(), Format::Json, 0),
        ("[]".into(), Format::Json, 0),
        (draft.into(), Format::Json, 1),
        (format!("\u{feff}[ {draft} ,\n{draft}]\n"), Format::Json, 2),
        (String::new(), Format::Ndjson, 0),
        ("\n\r\n".into(), Format::Ndjson, 0),
        (format!("{draft}\r\n\n  {draft}"), Format::Ndjson, 2),
    ] {
        assert_eq!(read(body.as_bytes(), format).map(|events| events.len()), Ok(count), "{body:?}");
    }
}

#[test]
fn new_ids_have_the_form_of_their_feed() {
    let body = br#"[{"event_type":"ITEM_UPLOAD"},{"event_type":"LOGIN"}]"#;
    let events = read(body, Format::Json).unwrap();
    assert_eq!(events[0].user.as_ref().unwrap().event_id.as_str(), "01".repeat(20));
    assert_eq!(events[1].enterprise.as_ref().unwrap().event_id.as_str(), "02020202-0202-4202-8202-020202020202");
}
