//! What must hold for every body: it is read or refused, and what is read is what readers rely on.

use feed::catalogue::Catalogue;
use feed::event::{FeedKind, Rendering};
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Refused, Rules};
use feed::limits::{EVENT_BYTES_MAX, REFUSED_DRAFTS_MAX};
use feed::time::{ReadTime, Second, is_wire_form};
use serde_json::Value;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::standard);

pub fn check(body: &[u8], format: Format) {
    let enterprise = EnterpriseId::new("884422").expect("an id");
    let rules = Rules { catalogue: &CATALOGUE, enterprise: &enterprise };
    match intake::read(body, format, &rules, Second(1_747_216_800), &mut || [7; 20]) {
        Ok(events) => {
            for event in events {
                assert!(event.user.is_some() || event.enterprise.is_some());
                event.user.iter().for_each(|it| rendering(it, FeedKind::User));
                event.enterprise.iter().for_each(|it| rendering(it, FeedKind::Enterprise));
            }
        }
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            if let Refused::Drafts { bad, .. } = refused {
                assert!((1..=REFUSED_DRAFTS_MAX).contains(&bad.len()));
            }
        }
    }
}

fn rendering(rendering: &Rendering, feed: FeedKind) {
    assert!(rendering.bytes.len() <= EVENT_BYTES_MAX);
    let event: Value = serde_json::from_slice(&rendering.bytes).expect("a rendering is JSON");
    assert_eq!(event["type"], "event");
    assert_eq!(event["event_id"], rendering.event_id.as_str());
    assert_eq!(event["event_type"], rendering.event_type.as_str());
    let created_at = event["created_at"].as_str().expect("a time");
    assert!(is_wire_form(created_at));
    assert_eq!(ReadTime::parse(created_at).expect("a time").second, rendering.created_at);
    assert!(event["created_by"]["id"].is_string() && event["created_by"]["type"] == "user");
    for (member, object) in [("session_id", false), ("source", true), ("additional_details", true), ("action_by", true)]
    {
        let value = &event[member];
        assert!(value.is_null() || if object { value.is_object() } else { value.is_string() });
    }
    assert_eq!(event.get("recorded_at").is_some(), feed == FeedKind::User);
    assert!(feed == FeedKind::User || event["ip_address"].is_string());
}
