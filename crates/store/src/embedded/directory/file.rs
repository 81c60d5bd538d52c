//! The files of the directory: the common head, and then pieces, each compressed and checked by itself.
//!
//! ```text
//! 0  bytes of the piece (4)   4 bytes as they lie here (4)   8 checksum of both numbers and of these bytes (4)
//! 12 a zstd frame
//! ```
//!
//! A file of notes has whole notes in each piece. A snapshot is one value in postcard's form, cut anywhere.

use super::super::checksum::checksum_of_both;
use super::super::codec::{Taker, count32, index, put_u32};
use super::super::fault::{Fault, Named};
use super::super::files::File;
use super::super::format::{BadFile, FILE_HEAD_BYTES, FileKind};
use super::super::frame::FRAME_BYTES_MAX;
use super::super::sealed::paged::Output;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use zstd::bulk::Compressor;

/// A piece ends at so many bytes.
pub(super) const PIECE_BYTES: usize = 1 << 20;
/// No piece is longer: the notes of one event at most are added to one that is nearly full.
const PIECE_BYTES_MAX: usize = PIECE_BYTES + FRAME_BYTES_MAX;
const PIECE_HEAD_BYTES: usize = 12;
/// Much of it are numbers that hardly get shorter, and it is read at every start.
const LEVEL: i32 = 1;

/// A file being written.
pub(in super::super) struct PieceWriter {
    out: Output,
    packer: Compressor<'static>,
    /// What was written as a stream and is no whole piece yet.
    piece: Vec<u8>,
    /// Why writing a stream failed, which whoever writes the stream does not hand on.
    failed: Option<io::Error>,
}

impl fmt::Debug for PieceWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PieceWriter")
    }
}

impl PieceWriter {
    pub(in super::super) fn new(file: Arc<dyn File>, kind: FileKind, partition: u64) -> io::Result<Self> {
        let mut out = Output::new(file);
        out.put(&kind.head(partition))?;
        Ok(PieceWriter { out, packer: Compressor::new(LEVEL)?, piece: Vec::new(), failed: None })
    }

    /// Adds a piece.
    pub(in super::super) fn piece(&mut self, piece: &[u8]) -> io::Result<()> {
        let packed = self.packer.compress(piece)?;
        let mut head = Vec::with_capacity(PIECE_HEAD_BYTES);
        put_u32(&mut head, count32(piece.len()));
        put_u32(&mut head, count32(packed.len()));
        let checksum = checksum_of_both(&head, &packed);
        put_u32(&mut head, checksum);
        self.out.put(&head)?;
        self.out.put(&packed)
    }

    /// Adds a value, in as many pieces as it takes.
    pub(in super::super) fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        let written = postcard::to_io(value, &mut *self).map(drop);
        written.map_err(|error| self.failed.take().unwrap_or_else(|| io::Error::other(error)))?;
        self.end_piece()
    }

    fn end_piece(&mut self) -> io::Result<()> {
        let mut piece = std::mem::take(&mut self.piece);
        self.piece(&piece)?;
        piece.clear();
        self.piece = piece;
        Ok(())
    }

    /// Makes it durable; answers how long it is.
    pub(in super::super) fn finish(self) -> io::Result<u64> {
        self.out.finish()
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE_BYTES
            && let Err(error) = self.end_piece()
        {
            let kind = error.kind();
            self.failed = Some(error);
            return Err(kind.into());
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file being read, piece by piece.
#[derive(Debug)]
pub(in super::super) struct Pieces {
    file: Named,
    at: u64,
    end: u64,
}

impl Pieces {
    /// A file of this kind, which must be so long.
    pub(in super::super) fn of(file: Named, kind: FileKind, partition: u64, bytes: u64) -> Result<Self, Fault> {
        let head = file.read_vec(0, FILE_HEAD_BYTES)?;
        kind.check(partition, &head).map_err(|bad| match bad {
            BadFile::Newer(version) => file.damaged(0, &format!("it has format {version}, which is not known")),
            BadFile::Damaged(what) => file.damaged(0, what),
        })?;
        let size = file.file.size().unwrap_or(0);
        if size != bytes {
            let what = format!("it is {size} bytes long, the manifest says {bytes}");
            return Err(file.damaged(size.min(bytes), &what));
        }
        Ok(Pieces { file, at: FILE_HEAD_BYTES as u64, end: bytes })
    }

    fn next(&mut self) -> Option<Result<Vec<u8>, Fault>> {
        (self.at < self.end).then(|| self.read())
    }

    fn read(&mut self) -> Result<Vec<u8>, Fault> {
        let broken = || self.file.damaged(self.at, "a piece does not match its checksum");
        let head = self.file.read_vec(self.at, PIECE_HEAD_BYTES)?;
        let mut taker = Taker(&head);
        let mut number = || taker.u32().map(index).unwrap_or_default();
        let (length, packed) = (number(), number());
        let begin = self.at + PIECE_HEAD_BYTES as u64;
        if self.end - begin.min(self.end) < packed as u64 || PIECE_BYTES_MAX < length {
            return Err(broken());
        }
        let packed = self.file.read_vec(begin, packed)?;
        if Some(checksum_of_both(&head[..8], &packed)) != Taker(&head[8..]).u32() {
            return Err(broken());
        }
        let piece = zstd::bulk::decompress(&packed, length);
        let piece = piece.ok().filter(|piece| piece.len() == length).ok_or_else(broken)?;
        self.at = begin + packed.len() as u64;
        Ok(piece)
    }

    fn senseless(&self) -> Fault {
        self.file.damaged(self.at, "what lies before makes no sense, though its checksum is right")
    }

    /// Takes piece after piece; `take` answers nothing if a piece makes no sense.
    pub(in super::super) fn each(mut self, mut take: impl FnMut(Vec<u8>) -> Option<()>) -> Result<(), Fault> {
        while let Some(piece) = self.next() {
            take(piece?).ok_or_else(|| self.senseless())?;
        }
        Ok(())
    }

    /// The value that all pieces together are.
    pub(in super::super) fn value<T: DeserializeOwned>(mut self) -> Result<T, Fault> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next() {
            bytes.extend_from_slice(&piece?);
        }
        match postcard::take_from_bytes(&bytes) {
            Ok((value, [])) => Ok(value),
            _ => Err(self.senseless()),
        }
    }
}
