//! A builder of events for the common case: a deed of user 7, heard by that user and by the enterprise.

use feed::directory::{Effect, Person};
use feed::event::{Event, EventType, Item, Rendering, UserStreams};
use feed::id::{EnterpriseId, EventId, GroupId, ItemId, UserId};
use feed::term::{Term, settle};
use feed::time::Second;
use store::import::Past;

/// Every user stream.
pub(crate) const EVERY_STREAM: UserStreams = UserStreams::ALL.and(UserStreams::CHANGES).and(UserStreams::SYNC);

/// An event in the making. What is not said is filled in as intake would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deed {
    /// The id of the rendering for user feeds, if there is to be one.
    pub(crate) user: Option<String>,
    /// The id of the rendering for the enterprise feed, if there is to be one.
    pub(crate) enterprise: Option<String>,
    /// The name of the event type, in both vocabularies.
    pub(crate) event_type: String,
    /// When it was done; `None` leaves it to the clock, as for a draft that does not say.
    pub(crate) created_at: Option<Second>,
    /// What makes two renderings of one id differ.
    pub(crate) note: String,
    pub(crate) actor: UserId,
    pub(crate) owner: Option<UserId>,
    pub(crate) audience: Option<Vec<UserId>>,
    pub(crate) item: Option<Item>,
    pub(crate) owner_only: bool,
    pub(crate) opt_in: bool,
    pub(crate) carried_by: UserStreams,
    /// What it can be found by, beyond its actor, its item and the folders above.
    pub(crate) terms: Vec<Term>,
    /// What it changes in the directory, beyond making its people known.
    pub(crate) effects: Vec<Effect>,
}

/// A deed of user 7 with this id in both kinds of feed.
pub(crate) fn deed(id: &str) -> Deed {
    Deed {
        user: Some(id.to_owned()),
        enterprise: Some(id.to_owned()),
        event_type: "UPLOAD".to_owned(),
        created_at: None,
        note: String::new(),
        actor: user("7"),
        owner: None,
        audience: None,
        item: None,
        owner_only: false,
        opt_in: false,
        carried_by: EVERY_STREAM,
        terms: Vec::new(),
        effects: Vec::new(),
    }
}

/// An event seen in no feed that only changes the directory.
pub(crate) fn unseen(effects: impl Into<Vec<Effect>>) -> Deed {
    Deed { user: None, enterprise: None, audience: Some(Vec::new()), effects: effects.into(), ..deed("unseen") }
        .by(UserId::anonymous().as_str())
}

impl Deed {
    /// Only user feeds get it.
    pub(crate) fn user_only(self) -> Self {
        Deed { enterprise: None, ..self }
    }

    /// Only the enterprise feed gets it.
    pub(crate) fn enterprise_only(self) -> Self {
        Deed { user: None, ..self }
    }

    /// The enterprise feed gets it under an id of its own.
    pub(crate) fn enterprise_id(self, id: &str) -> Self {
        Deed { enterprise: Some(id.to_owned()), ..self }
    }

    pub(crate) fn created(self, second: u32) -> Self {
        Deed { created_at: Some(Second(second)), ..self }
    }

    pub(crate) fn typed(self, event_type: &str) -> Self {
        Deed { event_type: event_type.to_owned(), ..self }
    }

    pub(crate) fn saying(self, note: &str) -> Self {
        Deed { note: note.to_owned(), ..self }
    }

    pub(crate) fn by(self, actor: &str) -> Self {
        Deed { actor: user(actor), ..self }
    }

    pub(crate) fn owned_by(self, owner: &str) -> Self {
        Deed { owner: Some(user(owner)), ..self }
    }

    /// The audience as the draft names it.
    pub(crate) fn heard_by<const N: usize>(self, users: [&str; N]) -> Self {
        Deed { audience: Some(users.map(user).to_vec()), ..self }
    }

    /// Done to this item, below these folders.
    pub(crate) fn on<const N: usize>(self, item: &str, folders: [&str; N]) -> Self {
        Deed { item: Some(Item { id: item_id(item), folders: folders.map(item_id).to_vec() }), ..self }
    }

    pub(crate) fn owner_only(self) -> Self {
        Deed { owner_only: true, ..self }
    }

    pub(crate) fn opt_in(self) -> Self {
        Deed { opt_in: true, ..self }
    }

    pub(crate) fn carried_by(self, carried_by: UserStreams) -> Self {
        Deed { carried_by, ..self }
    }

    /// Concerning this group.
    pub(crate) fn about_group(mut self, group: &str) -> Self {
        self.terms.push(Term::group(&GroupId::new(group).unwrap()));
        self
    }

    /// Done from this address.
    pub(crate) fn at_address(mut self, address: &str) -> Self {
        self.terms.extend(Term::address(address));
        self
    }

    pub(crate) fn changing(self, effects: impl Into<Vec<Effect>>) -> Self {
        Deed { effects: effects.into(), ..self }
    }

    /// The event as intake would hand it to the ledger at this second.
    pub(crate) fn event(&self, now: Second) -> Event {
        let met = [Some(&self.actor), self.owner.as_ref()].into_iter().flatten();
        let met = met.map(|id| Effect::Met(Person { id: id.clone(), name: "".into(), login: "".into() }));
        Event {
            actor: self.actor.clone(),
            owner: self.owner.clone(),
            item: self.item.clone(),
            audience: self.audience.clone(),
            owner_only: self.owner_only,
            opt_in: self.opt_in,
            user: self.user.as_ref().map(|id| self.rendering(id, now, true)),
            carried_by: self.carried_by,
            enterprise: self.enterprise.as_ref().map(|id| self.rendering(id, now, false)),
            terms: self.terms(),
            effects: met.chain(self.effects.iter().cloned()).collect(),
        }
    }

    /// The same as history from elsewhere.
    pub(crate) fn past(&self, now: Second) -> Past {
        let id = self.enterprise.as_deref().unwrap_or("none");
        Past { rendering: self.rendering(id, now, false), terms: self.terms() }
    }

    fn terms(&self) -> Vec<Term> {
        let mut terms = self.terms.clone();
        terms.push(Term::actor(&self.actor));
        if let Some(item) = &self.item {
            terms.push(Term::source(&item.id));
            terms.extend(item.folders.iter().map(Term::below));
        }
        settle(&mut terms);
        terms
    }

    fn rendering(&self, id: &str, now: Second, recorded_at: bool) -> Rendering {
        let created_at = self.created_at.unwrap_or(now);
        let created = format!(r#"{{"created_at":"{created_at}","#);
        let recorded = if recorded_at { format!(r#""recorded_at":"{}","#, Second(0)) } else { String::new() };
        let rest = format!(r#""event_id":"{id}","event_type":"{}","note":"{}"}}"#, self.event_type, self.note);
        let after = |text: &str, name: &str| Some(u32::try_from(text.len() + name.len()).unwrap());
        Rendering {
            event_id: EventId::new(id).unwrap(),
            event_type: EventType::new(&self.event_type).unwrap(),
            created_at,
            recorded_at_offset: after(&created, r#""recorded_at":""#).filter(|_| recorded_at),
            filled_created_at_offset: after("{", r#""created_at":""#).filter(|_| self.created_at.is_none()),
            bytes: (created + &recorded + &rest).into_bytes(),
        }
    }
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn enterprise(id: &str) -> EnterpriseId {
    EnterpriseId::new(id).unwrap()
}

pub(crate) fn event_id(id: &str) -> EventId {
    EventId::new(id).unwrap()
}

pub(crate) fn item_id(id: &str) -> ItemId {
    ItemId::new(id).unwrap()
}
