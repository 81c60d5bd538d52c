//! Pieces of data files that were asked for again: renderings that lie side by side, checked.
//!
//! An event stands in the feeds of everybody who heard it, and its enterprise's feed is read by several collectors, so the
//! same renderings are asked for by different readers. The cache of the system has them, too, but there each costs a call,
//! a copy and a checksum. What is asked for once, as by whoever walks through years of history, is not kept: it pushes
//! nothing out, and the look whether it was asked for before is all that it costs.

use super::super::runs::Runs;
use super::paged::Pages;
use bytes::Bytes;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes kept, what it takes to find them included.
pub(super) const PIECES_BYTES_MAX: usize = 32 << 20;
/// A run of renderings is cut into pieces where its file is at a multiple of so many bytes.
pub(super) const PIECE_BYTES: u64 = 16 << 10;
/// What a piece takes beside its bytes, about.
const PIECE_KEEPING_BYTES: usize = 128;
/// So many pieces that were asked for once are remembered, by four bytes each; one may push out another.
const ASKED_ONCE: usize = 1 << 17;
const SHARDS: usize = 16;

/// The file, by a number that no other has, and where in it the piece begins.
type Key = (u64, u64);

/// The pieces kept, of all files.
#[derive(Debug)]
pub(in super::super) struct Pieces {
    shards: Vec<Mutex<Shard>>,
    asked_once: Vec<AtomicU32>,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    piece: Bytes,
    asked: bool,
}

/// Some of the pieces. Those go that were not asked for lately (the clock algorithm).
#[derive(Debug)]
struct Shard {
    slots: Vec<Slot>,
    places: FxHashMap<Key, usize>,
    hand: usize,
    bytes: usize,
    bytes_max: usize,
}

