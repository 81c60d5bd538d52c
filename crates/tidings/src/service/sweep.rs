//! The sweep: removing what is past its retention, in bounded portions beside the traffic.

use super::Services;
use std::time::Duration;

/// Between two portions while more waits.
const PORTION_PAUSE: Duration = Duration::from_secs(1);
/// Between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_secs(600);

impl Services {
    /// Forgets tokens, codes and the like that ended: nobody can use them any more.
    async fn forget_expired(&self) {
        let now = self.clock.now();
        let forgotten = (self.stores.tokens.forget_expired(now).await, self.stores.access.forget_expired(now).await);
        if let (Err(why), _) | (_, Err(why)) = forgotten {
            tracing::warn!(%why, "what expired could not be forgotten; it will be tried again");
        }
    }

    /// Sweeps now and then until the server closes. A sweep that fails is logged and tried again: nothing is lost by
    /// keeping an event longer.
    pub async fn keep_sweeping(&self) {
        loop {
            self.forget_expired().await;
            let pause = match self.stores.ledger.sweep(self.clock.now()).await {
                Ok(swept) => {
                    self.metrics.renderings_swept.inc_by(swept.renderings);
                    if swept.more { PORTION_PAUSE } else { SWEEP_PAUSE }
                }
                Err(why) => {
                    tracing::error!(%why, "the sweep stopped; it will be tried again");
                    SWEEP_PAUSE
                }
            };
            tokio::select! {
                () = self.clock.wait(pause) => {}
                () = self.bell.closed() => return,
            }
        }
    }
}
