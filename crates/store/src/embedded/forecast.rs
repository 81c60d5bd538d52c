//! What sweeping would remove of an enterprise: asked of the indexes of sealed halves, without reading events.

use super::fault::Fault;
use super::manifest::HalfRecord;
use super::rows::Wanted;
use super::seal::KINDS;
use super::sealed::shelf::Shelf;
use super::sweep::{cut, is_held};
use super::view::{Part, View};
use crate::ledger::Line;
use crate::retention_store::{Expired, Forecast};
use feed::event::FeedKind;
use feed::filter::TypeFilter;
use feed::hold::Hold;
use feed::id::EnterpriseId;
use feed::limits::FORECAST_STRETCHES_MAX;
use feed::position::Place;
use feed::retention::Retention;
use feed::time::Second;

pub(super) fn forecast(
    shelf: &Shelf,
    view: &View,
    holds: &[Hold],
    enterprise: &EnterpriseId,
    retention: Retention,
    now: Second,
) -> Result<Forecast, Fault> {
    let mut forecast = Forecast::default();
    for kind in KINDS {
        let cut = cut(retention, kind, now);
        let expired = match kind {
            FeedKind::User => &mut forecast.user,
            FeedKind::Enterprise => &mut forecast.events,
        };
        forecast.more |= look(shelf, view, holds, enterprise, kind, cut, expired)?;
    }
    Ok(forecast)
}

/// Looks at one kind of feed, oldest stretch first; answers whether there is more.
fn look(
    shelf: &Shelf,
    view: &View,
    holds: &[Hold],
    enterprise: &EnterpriseId,
    kind: FeedKind,
    cut: u64,
    expired: &mut Expired,
) -> Result<bool, Fault> {
    let (mut looked, mut oldest, mut oldest_left) = (0, None, None);
    for part in &view.parts {
        // Of what was published, what comes later is neither past its period nor the oldest. Imports are in no order.
        let settled = oldest.is_some() && oldest_left.is_some() && !part.is_imported();
        let (first, first_left) = match part {
            Part::Live(_) if settled => continue,
            Part::Live(live) => {
                let index = live.index();
                let first = index.lines.get(enterprise).and_then(|line| line.half(kind).entries.first());
                let first = first.map(|entry| entry.place);
                (first, first)
            }
            Part::Sealed(partition) => {
                let (Some(record), Some(name)) = (partition.half(kind), partition.half_name(kind)) else { continue };
                let may_be_expired = record.places.is_some_and(|(least, _)| least < cut);
                if (settled && !may_be_expired) || !record.may_hold(enterprise.as_str()) {
                    continue;
                }
                if looked == FORECAST_STRETCHES_MAX {
                    return Ok(true);
                }
                looked += 1;
                let count = shelf.ask(name, |half| half.count_below(enterprise.as_str(), cut))?;
                let first = shelf.ask(name, |half| half.first_after(enterprise, 0))?;
                if is_held(holds, enterprise, record.created) {
                    expired.held += u64::from(count);
                    (first, first)
                } else {
                    expired.renderings += u64::from(count);
                    expired.bytes += share(record, count);
                    (first, shelf.ask(name, |half| half.first_after(enterprise, cut.saturating_sub(1)))?)
                }
            }
        };
        if !part.is_imported() {
            (oldest, oldest_left) = (oldest.or(first), oldest_left.or(first_left));
        }
        let second = |place: u64| Place::from_bits(place).second;
        expired.oldest = earlier(expired.oldest, first.map(second));
        expired.oldest_left = earlier(expired.oldest_left, first_left.map(second));
    }
    Ok(false)
}

fn earlier(one: Option<Second>, other: Option<Second>) -> Option<Second> {
    one.into_iter().chain(other).min()
}

/// The share of the files of a half that so many of its entries take.
fn share(record: &HalfRecord, count: u32) -> u64 {
    let bytes = u128::from(record.data_bytes + record.index_bytes) * u128::from(count);
    u64::try_from(bytes / u128::from(record.entries.max(1))).unwrap_or(u64::MAX)
}

impl super::sealed::half::Half {
    /// The place of a line's first entry after this one, in arrival order.
    fn first_after(&self, enterprise: &EnterpriseId, after: u64) -> Result<Option<u64>, Fault> {
        let (line, types) = (Line::Streaming(enterprise.clone()), TypeFilter::default());
        let rows = self.rows(&Wanted::everything(&line, &types), after, u64::MAX, 1)?;
        Ok(rows.first().map(|row| row.at))
    }
}
