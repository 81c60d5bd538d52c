//! *Health*: how much comes in, who waits, how far behind history is, how much room there is.

use super::page::{Frame, Section, html};
use super::telling::{count, span};
use super::visitor::Visitor;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::service::health::Health;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

/// A bar of the chart: one minute.
struct Bar {
    x: usize,
    y: u64,
    height: u64,
    title: String,
}

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    frame: Frame,
    health: Health,
    bars: Vec<Bar>,
    most: u64,
    version: &'static str,
    uptime: String,
}

/// The height of the chart, in its own units.
const CHART_HEIGHT: u64 = 120;
/// The width of a bar with its gap.
const BAR_STEP: usize = 20;

impl HealthPage {
    fn per_second(&self) -> String {
        // The minute under way is not whole, so the one before it tells.
        let last = self.health.last_hour.iter().rev().nth(1).copied().unwrap_or_default();
        format!("{}.{}", last / 60, last % 60 * 10 / 60)
    }

    fn last_hour(&self) -> u64 {
        self.health.last_hour.iter().sum()
    }
}

/// The page.
pub async fn get(State(server): State<Server>, visitor: Visitor) -> Result<Response, ApiError> {
    let health = server.services.health(&visitor.caller).await?;
    let most = health.last_hour.iter().copied().max().unwrap_or_default();
    let minutes = health.last_hour.len();
    let bar = |(at, events): (usize, &u64)| {
        // Anything at all is to be seen.
        let height = if *events == 0 { 0 } else { (events * CHART_HEIGHT / most.max(1)).max(2) };
        let ago = minutes - 1 - at;
        let when = if ago == 0 { "this minute".to_owned() } else { format!("{ago} min ago") };
        Bar {
            x: at * BAR_STEP,
            y: CHART_HEIGHT - height,
            height,
            title: format!("{}, {when}", count(*events, "event")),
        }
    };
    let bars = health.last_hour.iter().enumerate().map(bar).collect();
    let page = HealthPage {
        frame: Frame::of(&server, &visitor, Section::Health).await?,
        bars,
        most,
        version: env!("CARGO_PKG_VERSION"),
        uptime: span(u64::from(health.now.0.saturating_sub(health.started_at.0))),
        health,
    };
    html(StatusCode::OK, &page)
}
