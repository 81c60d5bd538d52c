//! Reading bytes of any origin with the parsers of the files on disk, for fuzzing. Nothing of it may panic, whatever the
//! bytes, even where checksums are right.

use super::block::Block;
use super::directory::file::{PieceWriter, Pieces};
use super::directory::notes::play;
use super::fault::{Fault, Named};
use super::files::{File, write_all};
use super::format::{FILE_HEAD_BYTES, FORMAT_VERSION, FileKind};
use super::frame::first_frame_at;
use super::frames_file::{each_block, scan_frames};
use super::manifest::Manifest;
use super::rows::{Order, Walk, Wanted};
use super::sealed::half::Half;
use super::sealed::index::SECTIONS;
use super::sealed::name::{HalfName, Lies};
use super::sealed::paged::{Output, Pages};
use super::sealed::singly::Dictionary;
use super::search::{Between, Sought};
use super::terms::wanted;
use crate::ledger::ListSpan;
use feed::directory::Directory;
use feed::event::{EventType, FeedKind, UserStreams};
use feed::filter::TypeFilter;
use feed::id::{EnterpriseId, ListId, UserId};
use feed::position::Place;
use feed::search::Filters;
use feed::time::Second;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file in memory.
#[derive(Debug, Default)]
struct Bytes(Mutex<Vec<u8>>);

impl Bytes {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl File for Bytes {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|bytes| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let length = buffer.len().min(bytes.len() - start);
            buffer[..length].copy_from_slice(&bytes[start..start + length]);
            Ok(length)
        })
    }

    fn write_at(&self, written: &[u8], offset: u64) -> io::Result<usize> {
        self.with(|bytes| {
            let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
            bytes.resize(bytes.len().max(start + written.len()), 0);
            bytes[start..start + written.len()].copy_from_slice(written);
            Ok(written.len())
        })
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.with(|bytes| bytes.len() as u64))
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.with(|bytes| bytes.resize(usize::try_from(size).unwrap_or(0), 0));
        Ok(())
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        self.set_size(size.max(self.size()?))
    }
}

fn named(bytes: &[u8]) -> Named {
    Named { file: Arc::new(Bytes(Mutex::new(bytes.to_vec()))), path: Path::new("bytes").to_owned() }
}

/// A block.
pub fn block(bytes: &[u8]) {
    if let Some((block, _)) = Block::parse(bytes) {
        for slot in 0..block.count().min(1_000) {
            if let Some(facts) = block.facts(slot) {
                facts.users.iter().chain(facts.lists.iter()).for_each(drop);
            }
            let _ = (block.rendering(slot), block.span(0, slot));
        }
    }
}

/// A block whose renderings are compressed one by one, after the length that it is said to have, with a dictionary.
pub fn packed(dictionary: &[u8], bytes: &[u8]) {
    let Some((length, packed)) = bytes.split_first_chunk::<2>() else { return };
    if let Ok(dictionary) = Dictionary::new(dictionary)
        && let Ok(mut unpacker) = dictionary.unpacker()
    {
        let _ = unpacker.block(packed, u16::from_le_bytes(*length).into());
        let _ = unpacker.rendering(packed);
    }
}

/// A file about the directory: a snapshot, or notes that are played to a directory. The bytes are what follows the head,
/// or one piece of which the checksum is made right.
pub fn directory(of_notes: bool, piece: bool, bytes: &[u8]) {
    let kind = if of_notes { FileKind::Notes } else { FileKind::Directory };
    let file = Arc::new(Bytes::default());
    let written = match piece {
        true => PieceWriter::new(file.clone(), kind, 1).and_then(|mut out| {
            out.piece(bytes)?;
            out.finish()
        }),
        false => write_all(&*file, &[&kind.head(1), bytes].concat(), 0).and_then(|()| file.size()),
    };
    let file = Named { file, path: Path::new("bytes").to_owned() };
    let Ok(Ok(pieces)) = written.map(|length| Pieces::of(file, kind, 1, length)) else { return };
    let mut directory = Directory::default();
    let _ = match of_notes {
        true => pieces.each(|piece| play(&piece, &mut directory)),
        false => pieces.value::<Directory>().map(drop),
    };
}

