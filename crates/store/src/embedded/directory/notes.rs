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

#[cfg(test)]
mod tests {
    use super::*;
    use feed::directory::{CollaborationRole, CollaborationStatus, Collaborator, Enterprise, Person, Role};
    use feed::id::{GroupId, ItemId, UserId};
    use feed::retention::Retention;

    fn every_effect() -> Vec<Effect> {
        let user = UserId::new("7").unwrap();
        let group = GroupId::new("g").unwrap();
        let item = ItemId::new("50").unwrap();
        let with = Collaborator::User(user.clone());
        vec![
            Effect::EnterpriseSet(Enterprise {
                id: EnterpriseId::new("1").unwrap(),
                name: "Halden".into(),
                retention: Retention::default(),
                opted_in: true,
            }),
            Effect::Met(Person { id: user.clone(), name: "Mara".into(), login: "m@h.example".into() }),
            Effect::UserSet { id: user.clone(), name: None, login: Some("l".into()), role: Some(Role::Admin) },
            Effect::Synced { user: user.clone(), folder: item.clone() },
            Effect::Unsynced { user: user.clone(), folder: item.clone() },
            Effect::GroupSet { group: group.clone(), name: Some("G".into()) },
            Effect::Joined { user: user.clone(), group: group.clone() },
            Effect::Left { user: user.clone(), group: group.clone() },
            Effect::Collaborates {
                item: item.clone(),
                with: with.clone(),
                role: Some(CollaborationRole::CoOwner),
                status: Some(CollaborationStatus::Accepted),
                id: Some("c".into()),
            },
            Effect::CollaborationEnded { item: item.clone(), with },
            Effect::Placed { item: item.clone(), folders: vec![item.clone()], rooted: true, owner: Some(user.clone()) },
            Effect::Moved(item.clone()),
            Effect::Trashed(item.clone()),
            Effect::Restored(item),
            Effect::GroupDeleted(group),
            Effect::UserDeleted(user),
        ]
    }

    /// If one of these changes, stores of released versions are misread: raise the format version, and read what is older
    /// as what it was.
    #[test]
    fn the_form_of_notes_and_snapshots_is_part_of_the_format() {
        let mut note = Vec::new();
        put_note(&mut note, "1", 9, &every_effect());
        let mut directory = Directory::default();
        let given: Vec<Effect> = every_effect().into_iter().filter(|effect| !effect.takes()).collect();
        directory.replay(&given, &EnterpriseId::new("1").unwrap(), Place::from_bits(9));
        let snapshot = postcard::to_stdvec(&directory).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(&note),
            concat!(
                "013109000000000000007e000000100001310648616c64656e3c0eed02fd1301010137044d6172610b6d40682e",
                "6578616d706c650201370001016c0102040137023530050137023530060167010147080137016709013701670a",
                "023530000137010601010101630b0235300001370c02353001023530010101370d0235300e0235300f02353007",
                "0167030137",
            )
        );
        assert_eq!(
            hex(&snapshot),
            concat!(
                "01013101310648616c64656e3c0eed02fd130101013101016301000137044d617261016c013102010000010001",
                "670147000002ffffffff0f32000000003200010000010100098080808080808080800106010180808080808080",
                "808001010001000009010000090000",
            )
        );
    }

    #[test]
    fn notes_of_a_frame_come_out_as_they_went_in() {
        let (mut one, mut json) = (Vec::new(), Vec::new());
        put_note(&mut one, "1", 9, &every_effect());
        put_text(&mut json, "1");
        put_u64(&mut json, 9);
        let effects = serde_json::to_vec(&every_effect()).unwrap();
        json.extend_from_slice(&count32(effects.len()).to_le_bytes());
        json.extend_from_slice(&effects);
        let note = Note::take(&mut Taker(&one)).unwrap();
        assert_eq!(note.effects().unwrap(), every_effect());
        let mut notes = Notes::default();
        notes.add(&note, false).unwrap();
        notes.add(&Note::take(&mut Taker(&json)).unwrap(), true).unwrap();
        assert_eq!(notes.pieces().collect::<Vec<_>>(), [[one.clone(), one].concat()]);
    }
}
