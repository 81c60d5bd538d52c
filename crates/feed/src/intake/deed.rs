//! Settles a deed: what the draft leaves out is filled in, the renderings are made, and the facts for the commit
//! point are found.

use super::check::Kept;
use super::check::time::Moment;
use super::derive::{self, Derived, SourceText};
use super::draft::Desk;
use super::effects;
use super::fault::{Checked, Fault};
use super::given::{Given, no_type};
use super::render::Parts;
use super::terms;
use crate::event::{Event, EventType, FeedKind, Rendering, UserStreams};
use crate::id::{EventId, UserId};
use crate::time::Second;

/// A deed as given, with at least one rendering.
pub(super) struct Deed<'d, 'a> {
    pub(super) user: Option<&'d Given<'a>>,
    pub(super) enterprise: Option<&'d Given<'a>>,
    pub(super) audience: Option<Vec<UserId>>,
    /// Whether a rendering that is not given is to be made from the other.
    pub(super) derive: bool,
    /// Whether the renderings are members of an envelope; it only matters for saying where a fault is.
    pub(super) enveloped: bool,
}

impl<'d, 'a> Deed<'d, 'a> {
    pub(super) fn settle(self, desk: &mut Desk<'_>) -> Checked<Event> {
        let [user_time, enterprise_time] = self.times(desk.now)?;
        let [user_id, enterprise_id] = self.ids(desk);
        let (user, enterprise) = match (self.user, self.enterprise) {
            (Some(user), None) => {
                let rendering = self.own(user, FeedKind::User, user_id, user_time)?;
                let other = self.other(user, FeedKind::User, desk, &rendering.event_id, enterprise_time);
                (Some(rendering), other)
            }
            (None, Some(enterprise)) => {
                let rendering = self.own(enterprise, FeedKind::Enterprise, enterprise_id, enterprise_time)?;
                let other = self.other(enterprise, FeedKind::Enterprise, desk, &rendering.event_id, user_time);
                (other, Some(rendering))
            }
            (user, enterprise) => {
                let own = |given: Option<&Given<'_>>, feed, id, time| {
                    given.map(|given| self.own(given, feed, id, time)).transpose()
                };
                let user = own(user, FeedKind::User, user_id, user_time)?;
                (user, own(enterprise, FeedKind::Enterprise, enterprise_id, enterprise_time)?)
            }
        };
        self.with_facts(user, enterprise, desk)
    }

    /// Settles a deed of long ago, of which only the enterprise feed hears: nothing comes of it any more.
    pub(super) fn settle_past(self, desk: &mut Desk<'_>) -> Checked<Event> {
        let event = self.settle(desk)?;
        Ok(Event { effects: Vec::new(), audience: Some(Vec::new()), ..event })
    }

    fn placed(&self, fault: Fault, feed: FeedKind) -> Fault {
        if self.enveloped { fault.under(feed.name()) } else { fault }
    }

    /// When it was done, for either rendering: what it says, else what the other says, else now.
    fn times(&self, now: Second) -> Checked<[Moment; 2]> {
        let own = |given: Option<&Given<'_>>, feed| {
            given
                .and_then(|given| given.created_at)
                .map(|text| Moment::read(text, now))
                .transpose()
                .map_err(|fault| self.placed(fault.under("created_at"), feed))
        };
        let user = own(self.user, FeedKind::User)?;
        let enterprise = own(self.enterprise, FeedKind::Enterprise)?;
        let any = user.or(enterprise).unwrap_or_else(|| Moment::filled(now));
        Ok([user.unwrap_or(any), enterprise.unwrap_or(any)])
    }

    /// The ids of the renderings given: their own; else one made from the other's, so that the pair is recognised
    /// when it is published again; else a new one.
    fn ids(&self, desk: &mut Desk<'_>) -> [Option<EventId>; 2] {
        let own = |given: Option<&Given<'_>>| EventId::new(&given?.event_id?.value()).ok();
        let (mut user, mut enterprise) = (own(self.user), own(self.enterprise));
        if user.is_none() && enterprise.is_none() {
            let main = if self.user.is_some() { FeedKind::User } else { FeedKind::Enterprise };
            let new = Some(derive::id_of((desk.ids)(), main));
            match main {
                FeedKind::User => user = new,
                FeedKind::Enterprise => enterprise = new,
            }
        }
        let from = |id: &EventId, feed| derive::id_from(id, feed, desk.rules.enterprise);
        if let (Some(id), None, Some(_)) = (&user, &enterprise, self.enterprise) {
            enterprise = Some(from(id, FeedKind::Enterprise));
        } else if let (None, Some(id), Some(_)) = (&user, &enterprise, self.user) {
            user = Some(from(id, FeedKind::User));
        }
        [user, enterprise]
    }

    /// The rendering that was given, filled in.
    fn own(&self, given: &Given<'_>, feed: FeedKind, id: Option<EventId>, created_at: Moment) -> Checked<Rendering> {
        let named = given.event_type.and_then(|text| Some((text, EventType::new(&text.value()).ok()?)));
        let (Some(event_id), Some((type_text, event_type))) = (id, named) else {
            return Err(self.placed(no_type(), feed));
        };
        let parts = Parts {
            event_id,
            event_type,
            id_text: given.event_id.map(|text| text.raw),
            type_text: Some(type_text.raw),
            created_at,
            created_by: given.created_by,
            session_id: given.session_id,
            source: SourceText::Whole(given.source.raw),
            action_by: given.action_by,
            ip_address: given.ip_address,
            additional_details: given.additional_details,
            accessible_by: given.accessible_by,
            extra: &given.extra,
        };
        parts.render(feed).map_err(|fault| self.placed(fault, feed))
    }

    /// The rendering for the other feed, where it is wanted and can be made faithfully. One that would be too large
    /// cannot.
    fn other(
        &self,
        given: &Given<'_>,
        from: FeedKind,
        desk: &Desk<'_>,
        id: &EventId,
        created_at: Moment,
    ) -> Option<Rendering> {
        if !self.derive {
            return None;
        }
        let Derived { event_type, source } = derive::other(given, from, desk.rules.catalogue)?;
        let feed = if from == FeedKind::User { FeedKind::Enterprise } else { FeedKind::User };
        let event_id = derive::id_from(id, feed, desk.rules.enterprise);
        // What only the enterprise feed knows goes there, also from a user rendering that was given it; not back.
        let enterprise_only = |value| if feed == FeedKind::Enterprise { value } else { None };
        let parts = Parts {
            event_id,
            event_type,
            id_text: None,
            type_text: None,
            created_at,
            created_by: given.created_by,
            session_id: given.session_id,
            source,
            action_by: enterprise_only(given.action_by),
            ip_address: enterprise_only(given.ip_address),
            additional_details: enterprise_only(given.additional_details),
            accessible_by: enterprise_only(given.accessible_by),
            extra: &[],
        };
        parts.render(feed).ok()
    }

    fn with_facts(self, user: Option<Rendering>, enterprise: Option<Rendering>, desk: &Desk<'_>) -> Checked<Event> {
        let both = || [self.user, self.enterprise].into_iter().flatten();
        let actor = effects::actor(both().next().map_or(&Kept::default(), |given| &given.kept));
        let owner = both().find_map(|given| effects::owner(&given.kept));

        let mut effects = effects::met(&actor, owner.as_ref(), self.audience.as_deref().unwrap_or_default());
        if let (Some(given), Some(rendering)) = (self.enterprise, &enterprise) {
            let name = rendering.event_type.as_str();
            // History changes nobody, so it need not be understood.
            if !desk.history {
                effects::about_users(given, name, &mut effects)
                    .map_err(|fault| self.placed(fault, FeedKind::Enterprise))?;
            }
            effects::about_sync(given, name, &actor.id, &mut effects);
        }
        if let (Some(given), Some(rendering)) = (self.user, &user) {
            effects::about_sync(given, rendering.event_type.as_str(), &actor.id, &mut effects);
        }

        let item = both().find_map(effects::item);
        let names: Vec<&str> = [&enterprise, &user].into_iter().flatten().map(|it| it.event_type.as_str()).collect();
        effects::about_sharing([self.enterprise, self.user], &names, item.as_ref(), &actor, &mut effects);
        effects::about_items([self.user, self.enterprise], &names, item.as_ref(), owner.as_ref(), &mut effects);

        let terms = match &enterprise {
            Some(_) => terms::of([self.user, self.enterprise], &actor.id, &names),
            None => Vec::new(),
        };
        let known = |feed, rendering: &Option<Rendering>| {
            desk.rules.catalogue.find(feed, rendering.as_ref()?.event_type.as_str())
        };
        let (user_type, enterprise_type) = (known(FeedKind::User, &user), known(FeedKind::Enterprise, &enterprise));
        let unknown = if user.is_some() { UserStreams::ALL } else { UserStreams::NONE };
        Ok(Event {
            item,
            actor: actor.id,
            owner: owner.map(|owner| owner.id),
            audience: self.audience,
            owner_only: user_type.is_some_and(|known| known.owner_only),
            opt_in: [user_type, enterprise_type].into_iter().flatten().any(|known| known.opt_in),
            carried_by: user_type.map_or(unknown, |known| known.streams),
            user,
            enterprise,
            terms,
            effects,
        })
    }
}
