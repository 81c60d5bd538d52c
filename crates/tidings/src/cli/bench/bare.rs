//! The reference of reading: a bare hyper server that answers bytes from memory and does nothing else.
//!
//! It is a process of its own, as the server under test is, with as many threads and the same settings of its
//! connections: asking another process costs more than asking another thread.

use super::child::{SERVING_ON, serving};
use crate::cli::say;
use bytes::Bytes;
use clap::{Arg, ArgMatches, Command, value_parser};
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::process::Child;

/// The word that makes this program the bare server.
pub(super) const WORD: &str = "bare";

/// The command that the benchmark gives itself; nobody else has a use for it.
pub(super) fn command() -> Command {
    let bodies = Arg::new("bodies").required(true).value_name("FILE").value_parser(value_parser!(PathBuf));
    Command::new(WORD).hide(true).about("Answers the bodies in a file until its input ends").arg(bodies)
}

/// Is the bare server.
pub(super) fn run(matches: &ArgMatches) -> Result<(), String> {
    let path = matches.get_one::<PathBuf>("bodies").ok_or("there is no file of bodies")?;
    let bodies = read(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let runtime = crate::cli::runtime()?;
    runtime.spawn(serve(Arc::new(bodies)));
    // Whoever started it holds the other end, and lets go of it at the latest when it dies.
    io::copy(&mut io::stdin(), &mut io::sink()).map_err(|why| why.to_string())?;
    runtime.shutdown_background();
    Ok(())
}

/// A bare server that runs. It ends when this is dropped.
pub(super) struct Bare {
    _child: Child,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Bare {
    /// Serves each body under the path of its number. `folder` is for a file of them.
    pub(super) async fn start(bodies: &[Bytes], folder: &Path) -> Result<Self, String> {
        let path = folder.join("bodies");
        write(&path, bodies).map_err(|why| format!("{}: {why}", path.display()))?;
        let program = std::env::current_exe().map_err(|why| format!("this program cannot find itself: {why}"))?;
        let mut command = tokio::process::Command::new(program);
        command.args(["bench", WORD]).arg(&path).stdin(Stdio::piped());
        let (child, address) = serving(command).await?;
        Ok(Bare { _child: child, address })
    }
}

/// Each body behind its length.
fn write(path: &Path, bodies: &[Bytes]) -> io::Result<()> {
    let mut out = io::BufWriter::new(std::fs::File::create(path)?);
    for body in bodies {
        out.write_all(&(body.len() as u64).to_le_bytes())?;
        out.write_all(body)?;
    }
    out.flush()
}

fn read(path: &Path) -> io::Result<Vec<Bytes>> {
    let mut rest = Bytes::from(std::fs::read(path)?);
    let mut bodies = Vec::new();
    while !rest.is_empty() {
        let mut length = [0; 8];
        (&rest[..]).read_exact(&mut length)?;
        let end = usize::try_from(u64::from_le_bytes(length)).ok().and_then(|length| length.checked_add(8));
        let end = end.filter(|end| *end <= rest.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        bodies.push(rest.split_to(end).slice(8..));
    }
    Ok(bodies)
}

async fn serve(bodies: Arc<Vec<Bytes>>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(format_args!("{SERVING_ON}http://{}", listener.local_addr()?));
    loop {
        let (stream, _) = listener.accept().await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bodies");
        let bodies = [Bytes::from_static(b"{}"), Bytes::new(), Bytes::from(vec![7; 70_000])];
        write(&path, &bodies).unwrap();
        assert_eq!(read(&path).unwrap(), bodies);
        std::fs::write(&path, [9, 0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
        assert!(read(&path).is_err());
    }
}
