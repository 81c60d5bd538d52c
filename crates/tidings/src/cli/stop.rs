//! The wish of the operating system that the program ends.

/// Ends at an interrupt (Ctrl-C) or a request to terminate.
pub(super) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without signals there is only one way to stop, and it needs no code.
    drop(tokio::signal::ctrl_c().await);
}

/// Does work that blocks, in a thread of its own, until it is done or the person wants to stop: then `None`, and the
/// work is left to end with the program.
pub(super) fn until_stopped<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<Option<T>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| format!("the runtime cannot be started: {why}"))?;
    let (tell_done, done) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more only when the person wanted to stop.
        drop(tell_done.send(work()));
    });
    runtime.block_on(async {
        tokio::select! {
            done = done => done.map(Some).map_err(|_| "the work broke off; this is a fault of the program".to_owned()),
            () = asked_to_stop() => Ok(None),
        }
    })
}
