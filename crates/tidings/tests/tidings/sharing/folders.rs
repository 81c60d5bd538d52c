//! The folder tree, as administrators set it.

use crate::world::{ADMIN, MARA, RIVAL_ADMIN, TOMAS, World};
use serde_json::{Value, json};

async fn call(world: &World, method: &str, path: &str, body: Value, expected: u16) -> Value {
    let answer = world.send_json(ADMIN, method, &format!("/api/v1/folders{path}"), &body).await;
    assert_eq!(answer.status.as_u16(), expected, "{method} {path} {body}: {}", answer.text());
    serde_json::from_str(answer.text()).unwrap_or_default()
}

#[tokio::test]
async fn folders_are_added_and_moved_and_those_let_in_hear_of_it() {
    let world = World::new().await;
    call(&world, "POST", "", json!({"id": "5", "name": "Plans", "owner": MARA}), 201).await;
    call(&world, "POST", "", json!({"id": "6", "name": "Trips"}), 201).await;
    call(&world, "POST", "", json!({"id": "7", "name": "Rome", "parent": "6"}), 201).await;
    let wish = json!({"item": "5", "user": TOMAS});
    world.send_json(ADMIN, "POST", "/api/v1/collaborations", &wish).await;
    let moved = call(&world, "PATCH", "/7", json!({"parent": "5"}), 200).await;
    assert_eq!((&moved["parent"], &moved["path"], &moved["owned_by"]), (&json!("5"), &json!(["5"]), &json!(ADMIN)));
    // Where it lies now, so nothing is recorded.
    call(&world, "PATCH", "/7", json!({"parent": "5"}), 200).await;
    let given = call(&world, "PATCH", "/7", json!({"owner": MARA}), 200).await;
    assert_eq!((&given["path"], &given["owned_by"]), (&json!(["5"]), &json!(MARA)));
    let told = world.types_of_enterprise(crate::world::HALDEN).await;
    assert_eq!(told, ["UPLOAD", "UPLOAD", "UPLOAD", "COLLABORATION_INVITE", "MOVE", "MOVE"]);
    let heard = world.page(TOMAS, "").await;
    let heard: Vec<&str> = heard.entries.iter().map(|entry| entry["event_type"].as_str().unwrap()).collect();
    assert_eq!(heard, ["COLLAB_INVITE_COLLABORATOR", "ITEM_MOVE", "ITEM_MOVE"]);
    // What lies in it by now is heard of through the folder above.
    world
        .publish([crate::deeds::upload("a").with(
            "source",
            json!({
                "type": "file", "id": "8", "name": "map", "parent": {"type": "folder", "id": "7", "name": "Rome"},
            }),
        )])
        .await;
    assert!(world.page(TOMAS, "").await.ids().contains(&"a"));
}

#[tokio::test]
async fn what_cannot_be_says_why_and_changes_nothing() {
    let world = World::new().await;
    for (id, parent) in [("5", "0"), ("6", "5"), ("7", "6")] {
        call(&world, "POST", "", json!({"id": id, "parent": parent}), 201).await;
    }
    let mut told = Vec::new();
    for (method, path, body, expected) in [
        ("POST", "", json!({"id": "5"}), 409),
        ("POST", "", json!({"id": "0"}), 400),
        ("POST", "", json!({"id": "a b"}), 400),
        ("POST", "", json!({"id": "8", "parent": "99"}), 404),
        ("POST", "", json!({"id": "8", "owner": "nobody"}), 404),
        ("POST", "", json!({"id": "8", "name": ""}), 400),
        ("PATCH", "/5", json!({"parent": "7"}), 400),
        ("PATCH", "/5", json!({"parent": "5"}), 400),
        ("PATCH", "/5", json!({"parent": "99"}), 404),
        ("PATCH", "/5", json!({"id": "8"}), 400),
        ("PATCH", "/99", json!({"parent": "5"}), 404),
    ] {
        told.push(call(&world, method, path, body, expected).await["message"].as_str().unwrap().to_owned());
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    The folder '5' exists already.
    The folder 0 is everybody's own root and cannot be shared or synced.
    an id is 1 to 64 visible ASCII characters
    There is no folder '99' in this enterprise.
    There is no user 'nobody' in this enterprise.
    A name has 1 to 256 bytes and no control characters.
    The folder 5 would lie in itself: the way there is 5 / 6 / 7.
    The folder 5 would lie in itself: the way there is 5.
    There is no folder '99' in this enterprise.
    The id of a folder cannot be changed; leave it out.
    There is no folder '99' in this enterprise.
    ");
    assert_eq!(call(&world, "GET", "/7", Value::Null, 200).await["path"], json!(["5", "6"]));
    assert_eq!(world.types_of_enterprise(crate::world::HALDEN).await, ["UPLOAD"; 3]);
    let elsewhere = world.send_json(RIVAL_ADMIN, "GET", "/api/v1/folders/7", &Value::Null).await;
    assert_eq!(elsewhere.status.as_u16(), 404);
}
