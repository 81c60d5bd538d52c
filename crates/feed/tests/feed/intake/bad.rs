//! Drafts that must be refused, each with its field and a reason.

use super::{MARA, file, read};
use feed::intake::{BadDraft, Format, Refused};
use feed::limits::{JSON_DEPTH_MAX, PUBLISH_BYTES_MAX, PUBLISH_DRAFTS_MAX, REFUSED_DRAFTS_MAX};

fn bad(body: &str, format: Format) -> Vec<BadDraft> {
    match read(body.as_bytes(), format) {
        Err(Refused::Drafts { bad, .. }) => bad,
        other => panic!("{other:?}\n{body}"),
    }
}

/// Checks that a draft is refused for this field, with these words in the reason.
fn check(draft: &str, field: &str, words: &str) {
    let bad = bad(draft, Format::Json);
    assert_eq!((bad.len(), bad[0].index, bad[0].field.as_str()), (1, 0, field), "{draft}\n{}", bad[0]);
    assert!(bad[0].reason.contains(words), "{draft}\n{}", bad[0]);
}

#[test]
fn events_that_would_break_a_reader() {
    for (members, field, words) in [
        (r#""created_by":{"type":"user","id":7}"#, "created_by.id", "but is a number; write it in quotes"),
        (r#""created_by":{"id":"7"}"#, "created_by.type", "is missing"),
        (r#""created_by":{"type":"group","id":"7"}"#, "created_by.type", "must be 'user', but is 'group'"),
        (r#""created_by":{"type":"user"}"#, "created_by.id", "is missing; readers need it to be an id"),
        (r#""created_by":{"type":"user","id":"a b"}"#, "created_by.id", "visible ASCII"),
        (r#""created_by":{"type":"user","id":"7","id":"8"}"#, "created_by.id", "twice"),
        (r#""created_by":{"type":"user","id":"7","\u0069d":"8"}"#, "created_by.id", "twice"),
        (r#""created_by":{"type":"user","id":"7","name":null}"#, "created_by.name", "leave it out instead"),
        (r#""created_by":"7""#, "created_by", "must be an object, but is a string"),
        (r#""action_by":[]"#, "action_by", "must be an object, but is a list"),
        (r#""action_by":{"type":"user"}"#, "action_by.id", "is missing"),
        (r#""accessible_by":null"#, "accessible_by", "must be an object"),
        (r#""accessible_by":{"type":"user"}"#, "accessible_by.id", "is missing"),
        (r#""source":[]"#, "source", "an object or null"),
        (r#""session_id":5"#, "session_id", "must be a string or null, but is a number"),
        (r#""ip_address":5"#, "ip_address", "must be a string"),
        (r#""additional_details":"x""#, "additional_details", "an object or null"),
        (r#""event_id":"""#, "event_id", "1 to 64"),
        (r#""event_id":12"#, "event_id", "must be an id, but is a number"),
        (r#""type":"error""#, "type", "must be 'event', but is 'error'"),
        (r#""feed":"both""#, "feed", "'user' or 'enterprise'"),
        (r#""created_at":5"#, "created_at", "must be a time"),
        (r#""created_at":"soon""#, "created_at", "'soon' is not a time"),
        (r#""created_at":"1969-12-31T23:59:59Z""#, "created_at", "between 1970 and 2106"),
        (r#""created_at":"1970-01-01T00:00:00Z""#, "created_at", "stands for none"),
        (r#""created_at":"2106-02-07T06:28:16Z""#, "created_at", "between 1970 and 2106"),
        (r#""created_at":"2025-05-14T10:05:01Z""#, "created_at", "301 s after the server's time"),
        (r#""x":1,"x":2"#, "x", "twice"),
        (r#""session_id":null,"session_id":null"#, "session_id", "twice"),
        (r#""additional_details":{"a":["\ud800"]}"#, "additional_details.a[0]", "half of a surrogate pair"),
        (r#""x":{"\udc00":1}"#, "x", "half of a surrogate pair"),
        (r#""x":[1e999]"#, "x[0]", "range of a double"),
        (r#""x":[1,]"#, "x[1]", "is not JSON: a value was expected at byte"),
    ] {
        check(&format!(r#"{{"event_type":"LOGIN",{members}}}"#), field, words);
    }
    assert!(read(br#"{"event_type":"LOGIN","created_at":"2025-05-14T10:05:00Z"}"#, Format::Json).is_ok());
}

#[test]
fn whole_files_that_would_break_a_reader() {
    for (more, field, words) in [
        (r#","size":1.5"#, "size", "twice"),
        (r#","created_at":null"#, "created_at", "leave it out instead"),
        (r#","content_modified_at":"2025-05-14T02:01:05""#, "content_modified_at", "a time such as"),
        (r#","trashed_at":"today""#, "trashed_at", "a time such as"),
        (r#","modified_by":{"type":"user"}"#, "modified_by.id", "is missing"),
        (r#","shared_link":{"url":"u"}"#, "shared_link.effective_access", "is missing"),
        (r#","shared_link":{"effective_access":"all"}"#, "shared_link.effective_access", "one of 'open', 'company'"),
        (r#","file_version":{"type":"file_version"}"#, "file_version.id", "is missing"),
    ] {
        check(&format!(r#"{{"event_type":"ITEM_MOVE","source":{}}}"#, file(more)), &format!("source.{field}"), words);
    }
    for (source, field, words) in [
        (r#"{"type":"file"}"#, "id", "is missing"),
        (r#"{"id":"31","type":"file","size":"7"}"#, "size", "write it without quotes"),
        (r#"{"type":"file","id":"31","size":-1}"#, "size", "whole number from 0"),
        (r#"{"type":"file","id":"31","size":1e3}"#, "size", "whole number from 0"),
        (r#"{"type":"file","id":"31","sequence_id":3}"#, "sequence_id", "write it in quotes"),
        (r#"{"type":"file","id":"31","sequence_id":"x"}"#, "sequence_id", "string of digits"),
        (r#"{"type":"file","id":"31","item_status":"gone"}"#, "item_status", "'active', 'trashed', 'deleted'"),
        (
            r#"{"type":"folder","id":"31","path_collection":{"entries":[]}}"#,
            "path_collection.total_count",
            "is missing",
        ),
        (
            r#"{"type":"folder","id":"31","path_collection":{"total_count":2,"entries":[{"type":"folder","id":"1"},{"type":"file","id":"1"}]}}"#,
            "path_collection.entries[1].type",
            "must be 'folder', but is 'file'",
        ),
        (r#"{"type":"folder","id":"31","parent":{"id":"1"}}"#, "parent.type", "is missing"),
        (r#"{"type":"folder","id":"31","type":"folder"}"#, "type", "twice"),
        (r#"{"a":1,"type":"folder","id":"31","type":"x"}"#, "type", "twice"),
        (r#"{"type":"user","name":"Mara"}"#, "id", "is missing"),
        (r#"{"type":"user","id":"7","status":"odd"}"#, "status", "one of"),
        (r#"{"type":"app_item","id":"7"}"#, "app_item_type", "is missing"),
        (r#"{"item_type":"file","item_id":31,"item_name":"A"}"#, "item_id", "write it in quotes"),
        (r#"{"item_id":"31","item_name":"A"}"#, "item_type", "is missing"),
        (r#"{"item_type":"file","item_id":"31","item_name":"A","type":"file"}"#, "type", "promises a whole object"),
        (r#"{"item_type":"file","item_id":"31","item_name":"A","parent":{"id":"1"}}"#, "parent.type", "is missing"),
    ] {
        check(
            &format!(r#"{{"feed":"enterprise","event_type":"X","source":{source}}}"#),
            &format!("source.{field}"),
            words,
        );
    }
}

#[test]
fn envelopes_that_could_mean_something_else() {
    for (draft, field, words) in [
        (r#"{"user":{"event_type":"A"},"audiance":["7"]}"#, "audiance", "no member of an envelope"),
        (r#"{"event_type":"LOGIN","audience":["7"]}"#, "event_type", "no member of an envelope"),
        (r#"{"user":null}"#, "", "neither `user` nor `enterprise`"),
        (r#"{"audience":[]}"#, "", "neither `user` nor `enterprise`"),
        (r#"{"user":{"event_type":"A"},"user":{"event_type":"A"}}"#, "user", "twice"),
        (r#"{"user":[]}"#, "user", "must be an object, but is a list"),
        (r#"{"user":{}}"#, "user.event_type", "is missing"),
        (r#"{"enterprise":{"event_type":"A,B"}}"#, "enterprise.event_type", "without a comma"),
        (r#"{"user":{"event_type":"A","feed":"enterprise"}}"#, "user.feed", "must be 'user' here"),
        (r#"{"user":{"event_type":"A"},"audience":["7",8]}"#, "audience[1]", "must be a string"),
        (r#"{"user":{"event_type":"A"},"audience":[""]}"#, "audience[0]", "1 to 64"),
        (r#"{"user":{"event_type":"A"},"audience":null}"#, "audience", "must be a list"),
        (r#"{"user":{"event_type":"A"},"derive":"no"}"#, "derive", "must be true or false"),
        (r#"{"user":{"event_type":"A","created_at":"x"}}"#, "user.created_at", "is not a time"),
        (r#"{}"#, "", "is empty"),
        (r#"{"event_id":"1"}"#, "event_type", "is missing; name what happened"),
        (r#"{"event_type":7}"#, "event_type", "must be a string"),
    ] {
        check(draft, field, words);
    }
}

#[test]
fn changes_to_users_must_say_whom_and_what() {
    for name in ["NEW_USER", "EDIT_USER", "DELETE_USER", "CHANGE_ADMIN_ROLE"] {
        check(&format!(r#"{{"event_type":"{name}"}}"#), "source", "must be the user concerned");
        check(
            &format!(r#"{{"enterprise":{{"event_type":"{name}"}}}}"#),
            "enterprise.source",
            "must be the user concerned",
        );
    }
    for (details, field, words) in [
        (r#"{"role":"Admin"}"#, "role", "must be 'user', 'coadmin', 'admin' or 'service_account', but is 'Admin'"),
        (r#"{"role":1}"#, "role", "must be a string"),
        (r#"{"role":"user","role":"admin"}"#, "role", "twice"),
    ] {
        let draft = format!(r#"{{"event_type":"CHANGE_ADMIN_ROLE","source":{MARA},"additional_details":{details}}}"#);
        check(&draft, &format!("additional_details.{field}"), words);
    }
}

#[test]
fn what_is_too_deep_or_too_large() {
    // The event and the list of the member are the first two levels.
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"event_type":"LOGIN","x":{open}{close}}}"#)
    };
    assert!(read(nested(JSON_DEPTH_MAX - 1).as_bytes(), Format::Json).is_ok());
    let in_envelope = format!(r#"{{"enterprise":{}}}"#, nested(JSON_DEPTH_MAX - 1));
    assert!(read(in_envelope.as_bytes(), Format::Json).is_ok());
    assert!(bad(&nested(JSON_DEPTH_MAX), Format::Json)[0].reason.contains("deeper than 64"));
    assert!(bad(&nested(100_000), Format::Json)[0].reason.contains("deeper than 64"));

    let large = format!(r#"{{"event_type":"LOGIN","x":"{}"}}"#, "x".repeat(65_536));
    check(&large, "", "at most 65536");
    check(&format!(r#"{{"enterprise":{large}}}"#), "enterprise", "at most 65536");

    assert_eq!(
        read(&vec![b' '; PUBLISH_BYTES_MAX + 1], Format::Json),
        Err(Refused::TooLarge { bytes: PUBLISH_BYTES_MAX + 1 })
    );
    let line = "{\"event_type\":\"LOGIN\"}\n";
    assert_eq!(
        read(line.repeat(PUBLISH_DRAFTS_MAX).as_bytes(), Format::Ndjson).map(|it| it.len()),
        Ok(PUBLISH_DRAFTS_MAX)
    );
    assert_eq!(read(line.repeat(PUBLISH_DRAFTS_MAX + 1).as_bytes(), Format::Ndjson), Err(Refused::TooManyDrafts));

    let audience = |count: usize| {
        let ids: Vec<String> = (0..count).map(|id| format!("\"{}\"", id + 10)).collect();
        format!("{{\"user\":{{\"event_type\":\"A\"}},\"audience\":[{}]}}\n", ids.join(","))
    };
    check(&audience(10_001), "audience", "more than 10000 users");
    assert_eq!(read(audience(10_000).repeat(51).as_bytes(), Format::Ndjson), Err(Refused::TooManyHearers));
}

#[test]
fn a_body_that_is_none() {
    let unreadable = |body: &[u8], words: &str| match read(body, Format::Json) {
        Err(Refused::Unreadable { reason }) => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other:?}"),
    };
    unreadable(b"5", "must be a draft, which is an object, or a list of drafts");
    unreadable(b"{\"event_type\":\"LOGIN\"}\n{\"event_type\":\"LOGIN\"}", "application/x-ndjson");
    unreadable(b"[{\"event_type\":\"LOGIN\"}", "',' or ']' was expected");
    unreadable(b"[]]", "goes on after its end");
    unreadable(b"{\"event_type\":\"LO\xffGIN\"}", "not UTF-8 from byte 17 on");
}

#[test]
fn every_bad_draft_is_listed_up_to_a_bound() {
    let (good, wrong) = (r#"{"event_type":"LOGIN"}"#, r#"{"event_type":5}"#);
    let list = bad(&format!("[{good},{wrong},{good},{wrong}]"), Format::Json);
    assert_eq!(list.iter().map(|it| it.index).collect::<Vec<_>>(), [1, 3]);
    let lines = bad(&format!("{wrong}\n\n{good}\r\n \n{{\n{good} {good}\n"), Format::Ndjson);
    assert_eq!(lines.iter().map(|it| it.index).collect::<Vec<_>>(), [0, 2, 3]);
    let many = read(format!("[{wrong}{}]", format!(",{wrong}").repeat(99)).as_bytes(), Format::Json);
    let Err(Refused::Drafts { bad, stopped: true }) = many else { panic!("{many:?}") };
    assert_eq!(bad.len(), REFUSED_DRAFTS_MAX);

    // Where the JSON itself breaks, what follows in a list cannot be told apart; in lines it can.
    let broken = read(format!("[{wrong},{{\"a\",{wrong}]").as_bytes(), Format::Json);
    let Err(Refused::Drafts { bad, stopped: true }) = broken else { panic!("{broken:?}") };
    assert_eq!(bad.len(), 2);
    insta::assert_snapshot!(Refused::Drafts { bad, stopped: true }, @r#"nothing was published, because of draft 0: `event_type` must be a string, but is a number; draft 1: is not JSON: ':' was expected at byte 22, not ','; drafts after these were not looked at"#);
}
