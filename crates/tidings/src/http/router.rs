//! Every route, on one page.

use super::box_api::{events, long_poll, users};
use super::console::{
    self, applications as app_pages, hold, people, report_form, reports as report_pages, sign_in, tokens as token_pages,
};
use super::error::ApiError;
use super::finish::Finishing;
use super::native_api::{applications, reports};
use super::oauth::{authorize, token};
use super::{Server, native_api, ops, slashes};
use axum::Router;
use axum::routing::{MethodRouter, delete, get, options, patch, post};

/// Who may reach a route; the test of rights compares itself with this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Anybody.
    Open,
    /// A good token; the service decides about the rest.
    Token,
    /// A console session; whoever has none is sent to sign in. The service decides about the rest.
    Session,
}

/// A route: method, path, who may reach it, and the handler.
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path; parts in braces vary.
    pub path: &'static str,
    /// Who may reach it.
    pub guard: Guard,
    handler: MethodRouter<Server>,
}

/// All routes.
pub fn routes() -> Vec<Route> {
    use Guard::{Open, Session, Token};
    let route = |method, path, guard, handler| Route { method, path, guard, handler };
    vec![
        // The Box Events API.
        route("GET", "/2.0/events", Token, get(events::get)),
        route("OPTIONS", "/2.0/events", Token, options(long_poll::options)),
        // The URL itself is the secret, and the answer holds no data.
        route("GET", long_poll::CHANNEL_PATH, Open, get(long_poll::subscribe)),
        route("GET", "/2.0/users/me", Token, get(users::me)),
        // Our own.
        route("POST", "/api/v1/events", Token, post(native_api::events::post)),
        route("POST", "/api/v1/events/import", Token, post(native_api::import::post)),
        route("GET", "/api/v1/users", Token, get(native_api::users::list)),
        route("POST", "/api/v1/users", Token, post(native_api::users::add)),
        route("GET", "/api/v1/users/{id}", Token, get(native_api::users::show)),
        route("PATCH", "/api/v1/users/{id}", Token, patch(native_api::users::edit)),
        route("DELETE", "/api/v1/users/{id}", Token, delete(native_api::users::delete)),
        route("GET", "/api/v1/tokens", Token, get(native_api::tokens::list)),
        route("POST", "/api/v1/tokens", Token, post(native_api::tokens::add)),
        route("DELETE", "/api/v1/tokens/{id}", Token, delete(native_api::tokens::delete)),
        route("GET", "/api/v1/applications", Token, get(applications::list)),
        route("POST", "/api/v1/applications", Token, post(applications::add)),
        route("GET", "/api/v1/applications/{id}", Token, get(applications::show)),
        route("PATCH", "/api/v1/applications/{id}", Token, patch(applications::edit)),
        route("POST", "/api/v1/applications/{id}/secrets", Token, post(applications::add_secret)),
        route("GET", "/api/v1/applications/{id}/keys", Token, get(applications::list_keys)),
        route("POST", "/api/v1/applications/{id}/keys", Token, post(applications::add_key)),
        route("DELETE", "/api/v1/applications/{id}/keys/{key}", Token, delete(applications::delete_key)),
        route("POST", "/api/v1/users/{id}/sign-in-codes", Token, post(applications::add_sign_in_code)),
        // OAuth 2: whoever asks shows in the request itself who they are. Clients spell the paths in many ways.
        route("POST", "/oauth2/token", Open, post(token::token)),
        route("POST", "/oauth2/token/", Open, post(token::token)),
        route("POST", "/api/oauth2/token", Open, post(token::token)),
        route("POST", "/api/oauth2/token/", Open, post(token::token)),
        route("POST", "/oauth2/revoke", Open, post(token::revoke)),
        route("POST", "/oauth2/revoke/", Open, post(token::revoke)),
        route("POST", "/api/oauth2/revoke", Open, post(token::revoke)),
        route("POST", "/api/oauth2/revoke/", Open, post(token::revoke)),
        route("GET", "/oauth2/authorize", Open, get(authorize::get)),
        route("POST", "/oauth2/authorize", Open, post(authorize::post)),
        route("GET", "/api/oauth2/authorize", Open, get(authorize::get)),
        route("GET", "/api/v1/groups", Token, get(native_api::groups::list)),
        route("POST", "/api/v1/groups", Token, post(native_api::groups::add)),
        route("GET", "/api/v1/groups/{id}", Token, get(native_api::groups::show)),
        route("PATCH", "/api/v1/groups/{id}", Token, patch(native_api::groups::edit)),
        route("DELETE", "/api/v1/groups/{id}", Token, delete(native_api::groups::delete)),
        route("GET", "/api/v1/groups/{id}/members", Token, get(native_api::groups::members)),
        route("POST", "/api/v1/groups/{id}/members", Token, post(native_api::groups::add_member)),
        route("DELETE", "/api/v1/groups/{id}/members/{user}", Token, delete(native_api::groups::remove_member)),
        route("GET", "/api/v1/collaborations", Token, get(native_api::collaborations::list)),
        route("POST", "/api/v1/collaborations", Token, post(native_api::collaborations::add)),
        route("GET", "/api/v1/collaborations/{id}", Token, get(native_api::collaborations::show)),
        route("PATCH", "/api/v1/collaborations/{id}", Token, patch(native_api::collaborations::edit)),
        route("DELETE", "/api/v1/collaborations/{id}", Token, delete(native_api::collaborations::delete)),
        route("GET", "/api/v1/users/{id}/synced", Token, get(native_api::collaborations::synced)),
        route("POST", "/api/v1/users/{id}/synced", Token, post(native_api::collaborations::sync)),
        route("DELETE", "/api/v1/users/{id}/synced/{folder}", Token, delete(native_api::collaborations::unsync)),
        route("POST", "/api/v1/folders", Token, post(native_api::folders::add)),
        route("GET", "/api/v1/folders/{id}", Token, get(native_api::folders::show)),
        route("PATCH", "/api/v1/folders/{id}", Token, patch(native_api::folders::edit)),
        route("GET", "/api/v1/enterprise", Token, get(native_api::enterprise::show)),
        route("PATCH", "/api/v1/enterprise", Token, patch(native_api::enterprise::edit)),
        route("GET", "/api/v1/retention", Token, get(native_api::retention::show)),
        route("PATCH", "/api/v1/retention", Token, patch(native_api::retention::edit)),
        route("GET", "/api/v1/retention/forecast", Token, get(native_api::retention::forecast)),
        route("GET", "/api/v1/holds", Token, get(native_api::holds::list)),
        route("POST", "/api/v1/holds", Token, post(native_api::holds::add)),
        route("GET", "/api/v1/holds/{id}", Token, get(native_api::holds::show)),
        route("PATCH", "/api/v1/holds/{id}", Token, patch(native_api::holds::edit)),
        route("DELETE", "/api/v1/holds/{id}", Token, delete(native_api::holds::delete)),
        route("GET", "/api/v1/directory", Token, get(native_api::enterprise::export)),
        route("POST", "/api/v1/directory", Token, post(native_api::enterprise::import)),
        route("GET", "/api/v1/events/{id}", Token, get(native_api::events::show)),
        route("GET", "/api/v1/events/{id}/audience", Token, get(native_api::explain::get)),
        route("GET", "/api/v1/search", Token, get(native_api::search::get)),
        route("GET", "/api/v1/search/summary", Token, get(native_api::search::summary)),
        route("GET", "/api/v1/reports", Token, get(reports::list)),
        route("POST", "/api/v1/reports", Token, post(reports::ask)),
        route("GET", "/api/v1/reports/{id}", Token, get(reports::show)),
        route("DELETE", "/api/v1/reports/{id}", Token, delete(reports::delete)),
        route("POST", "/api/v1/reports/{id}/cancel", Token, post(reports::cancel)),
        route("GET", "/api/v1/reports/{id}/manifest", Token, get(reports::manifest)),
        route("GET", "/api/v1/reports/{id}/parts/{name}", Token, get(reports::part)),
        route("GET", "/api/v1/report-schedules", Token, get(reports::schedules)),
        route("POST", "/api/v1/report-schedules", Token, post(reports::schedule)),
        route("DELETE", "/api/v1/report-schedules/{id}", Token, delete(reports::unschedule)),
        // The console.
        route("GET", "/console", Open, get(sign_in::bare)),
        route("GET", "/console/", Session, get(sign_in::home)),
        route("GET", "/console/sign-in", Open, get(sign_in::get)),
        route("POST", "/console/sign-in", Open, post(sign_in::post)),
        route("POST", "/console/sign-out", Session, post(sign_in::sign_out)),
        route("GET", "/console/assets/{name}", Open, get(console::assets::get)),
        route("GET", "/console/live", Session, get(console::live::get)),
        route("GET", "/console/live/stream", Session, get(console::live::stream)),
        route("GET", "/console/search", Session, get(console::search::get)),
        route("GET", "/console/reports", Session, get(report_pages::list)),
        route("POST", "/console/reports", Session, post(report_form::ask)),
        route("GET", "/console/reports/new", Session, get(report_form::get)),
        route("GET", "/console/reports/{id}", Session, get(report_pages::show)),
        route("POST", "/console/reports/{id}/cancel", Session, post(report_pages::cancel)),
        route("POST", "/console/reports/{id}/delete", Session, post(report_pages::delete)),
        route("GET", "/console/reports/{id}/files/{name}", Session, get(report_pages::file)),
        route("POST", "/console/report-schedules/{id}/end", Session, post(report_pages::end_schedule)),
        route("GET", "/console/feed", Session, get(console::own_feed::get)),
        route("GET", "/console/events/{id}", Session, get(console::event::get)),
        route("GET", "/console/people", Session, get(people::list)),
        route("POST", "/console/people", Session, post(people::add)),
        route("GET", "/console/people/{id}", Session, get(people::show)),
        route("POST", "/console/people/{id}", Session, post(people::edit)),
        route("POST", "/console/people/{id}/delete", Session, post(people::delete)),
        route("POST", "/console/people/{id}/sign-in-code", Session, post(people::sign_in_code)),
        route("GET", "/console/groups", Session, get(console::groups::list)),
        route("GET", "/console/groups/{id}", Session, get(console::groups::show)),
        route("GET", "/console/applications", Session, get(app_pages::list)),
        route("POST", "/console/applications", Session, post(app_pages::add)),
        route("GET", "/console/applications/{id}", Session, get(app_pages::show)),
        route("POST", "/console/applications/{id}", Session, post(app_pages::edit)),
        route("POST", "/console/applications/{id}/secrets", Session, post(app_pages::rotate)),
        route("POST", "/console/applications/{id}/keys", Session, post(app_pages::add_key)),
        route("POST", "/console/applications/{id}/keys/{key}/delete", Session, post(app_pages::delete_key)),
        route("GET", "/console/tokens", Session, get(token_pages::list)),
        route("POST", "/console/tokens", Session, post(token_pages::add)),
        route("POST", "/console/tokens/{id}/revoke", Session, post(token_pages::revoke)),
        route("POST", "/console/sessions/{id}/end", Session, post(token_pages::end_session)),
        route("GET", "/console/retention", Session, get(console::retention::get)),
        route("POST", "/console/retention", Session, post(console::retention::edit)),
        route("POST", "/console/holds", Session, post(console::retention::add_hold)),
        route("GET", "/console/holds/{id}", Session, get(hold::show)),
        route("POST", "/console/holds/{id}", Session, post(hold::edit)),
        route("POST", "/console/holds/{id}/release", Session, post(console::retention::release)),
        route("GET", "/console/health", Session, get(console::health::get)),
        // For operators.
        route("GET", "/", Open, get(ops::root)),
        route("GET", "/errors", Open, get(ops::errors)),
        route("GET", "/health/live", Open, get(ops::live)),
        route("GET", "/health/ready", Open, get(ops::ready)),
        route("GET", "/metrics", Open, get(ops::metrics)),
    ]
}

/// The routes over a server, whose answers are finished.
pub fn router(server: Server) -> Finishing {
    let routes = routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler));
    let router = routes.method_not_allowed_fallback(async || ApiError::MethodNotAllowed).with_state(server.clone());
    Finishing::new(slashes::forgiven(router), server)
}
