//! Short keys for long ids: what a directory of a million collaborations is kept in.
//!
//! Users, groups, items and enterprises are numbered in the order in which events first name them, which is the same
//! wherever the same events are applied. Ids that are decimal numbers, as nearly all of the real service are, are kept
//! as the number; the few others in a table.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::{SmolStr, ToSmolStr};

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) struct $name(pub(super) u32);
    };
}

key!(
    /// An enterprise.
    EnterpriseKey
);
impl EnterpriseKey {
    /// No enterprise in particular: folders are synced by users, whoever's they are.
    pub(crate) const ANY: EnterpriseKey = EnterpriseKey(u32::MAX);
}

key!(
    /// A user.
    UserKey
);
key!(
    /// A group.
    GroupKey
);
key!(
    /// A file or folder.
    ItemKey
);
key!(
    /// Somebody tied to an item or a group, as seen from its enterprise: a user at home there, a user from elsewhere,
    /// or a group. Users at home come first, so that the others are found without looking at them.
    Who
);

/// What [`Who`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhoIs {
    AtHome(UserKey),
    FromElsewhere(UserKey),
    Group(GroupKey),
}

impl Who {
    const ELSEWHERE: u32 = 1 << 30;
    const GROUP: u32 = 2 << 30;
    /// The first who is not a user at home.
    pub(crate) const FIRST_NOT_AT_HOME: Who = Who(Self::ELSEWHERE);
    /// Before and after everybody.
    pub(crate) const FIRST: Who = Who(0);
    pub(crate) const LAST: Who = Who(u32::MAX);

    pub(crate) fn user(user: UserKey, at_home: bool) -> Self {
        Who(user.0 | if at_home { 0 } else { Self::ELSEWHERE })
    }

    pub(crate) fn group(group: GroupKey) -> Self {
        Who(group.0 | Self::GROUP)
    }

    pub(crate) fn is(self) -> WhoIs {
        let number = self.0 & (Self::ELSEWHERE - 1);
        match self.0 & !(Self::ELSEWHERE - 1) {
            0 => WhoIs::AtHome(UserKey(number)),
            Self::ELSEWHERE => WhoIs::FromElsewhere(UserKey(number)),
            _ => WhoIs::Group(GroupKey(number)),
        }
    }

    /// The user, if it is one at home.
    pub(crate) fn at_home(self) -> Option<UserKey> {
        (self < Self::FIRST_NOT_AT_HOME).then_some(UserKey(self.0))
    }
}

/// An id as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Packed(pub(super) u64);

const ODD: u64 = 1 << 63;

impl Packed {
    /// The number that the text is, if printing it gives the text again.
    fn of_number(text: &str) -> Option<Self> {
        let decimal = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let shortest = !text.starts_with('0') || text == "0";
        text.parse().ok().filter(|_| decimal && shortest).map(Packed)
    }
}

/// The ids that are no numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OddIds {
    texts: Vec<SmolStr>,
    by_text: FxHashMap<SmolStr, u32>,
}

impl OddIds {
    /// The id as a number, remembered if it is odd.
    pub(crate) fn pack(&mut self, text: &str) -> Packed {
        if let Some(packed) = self.find(text) {
            return packed;
        }
        let index = number(self.texts.len());
        self.texts.push(text.into());
        self.by_text.insert(text.into(), index);
        Packed(ODD | u64::from(index))
    }

    /// The id as a number, if it can be known.
    pub(crate) fn find(&self, text: &str) -> Option<Packed> {
        Packed::of_number(text).or_else(|| Some(Packed(ODD | u64::from(*self.by_text.get(text)?))))
    }

    /// The id that was packed.
    pub(crate) fn text(&self, packed: Packed) -> SmolStr {
        if packed.0 & ODD == 0 {
            return packed.0.to_smolstr();
        }
        let index = usize::try_from(packed.0 & !ODD).unwrap_or(usize::MAX);
        self.texts.get(index).cloned().unwrap_or_default()
    }
}

impl Serialize for OddIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.texts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OddIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<SmolStr>::deserialize(deserializer)?;
        let by_text = (0_u32..).zip(&texts).map(|(index, text)| (text.clone(), index)).collect();
        Ok(OddIds { texts, by_text })
    }
}

/// A count as a key. Keys have 30 bits; a directory of a thousand million would long have outgrown memory.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).min(Who::ELSEWHERE - 1)
}

/// A key as an index.
pub(crate) fn index(key: u32) -> usize {
    usize::try_from(key).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_ids_come_out_as_they_went_in() {
        let mut odd = OddIds::default();
        for text in ["0", "7", "007", "162833009411", "999999999999999999", "9999999999999999999", "f-1", "F-1", "-1"] {
            let packed = odd.pack(text);
            assert_eq!(odd.text(packed), text);
            assert_eq!(odd.find(text), Some(packed));
        }
        assert_eq!(odd.texts, ["007", "9999999999999999999", "f-1", "F-1", "-1"]);
        assert_eq!(odd.find("unheard-of"), None);
    }

    #[test]
    fn who_sorts_users_at_home_first() {
        let (home, elsewhere) = (Who::user(UserKey(9), true), Who::user(UserKey(3), false));
        let group = Who::group(GroupKey(1));
        assert!(home < elsewhere && elsewhere < group);
        assert_eq!(home.is(), WhoIs::AtHome(UserKey(9)));
        assert_eq!(elsewhere.is(), WhoIs::FromElsewhere(UserKey(3)));
        assert_eq!(group.is(), WhoIs::Group(GroupKey(1)));
        assert_eq!((home.at_home(), elsewhere.at_home(), group.at_home()), (Some(UserKey(9)), None, None));
    }
}
