//! The right people hear without the publisher naming them.

use crate::deeds::{comment, upload};
use crate::world::{ADMIN, MARA, RIVAL_USER, TOMAS, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_collaborator_hears_from_being_let_in_until_being_shut_out() {
    let world = World::new().await;
    world.publish([upload("early")]).await;
    let wish = json!({"id": "40", "item": "31", "user": TOMAS});
    world.send_json(ADMIN, "POST", "/api/v1/collaborations", &wish).await;
    world.publish([upload("between"), comment("said")]).await;
    world.send_json(ADMIN, "DELETE", "/api/v1/collaborations/40", &Value::Null).await;
    world.publish([upload("late")]).await;
    let types = async |stream: &str| -> Vec<String> {
        let page = world.page(TOMAS, &format!("stream_type={stream}")).await;
        page.entries.iter().map(|entry| entry["event_type"].as_str().unwrap().to_owned()).collect()
    };
    let wanted = ["COLLAB_INVITE_COLLABORATOR", "ITEM_UPLOAD", "COMMENT_CREATE", "COLLAB_REMOVE_COLLABORATOR"];
    assert_eq!(types("all").await, wanted);
    assert_eq!(types("changes").await, [wanted[0], wanted[1], wanted[3]]);
    assert_eq!(types("sync").await, [""; 0]);
}

#[tokio::test]
async fn the_three_streams_of_one_user_differ() {
    let world = World::new().await;
    world.send_json(ADMIN, "POST", "/api/v1/collaborations", &json!({"item": "31", "user": TOMAS})).await;
    let start = world.page(TOMAS, "stream_position=now").await.position();
    let answer =
        world.send_json(ADMIN, "POST", &format!("/api/v1/users/{TOMAS}/synced"), &json!({"folder": "31"})).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    let elsewhere = upload("elsewhere").by(TOMAS).with("source", Value::Null);
    world.publish([upload("inside"), comment("said"), elsewhere]).await;
    let count = async |stream: &str| {
        world.page(TOMAS, &format!("stream_type={stream}&stream_position={start}")).await.entries.len()
    };
    assert_eq!([count("all").await, count("changes").await, count("sync").await], [4, 3, 2]);
}

#[tokio::test]
async fn somebody_of_another_enterprise_hears_in_their_own() {
    let world = World::new().await;
    let answer =
        world.send_json(ADMIN, "POST", "/api/v1/collaborations", &json!({"item": "31", "user": RIVAL_USER})).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    world.publish([upload("shared")]).await;
    assert!(world.page(RIVAL_USER, "").await.ids().contains(&"shared"));
}

/// More than are posted to one by one: the folder's audience is a list.
#[tokio::test]
async fn a_large_audience_is_woken_and_reads_what_is_posted_to_its_list() {
    let world = World::new().await;
    let count = feed::limits::AUDIENCE_POSTED_MAX;
    let new = |n: usize| json!({"id": format!("9{n}"), "name": "N", "login": format!("n{n}@halden.example")});
    let users: Vec<Value> = (0..count).map(new).collect();
    let collaborations: Vec<Value> = (0..count).map(|n| json!({"item": "31", "user": format!("9{n}")})).collect();
    let roster = json!({"users": users, "collaborations": collaborations});
    assert_eq!(world.import(json!([roster])).await, Ok(2 * count));
    let channel = world.channel(TOMAS, "").await;
    let mut poll = world.poll(&format!("{channel}&stream_position=now"));
    poll.waits();
    // Tomas makes it one more. Who waits is told of the new list, and then woken by it.
    world.send_json(ADMIN, "POST", "/api/v1/collaborations", &json!({"item": "31", "user": TOMAS})).await;
    poll.is_told("new_change");
    let end = world.page(TOMAS, "stream_position=now").await.position();
    let mut poll = world.poll(&format!("{channel}&stream_position={end}"));
    poll.waits();
    world.publish([upload("posted once").with("event_id", "once")]).await;
    poll.is_told("new_change");
    assert_eq!(world.page(TOMAS, &format!("stream_position={end}")).await.ids(), ["once"]);
    assert_eq!(world.page(MARA, "").await.ids().iter().filter(|id| **id == "once").count(), 1);
    let explained = world.get(ADMIN, &format!("/api/v1/events/once/audience?user={TOMAS}")).await.json();
    assert_eq!(explained["lists"][0]["members"], count + 1, "{explained}");
    assert_eq!(explained["user"]["heard"], true, "{explained}");
}
