//! The frames written last, as they are in memory anyway: most readers want what has just come, and get it without
//! asking the disk and without a copy.

use bytes::Bytes;
use std::collections::VecDeque;

/// Most bytes of frames kept at hand.
const RECENT_BYTES_MAX: usize = 64 << 20;

/// Frames of one file, oldest first, each with where it begins.
#[derive(Debug, Default)]
pub(super) struct RecentFrames {
    frames: VecDeque<(u64, Bytes)>,
    bytes: usize,
}

impl RecentFrames {
    /// Adds the next frame, and lets the oldest go beyond the bound.
    pub(super) fn push(&mut self, offset: u64, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back((offset, frame));
        while self.bytes > RECENT_BYTES_MAX
            && let Some((_, oldest)) = self.frames.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }

    /// These bytes of the file, if they are of a frame that is at hand.
    pub(super) fn slice(&self, offset: u64, length: usize) -> Option<Bytes> {
        let after = self.frames.partition_point(|(begin, _)| *begin <= offset);
        let (begin, frame) = self.frames.get(after.checked_sub(1)?)?;
        let start = usize::try_from(offset - begin).ok()?;
        let end = start.checked_add(length)?;
        (end <= frame.len()).then(|| frame.slice(start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_where_they_lie_in_the_file() {
        let mut recent = RecentFrames::default();
        recent.push(64, Bytes::from_static(b"abcdefgh"));
        recent.push(72, Bytes::from_static(b"ijkl"));
        assert_eq!(recent.slice(64, 8).as_deref(), Some(&b"abcdefgh"[..]));
        assert_eq!(recent.slice(70, 2).as_deref(), Some(&b"gh"[..]));
        assert_eq!(recent.slice(73, 3).as_deref(), Some(&b"jkl"[..]));
        for (offset, length) in [(0, 1), (63, 2), (71, 2), (76, 1), (73, 4)] {
            assert_eq!(recent.slice(offset, length), None, "{offset} {length}");
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let mut recent = RecentFrames::default();
        let half = Bytes::from(vec![0; RECENT_BYTES_MAX / 2]);
        for n in 0..3 {
            recent.push(n * half.len() as u64, half.clone());
        }
        assert_eq!((recent.frames.len(), recent.bytes), (2, RECENT_BYTES_MAX));
        assert_eq!(recent.slice(0, 1), None);
        assert!(recent.slice(2 * half.len() as u64, 1).is_some());
    }
}
