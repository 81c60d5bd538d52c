//! Legal holds by API: placed, listed, changed, released, recorded; and what the sweep does meanwhile.

use super::{ask, sweep};
use crate::deeds::login;
use crate::world::{ADMIN, DAY_S, REPORTER, RIVAL_ADMIN, World};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/holds";
const AGES_S: u32 = 2_600 * DAY_S;

async fn place(world: &World, wish: Value) -> String {
    let placed = ask(world, "POST", PATH, &wish, 201).await;
    placed["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_hold_says_what_who_why_from_and_until() {
    let world = World::new().await;
    let wish = json!({
        "name": "Case 12", "why": "Counsel asked", "until": "2026-01-01T00:00:00Z",
        "created_from": "2025-01-01", "created_before": "2025-07-01T00:00:00.5Z",
    });
    let id = place(&world, wish).await;
    let mut shown = ask(&world, "GET", &format!("{PATH}/{id}"), &Value::Null, 200).await;
    shown["id"] = json!("made up");
    assert_eq!(
        shown,
        json!({
            "type": "hold", "id": "made up", "name": "Case 12", "why": "Counsel asked",
            "created_from": "2025-01-01T00:00:00+00:00", "created_before": "2025-07-01T00:00:01+00:00",
            "placed_by": {"type": "user", "id": ADMIN, "name": "solveig", "login": "solveig@halden.example"},
            "from": "2025-06-15T15:06:40+00:00", "until": "2026-01-01T00:00:00+00:00",
            "released_at": null, "released_by": null, "in_effect": true,
        })
    );
    let listed = world.get(REPORTER, PATH).await.ok().json();
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(1), "who may run reports may see what is held");
    assert_eq!(world.get(RIVAL_ADMIN, PATH).await.ok().json()["entries"], json!([]));
    assert_eq!(world.get(RIVAL_ADMIN, &format!("{PATH}/{id}")).await.status, 404);
    assert_eq!(world.send_json(RIVAL_ADMIN, "DELETE", &format!("{PATH}/{id}"), &Value::Null).await.status, 404);
}

#[tokio::test]
async fn what_is_held_stays_until_it_is_released_and_all_of_it_is_in_the_audit_log() {
    let world = World::new().await;
    world.publish([login("a")]).await;
    let id = place(&world, json!({"name": "Case"})).await;
    assert_eq!(sweep(&world, AGES_S).await, 0);
    let path = format!("{PATH}/{id}");
    ask(&world, "PATCH", &path, &json!({"why": "Counsel asked", "until": "2040-01-01T00:00:00Z"}), 200).await;
    let changed = ask(&world, "PATCH", &path, &json!({"name": "Case 12", "until": null}), 200).await;
    assert_eq!((&changed["until"], &changed["why"]), (&Value::Null, &json!("Counsel asked")));
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let told: Vec<&Value> = page.entries.iter().map(|entry| &entry["event_type"]).collect();
    let update = "LEGAL_HOLD_POLICY_UPDATE";
    assert_eq!(told, ["LOGIN", "LEGAL_HOLD_POLICY_CREATE", update, update]);
    assert_eq!(page.entries[1]["source"], json!({"type": "legal_hold_policy", "id": id, "name": "Case"}));
    ask(&world, "DELETE", &path, &Value::Null, 204).await;
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    assert_eq!(page.entries.last().unwrap()["event_type"], "LEGAL_HOLD_POLICY_DELETE");
    let released = ask(&world, "GET", &path, &Value::Null, 200).await;
    assert_eq!((&released["in_effect"], &released["released_by"]), (&json!(false), &json!(ADMIN)));
    ask(&world, "DELETE", &path, &Value::Null, 400).await;
    ask(&world, "PATCH", &path, &json!({"until": "2040-01-01T00:00:00Z"}), 400).await;
    assert_eq!(sweep(&world, AGES_S).await, 5, "the login and what was told of the hold");
}

#[tokio::test]
async fn a_hold_ends_at_its_time() {
    let world = World::new().await;
    world.publish([login("a")]).await;
    let id = place(&world, json!({"name": "Short", "until": "2033-01-01T00:00:00Z"})).await;
    assert_eq!(sweep(&world, AGES_S).await, 0);
    world.advance(AGES_S + 400 * DAY_S);
    let ended = ask(&world, "GET", &format!("{PATH}/{id}"), &Value::Null, 200).await;
    assert_eq!((&ended["in_effect"], &ended["released_at"]), (&json!(false), &Value::Null));
    assert_eq!(sweep(&world, 0).await, 2);
}

#[tokio::test]
async fn what_is_held_is_not_shown_in_feeds_past_their_period() {
    let world = World::new().await;
    world.publish([login("a")]).await;
    place(&world, json!({"name": "Case"})).await;
    world.advance(AGES_S);
    sweep(&world, 0).await;
    for stream in ["all", "admin_logs", "admin_logs_streaming"] {
        let entries = world.page(ADMIN, &format!("stream_type={stream}&stream_position=0")).await.entries;
        assert!(entries.iter().all(|entry| entry["event_id"] != "a"), "{stream}");
    }
    // It is there all the same: asked for by its id it is explained.
    assert_eq!(world.get(ADMIN, "/api/v1/events/a/audience").await.status, 200);
}

#[tokio::test]
async fn holds_that_say_nothing_or_nonsense_are_refused() {
    let world = World::new().await;
    for wrong in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "a\nb"}),
        json!({"name": "x".repeat(257)}),
        json!({"name": "Case", "why": "x".repeat(5_000)}),
        json!({"name": "Case", "until": "yesterday"}),
        json!({"name": "Case", "until": "2025-06-15T15:06:40Z"}),
        json!({"name": "Case", "created_from": "2025-06-15", "created_before": "2025-06-15"}),
        json!({"name": "Case", "users": ["7"]}),
    ] {
        ask(&world, "POST", PATH, &wrong, 400).await;
    }
    assert_eq!(ask(&world, "GET", PATH, &Value::Null, 200).await["entries"], json!([]));
    ask(&world, "GET", &format!("{PATH}/none"), &Value::Null, 404).await;
}
