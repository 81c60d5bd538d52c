//! Opening again after the server was killed while it published.

use super::child::Server;
use super::events::Deeds;
use super::goals;
use super::plan::Plan;
use super::publish::{Publishers, USUAL};
use super::report::{Row, Unit};
use crate::clock::{Clock, SystemClock};

/// Kills the server in the midst of publishing, and measures how long it takes until it serves again.
pub(super) async fn after_kill(
    plan: &Plan,
    server: &mut Server,
    publishers: &mut Publishers,
    deeds: &mut Deeds,
) -> Result<Row, String> {
    let mut row = Row::alone("opening after kill -9", Unit::Seconds).with_goal(goals::OPENING);
    for round in 0..plan.rounds {
        plan.progress.tell(&row.name, round);
        let killing = async {
            SystemClock.wait(plan.half_round()).await;
            server.kill().await
        };
        // Far longer than it is left to live.
        let publishing = publishers.publish(deeds, USUAL, plan.round * 100);
        let (killed, published) = tokio::join!(killing, publishing);
        killed?;
        if published.is_ok() {
            return Err("publishing did not notice that the server was killed".to_owned());
        }
        row.round(server.start_again().await?.as_secs_f64(), None);
        publishers.follow(server);
    }
    Ok(row)
}
