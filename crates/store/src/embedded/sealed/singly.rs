//! Blocks whose renderings are compressed one by one, so that one can be read without the others: a page of a user's feed
//! gathers its entries from all over a half.
//!
//! So short a text is compressed well only with a dictionary of what such texts have in common. It is made of the first
//! renderings of the half and kept once, in its data file.
//!
//! ```text
//! count of renderings (4)   bytes of the front (4)
//! front: one zstd frame of all of the block but its renderings, and for each of them where its frame ends (4)
//! renderings: a zstd frame each, one after the other; the ends count from the first
//! ```

use super::super::block::Block;
use super::super::codec::{Taker, count32, index, put_u32};
use std::fmt;
use std::io;
use std::ops::Range;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::CParameter;

/// Longest dictionary.
pub(super) const DICTIONARY_BYTES_MAX: usize = 64 << 10;
/// A dictionary is at most this part of the renderings that it is made of, or it would cost more than it saves.
const DICTIONARY_SHARE: usize = 16;
/// So many bytes of renderings are enough to make one of.
pub(super) const SAMPLES_BYTES: usize = 4 << 20;
/// No rendering is longer, for no publish is.
const RENDERING_BYTES_MAX: usize = 2 * feed::limits::PUBLISH_BYTES_MAX;
/// Blocks of data files are hardly longer.
const DATA_BLOCK_BYTES: usize = 256 << 10;
const LEVEL: i32 = 3;

/// What renderings have in common. Where there are too few to learn that from, the last of them must do.
pub(super) fn dictionary_of(samples: &[&[u8]]) -> Vec<u8> {
    let all: usize = samples.iter().map(|sample| sample.len()).sum();
    let most = (all / DICTIONARY_SHARE).min(DICTIONARY_BYTES_MAX);
    let trained = zstd::dict::from_samples(samples, most);
    trained.unwrap_or_else(|_| {
        let joined = samples.concat();
        joined[joined.len() - most..].to_vec()
    })
}

/// Compresses.
pub(super) struct Packer(Compressor<'static>);

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packer")
    }
}

impl Packer {
    pub(super) fn new(dictionary: &[u8]) -> io::Result<Self> {
        let mut compressor = Compressor::with_dictionary(LEVEL, dictionary)?;
        // There is one dictionary in a file, so no frame need name it.
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        Ok(Packer(compressor))
    }

    /// Compresses a block; answers where in the result each rendering lies.
    pub(super) fn pack(&mut self, plain: &[u8], block: &Block<'_>) -> io::Result<(Vec<u8>, Vec<Range<usize>>)> {
        let mut renderings = Vec::new();
        let mut front = plain[..block.renderings_offset()].to_vec();
        let mut ends = Vec::with_capacity(block.count());
        for slot in 0..block.count() {
            let rendering = block.rendering(slot).ok_or(io::ErrorKind::InvalidData)?;
            renderings.extend_from_slice(&self.0.compress(rendering)?);
            put_u32(&mut front, count32(renderings.len()));
            ends.push(renderings.len());
        }
        let front = zstd::bulk::compress(&front, LEVEL)?;
        let mut packed = Vec::with_capacity(8 + front.len() + renderings.len());
        put_u32(&mut packed, count32(block.count()));
        put_u32(&mut packed, count32(front.len()));
        packed.extend_from_slice(&front);
        let first = packed.len();
        packed.extend_from_slice(&renderings);
        Ok((packed, ranges(first, ends)))
    }
}

/// What lies between these ends, which count from `first`.
fn ranges(first: usize, ends: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut start = first;
    let mut range = |end: usize| std::mem::replace(&mut start, first + end)..first + end;
    ends.into_iter().map(&mut range).collect()
}

/// A dictionary, made ready for reading.
pub(in super::super) struct Dictionary(DecoderDictionary<'static>);

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dictionary")
    }
}

impl Dictionary {
    pub(in super::super) fn new(bytes: &[u8]) -> io::Result<Self> {
        DecoderDictionary::try_copy(bytes).map(Dictionary)
    }

    pub(in super::super) fn unpacker(&self) -> io::Result<Unpacker<'_>> {
        Decompressor::with_prepared_dictionary(&self.0).map(Unpacker)
    }
}

