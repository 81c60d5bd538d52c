//! What every answer gets on its way out: a request id, the body of an error, a count, a line in the log. A handler that
//! panics is answered like any other fault.

use super::error::{ApiError, Failed};
use super::{Server, console};
use crate::entropy::{distinct, hex};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::Service;

const REQUEST_ID: HeaderName = HeaderName::from_static("box-request-id");

/// The routes, whose answers are finished.
///
/// It stands around the router. As a layer in it, it would be around each route, and each request would be handed on in a
/// few boxes more.
#[derive(Clone)]
pub struct Finishing {
    router: Router,
    server: Server,
}

impl Finishing {
    /// Finishes the answers of these routes.
    pub(super) fn new(router: Router, server: Server) -> Self {
        Finishing { router, server }
    }
}

impl<B> Service<Request<B>> for Finishing
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // So are all routes, always.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Finishing { router, server } = self.clone();
        Box::pin(finish(server, router, request).map(Ok))
    }
}

async fn finish<B>(server: Server, mut router: Router, request: Request<B>) -> Response
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let request_id = hex(&distinct());
    let method = request.method().clone();
    // Only the path: a query may hold a channel or a token.
    let path = request.uri().path().to_owned();
    // A panic is a bug in one handler; nothing shared is left half-changed, as every lock guards whole changes.
    let caught = AssertUnwindSafe(async { router.call(request).await }).catch_unwind().await;
    let mut response = match caught {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => ApiError::Bug.into_response(),
    };
    if let Some(Failed(answer)) = response.extensions_mut().remove::<Failed>() {
        for (name, value) in answer.headers() {
            response.headers_mut().insert(name, value);
        }
        // It was that of the empty body before.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        if console::page::is_page(&path) {
            console::page::put_failure(&mut response, &answer, &request_id);
        } else if let Some(body) = answer.body(&request_id) {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *response.body_mut() = Body::from(body);
        }
        if let Some(length) = response.body().size_hint().exact() {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status();
    let metrics = &server.services.metrics;
    metrics.requests.inc();
    match status {
        StatusCode::UNAUTHORIZED => drop(metrics.unauthorized.inc()),
        StatusCode::TOO_MANY_REQUESTS => drop(metrics.limited.inc()),
        _ if status.is_server_error() => {
            metrics.failed.inc();
            tracing::error!(%method, path, status = status.as_u16(), request_id, "a request failed");
        }
        _ => {}
    }
    tracing::debug!(%method, path, status = status.as_u16(), request_id, "answered");
    response
}
