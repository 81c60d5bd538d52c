//! Accepting connections and answering on them until told to stop.

use super::origin::Peer;
use crate::bell::Bell;
use axum::Router;
use feed::limits::CONNECTIONS_MAX;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests under way may take to end after the server was told to stop.
const CLOSING_TIME: Duration = Duration::from_secs(10);
/// Largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Serves until `stop` ends. Waiting readers are then told to reconnect, requests under way are let finish, and no new
/// connection is taken.
///
/// # Errors
/// None after it began: an accept that fails (too many open files, say) is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bell: &Bell,
    clock: &dyn crate::clock::Clock,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut stop = std::pin::pin!(stop);
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    // Python's v10 SDK looks headers up in their usual spelling (trap 10).
    http.title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed, so there always is a place some time.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(why) => {
                tracing::warn!(%why, "a connection could not be taken");
                clock.wait(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are small and waited for; a failure to say so costs only time.
        drop(stream.set_nodelay(true));
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.call(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            if let Err(why) = connection.await {
                tracing::debug!(%why, "a connection broke");
            }
        });
    }
    drop(listener);
    bell.close();
    tokio::select! {
        () = graceful.shutdown() => {}
        () = clock.wait(CLOSING_TIME) => tracing::warn!("some requests did not end in time"),
    }
    Ok(())
}
