//! History brought into the memory keeper.

use super::MemoryStore;
use super::append::keep;
use super::line::EnterpriseLine;
use crate::import::{Brought, History, ImportStore, Past, firsts};
use crate::ledger::AppendError;
use async_trait::async_trait;
use feed::event::{FeedKind, Rendering};
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use std::collections::BTreeMap;

#[async_trait]
impl ImportStore for MemoryStore {
    async fn import(&self, history: History) -> Result<Vec<Brought>, AppendError> {
        let mut state = self.state();
        let line = state.lines.entry(history.enterprise).or_default();
        let firsts = firsts(&history.events);
        let brought = history.events.iter().enumerate().map(|(index, past)| match firsts[index] {
            first if first < index => {
                Brought::Known { differs: !past.rendering.says_the_same(&history.events[first].rendering.bytes) }
            }
            _ => known(line, &past.rendering),
        });
        let brought: Vec<Brought> = brought.collect();
        let new = |index: &usize| brought[*index] == Brought::New;
        let new: Vec<usize> = (0..brought.len()).filter(new).collect();
        refuse_full_seconds(line, &history.events, &new)?;
        for index in new {
            let Past { rendering, terms } = history.events[index].clone();
            let at = line.next_window(rendering.created_at);
            line.bring_in(at, keep(rendering), terms);
        }
        Ok(brought)
    }
}

fn known(line: &EnterpriseLine, rendering: &Rendering) -> Brought {
    match line.find(FeedKind::Enterprise, &rendering.event_id) {
        Some(found) => Brought::Known { differs: !rendering.says_the_same(&found.bytes) },
        None => Brought::New,
    }
}

fn refuse_full_seconds(line: &EnterpriseLine, events: &[Past], new: &[usize]) -> Result<(), AppendError> {
    let mut more: BTreeMap<Second, u32> = BTreeMap::new();
    for index in new {
        let created_at = events[*index].rendering.created_at;
        let next: Place = line.next_window(created_at);
        let waiting = more.entry(created_at).or_default();
        if next.second != created_at || ORDINAL_MAX - next.ordinal < *waiting {
            return Err(AppendError::SecondFull { index: *index, created_at });
        }
        *waiting += 1;
    }
    Ok(())
}
