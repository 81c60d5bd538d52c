//! Reading the maps of the memory keeper: one order after the other, entry by entry.

use super::line::{EnterpriseLine, Kept};
use crate::ledger::{Line, ListSpan, Scan};
use feed::event::UserStreams;
use feed::id::UserId;
use feed::limits::SCAN_ENTRIES_MAX;
use feed::page::{Ends, Slice};
use feed::position::Place;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

pub(super) fn scan(line: &EnterpriseLine, scan: &Scan) -> Slice {
    let mut slice = Slice::default();
    if scan.below <= scan.after || scan.limit == 0 {
        return slice;
    }
    let range = (Excluded(scan.after), Excluded(scan.below));
    match &scan.line {
        Line::User { user, streams, lists, .. } => {
            let postings = postings(line, user, lists);
            let entries = postings.range(range).map(|(place, on)| {
                let kept = line.entries.get(place).and_then(|entry| entry.user.as_ref()).map(|user| &user.kept);
                (*place, place, kept.filter(|_| on.meets(*streams)))
            });
            fill(&mut slice, scan, entries, |_| true);
        }
        Line::Streaming(_) => {
            let entries = line.entries.range(range).filter_map(|(place, entry)| {
                let enterprise = entry.enterprise.as_ref()?;
                Some((*place, place, Some(&enterprise.kept)))
            });
            fill(&mut slice, scan, entries, |kept| wanted(scan, kept));
        }
        Line::History(_) => fill(&mut slice, scan, led(line, line.history.range(range)), |kept| wanted(scan, kept)),
        Line::Window(_) => {
            let entries = line.window.range(range).filter_map(|it| in_window(line, it));
            fill(&mut slice, scan, entries, |kept| wanted(scan, kept));
        }
    }
    slice
}

/// The entries that an order leads to.
fn led<'a>(
    line: &'a EnterpriseLine,
    order: impl Iterator<Item = (&'a Place, &'a Place)> + 'a,
) -> impl Iterator<Item = (Place, &'a Place, Option<&'a Kept>)> + 'a {
    order.map(|(at, place)| {
        let enterprise = line.entries.get(place).and_then(|entry| entry.enterprise.as_ref());
        (*at, place, enterprise.map(|enterprise| &enterprise.kept))
    })
}

/// An entry of the window order. Imported history ages by its original time, everything else by its arrival.
fn in_window<'a>(
    line: &'a EnterpriseLine,
    (at, place): (&'a Place, &'a Place),
) -> Option<(Place, &'a Place, Option<&'a Kept>)> {
    match line.imported.get(at) {
        Some(imported) => Some((*at, at, Some(&imported.kept))),
        None => led(line, std::iter::once((at, place))).next(),
    }
}

fn wanted(scan: &Scan, kept: &Kept) -> bool {
    scan.types.takes(&kept.event_type)
        && scan.created_from <= kept.created_at
        && scan.created_before.is_none_or(|before| kept.created_at < before)
}

/// Takes what matches, in order: (place in the line read, place of arrival, what is kept there).
fn fill<'a>(
    slice: &mut Slice,
    scan: &Scan,
    entries: impl Iterator<Item = (Place, &'a Place, Option<&'a Kept>)>,
    wanted: impl Fn(&Kept) -> bool,
) {
    for (at, recorded, kept) in entries.take(SCAN_ENTRIES_MAX) {
        slice.last = Some(at);
        let kept = kept.filter(|_| scan.oldest <= recorded.second);
        if let Some(kept) = kept.filter(|kept| wanted(kept)) {
            slice.runs.push(kept.bytes.clone());
            slice.count += 1;
            if slice.count == scan.limit {
                return;
            }
        }
    }
}

/// A user's own postings merged with those of the user's lists, each place once.
fn postings(line: &EnterpriseLine, user: &UserId, lists: &[ListSpan]) -> BTreeMap<Place, UserStreams> {
    let mut all = line.users.get(user).cloned().unwrap_or_default();
    for span in lists {
        let Some(postings) = line.lists.get(&span.list) else { continue };
        if span.to <= span.from {
            continue;
        }
        for (place, streams) in postings.range((Excluded(span.from), std::ops::Bound::Included(span.to))) {
            let on = all.entry(*place).or_default();
            *on = on.and(*streams);
        }
    }
    all
}

pub(super) fn ends(kept: &EnterpriseLine, line: &Line, below: Place) -> Ends {
    let range = (Unbounded, Excluded(below));
    let last = |order: &BTreeMap<Place, Place>| order.range(range).next_back().map(|(at, _)| *at).unwrap_or_default();
    match line {
        Line::User { user, lists, .. } => {
            let shown = postings(kept, user, lists).range(range).next_back().map(|(at, _)| *at);
            Ends { shown: shown.unwrap_or_default(), stored: kept.last }
        }
        Line::Streaming(_) => {
            let of_enterprise = kept.entries.range(range).rev().find(|(_, entry)| entry.enterprise.is_some());
            Ends { shown: of_enterprise.map(|(at, _)| *at).unwrap_or_default(), stored: kept.last }
        }
        Line::History(_) => Ends { shown: last(&kept.history), stored: kept.last_history },
        Line::Window(_) => {
            let stored = kept.window.last_key_value().map(|(at, _)| *at).unwrap_or_default();
            Ends { shown: last(&kept.window), stored }
        }
    }
}