/// Spreads keys evenly over all bits.
fn spread((file, offset): Key) -> u64 {
    let mixed = (file.rotate_left(32) ^ offset).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// As many of the upper bits as number `count` things.
fn upper(spread: u64, count: usize) -> usize {
    usize::try_from((u128::from(spread) * count as u128) >> 64).unwrap_or(0)
}

impl Pieces {
    pub(in super::super) fn new(bytes_max: usize) -> Self {
        let shard = || {
            let bytes_max = bytes_max / SHARDS;
            Mutex::new(Shard { slots: Vec::new(), places: FxHashMap::default(), hand: 0, bytes: 0, bytes_max })
        };
        Pieces {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            asked_once: (0..ASKED_ONCE).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// What `take` makes of a piece, if it is kept and has so many bytes. Others wait meanwhile.
    fn get<T>(&self, key: Key, length: usize, take: impl FnOnce(&Bytes) -> T) -> Option<T> {
        let mut shard = self.shard(key);
        let place = *shard.places.get(&key)?;
        let slot = shard.slots.get_mut(place).filter(|slot| length <= slot.piece.len())?;
        slot.asked = true;
        Some(take(&slot.piece))
    }

    /// Whether a piece that is not kept was asked for not long ago; from now on it was.
    fn was_asked_for(&self, key: Key) -> bool {
        let spread = spread(key);
        // The lower bits of what the upper ones lead to; nothing is zero but what was never asked for.
        let print = (spread & u64::from(u32::MAX)) as u32 | 1;
        self.asked_once[upper(spread, ASKED_ONCE)].swap(print, Ordering::Relaxed) == print
    }

    /// Keeps a piece, which was checked.
    fn keep(&self, key: Key, piece: Bytes) {
        self.shard(key).keep(key, piece);
    }

    fn shard(&self, key: Key) -> std::sync::MutexGuard<'_, Shard> {
        self.shards[upper(spread(key), SHARDS)].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pieces of one file.
#[derive(Debug)]
pub(super) struct PiecesOf {
    file: u64,
    pages: Arc<Pages>,
}

impl PiecesOf {
    /// Those of the file with this number, which no other has.
    pub(super) fn new(file: u64, pages: Arc<Pages>) -> Self {
        PiecesOf { file, pages }
    }

    /// The first `length` bytes of the piece that begins here, if it is kept and has so many.
    pub(super) fn get(&self, offset: u64, length: usize) -> Option<Bytes> {
        self.pages.pieces.get((self.file, offset), length, |piece| piece.slice(..length))
    }

    /// Puts them onto the end of a page at once; answers whether they are kept. Short ones are copied in any case, and for
    /// these nobody need have a share in the piece, which costs as much as the copy.
    pub(super) fn put(&self, offset: u64, length: usize, runs: &mut Runs) -> bool {
        self.pages.pieces.get((self.file, offset), length, |piece| runs.push_beginning(piece, length)).is_some()
    }

    /// Whether the piece that begins here, which is not kept, was asked for not long ago; from now on it was.
    pub(super) fn was_asked_for(&self, offset: u64) -> bool {
        self.pages.pieces.was_asked_for((self.file, offset))
    }

    /// Keeps the piece that begins here, which was checked.
    pub(super) fn keep(&self, offset: u64, piece: Bytes) {
        self.pages.pieces.keep((self.file, offset), piece);
    }
}

impl Shard {
    fn keep(&mut self, key: Key, piece: Bytes) {
        if let Some(place) = self.places.get(&key).copied() {
            self.take(place);
        }
        let bytes = piece.len() + PIECE_KEEPING_BYTES;
        if self.bytes_max < bytes {
            return;
        }
        // Ends after one round at the latest, because passing a slot clears its mark.
        while self.bytes_max < self.bytes + bytes {
            self.hand %= self.slots.len().max(1);
            match self.slots.get_mut(self.hand) {
                Some(slot) if slot.asked => {
                    slot.asked = false;
                    self.hand += 1;
                }
                Some(_) => self.take(self.hand),
                None => break,
            }
        }
        self.bytes += bytes;
        self.places.insert(key, self.slots.len());
        self.slots.push(Slot { key, piece, asked: false });
    }

    fn take(&mut self, place: usize) {
        let gone = self.slots.swap_remove(place);
        self.bytes -= gone.piece.len() + PIECE_KEEPING_BYTES;
        self.places.remove(&gone.key);
        if let Some(moved) = self.slots.get(place) {
            self.places.insert(moved.key, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(byte: u8, length: usize) -> Bytes {
        Bytes::from(vec![byte; length])
    }

    fn get(pieces: &Pieces, key: Key, length: usize) -> Option<Bytes> {
        pieces.get(key, length, |piece| piece.slice(..length))
    }

    #[test]
    fn a_piece_answers_for_its_beginning_and_never_for_more() {
        let pieces = Pieces::new(1 << 20);
        pieces.keep((1, 64), Bytes::from_static(b"abcd"));
        assert_eq!(get(&pieces, (1, 64), 2).as_deref(), Some(&b"ab"[..]));
        assert_eq!(get(&pieces, (1, 64), 4).as_deref(), Some(&b"abcd"[..]));
        assert_eq!(get(&pieces, (1, 64), 5), None);
        assert_eq!(get(&pieces, (2, 64), 4), None);
        assert_eq!(get(&pieces, (1, 65), 1), None);
        pieces.keep((1, 64), Bytes::from_static(b"abcdef"));
        assert_eq!(get(&pieces, (1, 64), 6).as_deref(), Some(&b"abcdef"[..]));
    }

    #[test]
    fn what_was_asked_for_is_known_the_second_time() {
        let pieces = Pieces::new(1 << 20);
        for file in 1..100 {
            assert!(!pieces.was_asked_for((file, file * 1_000)), "{file}");
        }
        let known = (1..100).filter(|file| pieces.was_asked_for((*file, file * 1_000))).count();
        // One may have pushed out another.
        assert!(known > 90, "{known}");
    }

    #[test]
    fn the_bound_holds_and_what_is_asked_for_stays() {
        const PIECE: usize = 1_000;
        let pieces = Pieces::new(SHARDS * 10 * (PIECE + PIECE_KEEPING_BYTES));
        pieces.keep((7, 7), piece(7, PIECE));
        for offset in 0..2_000 {
            assert_eq!(get(&pieces, (7, 7), PIECE), Some(piece(7, PIECE)), "{offset}");
            pieces.keep((1, offset), piece(1, PIECE - usize::try_from(offset % 3).unwrap()));
        }
        let kept = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            assert!(shard.bytes <= shard.bytes_max);
            let all: usize = shard.slots.iter().map(|slot| slot.piece.len() + PIECE_KEEPING_BYTES).sum();
            assert_eq!((shard.bytes, shard.places.len()), (all, shard.slots.len()));
            assert!(shard.places.iter().all(|(key, place)| shard.slots[*place].key == *key));
            shard.slots.len()
        };
        let kept: usize = pieces.shards.iter().map(kept).sum();
        assert!(kept > SHARDS * 8, "{kept}");
        pieces.keep((9, 9), piece(9, 1 << 20));
        assert_eq!(get(&pieces, (9, 9), 1), None, "too large for any");
    }
}
