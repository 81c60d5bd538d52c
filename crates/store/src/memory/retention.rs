//! Legal holds and forecasts of the memory keeper.

use super::MemoryStore;
use crate::ledger::Unavailable;
use crate::retention_store::{Expired, Forecast, RetentionStore};
use async_trait::async_trait;
use feed::hold::Hold;
use feed::id::EnterpriseId;
use feed::retention::Retention;
use feed::stream_type::{StreamType, UserStream};
use feed::time::Second;

#[async_trait]
impl RetentionStore for MemoryStore {
    async fn add_hold(&self, hold: Hold) -> Result<bool, Unavailable> {
        let mut state = self.state();
        let is_new = !state.holds.contains_key(&hold.id);
        if is_new {
            state.holds.insert(hold.id.clone(), hold);
        }
        Ok(is_new)
    }

    async fn replace_hold(&self, old: &Hold, new: Hold) -> Result<bool, Unavailable> {
        match self.state().holds.get_mut(&old.id) {
            Some(kept) if kept == old && new.id == old.id && new.enterprise == old.enterprise => {
                *kept = new;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn forget_hold(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        let mut state = self.state();
        let is_theirs = state.holds.get(id).is_some_and(|hold| hold.enterprise == *enterprise);
        Ok(is_theirs && state.holds.remove(id).is_some())
    }

    async fn holds(&self, enterprise: &EnterpriseId) -> Result<Vec<Hold>, Unavailable> {
        let state = self.state();
        let mut holds: Vec<Hold> = state.holds.values().filter(|it| it.enterprise == *enterprise).cloned().collect();
        holds.sort_by(|a, b| (a.placed_at, &a.id).cmp(&(b.placed_at, &b.id)));
        Ok(holds)
    }

    async fn forecast(
        &self,
        enterprise: &EnterpriseId,
        retention: Retention,
        now: Second,
    ) -> Result<Forecast, Unavailable> {
        let state = self.state();
        let holds = state.holds_of(enterprise, now);
        let mut forecast = Forecast::default();
        let Some(line) = state.lines.get(enterprise) else { return Ok(forecast) };
        let oldest_user = retention.oldest_shown(StreamType::User(UserStream::All), now);
        let oldest_event = retention.oldest_kept(now);
        for (place, entry) in &line.entries {
            let user = entry.user.as_ref().map(|user| (&user.kept, oldest_user, &mut forecast.user));
            let events = entry.enterprise.as_ref().map(|it| (&it.kept, oldest_event, &mut forecast.events));
            for (kept, oldest, expired) in user.into_iter().chain(events) {
                let held = holds.iter().any(|hold| hold.scope.meets(kept.created_at, kept.created_at));
                count(expired, place.second, place.second < oldest, held, kept.bytes.len() as u64);
            }
        }
        for (at, imported) in &line.imported {
            let kept = &imported.kept;
            let held = holds.iter().any(|hold| hold.scope.meets(kept.created_at, kept.created_at));
            let bytes = kept.bytes.len() as u64;
            count(&mut forecast.events, at.second, at.second < oldest_event, held, bytes);
        }
        Ok(forecast)
    }
}

/// Counts one rendering, which ages by `second`.
fn count(into: &mut Expired, second: Second, is_past: bool, is_held: bool, bytes: u64) {
    into.oldest = into.oldest.into_iter().chain([second]).min();
    if is_past && !is_held {
        into.renderings += 1;
        into.bytes += bytes;
        return;
    }
    into.held += u64::from(is_past);
    into.oldest_left = into.oldest_left.into_iter().chain([second]).min();
}
