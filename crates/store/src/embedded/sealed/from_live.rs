//! The index of a half that is sealed where it lies, made from what is in memory about its partition, so that no frame
//! has to be read again. It is the same, byte for byte, as one made again from the blocks.

use super::super::codec::index;
use super::super::live::{Entry, LiveIndex, LiveLine};
use super::data::{BlockRow, Span};
use super::index::{EntryRow, IndexBuilder, ReaderKind, in_order};
use feed::event::FeedKind;
use std::io;

/// A half in the making.
#[derive(Debug)]
pub(super) struct FromLive<'a> {
    live: &'a LiveIndex,
    kind: FeedKind,
    pub(super) index: IndexBuilder,
    /// The number within the half of each type that it has, by its number within the partition.
    types: Vec<Option<u32>>,
    blocks: u32,
    /// How many bytes its blocks have.
    pub(super) bytes: u64,
}

impl<'a> FromLive<'a> {
    /// Gathers a half; `None` if there is nothing of that kind in the partition.
    ///
    /// # Errors
    /// It leads where there is nothing, which no index does that was made of frames.
    pub(super) fn gather(live: &'a LiveIndex, kind: FeedKind) -> io::Result<Option<Self>> {
        let index = IndexBuilder::new(kind);
        let mut half = FromLive { live, kind, index, types: vec![None; live.types.len()], blocks: 0, bytes: 0 };
        let mut lines: Vec<_> = live.lines.iter().filter(|(_, line)| !line.half(kind).entries.is_empty()).collect();
        lines.sort_unstable_by_key(|(id, _)| *id);
        for (id, line) in &lines {
            half.line(id.as_str(), line).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok((!lines.is_empty()).then_some(half))
    }

    fn line(&mut self, id: &str, line: &LiveLine) -> Option<()> {
        let held = line.half(self.kind);
        let (mut first, mut bytes) = (None, 0);
        let mut checksums = held.checksums.iter();
        for of_block in held.entries.chunk_by(|one, next| one.block == next.block) {
            let block = self.live.blocks.get(index(of_block[0].block))?;
            self.index.leads_to(&BlockRow::in_frames(block));
            for entry in of_block {
                let number = self.index_entry(entry, self.blocks)?;
                first.get_or_insert(number);
                let offset = block.offset + u64::from(block.renderings) + u64::from(entry.start);
                self.index.lies(&Span { offset, length: entry.length, checksum: *checksums.next()? });
                bytes += u64::from(entry.length);
            }
            self.blocks += 1;
            self.bytes += u64::from(block.bytes);
        }
        let first = first?;
        held.ids().for_each(|(print, entry)| self.index.put_id(print, first + entry));
        self.index.put_line(id, first, bytes);
        if self.kind == FeedKind::Enterprise {
            let history: Vec<(u64, u32)> = line.history.iter().map(|(at, entry)| (*at, *entry)).collect();
            let window: Vec<(u64, u32)> = line.window.iter().map(|(at, entry)| (*at, *entry)).collect();
            self.index.put_orders(first, &history, &window);
            let mut lists: Vec<(u64, &[u32])> =
                line.terms.iter().map(|(print, having)| (*print, having.entries())).collect();
            lists.sort_unstable_by_key(|(print, _)| *print);
            self.index.put_lists(lists.iter().map(|(print, list)| (*print, list.iter().copied())), &window);
        } else {
            let users = line.users.iter().map(|(id, of)| (ReaderKind::User, id.as_str(), of.as_slice()));
            let lists = line.lists.iter().map(|(id, of)| (ReaderKind::List, id.as_str(), of.as_slice()));
            self.index.put_readers(id, in_order(users.chain(lists)));
        }
        Some(())
    }

    fn index_entry(&mut self, entry: &Entry, block: u32) -> Option<u32> {
        let number = self.types.get_mut(index(entry.event_type))?;
        let event_type = match number {
            Some(number) => *number,
            None => {
                let name = self.live.types.get(index(entry.event_type))?;
                *number.insert(self.index.type_number(name.as_str()))
            }
        };
        Some(self.index.put_entry(EntryRow {
            place: entry.place,
            created_at: entry.created_at,
            block,
            slot: entry.slot,
            event_type,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::block::{BlockBuilder, Checksums, Facts, Hearers, put_hearers};
    use super::super::super::frame::{Frame, FrameWriter, HEAD_BYTES, Head};
    use super::*;
    use feed::event::UserStreams;

    /// What is in a block: its line, its kind, and the numbers of its entries.
    type Content = (&'static str, FeedKind, std::ops::Range<u64>);

    /// Frames with blocks of three lines, among them relayed and late entries, an id that comes twice, and lists.
    const FRAMES: [&[Content]; 3] = [
        &[("7", FeedKind::Enterprise, 0..5), ("7", FeedKind::User, 0..5), ("12", FeedKind::User, 5..6)],
        &[("12", FeedKind::Enterprise, 10..11), ("7", FeedKind::User, 10..40)],
        &[("3", FeedKind::Enterprise, 40..42), ("7", FeedKind::Enterprise, 42..400), ("12", FeedKind::User, 40..41)],
    ];

    fn block((line, kind, numbers): &Content) -> BlockBuilder {
        let mut builder = BlockBuilder::new(*kind, line);
        for n in numbers.clone() {
            let (late, id) = (if n % 7 == 0 { 1_000 - n } else { 2_000 + n }, format!("e{}", n.min(398)));
            let terms = [n % 3, n].map(u64::to_le_bytes).concat();
            let facts = Facts {
                place: 100 + n,
                created_at: u32::try_from(late).unwrap(),
                event_type: ["LOGIN", "UPLOAD", "DELETE"][usize::try_from(n % 3).unwrap()],
                event_id: &id,
                history: if *kind == FeedKind::Enterprise { 2_000 + n } else { 0 },
                window: if *kind == FeedKind::Enterprise { late } else { 0 },
                terms: (n % 2 == 0).then_some(&terms),
                relayed: n % 5 == 0,
                users: Hearers::default(),
                lists: Hearers::default(),
            };
            let put = |out: &mut Vec<u8>| {
                facts.put(*kind, out);
                if *kind == FeedKind::User {
                    let users = [format!("u{}", n % 4), format!("u{}", n % 11 + 4)];
                    put_hearers(out, users.iter().map(|id| (id.as_str(), UserStreams::ALL)));
                    put_hearers(out, ["l"].iter().take(usize::from(n % 6 == 0)).map(|id| (*id, UserStreams::SYNC)));
                }
            };
            builder.push(put, format!("{{\"n\":{n}}}").into_bytes());
        }
        builder
    }

    #[test]
    fn it_is_the_same_as_one_made_of_the_blocks() {
        let mut live = LiveIndex::new(0, 0);
        let mut files = Vec::new();
        for (number, contents) in FRAMES.iter().enumerate() {
            let mut writer = FrameWriter::new(&[], 0, 0);
            for content in *contents {
                writer.block(|out| block(content).put(out));
            }
            files.push((live.end, writer.finish(number as u64, 1, 100)));
            let (offset, bytes) = files.last().unwrap();
            let head = Head::parse(bytes).unwrap();
            let frame = Frame::parse(head, &bytes[HEAD_BYTES..HEAD_BYTES + head.body_bytes]).unwrap();
            let checksums: Vec<_> = frame.blocks.iter().map(|(_, block)| Checksums::of(block).unwrap()).collect();
            live.add(*offset, &frame, &checksums).unwrap();
        }
        for kind in [FeedKind::Enterprise, FeedKind::User] {
            let mut expected = IndexBuilder::new(kind);
            let (mut blocks, mut length) = (0, 0);
            for line in ["12", "3", "7"] {
                for (offset, bytes) in &files {
                    let head = Head::parse(bytes).unwrap();
                    let frame = Frame::parse(head, &bytes[HEAD_BYTES..HEAD_BYTES + head.body_bytes]).unwrap();
                    for (at, block) in frame.blocks.iter().filter(|(_, it)| it.kind == kind && it.line == line) {
                        let (at, whole) = (offset + *at as u64, &bytes[*at..*at + block.size()]);
                        expected.leads_to(&BlockRow::plain(at, whole));
                        assert!(expected.block(blocks, block));
                        Span::of_block(at, block).unwrap().iter().for_each(|span| expected.lies(span));
                        blocks += 1;
                        length += whole.len() as u64;
                    }
                }
            }
            let half = FromLive::gather(&live, kind).unwrap().unwrap();
            assert_eq!((half.blocks, half.bytes), (blocks, length));
            let ((content, ranges), (expected, of_blocks)) = (half.index.finish(), expected.finish());
            assert!(content == expected, "{kind:?}");
            assert_eq!(format!("{ranges:?}"), format!("{of_blocks:?}"));
        }
    }

    #[test]
    fn of_nothing_there_is_no_half() {
        assert!(FromLive::gather(&LiveIndex::new(0, 0), FeedKind::User).unwrap().is_none());
    }
}
