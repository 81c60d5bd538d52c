//! Pages with checksums: a stretch of a sealed file that is read in small pieces at any place.
//!
//! A page is 4,096 bytes: 4,092 of content and a checksum of the content and the number of the page. Readers see the
//! content as one row of bytes. Pages read are checked once and then kept for a while in a cache that all files share.

use super::super::checksum::checksum_of_both;
use super::super::codec::index;
use super::super::fault::{Fault, Named};
use super::super::files::{File, write_all};
use super::cache::Cache;
use super::pieces::{PIECES_BYTES_MAX, Pieces};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Length of a page on disk.
pub(in super::super) const PAGE_BYTES: usize = 4_096;
const CONTENT_BYTES: usize = PAGE_BYTES - 4;
/// Many, so that readers seldom wait for each other.
const SHARDS: usize = 128;

/// Which page of which file. The first number is unique to the file.
type PageKey = (u64, u64);

/// What is kept in memory of all sealed files: pages, and pieces of what lies between them.
#[derive(Debug)]
pub(in super::super) struct Pages {
    shards: Vec<Mutex<Cache<PageKey, Arc<[u8]>>>>,
    pub(super) pieces: Pieces,
}

impl Pages {
    pub(in super::super) fn new(bytes: usize) -> Self {
        let each = bytes / PAGE_BYTES / SHARDS;
        let shards = (0..SHARDS).map(|_| Mutex::new(Cache::new(each))).collect();
        Pages { shards, pieces: Pieces::new(PIECES_BYTES_MAX) }
    }

    fn shard(&self, key: PageKey) -> &Mutex<Cache<PageKey, Arc<[u8]>>> {
        let spread = key.0.wrapping_mul(31).wrapping_add(key.1);
        &self.shards[usize::try_from(spread % SHARDS as u64).unwrap_or(0)]
    }
}

fn page_checksum(content: &[u8], number: u64) -> u32 {
    checksum_of_both(content, &number.to_le_bytes())
}

/// A paged stretch of a file.
#[derive(Debug, Clone)]
pub(in super::super) struct Paged {
    file: Named,
    /// Unique to the file.
    id: u64,
    base: u64,
    pages: Arc<Pages>,
}

impl Paged {
    pub(in super::super) fn new(file: Named, id: u64, base: u64, pages: Arc<Pages>) -> Self {
        Paged { file, id, base, pages }
    }

    /// Reads from this place of the content.
    pub(in super::super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let page = self.page(at / CONTENT_BYTES as u64)?;
            let within = usize::try_from(at % CONTENT_BYTES as u64).unwrap_or(0);
            let length = (CONTENT_BYTES - within).min(buffer.len() - done);
            buffer[done..done + length].copy_from_slice(&page[within..within + length]);
            done += length;
        }
        Ok(())
    }

    pub(in super::super) fn read_vec(&self, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let mut buffer = vec![0; length];
        self.read(offset, &mut buffer)?;
        Ok(buffer)
    }

    pub(in super::super) fn array<const N: usize>(&self, offset: u64) -> Result<[u8; N], Fault> {
        let mut buffer = [0; N];
        self.read(offset, &mut buffer)?;
        Ok(buffer)
    }

    fn page(&self, number: u64) -> Result<Arc<[u8]>, Fault> {
        let key = (self.id, number);
        let shard = self.pages.shard(key);
        if let Some(page) = shard.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(page);
        }
        let page: Arc<[u8]> = self.load(number)?.into();
        shard.lock().unwrap_or_else(PoisonError::into_inner).insert(key, page.clone());
        Ok(page)
    }

    fn load(&self, number: u64) -> Result<Vec<u8>, Fault> {
        let offset = self.base + number * PAGE_BYTES as u64;
        let mut page = self.file.read_vec(offset, PAGE_BYTES)?;
        let stored = u32::from_le_bytes(page[CONTENT_BYTES..].try_into().unwrap_or_default());
        page.truncate(CONTENT_BYTES);
        if page_checksum(&page, number) != stored {
            return Err(self.file.damaged(offset, "a page of it does not match its checksum"));
        }
        Ok(page)
    }

    /// Reads a large stretch past the cache, so that it pushes nothing out.
    pub(in super::super) fn read_past_cache(&self, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(length);
        let mut at = offset;
        while out.len() < length {
            let page = self.load(at / CONTENT_BYTES as u64)?;
            let within = usize::try_from(at % CONTENT_BYTES as u64).unwrap_or(0);
            let take = (CONTENT_BYTES - within).min(length - out.len());
            out.extend_from_slice(&page[within..within + take]);
            at += take as u64;
        }
        Ok(out)
    }

    /// Reads and checks all pages of so much content, past the cache, and tells each damage.
    pub(in super::super) fn check(&self, content: u64, done: &mut dyn FnMut(u64), damage: &mut dyn FnMut(Fault)) {
        for number in 0..content.div_ceil(CONTENT_BYTES as u64) {
            match self.load(number) {
                Ok(_) => done(PAGE_BYTES as u64),
                Err(fault) => damage(fault),
            }
        }
    }

    pub(in super::super) fn damaged(&self, offset: u64, what: &str) -> Fault {
        let page = offset / CONTENT_BYTES as u64;
        self.file.damaged(self.base + page * PAGE_BYTES as u64, what)
    }
}

