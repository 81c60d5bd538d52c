//! What the commit point learns of a deed.

use super::{MARA, file, one};
use feed::event::{Event, UserStreams};
use feed::id::UserId;

/// Actor, owner, and the item with the folders above it.
type Facts<'e> = (&'e str, Option<&'e str>, Option<(&'e str, Vec<&'e str>)>);

fn ids(event: &Event) -> Facts<'_> {
    let item = event.item.as_ref();
    (
        event.actor.as_str(),
        event.owner.as_ref().map(UserId::as_str),
        item.map(|item| (item.id.as_str(), item.folders.iter().map(|id| id.as_str()).collect())),
    )
}

#[test]
fn actor_owner_item_and_folders_are_found_in_every_shape() {
    let owner = r#""owned_by":{"type":"user","id":"8"}"#;
    let thin =
        |parent: &str| format!(r#"{{"item_type":"file","item_id":"31","item_name":"A","parent":{parent},{owner}}}"#);
    let collaboration =
        |what: &str| format!(r#"{{"{what}_id":"31","user_id":"9","parent":{{"type":"folder","id":"11"}},{owner}}}"#);
    let with = |source: &str| {
        one(&format!(r#"{{"feed":"enterprise","event_type":"X","created_by":{MARA},"source":{source}}}"#))
    };
    for (source, expected) in [
        (file(""), ("7", Some("8"), Some(("31", vec!["11"])))),
        (thin(r#"{"type":"folder","id":"11"}"#), ("7", Some("8"), Some(("31", vec!["11"])))),
        (thin(r#"{"type":"folder","id":"0"}"#), ("7", Some("8"), Some(("31", vec![])))),
        (thin("null"), ("7", Some("8"), Some(("31", vec![])))),
        (collaboration("file"), ("7", Some("8"), Some(("31", vec!["11"])))),
        (collaboration("folder"), ("7", Some("8"), Some(("31", vec!["11"])))),
        (r#"{"type":"comment","id":"5","item":{"type":"file","id":"31"}}"#.into(), ("7", None, Some(("31", vec![])))),
        (
            r#"{"type":"folder","id":"31","parent":{"type":"folder","id":"11"}}"#.into(),
            ("7", None, Some(("31", vec!["11"]))),
        ),
        (r#"{"type":"folder","id":"0"}"#.into(), ("7", None, None)),
        (MARA.into(), ("7", None, None)),
        (r#"{"type":"app_item","id":"5","app_item_type":"hub"}"#.into(), ("7", None, None)),
        (r#"{"group_id":"5"}"#.into(), ("7", None, None)),
        // A free object is taken as it is, and what does not fit is not used.
        (r#"{"file_id":31,"owned_by":"me","parent":7}"#.into(), ("7", None, None)),
        ("null".into(), ("7", None, None)),
    ] {
        assert_eq!(ids(&with(&source)), expected, "{source}");
    }
}

#[test]
fn the_user_rendering_speaks_first() {
    let event = one(&format!(
        r#"{{"enterprise":{{"event_type":"MOVE","source":{{"item_type":"file","item_id":"32","item_name":"B","owned_by":{{"type":"user","id":"9"}}}}}},
            "user":{{"event_type":"ITEM_MOVE","created_by":{MARA},"source":{}}}}}"#,
        file("")
    ));
    assert_eq!(ids(&event), ("7", Some("8"), Some(("31", vec!["11"]))));
    let event = one(
        r#"{"enterprise":{"event_type":"MOVE","source":{"item_type":"file","item_id":"32","item_name":"B","owned_by":{"type":"user","id":"9"}}},
            "user":{"event_type":"ITEM_MOVE"}}"#,
    );
    assert_eq!(ids(&event), ("2", Some("9"), Some(("32", vec![]))));
}

#[test]
fn the_catalogue_says_which_streams_carry_a_type() {
    let everything = UserStreams::ALL.and(UserStreams::CHANGES).and(UserStreams::SYNC);
    for (name, streams) in
        [("ITEM_UPLOAD", everything), ("ITEM_DOWNLOAD", UserStreams::ALL), ("MINE", UserStreams::ALL)]
    {
        assert_eq!(one(&format!(r#"{{"user":{{"event_type":"{name}"}}}}"#)).carried_by, streams, "{name}");
    }
    assert_eq!(one(r#"{"enterprise":{"event_type":"LOGIN"}}"#).carried_by, UserStreams::NONE);
}

#[test]
fn special_rules_come_from_the_catalogue() {
    assert!(one(r#"{"event_type":"ITEM_PREVIEW"}"#).owner_only);
    assert!(!one(r#"{"event_type":"ITEM_UPLOAD"}"#).owner_only);
    assert!(one(r#"{"event_type":"FILE_MARKED_MALICIOUS"}"#).opt_in);
    assert!(!one(r#"{"event_type":"LOGIN"}"#).opt_in);
}

#[test]
fn an_audience_is_a_set() {
    let audience = |list: &str| {
        let event = one(&format!(r#"{{"user":{{"event_type":"MINE"}},"audience":{list}}}"#));
        event.audience.map(|ids| ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(audience(r#"["9","7","9","2"]"#), Some(vec!["7".into(), "9".into()]));
    assert_eq!(audience("[]"), Some(vec![]));
    assert_eq!(one(r#"{"user":{"event_type":"MINE"}}"#).audience, None);
}
