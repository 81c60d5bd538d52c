//! What of access is recorded in the audit log.

use super::{CLIENT, SECRET, by_credentials, form, recorded, word, world};
use crate::world::{ADMIN, MARA, SERVICE};
use serde_json::{Value, json};

#[tokio::test]
async fn what_happens_to_access_is_recorded_with_address_and_actor() {
    let world = world(&[]).await;
    let service = word(&by_credentials(&world).await.ok(), "access_token");
    let own = [("client_id", CLIENT), ("client_secret", SECRET), ("token", &service)];
    form(&world, "/oauth2/revoke", &own).await.ok();
    form(
        &world,
        "/oauth2/token",
        &[("grant_type", "client_credentials"), ("client_id", CLIENT), ("client_secret", "x")],
    )
    .await;
    let made = world.send_json(ADMIN, "POST", "/api/v1/tokens", &json!({"user": MARA})).await.ok();
    world.send_json(ADMIN, "DELETE", &format!("/api/v1/tokens/{}", word(&made, "id")), &Value::Null).await.ok();
    let path = "/api/v1/applications";
    let id = word(&world.send_json(ADMIN, "POST", path, &json!({"name": "Reader"})).await.ok(), "client_id");
    world.send_json(ADMIN, "POST", &format!("{path}/{id}/secrets"), &json!({})).await.ok();
    let key = json!({"public_key": super::PUBLIC_KEY});
    let key = word(&world.send_json(ADMIN, "POST", &format!("{path}/{id}/keys"), &key).await.ok(), "id");
    world.send_json(ADMIN, "DELETE", &format!("{path}/{id}/keys/{key}"), &Value::Null).await.ok();
    world.send_json(ADMIN, "PATCH", &format!("{path}/{id}"), &json!({"enabled": false})).await.ok();
    world.send_json(ADMIN, "POST", &format!("/api/v1/users/{MARA}/sign-in-codes"), &json!({})).await.ok();
    world.settle();
    let events = recorded(&world, "").await;
    let told: Vec<String> = events
        .iter()
        .map(|event| {
            assert_eq!(event["ip_address"], "192.0.2.1", "{event}");
            format!("{} by {} to {}", event["event_type"], event["created_by"]["id"], event["source"]["name"])
        })
        .collect();
    insta::assert_snapshot!(told.join("\n").replace('"', ""), @r"
    USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE by 20306589199 to Collector
    OAUTH2_ACCESS_TOKEN_REVOKE by 2 to Collector
    APPLICATION_SIGN_IN_FAILED by 2 to Collector
    USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE by 20306589100 to 
    OAUTH2_ACCESS_TOKEN_REVOKE by 20306589100 to 
    NEW_USER by 20306589100 to Reader
    CHANGE_ADMIN_ROLE by 20306589100 to Reader
    APPLICATION_CREATED by 20306589100 to Reader
    APPLICATION_SECRET_CHANGED by 20306589100 to Reader
    APPLICATION_PUBLIC_KEY_ADDED by 20306589100 to Reader
    APPLICATION_PUBLIC_KEY_DELETED by 20306589100 to Reader
    ENTERPRISE_APP_AUTHORIZATION_DELETE by 20306589100 to Reader
    SIGN_IN_CODE_CREATED by 20306589100 to mara
    ");
    assert!(!json!(events).to_string().contains(SECRET));
    assert_eq!(events[0]["created_by"]["id"], SERVICE);
}

#[tokio::test]
async fn a_stranger_fills_nothing() {
    let world = world(&[]).await;
    for n in 0..100 {
        let client = format!("stranger-{n}");
        form(&world, "/oauth2/token", &[("client_id", &client), ("client_secret", "x"), ("grant_type", "y")]).await;
        form(&world, "/oauth2/token", &[]).await;
    }
    assert_eq!(recorded(&world, "").await.len(), 0);
    // At a known application, only so many a minute.
    for _ in 0..100 {
        form(&world, "/oauth2/token", &[("client_id", CLIENT), ("client_secret", "x"), ("grant_type", "y")]).await;
    }
    let bound = feed::limits::SIGN_IN_FAILURES_PER_MINUTE as usize;
    assert_eq!(recorded(&world, "APPLICATION_SIGN_IN_FAILED").await.len(), bound);
    assert!(world.get(ADMIN, "/metrics").await.text().contains("tidings_sign_ins_failed_total 230"));
}
