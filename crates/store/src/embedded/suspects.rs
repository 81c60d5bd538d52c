//! The partitions that may know an id: found out once for each view, asked for each event.

use super::core::Core;
use super::digest::Digest;
use super::known::{Candidate, KNOWN_S};
use super::live::Live;
use super::manifest::Partition;
use super::sealed::filter::Probe;
use super::sealed::name::HalfName;
use super::view::{Part, View};
use feed::event::FeedKind;
use feed::position::Place;
use feed::time::Second;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The suspects of a view.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// The view, the day and the digests it was made from.
    made_from: Option<(u64, u32, u64)>,
    /// Where in the view those are that are not sealed, newest first.
    live: Vec<usize>,
    user: Halves,
    enterprise: Halves,
}

/// Those of one kind of feed.
#[derive(Debug, Default)]
struct Halves {
    /// In which something was recorded in the last thirty days; newest first.
    recent: Vec<Run>,
    /// All others. They are asked only about deeds of their time.
    older: Vec<Suspect>,
    /// The latest deed in any of those.
    older_until: u64,
}

/// Recent halves side by side, under a digest if there is one.
#[derive(Debug)]
struct Run {
    digest: Option<Arc<Digest>>,
    halves: Vec<Suspect>,
}

/// A half that may know an id.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) partition: Arc<Partition>,
    pub(super) name: HalfName,
    pub(super) is_recent: bool,
}

impl Suspects {
    /// Makes them anew if anything changed; answers whether it did.
    pub(super) fn renew(&mut self, core: &Core, view: &View, now: Second) -> bool {
        let from = Some((view.version, now.day(), core.digests.version()));
        if self.made_from == from {
            return false;
        }
        let is_live = |at: &usize| matches!(view.parts[*at], Part::Live(_));
        self.live = (0..view.parts.len()).rev().filter(is_live).collect();
        self.user = Halves::of(core, view, FeedKind::User, now);
        self.enterprise = Halves::of(core, view, FeedKind::Enterprise, now);
        self.made_from = from;
        true
    }

    /// The partitions of the view that are not sealed, newest first. It must be the view they were made from.
    pub(super) fn live<'v>(&self, view: &'v View) -> impl Iterator<Item = &'v Arc<Live>> {
        self.live.iter().filter_map(|at| match view.parts.get(*at) {
            Some(Part::Live(live)) => Some(live),
            _ => None,
        })
    }

    fn halves(&self, kind: FeedKind) -> &Halves {
        match kind {
            FeedKind::User => &self.user,
            FeedKind::Enterprise => &self.enterprise,
        }
    }

    /// The recent halves of a line, run by run, with the digest of each run if it has one.
    pub(super) fn runs(&self, line: &str, kind: FeedKind) -> impl Iterator<Item = (Option<&Digest>, Vec<HalfName>)> {
        self.halves(kind).recent.iter().filter_map(move |run| {
            let of_line = run.halves.iter().filter(|suspect| suspect.record_may_hold(kind, line));
            let names: Vec<HalfName> = of_line.map(|suspect| suspect.name).collect();
            (!names.is_empty()).then_some((run.digest.as_deref(), names))
        })
    }

    /// Whether a candidate is of a time in which older partitions may have its id.
    pub(super) fn any_older(&self, candidate: &Candidate<'_>) -> bool {
        u64::from(candidate.rendering.created_at.0) <= self.halves(candidate.kind).older_until
    }

    /// The halves that may know the id of a candidate, newest first, without having asked their filters; recent ones
    /// only if `recent` says so.
    pub(super) fn of(&self, candidate: &Candidate<'_>, recent: bool) -> impl Iterator<Item = &Suspect> {
        let (line, probe) = (candidate.line, Probe::of(candidate.print));
        let created_at = u64::from(candidate.rendering.created_at.0);
        let halves = self.halves(candidate.kind);
        let runs = if recent { halves.recent.as_slice() } else { &[] };
        let runs = runs.iter().filter(move |run| run.digest.as_ref().is_none_or(|digest| digest.may_hold(&probe)));
        let older = if self.any_older(candidate) { halves.older.as_slice() } else { &[] };
        let older = older.iter().filter(move |suspect| suspect.covers(candidate.kind, created_at));
        let all = runs.flat_map(|run| &run.halves).chain(older);
        all.filter(move |suspect| suspect.record_may_hold(candidate.kind, line.as_str()))
    }

    /// The names of the recent ones.
    pub(super) fn recent(&self) -> FxHashSet<HalfName> {
        let runs = self.user.recent.iter().chain(&self.enterprise.recent);
        runs.flat_map(|run| &run.halves).map(|suspect| suspect.name).collect()
    }
}

impl Halves {
    fn of(core: &Core, view: &View, kind: FeedKind, now: Second) -> Self {
        let recent = Place::at(now.back(KNOWN_S)).to_bits();
        let mut halves = Halves::default();
        for partition in view.sealed().rev() {
            let Some((name, record)) = partition.half_name(kind).zip(partition.half(kind)) else { continue };
            let is_recent = record.places.is_some_and(|(_, last)| recent <= last);
            let suspect = Suspect { partition: partition.clone(), name, is_recent };
            if !is_recent {
                halves.older_until = halves.older_until.max(record.created.map_or(0, |(_, last)| last));
                halves.older.push(suspect);
                continue;
            }
            let digest = core.digests.over(partition.number, kind);
            match halves.recent.last_mut() {
                Some(Run { digest: Some(held), halves })
                    if digest.as_ref().is_some_and(|digest| Arc::ptr_eq(digest, held)) =>
                {
                    halves.push(suspect);
                }
                _ => halves.recent.push(Run { digest, halves: vec![suspect] }),
            }
        }
        halves
    }
}

impl Suspect {
    /// Whether deeds of this second are within the range of the half.
    fn covers(&self, kind: FeedKind, second: u64) -> bool {
        let range = self.partition.half(kind).and_then(|record| record.created);
        range.is_some_and(|(least, greatest)| least <= second && second <= greatest)
    }

    fn record_may_hold(&self, kind: FeedKind, line: &str) -> bool {
        self.partition.half(kind).is_some_and(|record| record.may_hold(line))
    }
}
