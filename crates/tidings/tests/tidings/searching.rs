//! `GET /api/v1/search` and its summary, over the wire.

use crate::deeds::{Draft, login, upload};
use crate::world::{ADMIN, DAY_S, MARA, NOW, REPORTER, TOMAS, World, login_of};
use serde_json::{Value, json};

async fn world() -> World {
    let world = World::new().await;
    let drafts = [
        login("l1").by(MARA).at(NOW - 300).with("ip_address", "10.0.0.7"),
        login("l2").by(TOMAS).at(NOW - 200),
        login("l3").by(MARA).at(NOW - 100),
        both("u1"),
    ];
    world.publish(drafts).await;
    world
}

/// An upload that the enterprise feed hears of as well.
fn both(id: &str) -> Draft {
    Draft(json!({"user": upload(id).0}))
}

async fn found(world: &World, query: &str) -> Vec<String> {
    let answer = world.get(REPORTER, &format!("/api/v1/search?{query}")).await.ok();
    let answer: Value = answer.json();
    let entries = answer["entries"].as_array().unwrap();
    assert_eq!(answer["count"], entries.len());
    let events = entries.iter().map(|event| event["event_type"].as_str().unwrap());
    events.map(str::to_owned).collect()
}

#[tokio::test]
async fn filters_narrow() {
    let world = world().await;
    assert_eq!(found(&world, &format!("actor={TOMAS}")).await, ["LOGIN"]);
    assert_eq!(found(&world, &format!("actor={}&event_type=LOGIN", login_of("mara"))).await, ["LOGIN", "LOGIN"]);
    assert_eq!(found(&world, "ip=10.0.0.7").await, ["LOGIN"]);
    assert_eq!(found(&world, "event_type=LOGIN,UPLOAD&order=oldest").await, ["LOGIN", "LOGIN", "LOGIN", "UPLOAD"]);
    assert_eq!(found(&world, "text=SUPPLIER%20agreement").await, ["UPLOAD"]);
}

/// The thin item of the enterprise feed names the folder next above it alone; the draft for user feeds named all.
#[tokio::test]
async fn folders_are_known_from_either_rendering() {
    let world = World::new().await;
    let mut draft = both("u1");
    let folder = |id: &str| json!({"type": "folder", "id": id, "sequence_id": "0", "etag": "0", "name": "F"});
    let path = [folder("0"), folder("900"), folder("31")];
    draft.0["user"]["source"]["path_collection"] = json!({"total_count": 3, "entries": path});
    world.publish([draft]).await;
    for folder in ["900", "31"] {
        assert_eq!(found(&world, &format!("folder={folder}")).await, ["UPLOAD"], "{folder}");
    }
    assert!(found(&world, "folder=901").await.is_empty());
}

#[tokio::test]
async fn pages_go_on_by_cursor() {
    let world = world().await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/search?event_type=LOGIN&limit=1&cursor={cursor}");
        let answer: Value = world.get(ADMIN, &path).await.ok().json();
        seen.extend(answer["entries"].as_array().unwrap().iter().map(|event| event["created_at"].to_string()));
        if answer["end"] == true {
            break;
        }
        cursor = answer["next"].as_str().unwrap().to_owned();
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    sorted.reverse();
    assert_eq!((seen.len(), &seen), (3, &sorted));
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let world = world().await;
    for (query, word) in [
        ("order=up", "order"),
        ("cursor=o1", "cursor"),
        ("item=%20a%20b", "item"),
        ("limit=x", "limit"),
        ("created_after=soon", "created_after"),
        ("created_after=2025-01-02&created_before=2025-01-01", "created_before"),
        ("actor=who@halden.example", "who@halden.example"),
        ("event_type=a%20b", "event_type"),
    ] {
        let answer = world.get(ADMIN, &format!("/api/v1/search?{query}")).await;
        let body: Value = answer.json();
        assert!(matches!(answer.error().0, 400 | 404), "{query}: {body}");
        assert!(body["message"].as_str().unwrap().contains(word), "{query}: {body}");
    }
    let answer = world.get(ADMIN, "/api/v1/search/summary?buckets=0").await;
    assert_eq!(answer.error().0, 400);
}

#[tokio::test]
async fn a_summary_counts_over_time_and_tells_who_and_what() {
    let world = world().await;
    let summary: Value = world.get(ADMIN, "/api/v1/search/summary?event_type=LOGIN&buckets=10").await.ok().json();
    assert_eq!((&summary["total"], &summary["total_is_exact"]), (&json!(3), &json!(true)));
    let counted: u64 = summary["buckets"].as_array().unwrap().iter().map(|it| it["count"].as_u64().unwrap()).sum();
    assert_eq!((counted, &summary["sampled"], &summary["sampled_all"]), (3, &json!(3), &json!(true)));
    assert_eq!(summary["event_types"], json!([{"id": "LOGIN", "name": "", "count": 3}]));
    assert_eq!(summary["actors"][0], json!({"id": MARA, "name": "mara", "count": 2}));
    let empty: Value = world.get(ADMIN, "/api/v1/search/summary?created_before=1980-01-01").await.ok().json();
    assert_eq!((&empty["total"], &empty["buckets"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn what_is_past_the_retention_is_not_shown() {
    let world = world().await;
    world.advance(2_557 * DAY_S);
    assert_eq!(found(&world, "event_type=LOGIN").await.len(), 3);
    world.advance(1);
    assert!(found(&world, "event_type=LOGIN").await.is_empty());
}
