//! The reference of reading: a bare hyper server that answers bytes from memory and does nothing else.
//!
//! It has threads of its own, as many as the server under test, and the same settings of its connections.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A bare server that runs. It ends when this is dropped.
pub(super) struct Bare {
    runtime: Option<Runtime>,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Bare {
    /// Serves each body under the path of its number.
    pub(super) async fn start(bodies: Vec<Bytes>) -> Result<Self, String> {
        let runtime = crate::cli::runtime()?;
        let bodies = Arc::new(bodies);
        let opened = runtime.spawn(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            tokio::spawn(serve(listener, bodies));
            Ok::<_, std::io::Error>(address)
        });
        let address = match opened.await {
            Ok(Ok(address)) => address,
            other => return Err(format!("the bare server cannot be started: {other:?}")),
        };
        Ok(Bare { runtime: Some(runtime), address })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, bodies: Arc<Vec<Bytes>>) {
    while let Ok((stream, _)) = listener.accept().await {
        drop(stream.set_nodelay(true));
        let bodies = bodies.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let number = request.uri().path().trim_start_matches('/').parse::<usize>().ok();
            let body = number.and_then(|number| bodies.get(number)).cloned().unwrap_or_default();
            async move {
                let mut response = Response::new(Full::new(body));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
