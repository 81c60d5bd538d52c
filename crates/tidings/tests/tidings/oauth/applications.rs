//! Applications through the native API.

use super::{PUBLIC_KEY, form, refusal};
use crate::world::{ADMIN, HALDEN, RIVAL_ADMIN, World};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/applications";

async fn created(world: &World, wish: &Value) -> (String, String) {
    let answer = world.send_json(ADMIN, "POST", PATH, wish).await.ok().json();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

async fn signs_in(world: &World, id: &str, secret: &str) -> Result<(), String> {
    let pairs = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("box_subject_type", "enterprise"),
        ("box_subject_id", HALDEN),
    ];
    let answer = form(world, "/oauth2/token", &pairs).await;
    if answer.status == 200 { Ok(()) } else { Err(refusal(&answer).1) }
}

#[tokio::test]
async fn an_application_lives() {
    let world = World::new().await;
    let wish = json!({"name": "Reader", "scopes": "manage_enterprise_properties"});
    let (id, secret) = created(&world, &wish).await;
    signs_in(&world, &id, &secret).await.unwrap();
    let path = format!("{PATH}/{id}");
    let shown = world.get(ADMIN, &path).await.ok().json();
    assert_eq!((&shown["acts_as"], &shown["enabled"]), (&json!("nobody"), &json!(true)));
    assert!(!shown.to_string().contains(&secret));
    // A new secret, with the old one running on for a minute.
    let answer = world.send_json(ADMIN, "POST", &format!("{path}/secrets"), &json!({"overlap": 60})).await.ok();
    let new = answer.json()["client_secret"].as_str().unwrap().to_owned();
    signs_in(&world, &id, &secret).await.unwrap();
    world.advance(60);
    assert_eq!(signs_in(&world, &id, &secret).await, Err("invalid_client".to_owned()));
    signs_in(&world, &id, &new).await.unwrap();
    world.send_json(ADMIN, "PATCH", &path, &json!({"enabled": false})).await.ok();
    assert_eq!(signs_in(&world, &id, &new).await, Err("unauthorized_client".to_owned()));
    world.send_json(ADMIN, "PATCH", &path, &json!({"enabled": true})).await.ok();
    signs_in(&world, &id, &new).await.unwrap();
    let keys = format!("{path}/keys");
    let key = world.send_json(ADMIN, "POST", &keys, &json!({"public_key": PUBLIC_KEY})).await.ok().json();
    let listed = world.get(ADMIN, &keys).await.ok().json();
    assert_eq!(listed["entries"], json!([key]));
    assert_eq!(world.get(ADMIN, PATH).await.json()["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_enterprises_application_is_as_unknown_as_none() {
    let world = World::new().await;
    let (id, _) = created(&world, &json!({"name": "Reader"})).await;
    let (there, nowhere) = (format!("{PATH}/{id}"), format!("{PATH}/{}", "0".repeat(32)));
    for below in ["", "/keys"] {
        let one = world.get(RIVAL_ADMIN, &format!("{there}{below}")).await;
        let other = world.get(RIVAL_ADMIN, &format!("{nowhere}{below}")).await;
        assert_eq!(one.error(), (404, "not_found".to_owned()));
        assert_eq!(one.message().replace(&id, ""), other.message().replace(&"0".repeat(32), ""));
    }
    assert_eq!(world.get(RIVAL_ADMIN, PATH).await.json()["entries"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let world = World::new().await;
    for wish in [
        json!({}),
        json!({"name": " "}),
        json!({"name": "A", "scopes": "root"}),
        json!({"name": "A", "acts_as": "somebody"}),
        json!({"name": "A", "redirect_uris": ["http://elsewhere.example/"]}),
        json!({"name": "A", "secret": "mine"}),
    ] {
        assert_eq!(world.send_json(ADMIN, "POST", PATH, &wish).await.status, 400, "{wish}");
    }
    let (id, _) = created(&world, &json!({"name": "Reader"})).await;
    let keys = format!("{PATH}/{id}/keys");
    for pem in ["", "-----BEGIN PUBLIC KEY-----", "ssh-rsa AAAA"] {
        assert_eq!(world.send_json(ADMIN, "POST", &keys, &json!({"public_key": pem})).await.status, 400);
    }
}
