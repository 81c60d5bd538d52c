//! Accepting connections and answering on them until told to stop.

use super::deadlines::{ClockTimer, HANDSHAKE_TIME, HEAD_TIME, TimelyBody, Unread, Unstalled};
use super::finish::Finishing;
use super::origin::{Encrypted, Peer};
use super::places::{Place, Places};
use crate::bell::Bell;
use crate::clock::Clock;
use crate::config::proxies::TrustedProxies;
use feed::limits::{HEAD_BYTES_MAX, HEADERS_MAX};
use futures_util::FutureExt;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long requests under way may take to end after the server was told to stop.
const CLOSING_TIME: Duration = Duration::from_secs(10);

/// What answers, and how.
#[derive(Clone)]
pub struct Answering {
    /// The routes.
    pub router: Finishing,
    /// The clock by which slow clients are judged.
    pub clock: Arc<dyn Clock>,
    /// Makes connections secret; plain HTTP without it.
    pub tls: Option<TlsAcceptor>,
    /// The proxies through which many people come.
    pub proxies: TrustedProxies,
}

/// Serves until `stop` ends. Waiting readers are then told to reconnect, requests under way are let finish, and no new
/// connection is taken.
///
/// # Errors
/// None after it began: an accept that fails (too many open files, say) is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    answering: Answering,
    bell: &Bell,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut stop = std::pin::pin!(stop);
    let graceful = GracefulShutdown::new();
    let (closing, closed) = watch::channel(());
    let clock = answering.clock.clone();
    let mut http = Builder::new();
    // Python's v10 SDK looks headers up in their usual spelling (trap 10).
    http.title_case_headers(true).header_read_timeout(HEAD_TIME).max_headers(HEADERS_MAX).max_buf_size(HEAD_BYTES_MAX);
    let places = Places::new(answering.proxies.clone());
    loop {
        let free = tokio::select! {
            free = places.free() => free,
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
        let Some(place) = places.give(free, peer.ip()) else {
            tracing::debug!(%peer, "closed a connection: too many come from there");
            continue;
        };
        // Answers are small and waited for; a failure to say so costs only time.
        drop(stream.set_nodelay(true));
        let connection = Connection {
            answering: answering.clone(),
            http: http.clone(),
            peer,
            watcher: graceful.watcher(),
            closed: closed.clone(),
            place,
        };
        // Memory is taken for the largest that a task may become, so plain connections have a task of their own.
        match answering.tls.clone() {
            None => tokio::spawn(connection.answer(stream, None)),
            Some(tls) => tokio::spawn(connection.shake_hands(tls, stream)),
        };
    }
    drop((listener, closing));
    bell.close();
    tokio::select! {
        () = graceful.shutdown() => {}
        () = clock.wait(CLOSING_TIME) => tracing::warn!("some requests did not end in time"),
    }
    Ok(())
}

/// A connection that was taken.
struct Connection {
    answering: Answering,
    http: Builder,
    peer: SocketAddr,
    watcher: Watcher,
    /// Changes when the server closes: who has not shaken hands by then need not.
    closed: watch::Receiver<()>,
    place: Place,
}

impl Connection {
    async fn shake_hands(mut self, tls: TlsAcceptor, stream: TcpStream) {
        let clock = self.answering.clock.clone();
        let shaken = tokio::select! {
            shaken = tls.accept(stream) => shaken,
            () = clock.wait(HANDSHAKE_TIME) => Err(io::ErrorKind::TimedOut.into()),
            _ = self.closed.changed() => return,
        };
        match shaken {
            Ok(stream) => self.answer(stream, Some(Encrypted)).await,
            Err(why) => tracing::debug!(%why, "a handshake failed"),
        }
    }

    /// Answers until the connection ends. This is no `async fn`, which would keep room for the connection twice: as it is
    /// made and as it is waited for. There are many, and most wait.
    fn answer(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        encrypted: Option<Encrypted>,
    ) -> impl Future<Output = ()> + Send {
        let Connection { answering: Answering { router, clock, .. }, mut http, peer, watcher, place, .. } = self;
        http.timer(ClockTimer::new(clock.clone()));
        let (peer, router) = (Peer(peer), TowerToHyperService::new(router));
        let unread = Unread::default();
        let stream = Unstalled::new(stream, clock.clone(), unread.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(|body| TimelyBody::new(body, clock.clone(), unread.clone()));
            request.extensions_mut().insert(peer);
            if let Some(encrypted) = encrypted {
                request.extensions_mut().insert(encrypted);
            }
            router.call(request)
        });
        watcher.watch(http.serve_connection(TokioIo::new(stream), service)).map(move |ended| {
            if let Err(why) = ended {
                tracing::debug!(%why, "a connection broke");
            }
            drop(place);
        })
    }
}