/// The manifest.
pub fn manifest(bytes: &[u8]) {
    let _ = Manifest::parse(bytes);
}

/// A file of frames, from where the first begins.
pub fn frames(bytes: &[u8]) {
    let mut file = FileKind::Frames.head(1).to_vec();
    file.resize(usize::try_from(first_frame_at(FORMAT_VERSION)).unwrap_or_default(), 0);
    file.extend_from_slice(bytes);
    let _ = scan_frames(&named(&file), 1, 0, true);
    let _ = each_block(&named(&file), 1, |_, _, _| {});
}

/// A sealed half: the whole file in which its blocks lie, which may be one of frames, and the content of an index, whose
/// checksums are made right.
pub fn half(user: bool, in_frames: bool, data: &[u8], content: &[u8]) {
    let kind = if user { FeedKind::User } else { FeedKind::Enterprise };
    let (lies, holds) =
        if in_frames { (Lies::InFrames, FileKind::Frames) } else { (Lies::Apart, FileKind::Data(kind)) };
    let mut file = holds.head(1).to_vec();
    file.extend_from_slice(data.get(FILE_HEAD_BYTES..).unwrap_or_default());
    let index = Arc::new(Bytes::default());
    let mut out = Output::new(index.clone());
    let made = out.put(&FileKind::Index(kind).head(1)).and_then(|()| out.put_paged(content));
    if made.and_then(|()| out.finish()).is_err() {
        return;
    }
    let index = Named { file: index, path: Path::new("index").to_owned() };
    let pages = Arc::new(Pages::new(1 << 20));
    if let Ok(half) = Half::of(named(&file), index, HalfName::first(1, kind, lies), &pages) {
        let _ = ask_everything(&half, kind);
    }
}

fn ask_everything(half: &Half, kind: FeedKind) -> Result<(), Fault> {
    let types = TypeFilter::parse("UPLOAD").unwrap_or_default();
    let (Ok(line), Ok(user), Ok(list)) = (EnterpriseId::new("1"), UserId::new("7"), ListId::new("l")) else {
        return Ok(());
    };
    let lists = [ListSpan { list, from: Place::START, to: Place::END }];
    let everybody = Walk::User { user: &user, streams: UserStreams::ALL, lists: &lists };
    let orders = [Order::Arrival, Order::History, Order::Window].map(Walk::Enterprise);
    let mut told = |_: u64| {};
    half.check(&mut told, &mut drop);
    let _ = (half.filter(), half.lines(), half.count_below("1", 1 << 40), half.find(&line, kind, "e", None));
    let actors = vec![UserId::new("7"), UserId::new("8")];
    let mut filters = Filters { actors: actors.into_iter().flatten().collect(), ..Filters::default() };
    for backwards in [true, false] {
        let sought = Sought { line: &line, groups: wanted(line.as_str(), &filters), oldest: 0, backwards };
        let everything = Between { after: 0, below: u64::MAX };
        let edges = [Second(0), Second(7), Second(9)];
        let _ = half.count_sought(&sought, everything, &edges, &mut [0, 0]);
        if let Ok(answer) = half.matching(&sought, everything, false, 1_000) {
            let entries: Vec<u32> = answer.rows.iter().map(|row| row.entry).collect();
            let _ = half.fetch_each(&line, &entries);
        }
        filters = Filters { types: EventType::new("UPLOAD").into_iter().collect(), ..filters };
    }
    for walk in orders
        .into_iter()
        .chain([everybody])
        .filter(|walk| (kind == FeedKind::User) == matches!(walk, Walk::User { .. }))
    {
        for types in [&TypeFilter::default(), &types] {
            let wanted =
                Wanted { line: &line, walk, types, oldest: 0, created_from: 0, created_before: u64::from(u32::MAX) };
            let _ = half.last_before(&wanted, u64::MAX);
            let _ = half.last_ordinal(&line, Order::History, Second(7));
            let entries: Vec<u32> = half.rows(&wanted, 0, u64::MAX, 1_000)?.iter().map(|row| row.entry).collect();
            let _ = half.fetch(&line, &entries);
        }
    }
    Ok(())
}

