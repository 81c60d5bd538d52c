//! Reading the file of frames of a partition: of one that is not sealed, telling a torn end from damage, and of one that
//! was sealed where it lies.

use super::block::{Block, Checksums};
use super::fault::{Fault, Named};
use super::format::{BadFile, FILE_HEAD_BYTES, FileKind};
use super::frame::{ALIGN_BYTES_MIN, BadHead, Frame, HEAD_BYTES, Head, MAGIC, first_frame_at};
use super::live::LiveIndex;
use super::opening::{OpenError, disk};

pub(super) fn size_of(file: &Named) -> Result<u64, OpenError> {
    file.file.size().map_err(disk("measure", &file.path))
}

/// Where the first frame begins.
fn begin(file: &Named, partition: u64) -> Result<u64, OpenError> {
    let head = file.read_vec(0, FILE_HEAD_BYTES)?;
    let version = FileKind::Frames.check(partition, &head).map_err(|bad| match bad {
        BadFile::Newer(version) => OpenError::Newer { file: file.path.clone(), version },
        BadFile::Damaged(what) => file.damaged(0, what).into(),
    })?;
    Ok(first_frame_at(version))
}

/// How much of a tail is looked at in one go.
const TAIL_BYTES: usize = 1 << 20;

/// Reads the frames of a partition, of which the directory on the disk has heard so many. Answers their index, and what
/// follows the last of them if that is not nothing.
pub(super) fn scan_frames(
    file: &Named,
    partition: u64,
    heard: u64,
    last: bool,
) -> Result<(LiveIndex, Option<Vec<u8>>), OpenError> {
    let size = size_of(file)?;
    let mut index = LiveIndex::new(begin(file, partition)?, heard);
    loop {
        let offset = index.end;
        match read_frame(file, offset, size, partition)? {
            Read::Frame(head, body) if head.number == index.frames => {
                let added = Frame::parse(head, &body).and_then(|frame| {
                    let checksums: Option<Vec<_>> =
                        frame.blocks.iter().map(|(_, block)| Checksums::of(block)).collect();
                    index.add(offset, &frame, &checksums?)
                });
                if added.is_none() {
                    return Err(file.damaged(offset, "a frame whose checksum is right is malformed").into());
                }
            }
            Read::Frame(head, _) => {
                let what = format!("frame {} stands where frame {} should", head.number, index.frames);
                return Err(file.damaged(offset, &what).into());
            }
            Read::NoFrame => {
                let tail = read_tail(file, offset, size, partition, last)?;
                return Ok((index, tail));
            }
        }
    }
}

/// Goes through a file of frames that was sealed, so that it holds whole frames and nothing else: tells where each block
/// begins, the block, and its bytes.
pub(super) fn each_block(
    file: &Named,
    partition: u64,
    mut tell: impl FnMut(u64, &Block<'_>, &[u8]),
) -> Result<(), Fault> {
    let fault = |error: OpenError| match error {
        OpenError::Damaged(place) => Fault::Damaged(place),
        other => Fault::Damaged(other.to_string()),
    };
    let size = size_of(file).map_err(fault)?;
    let (mut offset, mut number) = (begin(file, partition).map_err(fault)?, 0);
    while offset < size {
        let broken = || file.damaged(offset, &format!("frame {number} was here and is not any more"));
        let Read::Frame(head, body) = read_frame(file, offset, size, partition).map_err(fault)? else {
            return Err(broken());
        };
        let frame = Some(head).filter(|head| head.number == number).and_then(|head| Frame::parse(head, &body));
        let blocks = frame.ok_or_else(broken)?.blocks;
        for (at, (begin, block)) in blocks.iter().enumerate() {
            let end = blocks.get(at + 1).map_or(HEAD_BYTES + body.len(), |(next, _)| *next);
            tell(offset + *begin as u64, block, &body[begin - HEAD_BYTES..end - HEAD_BYTES]);
        }
        offset += head.frame_bytes() as u64;
        number += 1;
    }
    Ok(())
}

enum Read {
    Frame(Head, Vec<u8>),
    NoFrame,
}

fn read_frame(file: &Named, offset: u64, size: u64, partition: u64) -> Result<Read, OpenError> {
    if offset + HEAD_BYTES as u64 > size {
        return Ok(Read::NoFrame);
    }
    let bytes = file.read_vec(offset, HEAD_BYTES)?;
    let head = match Head::parse(&bytes) {
        Ok(head) if head.partition == partition => head,
        Ok(_) | Err(BadHead::NotOne) => return Ok(Read::NoFrame),
        Err(BadHead::Newer(version)) => return Err(OpenError::Newer { file: file.path.clone(), version }),
    };
    let body_at = offset + HEAD_BYTES as u64;
    if body_at + head.body_bytes as u64 > size {
        return Ok(Read::NoFrame);
    }
    let body = file.read_vec(body_at, head.body_bytes)?;
    Ok(if head.body_checks(&body) { Read::Frame(head, body) } else { Read::NoFrame })
}

/// What follows the last good frame: nothing but zeros, or the torn end of one that was being written. If a good frame
/// follows, or the partition was left in good order, then what is bad here was good once: that is damage.
fn read_tail(file: &Named, offset: u64, size: u64, partition: u64, last: bool) -> Result<Option<Vec<u8>>, OpenError> {
    let mut end = offset;
    let mut at = offset;
    while at < size {
        let length = usize::try_from(size - at).unwrap_or(usize::MAX).min(TAIL_BYTES);
        let bytes = file.read_vec(at, length)?;
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            end = at + last as u64 + 1;
            // Frames begin at multiples of this, and so does every piece read here.
            for start in (0..bytes.len()).step_by(ALIGN_BYTES_MIN) {
                let position = at + start as u64;
                let looks_like_one = bytes[start..].starts_with(&MAGIC) && position != offset;
                if looks_like_one && let Read::Frame(head, _) = read_frame(file, position, size, partition)? {
                    let what = format!("bytes that are no frame, before frame {} at byte {position}", head.number);
                    return Err(file.damaged(offset, &what).into());
                }
            }
        }
        at += length as u64;
    }
    if end == offset {
        return Ok(None);
    }
    if !last {
        return Err(file.damaged(offset, "bytes that are no frame, in a partition that was left in good order").into());
    }
    let length = usize::try_from(end - offset).map_err(|_| file.damaged(offset, "a torn end too long to keep"))?;
    Ok(Some(file.read_vec(offset, length)?))
}