/// Records of one length, read one at a time. The page read last stays at hand: records asked for one after the other
/// mostly lie near each other, and looking a page up costs more than taking a record out of it.
#[derive(Debug)]
pub(in super::super) struct Records<'a, const N: usize> {
    paged: &'a Paged,
    start: u64,
    held: Option<(u64, Arc<[u8]>)>,
}

impl<'a, const N: usize> Records<'a, N> {
    /// Those that begin at this place of the content.
    pub(in super::super) fn of(paged: &'a Paged, start: u64) -> Self {
        Records { paged, start, held: None }
    }

    /// The record with this number.
    pub(in super::super) fn get(&mut self, number: u32) -> Result<[u8; N], Fault> {
        let offset = record(self.start, number, N);
        let (page, within) = (offset / CONTENT_BYTES as u64, offset % CONTENT_BYTES as u64);
        if self.held.as_ref().is_none_or(|(held, _)| *held != page) {
            self.held = Some((page, self.paged.page(page)?));
        }
        let within = usize::try_from(within).unwrap_or(CONTENT_BYTES);
        let held = self.held.as_ref().and_then(|(_, held)| held.get(within..)?.first_chunk());
        // One that goes on in the next page is put together.
        held.copied().map_or_else(|| self.paged.array(offset), Ok)
    }
}

/// A file being written from its beginning to its end.
#[derive(Debug)]
pub(in super::super) struct Output {
    pub(in super::super) file: Arc<dyn File>,
    buffer: Vec<u8>,
    written: u64,
}

/// How much is gathered before it is written.
const OUTPUT_BYTES: usize = 1 << 20;

impl Output {
    pub(in super::super) fn new(file: Arc<dyn File>) -> Self {
        Output { file, buffer: Vec::new(), written: 0 }
    }

    /// Where the next byte goes.
    pub(in super::super) fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    pub(in super::super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= OUTPUT_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes content as pages.
    pub(in super::super) fn put_paged(&mut self, content: &[u8]) -> io::Result<()> {
        for (number, piece) in (0u64..).zip(content.chunks(CONTENT_BYTES)) {
            let begin = self.buffer.len();
            self.buffer.extend_from_slice(piece);
            self.buffer.resize(begin + CONTENT_BYTES, 0);
            let checksum = page_checksum(&self.buffer[begin..], number);
            self.put(&checksum.to_le_bytes())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        write_all(&*self.file, &self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left and makes all of it durable; answers the length.
    pub(in super::super) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.sync()?;
        Ok(self.written)
    }
}

/// The position of record `number` in a section of records of `size` bytes.
pub(in super::super) fn record(start: u64, number: u32, size: usize) -> u64 {
    start.saturating_add((index(number) * size) as u64)
}

#[cfg(test)]
mod tests {
    use super::super::super::files::{DiskFiles, Files};
    use super::*;

    #[test]
    fn records_are_found_in_any_order_also_where_a_page_ends_within_them() {
        const RECORD: usize = 24;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records");
        let stored = |number: u32| [number.to_le_bytes(); RECORD / 4].concat();
        // Some other bytes come first, so that records begin anywhere.
        let content: Vec<u8> = [0; 7].into_iter().chain((0..1_000).flat_map(stored)).collect();
        let mut output = Output::new(DiskFiles.create(&path).unwrap());
        output.put_paged(&content).unwrap();
        output.finish().unwrap();
        let file = Named::open(&DiskFiles, &path).unwrap();
        let paged = Paged::new(file, 1, 0, Arc::new(Pages::new(PAGE_BYTES)));
        let mut records = Records::<RECORD>::of(&paged, 7);
        for number in (0..1_000).chain((0..1_000).rev()).chain([999, 0, 500, 170, 171]) {
            assert_eq!(records.get(number).unwrap()[..], stored(number), "{number}");
        }
        assert!(records.get(u32::MAX).is_err());
    }
}
