//! The sample events, published as they are and read back: every one once, and nested values byte for byte.

use super::post;
use crate::world::{ADMIN, HALDEN, World, by};
use axum::body::Body;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const USER: &str = include_str!("../../../../../compat/samples/user-events.ndjson");
const ENTERPRISE: &str = include_str!("../../../../../compat/samples/enterprise-events.ndjson");

/// An event by its members, each as the bytes it has.
type Members = BTreeMap<String, Box<RawValue>>;

#[derive(Deserialize)]
struct Raw {
    entries: Vec<Members>,
}

async fn read(world: &World, as_user: &str, query: &str) -> Vec<Members> {
    let request = by(ADMIN, "GET", &format!("/2.0/events?limit=500&{query}")).header("as-user", as_user);
    let answer = world.send(request.body(Body::empty()).unwrap()).await.ok();
    serde_json::from_slice::<Raw>(&answer.body).unwrap().entries
}

fn members(line: &str) -> Members {
    serde_json::from_str(line).unwrap()
}

fn shown(event: &Members) -> Vec<(&str, &str)> {
    event.iter().filter(|(name, _)| *name != "recorded_at").map(|(name, value)| (name.as_str(), value.get())).collect()
}

#[tokio::test]
async fn of_the_enterprise_feed() {
    let world = World::new().await;
    world.opt_in().await;
    post(&world, Some("application/x-ndjson"), ENTERPRISE).await.ok();
    world.settle();
    let given: Vec<Members> = ENTERPRISE.lines().map(members).collect();
    // In streaming they stand as they came; in a closed window by their time, where those of one second keep their order.
    let arrived = read(&world, ADMIN, "stream_type=admin_logs_streaming").await;
    assert_eq!(arrived.iter().map(shown).collect::<Vec<_>>(), given.iter().map(shown).collect::<Vec<_>>());
    let mut by_time: Vec<&Members> = given.iter().collect();
    by_time
        .sort_by_key(|event| feed::time::ReadTime::parse(event["created_at"].get().trim_matches('"')).unwrap().second);
    let history = read(&world, ADMIN, "stream_type=admin_logs&created_before=2025-06-01").await;
    assert_eq!(history.iter().map(shown).collect::<Vec<_>>(), by_time.into_iter().map(shown).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_user_feeds() {
    let world = World::new().await;
    post(&world, Some("application/x-ndjson"), USER).await.ok();
    let given: BTreeMap<String, Members> =
        USER.lines().map(members).map(|event| (event["event_id"].get().to_owned(), event)).collect();
    let mut read_back = BTreeMap::new();
    for (home, user, ..) in crate::world::everybody() {
        if home != HALDEN {
            continue;
        }
        let feed = read(&world, user, "stream_type=all").await;
        let count = feed.len();
        let of_feed: BTreeMap<String, Members> =
            feed.into_iter().map(|event| (event["event_id"].get().to_owned(), event)).collect();
        assert_eq!(of_feed.len(), count, "each once in the feed of {user}");
        for (id, event) in of_feed {
            assert_eq!(shown(&event), shown(&given[&id]), "{user}");
            assert!(event.contains_key("recorded_at"));
            read_back.insert(id, ());
        }
    }
    assert_eq!(read_back.len(), given.len(), "every event is heard by somebody");
}

#[tokio::test]
async fn published_again_every_one_is_known() {
    let world = World::new().await;
    world.opt_in().await;
    for samples in [USER, ENTERPRISE] {
        post(&world, Some("application/x-ndjson"), samples).await.ok();
        let again = post(&world, Some("application/x-ndjson"), samples).await.ok().json();
        for result in again["results"].as_array().unwrap() {
            let outcome = if result["user"].is_null() { &result["enterprise"] } else { &result["user"] };
            assert!(outcome["duplicate"] == true && outcome["differs"] == false, "{result}");
        }
    }
}
