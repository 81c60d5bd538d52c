//! How large a store is and how it is doing.

use super::core::Core;
use super::sealed::name::Lies;
use super::view::Part;
use feed::event::FeedKind;
use feed::position::Place;
use feed::time::Second;

/// How large a store is and how it is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Partitions that are sealed.
    pub sealed: u64,
    /// Partitions that are not: the one being written, and those that wait to be sealed.
    pub unsealed: u64,
    /// Renderings for enterprise feeds.
    pub enterprise_entries: u64,
    /// Renderings for user feeds.
    pub user_entries: u64,
    /// Events of imported history.
    pub imported_entries: u64,
    /// Bytes of sealed data, frames in which sealed halves lie included.
    pub data_bytes: u64,
    /// Bytes of the indexes to it.
    pub index_bytes: u64,
    /// Bytes of frames that are not sealed, space taken ahead not counted.
    pub frame_bytes: u64,
    /// Enterprises that have a line of positions.
    pub enterprises: u64,
    /// The oldest second of recording that is kept.
    pub oldest: Option<Second>,
    /// The newest.
    pub newest: Option<Second>,
    /// Why no more writes are taken.
    pub failed: Option<String>,
    /// Index files that were found damaged and made again since the start.
    pub mended: Vec<String>,
}

pub(super) fn stats(core: &Core) -> Stats {
    let mut stats = Stats { failed: core.failed(), mended: core.shelf.mended(), ..Stats::default() };
    let mut places: Option<(u64, u64)> = None;
    for part in &core.view().parts {
        match part {
            Part::Live(live) => {
                let index = live.index();
                stats.unsealed += 1;
                stats.frame_bytes += index.end;
                for line in index.lines.values() {
                    stats.enterprise_entries += line.enterprise.entries.len() as u64;
                    stats.user_entries += line.user.entries.len() as u64;
                    let halves = [&line.enterprise, &line.user];
                    let ends = halves.into_iter().filter_map(|half| half.entries.first().zip(half.entries.last()));
                    ends.for_each(|(first, last)| widen(&mut places, (first.place, last.place)));
                }
            }
            Part::Sealed(partition) => {
                stats.sealed += 1;
                stats.data_bytes += partition.frames.unwrap_or(0);
                for (name, half) in partition.halves() {
                    match name.kind {
                        _ if partition.is_imported() => stats.imported_entries += half.entries,
                        FeedKind::Enterprise => stats.enterprise_entries += half.entries,
                        FeedKind::User => stats.user_entries += half.entries,
                    }
                    if name.lies == Lies::Apart {
                        stats.data_bytes += half.data_bytes;
                    }
                    stats.index_bytes += half.index_bytes;
                    if let Some(range) = half.places.filter(|_| !partition.is_imported()) {
                        widen(&mut places, range);
                    }
                }
            }
        }
    }
    stats.enterprises = core.lines.all().len() as u64;
    stats.oldest = places.map(|(oldest, _)| Place::from_bits(oldest).second);
    stats.newest = places.map(|(_, newest)| Place::from_bits(newest).second);
    stats
}

fn widen(range: &mut Option<(u64, u64)>, by: (u64, u64)) {
    *range = Some(range.map_or(by, |(least, greatest)| (least.min(by.0), greatest.max(by.1))));
}
