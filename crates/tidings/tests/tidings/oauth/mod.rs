//! OAuth 2 (protocol, section 15): applications, the ways to a token, and what of it is recorded.

mod applications;
mod audit;
pub(crate) mod consent;
mod grants;
pub(crate) mod jwt;
mod reads;

use crate::answer::Answer;
use crate::world::{ADMIN, HALDEN, SERVICE, World};
use axum::body::Body;
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::time::Second;
use form_urlencoded::Serializer;
use http::Request;
use serde_json::Value;
use store::access_store::{AccessRecord, ActsAs, ApplicationRecord, PublicKeyRecord, SecretRecord};
use tidings::auth::token::hash_of;

/// The client id of the usual application.
pub(crate) const CLIENT: &str = "c0ffee11";
/// Its secret.
pub(crate) const SECRET: &str = "secret-of-the-usual-application";
/// The id of its key.
pub(crate) const KEY: &str = "a1b2c3d4";
/// A public key, made for these tests; nobody has the private half.
pub(crate) const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzplqPdbEFaXVaLFq6Qvb\n9gfLyRwYPGhzvjVMlCvB6UUfPhh+ww31PPPCL/HLhm3fzV6bH271bqZuZh6QwpFb\nJS47bLk9a2fJ2EjgiGpug/0VJ3FTeHCL6l8QmZNOaqEb5gUjubvu6rR0BjaLaq7q\nMPX/Zzal7Oy85Og0/kgfVUm3zx4LyeBDMaZo4MNSWRBq38c748kG8o/cTCHo1VxS\nsMRsFyvuf6rxuN9mFRhNvy+jPfQjr09y3XUuMIeADTvAvEqKtJfzwiXZ2Z029KtI\nqkhU8Et5cLR+3oudsbIv5VvCNcG64/azcpS/whMdOACT2HmfTNK5gv7M3nrF73bN\nLQIDAQAB\n-----END PUBLIC KEY-----";

/// The usual application of a company: it reads the enterprise and acts for everybody.
pub(crate) fn application(home: &str, account: &str) -> AccessRecord {
    AccessRecord::Application(ApplicationRecord {
        client_id: CLIENT.to_owned(),
        enterprise: EnterpriseId::new(home).unwrap(),
        name: "Collector".to_owned(),
        service_account: UserId::new(account).unwrap(),
        scopes: Scopes::ENTERPRISE.and(Scopes::USERS),
        acts_as: ActsAs::Everybody,
        redirect_uris: vec!["https://client.example/back?x=1".to_owned()],
        enabled: true,
        secrets: vec![SecretRecord { hash: hash_of(SECRET), created_at: Second(1), ends_at: None }],
        keys: vec![PublicKeyRecord { id: KEY.to_owned(), pem: PUBLIC_KEY.to_owned(), created_at: Second(1) }],
        created_at: Second(1),
    })
}

/// A world with the usual application in it.
pub(crate) async fn world(flags: &[&str]) -> World {
    let world = World::set(flags).await;
    world.services.stores.access.add(application(HALDEN, SERVICE)).await.unwrap();
    world
}

/// Sends a form.
pub(crate) async fn form(world: &World, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    world.send(request.body(Body::from(body)).unwrap()).await
}

/// Asks for a token as the usual application.
pub(crate) async fn token(world: &World, pairs: &[(&str, &str)]) -> Answer {
    let own = [("client_id", CLIENT), ("client_secret", SECRET)];
    form(world, "/oauth2/token", &[&own, pairs].concat()).await
}

/// Asks for a token of the service account.
pub(crate) async fn by_credentials(world: &World) -> Answer {
    token(
        world,
        &[("grant_type", "client_credentials"), ("box_subject_type", "enterprise"), ("box_subject_id", HALDEN)],
    )
    .await
}

/// The text of a member.
#[track_caller]
pub(crate) fn word(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer:?}")).to_owned()
}

/// Status, error and description of an OAuth error, and its form.
#[track_caller]
pub(crate) fn refusal(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    (answer.status.as_u16(), word(answer, "error"), word(answer, "error_description"))
}

/// Calls the API with an access token.
pub(crate) async fn call(world: &World, access_token: &str, path: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {access_token}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

/// The events of these types in the audit log, oldest first.
pub(crate) async fn recorded(world: &World, types: &str) -> Vec<Value> {
    world.settle();
    let query = format!("stream_type=admin_logs&limit=500&event_type={types}");
    world.page(ADMIN, &query).await.entries
}
