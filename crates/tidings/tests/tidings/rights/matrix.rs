//! Every route tried by everybody: the table below is what the server really answers.
//!
//! It compares itself with the router, so a new route fails here until somebody has said who may use it.

use crate::console::Browser;
use crate::deeds::login;
use crate::oauth::{CLIENT, KEY, PUBLIC_KEY, application};
use crate::world::{
    ADMIN, HALDEN, IDLE, MANAGER, MARA, NOBODY, REPORTER, RIVAL_ADMIN, SERVICE, TOMAS, World, person_of, token_of,
};
use axum::body::Body;
use feed::permission::Scopes;
use http::Request;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::task::{Context, Poll, Waker};
use tidings::http::router::{Guard, routes};
use tower::ServiceExt;

/// A request to a route.
struct Try {
    method: &'static str,
    /// The path as the router has it.
    route: &'static str,
    /// The path as it is asked for.
    path: String,
    body: String,
}

fn tries() -> Vec<Try> {
    let to = |method, route: &'static str| Try { method, route, path: route.to_owned(), body: String::new() };
    let at = |it: Try, path: String| Try { path, ..it };
    let with = |it: Try, body: String| Try { body, ..it };
    vec![
        to("GET", "/2.0/events"),
        at(to("GET", "/2.0/events"), "/2.0/events?stream_type=admin_logs".to_owned()),
        at(to("GET", "/2.0/events"), "/2.0/events?stream_type=admin_logs_streaming".to_owned()),
        to("OPTIONS", "/2.0/events"),
        to("GET", "/realtime/subscribe"),
        to("GET", "/2.0/users/me"),
        with(to("POST", "/api/v1/events"), login("e").0.to_string()),
        to("POST", "/api/v1/events/import"),
        with(
            at(to("POST", "/api/v1/events"), "/api/v1/events?about=users".to_owned()),
            login("e").typed("DELETE_USER").with("source", person_of(TOMAS)).0.to_string(),
        ),
        to("GET", "/api/v1/users"),
        with(to("POST", "/api/v1/users"), r#"{"name":"New","login":"new@halden.example"}"#.to_owned()),
        at(to("GET", "/api/v1/users/{id}"), format!("/api/v1/users/{TOMAS}")),
        with(at(to("PATCH", "/api/v1/users/{id}"), format!("/api/v1/users/{TOMAS}")), r#"{"name":"T"}"#.to_owned()),
        at(to("DELETE", "/api/v1/users/{id}"), format!("/api/v1/users/{TOMAS}")),
        to("GET", "/api/v1/tokens"),
        with(to("POST", "/api/v1/tokens"), format!(r#"{{"user":"{TOMAS}"}}"#)),
        at(to("DELETE", "/api/v1/tokens/{id}"), format!("/api/v1/tokens/id-of-{}", token_of(TOMAS))),
        to("GET", "/api/v1/applications"),
        with(to("POST", "/api/v1/applications"), r#"{"name":"New"}"#.to_owned()),
        at(to("GET", "/api/v1/applications/{id}"), format!("/api/v1/applications/{CLIENT}")),
        with(
            at(to("PATCH", "/api/v1/applications/{id}"), format!("/api/v1/applications/{CLIENT}")),
            r#"{"enabled":false}"#.to_owned(),
        ),
        with(
            at(to("POST", "/api/v1/applications/{id}/secrets"), format!("/api/v1/applications/{CLIENT}/secrets")),
            "{}".to_owned(),
        ),
        at(to("GET", "/api/v1/applications/{id}/keys"), format!("/api/v1/applications/{CLIENT}/keys")),
        with(
            at(to("POST", "/api/v1/applications/{id}/keys"), format!("/api/v1/applications/{CLIENT}/keys")),
            json!({ "public_key": PUBLIC_KEY }).to_string(),
        ),
        at(to("DELETE", "/api/v1/applications/{id}/keys/{key}"), format!("/api/v1/applications/{CLIENT}/keys/{KEY}")),
        at(to("POST", "/api/v1/users/{id}/sign-in-codes"), format!("/api/v1/users/{TOMAS}/sign-in-codes")),
        to("POST", "/oauth2/token"),
        to("POST", "/oauth2/token/"),
        to("POST", "/api/oauth2/token"),
        to("POST", "/api/oauth2/token/"),
        to("POST", "/oauth2/revoke"),
        to("POST", "/oauth2/revoke/"),
        to("POST", "/api/oauth2/revoke"),
        to("POST", "/api/oauth2/revoke/"),
        to("GET", "/oauth2/authorize"),
        to("POST", "/oauth2/authorize"),
        to("GET", "/api/oauth2/authorize"),
        to("GET", "/api/v1/groups"),
        with(to("POST", "/api/v1/groups"), r#"{"name":"New"}"#.to_owned()),
        at(to("GET", "/api/v1/groups/{id}"), "/api/v1/groups/70".to_owned()),
        with(at(to("PATCH", "/api/v1/groups/{id}"), "/api/v1/groups/70".to_owned()), r#"{"name":"N"}"#.to_owned()),
        at(to("DELETE", "/api/v1/groups/{id}"), "/api/v1/groups/70".to_owned()),
        at(to("GET", "/api/v1/groups/{id}/members"), "/api/v1/groups/70/members".to_owned()),
        with(
            at(to("POST", "/api/v1/groups/{id}/members"), "/api/v1/groups/70/members".to_owned()),
            format!(r#"{{"user":"{TOMAS}"}}"#),
        ),
        at(to("DELETE", "/api/v1/groups/{id}/members/{user}"), format!("/api/v1/groups/70/members/{TOMAS}")),
        to("GET", "/api/v1/collaborations"),
        with(to("POST", "/api/v1/collaborations"), format!(r#"{{"item":"5","user":"{TOMAS}"}}"#)),
        at(to("GET", "/api/v1/collaborations/{id}"), "/api/v1/collaborations/40".to_owned()),
        with(
            at(to("PATCH", "/api/v1/collaborations/{id}"), "/api/v1/collaborations/40".to_owned()),
            r#"{"role":"viewer"}"#.to_owned(),
        ),
        at(to("DELETE", "/api/v1/collaborations/{id}"), "/api/v1/collaborations/40".to_owned()),
        at(to("GET", "/api/v1/users/{id}/synced"), format!("/api/v1/users/{TOMAS}/synced")),
        with(
            at(to("POST", "/api/v1/users/{id}/synced"), format!("/api/v1/users/{TOMAS}/synced")),
            r#"{"folder":"5"}"#.to_owned(),
        ),
        at(to("DELETE", "/api/v1/users/{id}/synced/{folder}"), format!("/api/v1/users/{TOMAS}/synced/5")),
        with(to("POST", "/api/v1/folders"), r#"{"name":"New"}"#.to_owned()),
        at(to("GET", "/api/v1/folders/{id}"), "/api/v1/folders/5".to_owned()),
        with(at(to("PATCH", "/api/v1/folders/{id}"), "/api/v1/folders/5".to_owned()), r#"{"parent":"0"}"#.to_owned()),
        to("GET", "/api/v1/enterprise"),
        with(to("PATCH", "/api/v1/enterprise"), r#"{"name":"New"}"#.to_owned()),
        to("GET", "/api/v1/retention"),
        with(to("PATCH", "/api/v1/retention"), r#"{"user":30}"#.to_owned()),
        at(to("GET", "/api/v1/retention/forecast"), "/api/v1/retention/forecast?user=30".to_owned()),
        to("GET", "/api/v1/holds"),
        with(to("POST", "/api/v1/holds"), r#"{"name":"Case"}"#.to_owned()),
        at(to("GET", "/api/v1/holds/{id}"), "/api/v1/holds/none".to_owned()),
        with(at(to("PATCH", "/api/v1/holds/{id}"), "/api/v1/holds/none".to_owned()), r#"{"name":"N"}"#.to_owned()),
        at(to("DELETE", "/api/v1/holds/{id}"), "/api/v1/holds/none".to_owned()),
        to("GET", "/api/v1/directory"),
        with(to("POST", "/api/v1/directory"), "{}".to_owned()),
        at(to("GET", "/api/v1/events/{id}"), "/api/v1/events/e".to_owned()),
        at(to("GET", "/api/v1/events/{id}/audience"), "/api/v1/events/none/audience".to_owned()),
        to("GET", "/api/v1/search"),
        to("GET", "/api/v1/search/summary"),
        to("GET", "/api/v1/reports"),
        with(to("POST", "/api/v1/reports"), r#"{"format":"csv"}"#.to_owned()),
        at(to("GET", "/api/v1/reports/{id}"), "/api/v1/reports/none".to_owned()),
        at(to("DELETE", "/api/v1/reports/{id}"), "/api/v1/reports/none".to_owned()),
        at(to("POST", "/api/v1/reports/{id}/cancel"), "/api/v1/reports/none/cancel".to_owned()),
        at(to("GET", "/api/v1/reports/{id}/manifest"), "/api/v1/reports/none/manifest".to_owned()),
        at(to("GET", "/api/v1/reports/{id}/parts/{name}"), "/api/v1/reports/none/parts/x".to_owned()),
        to("GET", "/api/v1/report-schedules"),
        with(to("POST", "/api/v1/report-schedules"), r#"{"format":"csv","every":"day"}"#.to_owned()),
        at(to("DELETE", "/api/v1/report-schedules/{id}"), "/api/v1/report-schedules/none".to_owned()),
        to("GET", "/console"),
        to("GET", "/console/"),
        to("GET", "/console/sign-in"),
        to("POST", "/console/sign-in"),
        to("POST", "/console/sign-out"),
        at(to("GET", "/console/assets/{name}"), "/console/assets/console.css".to_owned()),
        to("GET", "/console/live"),
        to("GET", "/console/live/stream"),
        to("GET", "/console/search"),
        to("GET", "/console/reports"),
        with(to("POST", "/console/reports"), "format=csv".to_owned()),
        to("GET", "/console/reports/new"),
        at(to("GET", "/console/reports/{id}"), "/console/reports/none".to_owned()),
        at(to("POST", "/console/reports/{id}/cancel"), "/console/reports/none/cancel".to_owned()),
        at(to("POST", "/console/reports/{id}/delete"), "/console/reports/none/delete".to_owned()),
        at(to("GET", "/console/reports/{id}/files/{name}"), "/console/reports/none/files/x".to_owned()),
        at(to("POST", "/console/report-schedules/{id}/end"), "/console/report-schedules/none/end".to_owned()),
        to("GET", "/console/feed"),
        at(to("GET", "/console/events/{id}"), "/console/events/e".to_owned()),
        to("GET", "/console/people"),
        with(to("POST", "/console/people"), "name=New&login=new%40halden.example".to_owned()),
        at(to("GET", "/console/people/{id}"), format!("/console/people/{TOMAS}")),
        with(at(to("POST", "/console/people/{id}"), format!("/console/people/{TOMAS}")), "name=T".to_owned()),
        at(to("POST", "/console/people/{id}/delete"), format!("/console/people/{TOMAS}/delete")),
        at(to("POST", "/console/people/{id}/sign-in-code"), format!("/console/people/{TOMAS}/sign-in-code")),
        to("GET", "/console/groups"),
        at(to("GET", "/console/groups/{id}"), "/console/groups/70".to_owned()),
        to("GET", "/console/applications"),
        with(to("POST", "/console/applications"), "name=New".to_owned()),
        at(to("GET", "/console/applications/{id}"), format!("/console/applications/{CLIENT}")),
        with(
            at(to("POST", "/console/applications/{id}"), format!("/console/applications/{CLIENT}")),
            "enabled=no".to_owned(),
        ),
        at(to("POST", "/console/applications/{id}/secrets"), format!("/console/applications/{CLIENT}/secrets")),
        with(
            at(to("POST", "/console/applications/{id}/keys"), format!("/console/applications/{CLIENT}/keys")),
            form_urlencoded::Serializer::new(String::new()).append_pair("public_key", PUBLIC_KEY).finish(),
        ),
        at(
            to("POST", "/console/applications/{id}/keys/{key}/delete"),
            format!("/console/applications/{CLIENT}/keys/{KEY}/delete"),
        ),
        to("GET", "/console/tokens"),
        with(to("POST", "/console/tokens"), format!("user={TOMAS}")),
        at(to("POST", "/console/tokens/{id}/revoke"), format!("/console/tokens/id-of-{}/revoke", token_of(TOMAS))),
        at(to("POST", "/console/sessions/{id}/end"), "/console/sessions/none/end".to_owned()),
        to("GET", "/console/retention"),
        with(to("POST", "/console/retention"), "user=30".to_owned()),
        with(to("POST", "/console/holds"), "name=Case".to_owned()),
        at(to("GET", "/console/holds/{id}"), "/console/holds/none".to_owned()),
        with(at(to("POST", "/console/holds/{id}"), "/console/holds/none".to_owned()), "name=N".to_owned()),
        at(to("POST", "/console/holds/{id}/release"), "/console/holds/none/release".to_owned()),
        to("GET", "/console/health"),
        to("GET", "/"),
        to("GET", "/errors"),
        to("GET", "/health/live"),
        to("GET", "/health/ready"),
        to("GET", "/metrics"),
    ]
}

/// Who tries: a name for the head of the table, and the token.
fn callers() -> Vec<(&'static str, Option<String>)> {
    let user = |name, id| (name, Some(token_of(id)));
    let without = |name: &'static str| (name, Some(format!("without-{name}")));
    vec![
        ("nobody", None),
        ("bad", Some(token_of(NOBODY))),
        user("user", MARA),
        user("co-admin", IDLE),
        user("reports", REPORTER),
        user("users", MANAGER),
        user("admin", ADMIN),
        user("service", SERVICE),
        user("rival", RIVAL_ADMIN),
        // An admin whose token lacks one scope.
        without("-enterprise"),
        without("-users"),
        without("-publish"),
        without("-pub_users"),
        without("-administer"),
        without("-import"),
    ]
}

/// The status that a caller gets in a world of their own; a poll that is held has none yet.
async fn status(it: &Try, token: Option<&str>) -> String {
    let world = World::new().await;
    for (scope, name) in Scopes::NAMES {
        let others = Scopes::NAMES.iter().filter(|(other, _)| *other != scope);
        let others = others.fold(Scopes::NONE, |all, (scope, _)| all.and(*scope));
        let name = match name {
            "manage_enterprise_properties" => "enterprise",
            "manage_managed_users" => "users",
            "publish_users" => "pub_users",
            other => other,
        };
        world.give_token(HALDEN, ADMIN, others, &format!("without--{name}"), None).await;
    }
    world.services.stores.access.add(application(HALDEN, SERVICE)).await.unwrap();
    world.publish([login("e")]).await;
    let mut request = Request::builder().method(it.method).uri(&it.path);
    let mut body = it.body.clone();
    match token {
        // At the console a token lets one sign in, and counts for nothing by itself.
        Some(token) if it.path.starts_with("/console") => {
            request = request.header("authorization", format!("Bearer {token}"));
            if let Some(browser) = Browser::with_token(&world, token).await {
                request = browser.request(it.method, &it.path);
                body = format!("form_key={}&{body}", browser.form_key());
            }
        }
        Some(token) => request = request.header("authorization", format!("Bearer {token}")),
        None => {}
    }
    let request = request.body(Body::from(body)).unwrap();
    let mut answering = std::pin::pin!(world.router.clone().oneshot(request));
    match answering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => response.unwrap().status().as_u16().to_string(),
        Poll::Pending => "held".to_owned(),
    }
}

#[tokio::test]
async fn every_route_by_everybody() {
    let tried: BTreeSet<_> = tries().iter().map(|it| (it.method, it.route)).collect();
    let there: BTreeSet<_> = routes().iter().map(|route| (route.method, route.path)).collect();
    assert_eq!(tried, there, "the routes tried here are not those of the router");
    let mut table = format!("{:<52}", "");
    for (name, _) in callers() {
        write!(table, " {name:>11}").unwrap();
    }
    for it in tries() {
        write!(table, "\n{:<52}", format!("{} {}", it.method, it.path.replace(&token_of(TOMAS), "token"))).unwrap();
        let guard = routes().iter().find(|route| (route.method, route.path) == (it.method, it.route)).unwrap().guard;
        for (name, token) in callers() {
            let status = status(&it, token.as_deref()).await;
            write!(table, " {status:>11}").unwrap();
            let stranger = matches!(name, "nobody" | "bad");
            assert_eq!(status == "401", stranger && guard == Guard::Token, "{} {} by {name}", it.method, it.path);
            let sent_to_sign_in = stranger && guard == Guard::Session;
            assert!(!sent_to_sign_in || status == "303", "{} {} by {name}", it.method, it.path);
            // The form for signing in is refused here for want of a browser that it was shown in.
            let is_form = it.route == "/console/sign-in" && it.method == "POST";
            assert!(guard != Guard::Open || is_form || status != "403", "an open route is open to all");
        }
    }
    insta::assert_snapshot!(table, @r"
                                                              nobody         bad        user    co-admin     reports       users       admin     service       rival -enterprise      -users    -publish  -pub_users -administer     -import
    GET /2.0/events                                              401         401         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /2.0/events?stream_type=admin_logs                       401         401         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /2.0/events?stream_type=admin_logs_streaming             401         401         403         403         200         403         200         200         200         403         200         200         200         200         200
    OPTIONS /2.0/events                                          401         401         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /realtime/subscribe                                     held        held        held        held        held        held        held        held        held        held        held        held        held        held        held
    GET /2.0/users/me                                            401         401         200         200         200         200         200         200         200         200         200         200         200         200         200
    POST /api/v1/events                                          401         401         200         200         200         200         200         200         200         200         200         403         200         200         200
    POST /api/v1/events/import                                   401         401         403         403         403         403         200         200         200         200         200         200         200         200         403
    POST /api/v1/events?about=users                              401         401         403         403         403         403         200         200         200         200         200         403         403         200         200
    GET /api/v1/users                                            401         401         403         403         403         200         200         200         200         200         200         200         200         403         200
    POST /api/v1/users                                           401         401         403         403         403         201         201         201         201         201         201         201         201         403         201
    GET /api/v1/users/20306589102                                401         401         403         403         403         200         200         200         404         200         200         200         200         403         200
    PATCH /api/v1/users/20306589102                              401         401         403         403         403         200         200         200         404         200         200         200         200         403         200
    DELETE /api/v1/users/20306589102                             401         401         403         403         403         204         204         204         404         204         204         204         204         403         204
    GET /api/v1/tokens                                           401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    POST /api/v1/tokens                                          401         401         403         403         403         403         201         201         404         201         201         201         201         403         201
    DELETE /api/v1/tokens/id-of-token                            401         401         403         403         403         403         204         204         404         204         204         204         204         403         204
    GET /api/v1/applications                                     401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    POST /api/v1/applications                                    401         401         403         403         403         403         201         201         201         201         201         201         201         403         201
    GET /api/v1/applications/c0ffee11                            401         401         403         403         403         403         200         200         404         200         200         200         200         403         200
    PATCH /api/v1/applications/c0ffee11                          401         401         403         403         403         403         200         200         404         200         200         200         200         403         200
    POST /api/v1/applications/c0ffee11/secrets                   401         401         403         403         403         403         201         201         404         201         201         201         201         403         201
    GET /api/v1/applications/c0ffee11/keys                       401         401         403         403         403         403         200         200         404         200         200         200         200         403         200
    POST /api/v1/applications/c0ffee11/keys                      401         401         403         403         403         403         201         201         404         201         201         201         201         403         201
    DELETE /api/v1/applications/c0ffee11/keys/a1b2c3d4           401         401         403         403         403         403         204         204         404         204         204         204         204         403         204
    POST /api/v1/users/20306589102/sign-in-codes                 401         401         403         403         403         403         201         201         404         201         201         201         201         403         201
    POST /oauth2/token                                           400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /oauth2/token/                                          400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /api/oauth2/token                                       400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /api/oauth2/token/                                      400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /oauth2/revoke                                          400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /oauth2/revoke/                                         400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /api/oauth2/revoke                                      400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /api/oauth2/revoke/                                     400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    GET /oauth2/authorize                                        400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    POST /oauth2/authorize                                       400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    GET /api/oauth2/authorize                                    400         400         400         400         400         400         400         400         400         400         400         400         400         400         400
    GET /api/v1/groups                                           401         401         403         403         403         200         200         200         200         200         200         200         200         403         200
    POST /api/v1/groups                                          401         401         403         403         403         201         201         201         201         201         201         201         201         403         201
    GET /api/v1/groups/70                                        401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    PATCH /api/v1/groups/70                                      401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    DELETE /api/v1/groups/70                                     401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    GET /api/v1/groups/70/members                                401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    POST /api/v1/groups/70/members                               401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    DELETE /api/v1/groups/70/members/20306589102                 401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    GET /api/v1/collaborations                                   401         401         403         403         403         200         200         200         200         200         200         200         200         403         200
    POST /api/v1/collaborations                                  401         401         403         403         403         201         201         201         201         201         201         201         201         403         201
    GET /api/v1/collaborations/40                                401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    PATCH /api/v1/collaborations/40                              401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    DELETE /api/v1/collaborations/40                             401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    GET /api/v1/users/20306589102/synced                         401         401         403         403         403         200         200         200         404         200         200         200         200         403         200
    POST /api/v1/users/20306589102/synced                        401         401         403         403         403         201         201         201         404         201         201         201         201         403         201
    DELETE /api/v1/users/20306589102/synced/5                    401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    POST /api/v1/folders                                         401         401         403         403         403         201         201         201         201         201         201         201         201         403         201
    GET /api/v1/folders/5                                        401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    PATCH /api/v1/folders/5                                      401         401         403         403         403         404         404         404         404         404         404         404         404         403         404
    GET /api/v1/enterprise                                       401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    PATCH /api/v1/enterprise                                     401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    GET /api/v1/retention                                        401         401         403         403         200         403         200         200         200         200         200         200         200         403         200
    PATCH /api/v1/retention                                      401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    GET /api/v1/retention/forecast?user=30                       401         401         403         403         200         403         200         200         200         200         200         200         200         403         200
    GET /api/v1/holds                                            401         401         403         403         200         403         200         200         200         200         200         200         200         403         200
    POST /api/v1/holds                                           401         401         403         403         403         403         201         201         201         201         201         201         201         403         201
    GET /api/v1/holds/none                                       401         401         403         403         404         403         404         404         404         404         404         404         404         403         404
    PATCH /api/v1/holds/none                                     401         401         403         403         403         403         404         404         404         404         404         404         404         403         404
    DELETE /api/v1/holds/none                                    401         401         403         403         403         403         404         404         404         404         404         404         404         403         404
    GET /api/v1/directory                                        401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    POST /api/v1/directory                                       401         401         403         403         403         403         200         200         200         200         200         200         200         403         200
    GET /api/v1/events/e                                         401         401         403         403         200         403         200         200         404         403         200         200         200         200         200
    GET /api/v1/events/none/audience                             401         401         403         403         403         403         404         404         404         404         404         404         404         403         404
    GET /api/v1/search                                           401         401         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /api/v1/search/summary                                   401         401         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /api/v1/reports                                          401         401         403         403         200         403         200         200         200         403         200         200         200         200         200
    POST /api/v1/reports                                         401         401         403         403         201         403         201         201         201         403         201         201         201         201         201
    GET /api/v1/reports/none                                     401         401         403         403         404         403         404         404         404         403         404         404         404         404         404
    DELETE /api/v1/reports/none                                  401         401         403         403         404         403         404         404         404         403         404         404         404         404         404
    POST /api/v1/reports/none/cancel                             401         401         403         403         404         403         404         404         404         403         404         404         404         404         404
    GET /api/v1/reports/none/manifest                            401         401         403         403         404         403         404         404         404         403         404         404         404         404         404
    GET /api/v1/reports/none/parts/x                             401         401         403         403         404         403         404         404         404         403         404         404         404         404         404
    GET /api/v1/report-schedules                                 401         401         403         403         200         403         200         200         200         403         200         200         200         200         200
    POST /api/v1/report-schedules                                401         401         403         403         201         403         201         201         201         403         201         201         201         201         201
    DELETE /api/v1/report-schedules/none                         401         401         403         403         404         403         404         404         404         403         404         404         404         404         404
    GET /console                                                 303         303         303         303         303         303         303         303         303         303         303         303         303         303         303
    GET /console/                                                303         303         303         303         303         303         303         303         303         303         303         303         303         303         303
    GET /console/sign-in                                         200         200         303         303         303         303         303         303         303         303         303         303         303         303         303
    POST /console/sign-in                                        403         403         403         403         403         403         403         403         403         403         403         403         403         403         403
    POST /console/sign-out                                       303         303         303         303         303         303         303         303         303         303         303         303         303         303         303
    GET /console/assets/console.css                              200         200         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /console/live                                            303         303         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /console/live/stream                                     303         303         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /console/search                                          303         303         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /console/reports                                         303         303         403         403         200         403         200         200         200         403         200         200         200         200         200
    POST /console/reports                                        303         303         403         403         303         403         303         303         303         403         303         303         303         303         303
    GET /console/reports/new                                     303         303         403         403         200         403         200         200         200         403         200         200         200         200         200
    GET /console/reports/none                                    303         303         403         403         404         403         404         404         404         403         404         404         404         404         404
    POST /console/reports/none/cancel                            303         303         403         403         404         403         404         404         404         403         404         404         404         404         404
    POST /console/reports/none/delete                            303         303         403         403         404         403         404         404         404         403         404         404         404         404         404
    GET /console/reports/none/files/x                            303         303         403         403         404         403         404         404         404         403         404         404         404         404         404
    POST /console/report-schedules/none/end                      303         303         403         403         404         403         404         404         404         403         404         404         404         404         404
    GET /console/feed                                            303         303         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /console/events/e                                        303         303         403         403         200         403         200         200         404         403         200         200         200         200         200
    GET /console/people                                          303         303         403         403         403         200         200         200         200         200         200         200         200         403         200
    POST /console/people                                         303         303         403         403         403         303         303         303         303         303         303         303         303         403         303
    GET /console/people/20306589102                              303         303         403         403         403         200         200         200         404         200         200         200         200         403         200
    POST /console/people/20306589102                             303         303         403         403         403         303         303         303         404         303         303         303         303         403         303
    POST /console/people/20306589102/delete                      303         303         403         403         403         303         303         303         404         303         303         303         303         403         303
    POST /console/people/20306589102/sign-in-code                303         303         403         403         403         403         200         200         404         200         200         200         200         403         200
    GET /console/groups                                          303         303         403         403         403         200         200         200         200         200         200         200         200         403         200
    GET /console/groups/70                                       303         303         403         403         403         404         404         404         404         404         404         404         404         403         404
    GET /console/applications                                    303         303         403         403         403         403         200         200         200         200         200         200         200         403         200
    POST /console/applications                                   303         303         403         403         403         403         200         200         200         200         200         200         200         403         200
    GET /console/applications/c0ffee11                           303         303         403         403         403         403         200         200         404         200         200         200         200         403         200
    POST /console/applications/c0ffee11                          303         303         403         403         403         403         303         303         404         303         303         303         303         403         303
    POST /console/applications/c0ffee11/secrets                  303         303         403         403         403         403         200         200         404         200         200         200         200         403         200
    POST /console/applications/c0ffee11/keys                     303         303         403         403         403         403         303         303         404         303         303         303         303         403         303
    POST /console/applications/c0ffee11/keys/a1b2c3d4/delete         303         303         403         403         403         403         303         303         404         303         303         303         303         403         303
    GET /console/tokens                                          303         303         403         403         403         403         200         200         200         200         200         200         200         403         200
    POST /console/tokens                                         303         303         403         403         403         403         200         200         400         200         200         200         200         403         200
    POST /console/tokens/id-of-token/revoke                      303         303         403         403         403         403         303         303         404         303         303         303         303         403         303
    POST /console/sessions/none/end                              303         303         403         403         403         403         404         404         404         404         404         404         404         403         404
    GET /console/retention                                       303         303         403         403         200         403         200         200         200         200         200         200         200         403         200
    POST /console/retention                                      303         303         403         403         403         403         303         303         303         303         303         303         303         403         303
    POST /console/holds                                          303         303         403         403         403         403         303         303         303         303         303         303         303         403         303
    GET /console/holds/none                                      303         303         403         403         404         403         404         404         404         404         404         404         404         403         404
    POST /console/holds/none                                     303         303         403         403         403         403         404         404         404         404         404         404         404         403         404
    POST /console/holds/none/release                             303         303         403         403         403         403         404         404         404         404         404         404         404         403         404
    GET /console/health                                          303         303         403         403         403         403         200         200         200         200         200         200         200         403         200
    GET /                                                        200         200         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /errors                                                  200         200         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /health/live                                             200         200         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /health/ready                                            200         200         200         200         200         200         200         200         200         200         200         200         200         200         200
    GET /metrics                                                 200         200         200         200         200         200         200         200         200         200         200         200         200         200         200
    ");
}
