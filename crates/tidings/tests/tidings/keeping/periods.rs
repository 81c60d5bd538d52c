//! The periods of an enterprise: shown, foretold, changed within their bounds, and recorded.

use super::{ask, sweep};
use crate::deeds::login;
use crate::world::{ADMIN, DAY_S, RIVAL_ADMIN, World};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/retention";

#[tokio::test]
async fn periods_are_shown_with_their_bounds_and_what_goes() {
    let world = World::new().await;
    world.publish([login("a"), login("b")]).await;
    world.advance(30 * DAY_S);
    world.publish([login("c")]).await;
    let shown = ask(&world, "GET", PATH, &Value::Null, 200).await;
    assert_eq!(shown["periods"], json!({"user": 60, "streaming": 14, "history": 365, "events": 2557}));
    assert_eq!(shown["bounds"]["user"], json!([14, 62]));
    assert_eq!(shown["next_sweep"]["events"]["renderings"], 0);
    let query = format!("{PATH}/forecast?user=14&streaming=7&history=14&events=20");
    let foretold = ask(&world, "GET", &query, &Value::Null, 200).await;
    assert_eq!(foretold["next_sweep"]["events"]["renderings"], 2);
    assert_eq!(foretold["next_sweep"]["events"]["oldest"], "2025-06-15T15:06:40+00:00");
    assert_eq!(foretold["next_sweep"]["events"]["oldest_left"], "2025-07-15T15:06:40+00:00");
    assert_eq!(ask(&world, "GET", PATH, &Value::Null, 200).await, shown, "foretelling changes nothing");
    assert_eq!(sweep(&world, 0).await, 0);
}

#[tokio::test]
async fn a_shorter_period_is_recorded_and_the_next_sweep_goes_by_it() {
    let world = World::new().await;
    world.publish([login("a")]).await;
    world.advance(30 * DAY_S);
    let changed = ask(&world, "PATCH", PATH, &json!({"history": 14, "events": 62}), 200).await;
    assert_eq!(changed["periods"], json!({"user": 60, "streaming": 14, "history": 14, "events": 62}));
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let told = page.entries.last().unwrap();
    assert_eq!(told["event_type"], "ENTERPRISE_SETTINGS_CHANGED");
    assert_eq!(told["created_by"]["id"], ADMIN);
    let periods = |which: &str| &told["additional_details"][which]["retention"]["events"];
    assert_eq!((periods("old"), periods("new")), (&json!(2557), &json!(62)));
    assert_eq!(sweep(&world, 0).await, 0);
    assert_eq!(sweep(&world, 33 * DAY_S).await, 1);
}

#[tokio::test]
async fn periods_out_of_bounds_change_nothing() {
    let world = World::new().await;
    let before = ask(&world, "GET", PATH, &Value::Null, 200).await;
    for wrong in [
        json!({"user": 13}),
        json!({"user": 63}),
        json!({"streaming": 0}),
        json!({"history": 3_000}),
        json!({"events": 364}),
        json!({"events": 2_558}),
        json!({"events": "long"}),
        json!({"eternity": 1}),
    ] {
        ask(&world, "PATCH", PATH, &wrong, 400).await;
    }
    for wrong in ["user=13", "user=many", "events=-1", "events=99999999999"] {
        ask(&world, "GET", &format!("{PATH}/forecast?{wrong}"), &Value::Null, 400).await;
    }
    assert_eq!(ask(&world, "GET", PATH, &Value::Null, 200).await, before);
}

#[tokio::test]
async fn another_enterprise_keeps_its_own_periods() {
    let world = World::new().await;
    ask(&world, "PATCH", PATH, &json!({"user": 20}), 200).await;
    let theirs = world.get(RIVAL_ADMIN, PATH).await.ok().json();
    assert_eq!(theirs["periods"]["user"], 60);
}
