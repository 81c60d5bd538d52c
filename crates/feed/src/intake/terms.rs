//! The terms that an event of the enterprise feed is found by.
//!
//! Both renderings are looked at: the enterprise's knows the address and the group, the user's often knows all folders
//! above the item, of which the other names only one.

use super::check::{Keep, ROOT_FOLDER};
use super::effects::groups;
use super::given::Given;
use super::json::Reader;
use crate::id::{ItemId, UserId};
use crate::term::{Term, settle};

/// The terms of a deed, from what was given of it; sorted, each once.
pub(super) fn of(given: [Option<&Given<'_>>; 2], actor: &UserId, names: &[&str]) -> Vec<Term> {
    let mut terms = Vec::with_capacity(8);
    terms.push(Term::actor(actor));
    for given in given.into_iter().flatten() {
        let id = |keep| given.kept.get(keep).and_then(|text| ItemId::new(&text.value()).ok());
        terms.extend(id(Keep::Id).as_ref().map(Term::source));
        terms.extend(given.kept.above.iter().map(Term::below));
        // Everybody has a root folder of that id, so it tells nothing.
        let parent = id(Keep::ParentId).filter(|id| id.as_str() != ROOT_FOLDER);
        terms.extend(parent.as_ref().map(Term::below));
        if names.iter().any(|name| name.contains("GROUP") || name.contains("COLLAB")) {
            terms.extend(groups(given).iter().map(Term::group));
        }
        terms.extend(given.ip_address.and_then(address));
    }
    settle(&mut terms);
    terms
}

fn address(raw: &str) -> Option<Term> {
    let mut reader = Reader::new(raw);
    Term::address(&reader.text().ok()?.value())
}
