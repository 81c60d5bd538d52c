//! `POST /api/v1/events` (design, section 5).

mod bodies;
mod refusals;
mod samples;
mod twice;

use crate::answer::Answer;
use crate::world::{ADMIN, World, by};
use axum::body::Body;

/// Publishes a body of a media type in the admin's name.
async fn post(world: &World, media: Option<&str>, body: impl Into<Body>) -> Answer {
    let request = by(ADMIN, "POST", "/api/v1/events");
    let request = match media {
        Some(media) => request.header("content-type", media),
        None => request,
    };
    world.send(request.body(body.into()).unwrap()).await
}
