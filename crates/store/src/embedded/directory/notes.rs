//! Notes: what events changed in the directory, as frames and files of notes hold them.
//!
//! A note: enterprise (1 + length), place (8), length of the effects (4), the effects in the order applied, in postcard's
//! form; in frames of formats before 5, as JSON.

use super::super::codec::{Taker, count32, index, put_text, put_u64};
use super::file::PIECE_BYTES;
use feed::directory::{Directory, Effect};
use feed::id::EnterpriseId;
use feed::position::Place;

/// What one event changed in the directory, and the place it stands at; as it lies in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Note<'a> {
    pub(in super::super) line: &'a str,
    pub(in super::super) place: u64,
    effects: &'a [u8],
}

impl<'a> Note<'a> {
    /// Takes a note from the front.
    pub(in super::super) fn take(from: &mut Taker<'a>) -> Option<Self> {
        let line = from.text()?;
        let place = from.u64()?;
        let length = index(from.u32()?);
        Some(Note { line, place, effects: from.take(length)? })
    }

    /// The effects as JSON, which they are in formats before 5.
    fn effects_of_old(&self) -> Option<Vec<Effect>> {
        serde_json::from_slice(self.effects).ok()
    }

    fn effects(&self) -> Option<Vec<Effect>> {
        match postcard::take_from_bytes(self.effects) {
            Ok((effects, [])) => Some(effects),
            _ => None,
        }
    }
}

/// Writes a note.
pub(in super::super) fn put_note(out: &mut Vec<u8>, line: &str, place: u64, effects: &[Effect]) {
    put_text(out, line);
    put_u64(out, place);
    let length_at = out.len();
    out.extend_from_slice(&[0; 4]);
    postcard::serialize_with_flavor(effects, Onto(out)).expect("effects are plain values");
    let length = count32(out.len() - length_at - 4);
    out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
}

/// Writes behind what is there.
struct Onto<'a>(&'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Onto<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Lets a directory hear the notes of a piece; `None` if they make no sense.
pub(in super::super) fn play(piece: &[u8], directory: &mut Directory) -> Option<()> {
    let mut taker = Taker(piece);
    while !taker.is_empty() {
        let note = Note::take(&mut taker)?;
        let line = EnterpriseId::new(note.line).ok()?;
        directory.replay(&note.effects()?, &line, Place::from_bits(note.place));
    }
    Some(())
}

/// The notes of a partition that is not sealed, as far as the directory on the disk has not heard them.
#[derive(Debug, Default)]
pub(in super::super) struct Notes {
    /// Whole notes in each, so that none has to be moved when more come.
    pieces: Vec<Vec<u8>>,
}

impl Notes {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Vec::as_slice)
    }

    /// Adds a note of a frame. `None` if one of an older format makes no sense.
    pub(in super::super) fn add(&mut self, note: &Note<'_>, old: bool) -> Option<()> {
        if self.pieces.last().is_none_or(|piece| PIECE_BYTES <= piece.len()) {
            self.pieces.push(Vec::new());
        }
        let out = self.pieces.last_mut()?;
        if old {
            put_note(out, note.line, note.place, &note.effects_of_old()?);
        } else {
            put_text(out, note.line);
            put_u64(out, note.place);
            out.extend_from_slice(&count32(note.effects.len()).to_le_bytes());
            out.extend_from_slice(note.effects);
        }
        Some(())
    }

    /// Lets a directory hear them; `None` if they make no sense.
    pub(in super::super) fn play(&self, directory: &mut Directory) -> Option<()> {
        self.pieces.iter().try_for_each(|piece| play(piece, directory))
    }
}
