//! How polls end without news, and how long their URL is good.

use crate::deeds::{login, upload};
use crate::world::{ADMIN, HALDEN, MARA, World, by, person_of, token_of};
use axum::body::Body;
use feed::permission::Scopes;
use feed::time::Second;
use std::sync::Arc;
use tidings::config::proxies::TrustedProxies;
use tidings::http::{Server, Shared, router};

const CHANGE: &str = "new_change";
const RECONNECT: &str = "reconnect";

#[tokio::test]
async fn a_poll_is_held_for_fifty_seconds() {
    let world = World::new().await;
    let channel = world.channel(MARA, "").await;
    let mut polls = [world.poll(&channel), world.poll(&format!("{channel}&stream_position=now"))];
    polls.iter_mut().for_each(super::Waiting::waits);
    world.advance(49);
    polls.iter_mut().for_each(super::Waiting::waits);
    world.advance(1);
    polls.iter_mut().for_each(|poll| poll.is_told(RECONNECT));
    assert_eq!(world.services.bell.readers_waiting(), 0);
    assert_eq!(world.services.metrics.readers_waiting.get(), 0);
}

#[tokio::test]
async fn a_channel_that_is_no_good_is_answered_slowly() {
    let world = World::new().await;
    world.publish([upload("u")]).await;
    let good = world.channel(MARA, "").await;
    let changed = good.replace("channel=", "channel=A");
    let long = format!("/realtime/subscribe?channel={}", "A".repeat(5_000));
    for path in [
        "/realtime/subscribe",
        "/realtime/subscribe?",
        "/realtime/subscribe?channel=",
        "/realtime/subscribe?channel=abc&stream_position=0",
        "/realtime/subscribe?channel=%00%FF",
        &changed,
        &long,
    ] {
        let mut poll = world.poll(path);
        poll.waits();
        world.publish([upload(&format!("u{}", path.len()))]).await;
        poll.waits();
        world.advance(4);
        poll.waits();
        world.advance(1);
        poll.is_told(RECONNECT);
    }
}

/// Opens a channel with a token of Mara's, takes something away, and polls: now and while a poll is under way.
async fn check_taken_away(take_away: impl AsyncFn(&World)) {
    let world = World::new().await;
    world.give_token(HALDEN, MARA, Scopes::NONE, "short", Some(Second(crate::world::NOW + 30))).await;
    let request = http::Request::options("/2.0/events").header("authorization", "Bearer short").header("host", "h");
    let answer = world.send(request.body(Body::empty()).unwrap()).await.ok();
    let url = answer.json()["entries"][0]["url"].as_str().unwrap().replace("http://h", "");
    let mut under_way = world.poll(&url);
    under_way.waits();
    take_away(&world).await;
    world.publish([upload("u").heard_by([MARA, ADMIN])]).await;
    let mut later = world.poll(&format!("{url}&stream_position=0"));
    under_way.waits();
    later.waits();
    world.advance(5);
    later.is_told(RECONNECT);
    world.advance(45);
    under_way.is_told(RECONNECT);
}

#[tokio::test]
async fn a_revoked_token_takes_its_channels_with_it() {
    check_taken_away(async |world| {
        let revoke = by(ADMIN, "DELETE", "/api/v1/tokens/id-of-short").body(Body::empty()).unwrap();
        world.send(revoke).await.ok();
    })
    .await;
}

#[tokio::test]
async fn an_expired_token_takes_its_channels_with_it() {
    check_taken_away(async |world| world.advance(30)).await;
}

#[tokio::test]
async fn a_deleted_user_takes_their_channels_with_them() {
    check_taken_away(async |world| {
        world.publish([login("gone").typed("DELETE_USER").with("source", person_of(MARA))]).await;
    })
    .await;
}

#[tokio::test]
async fn other_tokens_of_the_user_do_not_keep_a_channel_alive_nor_end_it() {
    let world = World::new().await;
    let channel = world.channel(MARA, "").await;
    world.give_token(HALDEN, MARA, Scopes::NONE, "other", None).await;
    let revoke = |id: &str| by(ADMIN, "DELETE", &format!("/api/v1/tokens/id-of-{id}")).body(Body::empty()).unwrap();
    world.send(revoke("other")).await.ok();
    world.publish([upload("u")]).await;
    world.poll(&channel).is_told(CHANGE);
    world.give_token(HALDEN, MARA, Scopes::NONE, "third", None).await;
    world.send(revoke(&token_of(MARA))).await.ok();
    world.poll(&format!("{channel}&stream_position=0")).waits();
}

#[tokio::test]
async fn a_url_is_good_after_its_ttl_and_after_a_restart() {
    let world = World::new().await;
    let channel = world.channel(MARA, "").await;
    world.advance(86_400);
    world.poll(&channel).waits();
    world.publish([upload("u")]).await;
    // Another process over the same store: the key that signs channels is kept there.
    let matches = tidings::config::table::with_settings(clap::Command::new("tidings")).get_matches_from(["tidings"]);
    let settings = tidings::config::Settings::load(&matches).unwrap();
    let services =
        tidings::boot::services(&settings, world.services.stores.clone(), world.clock.clone()).await.unwrap();
    let server = Server::new(Shared {
        services: Arc::new(services),
        public_url: None,
        rate_limit: None,
        application_limit: None,
        trusted_proxies: TrustedProxies::default(),
        metrics_shown: false,
    });
    let restarted =
        World { services: server.services.clone(), clock: world.clock.clone(), router: router::router(server) };
    restarted.poll(&channel).is_told(CHANGE);
    // A server over another store did not sign it.
    World::new().await.poll(&channel).waits();
}

#[tokio::test]
async fn a_server_that_closes_answers_everybody() {
    let world = World::new().await;
    let channel = world.channel(MARA, "").await;
    let mut polls = [world.poll(&channel), world.poll("/realtime/subscribe?channel=bad")];
    polls.iter_mut().for_each(super::Waiting::waits);
    world.services.bell.close();
    polls.iter_mut().for_each(|poll| poll.is_told(RECONNECT));
    world.poll(&channel).is_told(RECONNECT);
}

#[tokio::test]
async fn who_acts_for_a_user_must_still_be_allowed_to() {
    let world = World::new().await;
    let manager = crate::world::MANAGER;
    let request = by(manager, "OPTIONS", "/2.0/events").header("as-user", MARA).header("host", "h");
    let answer = world.send(request.body(Body::empty()).unwrap()).await.ok();
    let url = answer.json()["entries"][0]["url"].as_str().unwrap().replace("http://h", "");
    world.publish([upload("u")]).await;
    world.poll(&url).is_told(CHANGE);
    let demoted = login("demoted").typed("CHANGE_ADMIN_ROLE").with("source", person_of(manager));
    world.publish([demoted.with("additional_details", serde_json::json!({"role": "user"}))]).await;
    world.poll(&format!("{url}&stream_position=0")).waits();
}
