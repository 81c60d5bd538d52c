//! Reading request bodies within their bounds.

use crate::http::deadlines::is_slow;
use crate::http::error::ApiError;
use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

/// Most space that is taken for a body because its head says that it is so long.
const TAKEN_AHEAD_BYTES: usize = 1 << 20;

/// The whole body, at most so many bytes.
///
/// # Errors
/// [`ApiError::BodyTooLarge`], [`ApiError::BodySlow`], or [`ApiError::BodyBroken`] when the client hangs up.
pub async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let mut body = Limited::new(body, bytes_max);
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut gathered = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|wrong| broken(wrong.as_ref(), bytes_max))?.into_data() else { continue };
        if gathered.is_empty() {
            if body.is_end_stream() {
                return Ok(piece);
            }
            gathered.reserve(said.clamp(piece.len(), TAKEN_AHEAD_BYTES.max(piece.len())));
        }
        // Put together as it comes, so that the connection can read on into the place where the piece was.
        gathered.extend_from_slice(&piece);
    }
    Ok(gathered.freeze())
}

fn broken(wrong: &(dyn std::error::Error + 'static), bytes_max: usize) -> ApiError {
    if wrong.is::<LengthLimitError>() {
        return ApiError::BodyTooLarge { bytes_max };
    }
    if is_slow(wrong) { ApiError::BodySlow } else { ApiError::BodyBroken }
}

/// The body as JSON of a known shape.
///
/// # Errors
/// [`ApiError::Body`] says where it is wrong.
pub async fn json<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let bytes = whole(body, feed::limits::BODY_BYTES_MAX).await?;
    serde_json::from_slice(&bytes)
        .map_err(|wrong| ApiError::Body(format!("The body is not what this call takes: {wrong}.")))
}
