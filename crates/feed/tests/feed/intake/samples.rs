//! The sample events: each is accepted as it stands and comes out as it went in.

use super::{Format, read};
use feed::event::{Event, FeedKind};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) const USER: &str = include_str!("../samples/user-events.ndjson");
pub(super) const ENTERPRISE: &str = include_str!("../samples/enterprise-events.ndjson");

/// The members of an object, each as the bytes it has.
pub(super) fn members(object: &str) -> BTreeMap<String, String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(object).unwrap();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

fn check(event: Event, line: &str, feed: FeedKind) {
    assert_eq!(event.user.is_some(), feed == FeedKind::User, "{line}");
    let rendering = event.user.or(event.enterprise).unwrap();
    let (mut given, mut got) = (members(line), members(std::str::from_utf8(&rendering.bytes).unwrap()));
    given.remove("recorded_at");
    assert_eq!(got.remove("recorded_at").is_some(), feed == FeedKind::User);
    assert_eq!(got, given);
    if feed == FeedKind::Enterprise {
        // Without a time of recording even the order of the members is that of the samples.
        assert_eq!(rendering.bytes, line.as_bytes());
    }
}

#[test]
fn every_sample_comes_out_as_it_went_in() {
    for (samples, feed) in [(USER, FeedKind::User), (ENTERPRISE, FeedKind::Enterprise)] {
        let events = read(samples.as_bytes(), Format::Ndjson).unwrap_or_else(|refused| panic!("{refused}"));
        assert_eq!(events.len(), samples.lines().count());
        for (event, line) in events.into_iter().zip(samples.lines()) {
            check(event, line, feed);
        }
        let list = format!("[{}]", samples.trim_end().replace('\n', ","));
        assert_eq!(read(list.as_bytes(), Format::Json), read(samples.as_bytes(), Format::Ndjson));
    }
}

#[test]
fn the_samples_of_users_give_enterprise_events_where_that_is_faithful() {
    let mut alone: Vec<String> = Vec::new();
    for line in USER.lines() {
        let event = super::one(&format!(r#"{{"user":{line}}}"#));
        if event.enterprise.is_none() {
            alone.push(event.user.unwrap().event_type.to_string());
        }
    }
    alone.sort();
    alone.dedup();
    insta::assert_snapshot!(alone.join(" "), @r#"COLLAB_ADD_COLLABORATOR COLLAB_INVITE_COLLABORATOR COLLAB_REMOVE_COLLABORATOR COLLAB_ROLE_CHANGE COMMENT_CREATE COMMENT_DELETE GROUP_ADD_USER GROUP_REMOVE_USER ITEM_SHARED TAG_ITEM_CREATE TASK_ASSIGNMENT_CREATE TASK_CREATE"#);
}