/// How many sections the content of an index begins with; each takes 16 bytes.
pub const INDEX_SECTIONS: usize = SECTIONS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::block::{BlockBuilder, Facts, Hearers, put_hearers};
    use crate::embedded::sealed::data::{BlockRow, DataWriter, Packing, Span};
    use crate::embedded::sealed::index::IndexBuilder;
    use proptest::prelude::*;

    /// A half of some entries: the file in which they lie, and the content of its index.
    fn sample(kind: FeedKind, in_frames: bool, packing: Packing) -> (Vec<u8>, Vec<u8>) {
        let file = Arc::new(Bytes::default());
        let mut data = DataWriter::new(Output::new(file.clone()), kind, 1, packing).unwrap();
        let mut frames = FileKind::Frames.head(1).to_vec();
        let mut index = IndexBuilder::new(kind);
        index.line("1");
        for number in 0..4 {
            let mut block = BlockBuilder::new(kind, "1");
            let mut bytes = Vec::new();
            let facts = Facts {
                place: 1 << 30 | number,
                created_at: 7,
                event_type: "UPLOAD",
                event_id: "e",
                history: 1 << 30 | number,
                window: 1 << 30 | number,
                terms: Some(&[5; 16]),
                relayed: false,
                users: Hearers::default(),
                lists: Hearers::default(),
            };
            facts.put(kind, &mut bytes);
            if kind == FeedKind::User {
                put_hearers(&mut bytes, [("7", UserStreams::ALL)].into_iter());
                put_hearers(&mut bytes, [("l", UserStreams::ALL)].into_iter());
            }
            let facts = Facts::parse(kind, &bytes).unwrap();
            block.push(|out| out.extend_from_slice(&bytes), b"{}".to_vec());
            index.push(&facts, b"{}", data.next_block(), 0);
            let mut spans = data.block(&block).unwrap();
            if in_frames {
                let offset = frames.len() as u64;
                block.put(&mut frames);
                let bytes = &frames[frames.len() - block.size()..];
                index.leads_to(&BlockRow::plain(offset, bytes));
                spans = Span::of_block(offset, &Block::parse(bytes).unwrap().0).unwrap();
            }
            spans.iter().for_each(|span| index.lies(span));
        }
        let (_, spans) = data.finish().unwrap();
        spans.iter().filter(|_| !in_frames).for_each(|span| index.lies(span));
        let file = if in_frames { frames } else { file.with(|bytes| bytes.clone()) };
        (file, index.finish().0)
    }

    fn changed(bytes: &[u8], changes: &[(usize, u8)]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = *byte;
        }
        bytes
    }

    proptest! {
        #[test]
        fn a_half_with_wrong_bytes_and_right_checksums_never_panics(
            user: bool,
            in_frames: bool,
            packing in prop_oneof![Just(Packing::Plain), Just(Packing::Whole), Just(Packing::Singly)],
            data in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
            index in prop::collection::vec((any::<usize>(), prop_oneof![Just(0xffu8), any::<u8>()]), 0..6),
        ) {
            let kind = if user { FeedKind::User } else { FeedKind::Enterprise };
            let (sound, content) = sample(kind, in_frames, packing);
            half(user, in_frames, &changed(&sound, &data), &changed(&content, &index));
        }

        #[test]
        fn any_bytes_at_all_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            block(&bytes);
            packed(&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2..]);
            for (of_notes, piece) in [(false, false), (false, true), (true, false), (true, true)] {
                directory(of_notes, piece, &bytes);
            }
            frames(&bytes);
            manifest(&bytes);
            half(bytes.len() % 2 == 0, bytes.len() % 3 == 0, &bytes, &bytes);
        }
    }
}
