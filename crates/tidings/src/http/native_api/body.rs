//! Reading request bodies within their bounds.

use crate::http::deadlines::is_slow;
use crate::http::error::ApiError;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

/// The whole body, at most so many bytes.
///
/// # Errors
/// [`ApiError::BodyTooLarge`], [`ApiError::BodySlow`], or [`ApiError::BodyBroken`] when the client hangs up.
pub async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(wrong) if wrong.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge { bytes_max }),
        Err(wrong) if is_slow(wrong.as_ref()) => Err(ApiError::BodySlow),
        Err(_) => Err(ApiError::BodyBroken),
    }
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