/// Decompresses.
pub(in super::super) struct Unpacker<'a>(Decompressor<'a>);

impl Unpacker<'_> {
    pub(in super::super) fn rendering(&mut self, packed: &[u8]) -> io::Result<Vec<u8>> {
        self.0.decompress(packed, RENDERING_BYTES_MAX)
    }

    /// A block of so many bytes, and where in what is packed each rendering lies; `None` if it is not what it should be.
    pub(in super::super) fn block(&mut self, packed: &[u8], length: usize) -> Option<(Vec<u8>, Vec<Range<usize>>)> {
        let mut taker = Taker(packed);
        let (count, front) = (index(taker.u32()?), index(taker.u32()?));
        let front = taker.take(front)?;
        let first = packed.len() - taker.0.len();
        // Of a block each rendering takes eight bytes and more besides itself.
        let front = zstd::bulk::decompress(front, length.checked_add(length / 2)?).ok()?;
        let (front, ends) = front.split_at_checked(front.len().checked_sub(count.checked_mul(4)?)?)?;
        let ends = ends.chunks_exact(4).map(|end| end.try_into().map(u32::from_le_bytes).map_or(0, index));
        let lie = ranges(first, ends);
        let mut plain = Vec::with_capacity(length.min(DATA_BLOCK_BYTES));
        plain.extend_from_slice(front);
        for (slot, range) in lie.iter().enumerate() {
            if slot > 0 {
                plain.push(b',');
            }
            plain.extend_from_slice(&self.0.decompress(packed.get(range.clone())?, length).ok()?);
            if plain.len() > length {
                return None;
            }
        }
        (plain.len() == length).then_some((plain, lie))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::block::BlockBuilder;
    use super::*;
    use feed::event::FeedKind;

    fn rendering(number: usize) -> String {
        let owner = number.wrapping_mul(2_654_435_761) % 50_000;
        format!(r#"{{"type":"event","event_id":"{owner}{number}","source":{{"type":"file","name":"Plan {number}"}}}}"#)
    }

    fn block(count: usize) -> Vec<u8> {
        let mut builder = BlockBuilder::new(FeedKind::User, "7");
        for number in 0..count {
            builder.push(|facts| facts.extend_from_slice(b"facts"), rendering(number).into_bytes());
        }
        let mut plain = Vec::new();
        builder.put(&mut plain);
        plain
    }

    #[test]
    fn blocks_and_single_renderings_read_back() {
        // Of two there is too little to learn from; of the others a dictionary is trained.
        for count in [1, 2, 3_000] {
            let plain = block(count);
            let (parsed, _) = Block::parse(&plain).unwrap();
            let samples: Vec<&[u8]> = (0..count).filter_map(|slot| parsed.rendering(slot)).collect();
            let dictionary = dictionary_of(&samples);
            let (packed, lie) = Packer::new(&dictionary).unwrap().pack(&plain, &parsed).unwrap();
            let read = Dictionary::new(&dictionary).unwrap();
            let mut unpacker = read.unpacker().unwrap();
            assert_eq!(unpacker.block(&packed, plain.len()), Some((plain.clone(), lie.clone())));
            for (number, range) in lie.iter().enumerate() {
                assert_eq!(unpacker.rendering(&packed[range.clone()]).unwrap(), rendering(number).as_bytes());
            }
            assert_eq!(unpacker.block(&packed, plain.len() - 1), None);
            assert_eq!(unpacker.block(&packed, plain.len() + 1), None);
        }
    }

    #[test]
    fn what_many_have_in_common_is_stored_once() {
        let texts: Vec<String> = (0..3_000).map(rendering).collect();
        let samples: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let dictionary = dictionary_of(&samples);
        let all: usize = samples.iter().map(|sample| sample.len()).sum();
        assert!(dictionary.len() <= all / DICTIONARY_SHARE);
        let plain = block(3_000);
        let (packed, _) = Packer::new(&dictionary).unwrap().pack(&plain, &Block::parse(&plain).unwrap().0).unwrap();
        assert!(packed.len() * 2 < plain.len(), "{} of {}", packed.len(), plain.len());
    }
}
