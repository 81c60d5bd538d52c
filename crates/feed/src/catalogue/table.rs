//! Reads the table of event types that is part of this crate.
//!
//! `event_types.tsv` has one row per type and feed, so that it can be read, sorted and compared with ordinary tools.
//! A `?` after a counterpart marks it as inferred.

use super::{Counterpart, KnownType, Origin, SourceKind};
use crate::event::{BadEventType, EventType, FeedKind, UserStreams};

const TABLE: &str = include_str!("event_types.tsv");
const HEADER: &str = "name\tfeed\tstreams\tsource\tcounterparts\tderives\trules\torigin\tdescription";

/// A line of the table that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadRow(String);

pub(super) fn rows() -> Result<Vec<KnownType>, BadRow> {
    let mut lines = TABLE.lines();
    if lines.next() != Some(HEADER) {
        return Err(BadRow("the header has changed".into()));
    }
    lines.map(|line| row(line).ok_or_else(|| BadRow(line.into()))).collect()
}

fn row(line: &str) -> Option<KnownType> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [name, feed, streams, source, counterparts, derives, rules, origin, description] = cells[..] else {
        return None;
    };
    let mut known = KnownType {
        name: EventType::new(name).ok()?,
        feed: [FeedKind::User, FeedKind::Enterprise].into_iter().find(|kind| kind.name() == feed)?,
        streams: UserStreams::NONE,
        source: SourceKind::of_words(source)?,
        counterparts: split(counterparts, ',').map(counterpart).collect::<Result<_, _>>().ok()?,
        derives: split(derives, ',').map(EventType::new).next().transpose().ok()?,
        owner_only: false,
        opt_in: false,
        origin: [Origin::Box, Origin::Tidings].into_iter().find(|it| it.word() == origin)?,
        description: description.into(),
    };
    for stream in split(streams, ' ') {
        known.streams = known.streams.and(match stream {
            "all" => UserStreams::ALL,
            "changes" => UserStreams::CHANGES,
            "sync" => UserStreams::SYNC,
            _ => return None,
        });
    }
    for rule in split(rules, ' ') {
        match rule {
            "owner_only" => known.owner_only = true,
            "opt_in" => known.opt_in = true,
            _ => return None,
        }
    }
    Some(known)
}

fn split(cell: &str, separator: char) -> impl Iterator<Item = &str> {
    cell.split(separator).map(str::trim).filter(|part| !part.is_empty())
}

fn counterpart(text: &str) -> Result<Counterpart, BadEventType> {
    let name = text.trim_end_matches('?');
    Ok(Counterpart { name: EventType::new(name)?, inferred: name.len() < text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_can_be_read() {
        let rows = rows().unwrap();
        let upload = rows.iter().find(|row| row.name.as_str() == "ITEM_UPLOAD").unwrap();
        assert_eq!(upload.counterparts.iter().map(|c| c.inferred).collect::<Vec<_>>(), [false, true]);
        let names: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.feed.name())).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "rows are sorted by name and feed, and no row is there twice");
    }

    #[test]
    fn a_row_with_a_strange_word_is_refused() {
        let good = "A\tuser\tall\titem\t\t\t\tbox\tText";
        assert!(row(good).is_some());
        for (from, to) in [("user", "both"), ("all", "some"), ("item", "thing"), ("box", "sky"), ("A\t", "A B\t")] {
            assert!(row(&good.replacen(from, to, 1)).is_none(), "{to}");
        }
    }
}
