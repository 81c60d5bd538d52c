//! The control socket: how the operator of this machine speaks to a server that has its directory open.
//!
//! Copying a store, asking how large it is or adding an enterprise concerns all its enterprises, so it is not for tokens.
//! The socket lies in the store's directory and is open to whoever owns that: the same people who could copy the files.
//! One request, a line of JSON; answers, a line each: progress, then `done` or `error`.

use crate::operator::{Operator, Order, obey};
use crate::service::Services;
use feed::limits::ROSTER_BYTES_MAX;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::embedded::{EmbeddedStore, Progress};
use store::ledger::Unavailable;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Request {
    /// Copy the store into this empty directory.
    Backup(PathBuf),
    /// Tell how large it is and how it is doing.
    Stats,
    /// Tell what a sweep would remove.
    Expired,
    /// Something about enterprises and their directories.
    Order(Order),
}

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// How far it is: bytes done, bytes in all.
    Progress(u64, u64),
    /// It is done.
    Done(Value),
    /// It was not done, and why.
    Error(String),
}

/// Longest request, in bytes: a directory to be imported, and little else.
const REQUEST_BYTES_MAX: u64 = ROSTER_BYTES_MAX as u64 + 16 * 1024;
/// Lines of progress waiting to be sent; more are left out.
const PROGRESS_WAITING_MAX: usize = 16;

/// Where the socket of a store lies.
pub fn socket(directory: &Path) -> PathBuf {
    directory.join("control")
}

/// Does what is asked. Blocks for as long as it takes, so it must not be called where others are waited for.
pub fn answer(
    store: &EmbeddedStore,
    services: &Services,
    runtime: &Handle,
    request: Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Value, String> {
    let text = |why: Unavailable| match why {
        // The ledger itself goes on; only what was asked for failed.
        Unavailable::Failed(what) => what,
        Unavailable::Full | Unavailable::Damaged(_) | Unavailable::Unreachable(_) | Unavailable::Closing => {
            why.to_string()
        }
    };
    Ok(match request {
        Request::Backup(to) => {
            let copied = store.backup(&to, progress).map_err(text)?;
            json!({"files": copied.files, "bytes": copied.bytes})
        }
        Request::Stats => {
            let stats = store.stats();
            json!({
                "partitions": {"sealed": stats.sealed, "open": stats.unsealed},
                "enterprises": stats.enterprises,
                "entries": {"enterprise": stats.enterprise_entries, "user": stats.user_entries, "imported": stats.imported_entries},
                "bytes": {"data": stats.data_bytes, "indexes": stats.index_bytes, "frames": stats.frame_bytes},
                "oldest": stats.oldest.map(|second| second.to_string()),
                "newest": stats.newest.map(|second| second.to_string()),
                "failed": stats.failed,
                "mended": stats.mended,
            })
        }
        Request::Expired => {
            let expired = store.expired(services.clock.now()).map_err(text)?;
            json!(expired.iter().map(|it| format!("{it:?}")).collect::<Vec<String>>())
        }
        // Whoever came this far may write the store's files: they are the operator.
        Request::Order(order) => runtime.block_on(obey(services, Operator::of_this_machine(), order))?,
    })
}

/// Answers on the socket until it is dropped. A socket that a killed server left behind is replaced: the lock of the
/// directory says that nobody answers there.
///
/// # Errors
/// When the socket cannot be made; the server goes on without it.
pub fn listen(directory: &Path, store: EmbeddedStore, services: Arc<Services>) -> std::io::Result<Listening> {
    let path = socket(directory);
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (store, services) = (store.clone(), services.clone());
            tokio::spawn(async move {
                if let Err(why) = converse(stream, store, services).await {
                    tracing::debug!(%why, "a control connection broke");
                }
            });
        }
    });
    Ok(Listening { path, task })
}

/// A control socket that answers until this is dropped.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        drop(std::fs::remove_file(&self.path));
    }
}

async fn converse(stream: UnixStream, store: EmbeddedStore, services: Arc<Services>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(REQUEST_BYTES_MAX)).read_line(&mut line).await?;
    let request: Request = match serde_json::from_str(&line) {
        Ok(request) => request,
        Err(wrong) => return send(&mut write, &Line::Error(format!("the request cannot be read: {wrong}"))).await,
    };
    let (progress, mut passed) = mpsc::channel(PROGRESS_WAITING_MAX);
    let work = tokio::task::spawn_blocking(move || {
        let mut report = |at: Progress| drop(progress.try_send(Line::Progress(at.done, at.of)));
        answer(&store, &services, &Handle::current(), request, &mut report)
    });
    while let Some(line) = passed.recv().await {
        send(&mut write, &line).await?;
    }
    let line = match work.await {
        Ok(Ok(done)) => Line::Done(done),
        Ok(Err(why)) => Line::Error(why),
        Err(_) => Line::Error("the server has a fault; its log says more".to_owned()),
    };
    send(&mut write, &line).await
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_string(line).map_err(std::io::Error::other)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await
}
