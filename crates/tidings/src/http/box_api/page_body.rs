//! The body of a page: a head, the runs of entries as the store handed them over, and an end. Nothing is put together:
//! the pieces go to the connection as they are.

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Pieces of bytes that are sent one after the other; their length is known from the start.
struct Pieces {
    pieces: VecDeque<Bytes>,
    left: u64,
}

/// A body of a head, runs with a comma between them, and an end.
pub(super) fn page_body(head: String, runs: Vec<Bytes>, end: &'static [u8]) -> Body {
    let mut pieces = VecDeque::with_capacity(2 * runs.len() + 2);
    pieces.push_back(Bytes::from(head));
    for (number, run) in runs.into_iter().enumerate() {
        if number > 0 {
            pieces.push_back(Bytes::from_static(b","));
        }
        pieces.push_back(run);
    }
    pieces.push_back(Bytes::from_static(end));
    let left = pieces.iter().map(|piece| piece.len() as u64).sum();
    Body::new(Pieces { pieces, left })
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
