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
