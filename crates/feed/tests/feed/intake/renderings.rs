//! What readers get, to the byte.

use super::{MARA, file, one};
use feed::event::Rendering;
use feed::time::Second;
use insta::assert_snapshot;

fn text(rendering: Option<&Rendering>) -> String {
    let mut rendering = rendering.expect("a rendering").clone();
    rendering.stamp(Second(1_747_216_801));
    String::from_utf8(rendering.bytes).unwrap()
}

#[test]
fn what_is_missing_is_filled_in_for_users() {
    let event = one(r#"{"feed":"user","event_type":"THING_DONE"}"#);
    assert_snapshot!(text(event.user.as_ref()), @r#"{"type":"event","event_id":"0101010101010101010101010101010101010101","created_by":{"type":"user","id":"2","name":"Unknown User","login":""},"created_at":"2025-05-14T10:00:00+00:00","recorded_at":"2025-05-14T10:00:01+00:00","event_type":"THING_DONE","session_id":null,"source":null}"#);
    assert!(event.enterprise.is_none());
    let rendering = event.user.unwrap();
    assert_eq!(rendering.created_at, super::NOW);
    assert!(rendering.filled_created_at_offset.is_some() && rendering.recorded_at_offset.is_some());
}

#[test]
fn what_is_missing_is_filled_in_for_the_enterprise() {
    let event = one(r#"{"event_type":"LOGIN","created_by":null,"event_id":null,"ip_address":null}"#);
    assert_snapshot!(text(event.enterprise.as_ref()), @r#"{"source":null,"created_by":{"type":"user","id":"2","name":"Unknown User","login":""},"action_by":null,"created_at":"2025-05-14T10:00:00+00:00","event_id":"01010101-0101-4101-8101-010101010101","event_type":"LOGIN","ip_address":"Unknown IP","type":"event","session_id":null,"additional_details":null}"#);
    assert!(event.user.is_none());
    assert!(event.enterprise.unwrap().recorded_at_offset.is_none());
}

#[test]
fn unknown_members_go_to_the_end_as_they_are() {
    let event =
        one(r#" { "x-1" : [ 1.0 , "é\u00e9" ] , "event_type" : "LOGIN", "recorded_at": "whenever", "type": "event",
            "session_id": "s\/1", "event_id": "\u0065-1", "ip_address": "203.0.113.24", "y": {"b": 1,  "a": 2} } "#);
    assert_snapshot!(text(event.enterprise.as_ref()), @r#"{"source":null,"created_by":{"type":"user","id":"2","name":"Unknown User","login":""},"action_by":null,"created_at":"2025-05-14T10:00:00+00:00","event_id":"\u0065-1","event_type":"LOGIN","ip_address":"203.0.113.24","type":"event","session_id":"s\/1","additional_details":null,"x-1":[ 1.0 , "é\u00e9" ],"y":{"b": 1,  "a": 2}}"#);
    assert_eq!(event.enterprise.unwrap().event_id.as_str(), "e-1");
}

#[test]
fn the_enterprise_rendering_is_made_from_a_whole_item() {
    let draft = format!(
        r#"{{"user":{{"event_type":"ITEM_UPLOAD","event_id":"ab","created_at":"2025-05-14T02:01:05-07:00","created_by":{MARA},"source":{}}}}}"#,
        file("")
    );
    let event = one(&draft);
    assert_snapshot!(text(event.user.as_ref()), @r#"{"type":"event","event_id":"ab","created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"created_at":"2025-05-14T02:01:05-07:00","recorded_at":"2025-05-14T10:00:01+00:00","event_type":"ITEM_UPLOAD","session_id":null,"source":{"type":"file","id":"31","sequence_id":"0","etag":"0","name":"A \"plan\".txt","size":7,"path_collection":{"total_count":2,"entries":[{"type":"folder","id":"0","sequence_id":null,"etag":null,"name":"All Files"},{"type":"folder","id":"11","sequence_id":"2","etag":"2","name":"Plans"}]},"owned_by":{"type":"user","id":"8","name":"Tomas","login":"tomas@halden.example"},"parent":{"type":"folder","id":"11","sequence_id":"2","etag":"2","name":"Plans"},"item_status":"active"}}"#);
    assert_snapshot!(text(event.enterprise.as_ref()), @r#"{"source":{"item_type":"file","item_id":"31","item_name":"A \"plan\".txt","parent":{"type":"folder","name":"Plans","id":"11"},"owned_by":{"type":"user","id":"8","name":"Tomas","login":"tomas@halden.example"}},"created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"action_by":null,"created_at":"2025-05-14T02:01:05-07:00","event_id":"cd0073e9-594a-4e07-8db5-c4d515d3510d","event_type":"UPLOAD","ip_address":"Unknown IP","type":"event","session_id":null,"additional_details":null}"#);
    // Published again, it is the same event in both feeds.
    assert_eq!(one(&draft), event);
}

#[test]
fn the_user_rendering_is_made_from_a_whole_user() {
    let event = one(&format!(
        r#"{{"enterprise":{{"event_type":"ACCESS_GRANTED","created_by":{MARA},"source":{MARA},"ip_address":"203.0.113.24"}}}}"#
    ));
    assert_snapshot!(text(event.user.as_ref()), @r#"{"type":"event","event_id":"78b43b3c7b5774926679270624e2488034d0aa31","created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"created_at":"2025-05-14T10:00:00+00:00","recorded_at":"2025-05-14T10:00:01+00:00","event_type":"ACCESS_GRANTED","session_id":null,"source":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"}}"#);
    assert_snapshot!(text(event.enterprise.as_ref()), @r#"{"source":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"action_by":null,"created_at":"2025-05-14T10:00:00+00:00","event_id":"01010101-0101-4101-8101-010101010101","event_type":"ACCESS_GRANTED","ip_address":"203.0.113.24","type":"event","session_id":null,"additional_details":null}"#);
}

#[test]
fn renderings_lend_each_other_what_is_missing() {
    let event = one(&format!(
        r#"{{"enterprise":{{"event_type":"COMMENT_CREATE","created_by":{MARA}}},
            "user":{{"event_type":"COMMENT_CREATE","created_at":"2025-05-14T09:00:00.250Z"}}}}"#
    ));
    assert_snapshot!(text(event.user.as_ref()), @r#"{"type":"event","event_id":"0101010101010101010101010101010101010101","created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"created_at":"2025-05-14T09:00:00+00:00","recorded_at":"2025-05-14T10:00:01+00:00","event_type":"COMMENT_CREATE","session_id":null,"source":null}"#);
    assert_snapshot!(text(event.enterprise.as_ref()), @r#"{"source":null,"created_by":{"type":"user","id":"7","name":"Mara","login":"mara@halden.example"},"action_by":null,"created_at":"2025-05-14T09:00:00+00:00","event_id":"73718d5d-d4b5-45a7-99ad-bf3af9704105","event_type":"COMMENT_CREATE","ip_address":"Unknown IP","type":"event","session_id":null,"additional_details":null}"#);
    assert_eq!(event.actor.as_str(), "7");
}

#[test]
fn nothing_is_derived_that_would_have_to_be_invented() {
    let thin = r#"{"item_type":"file","item_id":"31","item_name":"A","parent":null}"#;
    let comment = r#"{"type":"comment","id":"5","item":{"type":"file","id":"31"}}"#;
    for (draft, what) in [
        (format!(r#"{{"enterprise":{{"event_type":"MOVE","source":{thin}}}}}"#), "a thin item cannot be made whole"),
        (format!(r#"{{"enterprise":{{"event_type":"UPLOAD","source":{}}}}}"#, file("")), "two names would do"),
        (format!(r#"{{"enterprise":{{"event_type":"LOGIN","source":{MARA}}}}}"#), "no counterpart"),
        (format!(r#"{{"user":{{"event_type":"COMMENT_CREATE","source":{comment}}}}}"#), "the file is not known"),
        (format!(r#"{{"user":{{"event_type":"TASK_CREATE","source":{}}}}}"#, file("")), "the task is not known"),
        (format!(r#"{{"user":{{"event_type":"MINE","source":{}}}}}"#, file("")), "nobody knows the type"),
        (r#"{"user":{"event_type":"ITEM_MOVE","source":{"type":"file","id":"31"}}}"#.into(), "it has no name"),
        (r#"{"user":{"event_type":"ITEM_MOVE"}}"#.into(), "it has no source"),
        (format!(r#"{{"user":{{"event_type":"ITEM_MOVE","source":{}}},"derive":false}}"#, file("")), "not wanted"),
        (format!(r#"{{"event_type":"ITEM_MOVE","source":{}}}"#, file("")), "bare events are final"),
    ] {
        let event = one(&draft);
        assert!(event.user.is_some() != event.enterprise.is_some(), "{what}: {draft}");
    }
}

#[test]
fn a_lock_that_went_with_its_file_is_told_in_both_feeds() {
    let event = one(r#"{"user":{"event_type":"LOCK_DESTROY","event_id":"1","source":null}}"#);
    assert_eq!(event.enterprise.unwrap().event_type.as_str(), "UNLOCK");
}

#[test]
fn a_whole_item_in_the_enterprise_feed_reaches_users_too() {
    let event = one(&format!(r#"{{"enterprise":{{"event_type":"DELETE","source":{}}}}}"#, file("")));
    assert_eq!(event.user.unwrap().event_type.as_str(), "ITEM_TRASH");
}

#[test]
fn times_are_kept_only_in_the_form_every_reader_parses() {
    for (given, kept) in [
        ("2025-05-14T02:01:05-07:00", "2025-05-14T02:01:05-07:00"),
        ("2025-05-14T09:01:05-00:00", "2025-05-14T09:01:05-00:00"),
        ("2025-05-14T09:01:05Z", "2025-05-14T09:01:05+00:00"),
        ("2025-05-14T14:31:05+05:30", "2025-05-14T09:01:05+00:00"),
        ("2025-05-14T09:01:05.999Z", "2025-05-14T09:01:05+00:00"),
        ("2025-05-14T09:01:60+00:00", "2025-05-14T09:01:59+00:00"),
        (r"2025-05-14T02:01:05\u002d07:00", "2025-05-14T02:01:05-07:00"),
        ("2025-05-15T03:01:05+18:00", "2025-05-14T09:01:05+00:00"),
    ] {
        let event = one(&format!(r#"{{"event_type":"LOGIN","created_at":"{given}"}}"#));
        let rendering = event.enterprise.unwrap();
        let text = String::from_utf8(rendering.bytes).unwrap();
        assert!(text.contains(&format!(r#""created_at":"{kept}""#)), "{given}: {text}");
        assert!(rendering.filled_created_at_offset.is_none());
    }
}
