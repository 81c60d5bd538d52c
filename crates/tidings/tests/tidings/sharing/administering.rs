//! What administrators do to the directory, and what they are refused.

use crate::world::{ADMIN, MARA, RIVAL_ADMIN, RIVAL_USER, TOMAS, World};
use serde_json::{Value, json};

#[track_caller]
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

async fn check(world: &World, method: &str, path: &str, body: Value, expected: u16) -> Value {
    let answer = world.send_json(ADMIN, method, path, &body).await;
    assert_eq!(answer.status.as_u16(), expected, "{method} {path} {body}: {}", answer.text());
    serde_json::from_str(answer.text()).unwrap_or_default()
}

#[tokio::test]
async fn groups_are_made_filled_and_removed_and_all_of_it_is_in_the_audit_log() {
    let world = World::new().await;
    check(&world, "POST", "/api/v1/groups", json!({"id": "70", "name": "Sales"}), 201).await;
    check(&world, "POST", "/api/v1/groups", json!({"id": "70", "name": "Other"}), 409).await;
    check(&world, "POST", "/api/v1/groups", json!({"name": ""}), 400).await;
    check(&world, "POST", "/api/v1/groups/70/members", json!({"user": TOMAS}), 201).await;
    check(&world, "POST", "/api/v1/groups/70/members", json!({"user": TOMAS}), 201).await;
    check(&world, "POST", "/api/v1/groups/70/members", json!({"user": "nobody"}), 404).await;
    check(&world, "POST", "/api/v1/groups/70/members", json!({"user": RIVAL_USER}), 404).await;
    check(&world, "POST", "/api/v1/groups/71/members", json!({"user": TOMAS}), 404).await;
    assert_eq!(check(&world, "GET", "/api/v1/groups/70/members", Value::Null, 200).await["entries"][0]["id"], TOMAS);
    check(&world, "PATCH", "/api/v1/groups/70", json!({"name": "Selling"}), 200).await;
    check(&world, "DELETE", &format!("/api/v1/groups/70/members/{TOMAS}"), Value::Null, 204).await;
    check(&world, "DELETE", &format!("/api/v1/groups/70/members/{TOMAS}"), Value::Null, 404).await;
    check(&world, "DELETE", "/api/v1/groups/70", Value::Null, 204).await;
    check(&world, "GET", "/api/v1/groups/70", Value::Null, 404).await;
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let told: Vec<&str> = page.entries.iter().map(|entry| text(entry, "event_type")).collect();
    assert_eq!(told, ["GROUP_CREATION", "GROUP_ADD_USER", "GROUP_EDITED", "GROUP_REMOVE_USER", "GROUP_DELETION"]);
    let heard = world.page(TOMAS, "").await;
    let heard: Vec<&str> = heard.entries.iter().map(|entry| text(entry, "event_type")).collect();
    assert_eq!(heard, ["GROUP_ADD_USER", "GROUP_REMOVE_USER"]);
}

#[tokio::test]
async fn collaborations_are_made_changed_and_ended() {
    let world = World::new().await;
    let path = "/api/v1/collaborations";
    let wish = json!({"id": "40", "item": "31", "user": TOMAS, "role": "Viewer", "status": "pending"});
    let made = check(&world, "POST", path, wish.clone(), 201).await;
    assert_eq!((text(&made, "role"), text(&made, "status")), ("viewer", "pending"));
    check(&world, "POST", path, wish, 409).await;
    check(&world, "POST", path, json!({"id": "40", "item": "32", "user": MARA}), 409).await;
    for wrong in [
        json!({"item": "31"}),
        json!({"item": "0", "user": MARA}),
        json!({"item": "a b", "user": MARA}),
        json!({"item": "31", "user": MARA, "role": "king"}),
        json!({"item": "31", "user": MARA, "group": "70"}),
        json!({"item": "31", "user": MARA, "status": "maybe"}),
        json!({"item": "31", "user": MARA, "unknown": 1}),
    ] {
        check(&world, "POST", path, wrong, 400).await;
    }
    check(&world, "POST", path, json!({"item": "31", "group": "70"}), 404).await;
    let listed = check(&world, "GET", path, Value::Null, 200).await;
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(1), "what is refused changes nothing");
    let edited =
        check(&world, "PATCH", &format!("{path}/40"), json!({"status": "accepted", "role": "editor"}), 200).await;
    assert_eq!((text(&edited, "role"), text(&edited, "status")), ("editor", "accepted"));
    let of_tomas = check(&world, "GET", &format!("{path}?user={TOMAS}"), Value::Null, 200).await;
    assert_eq!(of_tomas["entries"][0]["item"], "31");
    check(&world, "DELETE", &format!("{path}/40"), Value::Null, 204).await;
    check(&world, "GET", &format!("{path}/40"), Value::Null, 404).await;
    assert_eq!(world.send_json(RIVAL_ADMIN, "GET", path, &Value::Null).await.json()["entries"], json!([]));
}

#[tokio::test]
async fn the_enterprise_is_changed_within_its_bounds() {
    let world = World::new().await;
    let before = check(&world, "GET", "/api/v1/enterprise", Value::Null, 200).await;
    let days = |user: u32| json!({"user": user, "streaming": 7, "history": 100, "events": 200});
    check(&world, "PATCH", "/api/v1/enterprise", json!({"retention": days(13)}), 400).await;
    assert_eq!(check(&world, "GET", "/api/v1/enterprise", Value::Null, 200).await, before);
    let change = json!({"name": "Halden AS", "opted_in": true, "retention": days(20)});
    let after = check(&world, "PATCH", "/api/v1/enterprise", change, 200).await;
    assert_eq!((text(&after, "name"), &after["retention"]), ("Halden AS", &days(20)));
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    assert_eq!(page.entries[0]["event_type"], "ENTERPRISE_SETTINGS_CHANGED");
    assert_eq!(page.entries[0]["additional_details"]["new"]["name"], "Halden AS");
}
