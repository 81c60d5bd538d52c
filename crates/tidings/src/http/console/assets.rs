//! The console's style, scripts and sign: part of the binary, fetched from nowhere else.

use super::page::HEADERS;
use crate::entropy::hex;
use crate::http::error::ApiError;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

const FILES: &[(&str, &str, &str)] = &[
    ("console.css", "text/css; charset=utf-8", include_str!("../../../assets/console/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("../../../assets/console/console.js")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../../../assets/console/live.js")),
    ("search.js", "text/javascript; charset=utf-8", include_str!("../../../assets/console/search.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../../assets/console/icon.svg")),
];

/// A short hash of all files: part of their addresses, so that they may be kept for good and are fetched anew when one
/// changes.
pub fn mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let mut all = Sha256::new();
        FILES.iter().for_each(|(_, _, text)| all.update(text.as_bytes()));
        hex(&all.finalize()[..6])
    })
}

/// A file.
pub async fn get(Path(name): Path<String>) -> Result<Response, ApiError> {
    let (_, media_type, text) = FILES.iter().find(|(file, ..)| *file == name).ok_or(ApiError::NotFound)?;
    let mut response = Response::new(Body::from(*text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
