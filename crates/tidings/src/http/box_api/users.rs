//! `GET /2.0/users/me`: who am I (protocol, section 16).

use super::events::json_body;
use crate::http::caller::Asking;
use axum::response::Response;
use serde_json::json;

/// Answers the caller's user. The members are those of the real service; what is not kept here has its usual value.
pub async fn me(Asking(caller): Asking) -> Response {
    let user = caller.user();
    let body = json!({
        "type": "user",
        "id": user.person.id.as_str(),
        "name": user.person.name.as_str(),
        "login": user.person.login.as_str(),
        "created_at": user.created_at.to_string(),
        "modified_at": user.modified_at.to_string(),
        "language": "en",
        "timezone": "Etc/UTC",
        "space_amount": 0,
        "space_used": 0,
        "max_upload_size": 0,
        "status": "active",
        "job_title": "",
        "phone": "",
        "address": "",
        "avatar_url": "",
        "notification_email": null,
    });
    json_body(body.to_string())
}
