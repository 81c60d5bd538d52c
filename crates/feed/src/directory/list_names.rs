//! Names of lists that mean the same everywhere, for keepers whose processes each number things in an order of their own.

use super::{Circle, Directory, EnterpriseKey, ItemKey};
use crate::id::{EnterpriseId, GroupId, ListId};

impl Directory {
    /// The name of a list of an enterprise, made of ids instead of this directory's own numbers: `i3:123` for the
    /// collaborators of item 123, `g1:5` for the members of group 5, each with `s3:456` for those of them who have the
    /// folder 456 synced. Every id comes with its length, so that no two lists have one name. `None` if there is no such
    /// list.
    pub fn list_name(&self, list: &ListId) -> Option<String> {
        let (circle, synced) = Circle::of_list(list)?;
        let item = |kind: char, item: ItemKey| {
            let id = self.tree.packed(item).map(|packed| self.odd.text(packed))?;
            Some(format!("{kind}{}:{id}", id.len()))
        };
        let mut name = match circle {
            Circle::Collaborators(shared) => item('i', shared)?,
            Circle::Members(group) => {
                let id = self.groups.row(group)?.id.as_str();
                format!("g{}:{id}", id.len())
            }
            Circle::Syncers(_) => return None,
        };
        if let Some(folder) = synced {
            name += &item('s', folder)?;
        }
        Some(name)
    }

    /// The list of an enterprise with a name made by [`Directory::list_name`], if what it speaks of is known.
    pub fn list_named(&self, enterprise: &EnterpriseId, name: &str) -> Option<ListId> {
        let enterprise = self.enterprise_key(enterprise)?;
        let (kind, id, rest) = part(name)?;
        let circle = match kind {
            'i' => Circle::Collaborators(self.tree.find(enterprise, id, &self.odd)?),
            'g' => Circle::Members(self.groups.key(enterprise, &GroupId::new(id).ok()?)?),
            _ => return None,
        };
        if rest.is_empty() {
            return Some(circle.list());
        }
        let (kind, folder, rest) = part(rest)?;
        let folder = self.tree.find(EnterpriseKey::ANY, folder, &self.odd)?;
        (kind == 's' && rest.is_empty()).then(|| circle.list_synced(folder))
    }
}

/// The first part of a name: its letter, its id, and what comes after.
fn part(name: &str) -> Option<(char, &str, &str)> {
    let (length, rest) = name.get(1..)?.split_once(':')?;
    let (id, rest) = rest.split_at_checked(length.parse().ok()?)?;
    Some((name.chars().next()?, id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Collaborator, Effect};
    use crate::id::{ItemId, UserId};
    use crate::position::Place;

    fn effects() -> Vec<Effect> {
        let user = UserId::new("7").unwrap();
        let item = ItemId::new("f:1").unwrap();
        let group = GroupId::new("5").unwrap();
        let with = Collaborator::User(user.clone());
        vec![
            Effect::Joined { user: user.clone(), group },
            Effect::Collaborates { item, with, role: None, status: None, id: None },
            Effect::Synced { user, folder: ItemId::new("12").unwrap() },
        ]
    }

    #[test]
    fn names_are_the_same_whatever_the_numbers_are() {
        let home = EnterpriseId::new("1").unwrap();
        let place = Place::START.next();
        let mut one = Directory::default();
        one.replay(&effects(), &home, place);
        let mut other = Directory::default();
        other.replay(&[Effect::Trashed(ItemId::new("99").unwrap())], &home, place);
        other.replay(&effects(), &home, place);
        for name in ["i3:f:1", "g1:5", "i3:f:1s2:12", "g1:5s2:12"] {
            for directory in [&one, &other] {
                let list = directory.list_named(&home, name).unwrap();
                assert_eq!(directory.list_name(&list).as_deref(), Some(name));
            }
        }
        assert_ne!(one.list_named(&home, "i3:f:1"), other.list_named(&home, "i3:f:1"));
        for unknown in ["", "i", "i3:", "i9:f:1", "i1:x", "x3:f:1", "g1:5x", "g1:5i3:f:1", "é1:5"] {
            assert_eq!(one.list_named(&home, unknown), None, "{unknown}");
        }
    }
}
