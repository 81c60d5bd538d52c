//! What happens between two steps of a poll, or of a publish, is not missed. The keeper is paused at just that point, so
//! that the order of things is certain.

use crate::deeds::upload;
use crate::spoiled::{Illness, Pause, Spoiled};
use crate::world::{ADMIN, MARA, World, by};
use axum::body::Body;
use std::sync::Arc;

async fn with_pauses() -> (World, Arc<Illness>) {
    let illness = Arc::new(Illness::default());
    let world = World::over(&[], |stores| Spoiled::around(stores, illness.clone())).await;
    (world, illness)
}

fn publish(world: &World, id: &str) -> super::Waiting {
    let request = by(ADMIN, "POST", "/api/v1/events").header("content-type", "application/json");
    world.begin(request.body(Body::from(upload(id).0.to_string())).unwrap())
}

#[tokio::test]
async fn an_event_that_comes_between_looking_and_waiting() {
    let (world, illness) = with_pauses().await;
    let channel = world.channel(MARA, "").await;
    illness.pause(Pause::AfterScan);
    let mut poll = world.poll(&channel);
    poll.waits();
    // It has looked and found nothing, but does not wait yet.
    publish(&world, "u").answer().unwrap().ok();
    illness.resume();
    poll.is_told("new_change");
}

#[tokio::test]
async fn the_bell_rings_when_the_event_is_there_and_not_before() {
    let (world, illness) = with_pauses().await;
    let channel = world.channel(MARA, "").await;
    let mut poll = world.poll(&channel);
    poll.waits();
    illness.pause(Pause::BeforeAppend);
    let mut publishing = publish(&world, "u");
    assert!(publishing.answer().is_none(), "nothing is acknowledged before it is stored");
    // Whoever is woken now looks, finds nothing, and waits again.
    poll.waits();
    assert!(world.page(MARA, "").await.entries.is_empty());
    illness.resume();
    publishing.answer().unwrap().ok();
    poll.is_told("new_change");
}

#[tokio::test]
async fn a_publisher_that_hangs_up_leaves_readers_as_they_were() {
    let (world, illness) = with_pauses().await;
    let channel = world.channel(MARA, "").await;
    illness.pause(Pause::BeforeAppend);
    let mut publishing = publish(&world, "u");
    assert!(publishing.answer().is_none());
    drop(publishing);
    illness.resume();
    world.poll(&channel).waits();
    assert!(world.page(MARA, "").await.entries.is_empty());
}

#[tokio::test]
async fn the_server_closes_while_somebody_looks() {
    let (world, illness) = with_pauses().await;
    let channel = world.channel(MARA, "").await;
    illness.pause(Pause::AfterScan);
    let mut poll = world.poll(&channel);
    poll.waits();
    world.services.bell.close();
    poll.is_told("reconnect");
}
