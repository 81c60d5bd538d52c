//! One draft: an envelope with one or both renderings of a deed, or a bare event (design, section 5).

use super::check::Keep;
use super::check::time::Moment;
use super::fault::{Checked, Fault};
use super::given::Given;
use super::json::{Kind, Reader, Text, not_of_kind};
use super::render::Parts;
use super::{Rules, derive, effects};
use crate::event::{Event, EventType, FeedKind, Rendering, UserStreams};
use crate::id::{EventId, UserId};
use crate::limits::{AUDIENCE_USERS_MAX, PUBLISH_HEARERS_MAX};
use crate::time::Second;
use std::borrow::Cow;

/// What reading the drafts of one publish has at hand.
pub(super) struct Desk<'r> {
    pub(super) rules: &'r Rules<'r>,
    pub(super) now: Second,
    pub(super) ids: &'r mut dyn FnMut() -> [u8; 20],
    /// How many ids the audiences of the drafts so far have named.
    pub(super) hearers: usize,
}

impl Desk<'_> {
    pub(super) fn has_too_many_hearers(&self) -> bool {
        self.hearers > PUBLISH_HEARERS_MAX
    }
}

/// What an envelope has beside its renderings.
#[derive(Default)]
struct Envelope<'a> {
    user: Option<Given<'a>>,
    enterprise: Option<Given<'a>>,
    audience: Option<Vec<UserId>>,
    derive: Option<bool>,
    /// Bit by bit, which of its members have been read.
    seen: u8,
}

const MEMBERS: [&str; 4] = ["user", "enterprise", "audience", "derive"];

/// Reads a draft.
pub(super) fn read(reader: &mut Reader<'_>, desk: &mut Desk<'_>) -> Checked<Event> {
    match reader.kind()? {
        Kind::Object => {}
        other => return Err(not_of_kind("an object: an envelope or an event", other)),
    }
    let mut envelope = Envelope::default();
    let mut bare = Given::default();
    let mut stranger: Option<Text<'_>> = None;
    let mut first = true;
    reader.enter_object()?;
    while let Some(name) = reader.member(&mut first)? {
        match MEMBERS.iter().position(|member| name.is(member)) {
            Some(at) => envelope.member(at, reader, desk).map_err(|fault| fault.under(MEMBERS[at]))?,
            None => {
                stranger = stranger.or(Some(name));
                bare.member(name, reader)?;
            }
        }
    }
    if envelope.seen == 0 {
        if bare.is_empty() {
            return Err(Fault::new("is empty; a draft is an event or an envelope such as {\"user\":{…}}"));
        }
        return bare_event(bare, desk);
    }
    if let Some(name) = stranger {
        // A member passed over here could be a misspelt audience, and the wrong people would hear of the deed.
        let reason = "is no member of an envelope, which has `user`, `enterprise`, `audience` and `derive`; \
                      members of the event belong into `user` or `enterprise`";
        return Err(Fault::new(reason).under(&name.value()));
    }
    envelope.finish(desk)
}

impl<'a> Envelope<'a> {
    fn member(&mut self, at: usize, reader: &mut Reader<'a>, desk: &mut Desk<'_>) -> Checked<()> {
        if self.seen & 1 << at != 0 {
            return Err(super::check::twice());
        }
        self.seen |= 1 << at;
        match at {
            0 => self.user = rendering(reader, FeedKind::User)?,
            1 => self.enterprise = rendering(reader, FeedKind::Enterprise)?,
            2 => {
                let Some(ids) = effects::audience(reader, AUDIENCE_USERS_MAX)? else {
                    let reason =
                        format!("names more than {AUDIENCE_USERS_MAX} users; leave it out, so that it is derived");
                    return Err(Fault::new(reason));
                };
                desk.hearers += ids.len();
                if desk.has_too_many_hearers() {
                    return Err(Fault::new("is too much for one publish"));
                }
                self.audience = Some(ids);
            }
            _ => self.derive = Some(reader.boolean()?),
        }
        Ok(())
    }

    fn finish(mut self, desk: &mut Desk<'_>) -> Checked<Event> {
        // What one rendering does not say of the deed, the other may.
        if let (Some(user), Some(enterprise)) = (&mut self.user, &mut self.enterprise) {
            share(user, enterprise);
            share(enterprise, user);
        }
        let in_envelope = |fault: Fault, feed: FeedKind| fault.under(feed.name());
        let derive = self.derive.unwrap_or(true);
        let deed = Deed { user: self.user, enterprise: self.enterprise, audience: self.audience, derive };
        if deed.user.is_none() && deed.enterprise.is_none() {
            return Err(Fault::new("has neither `user` nor `enterprise`; give at least one of them"));
        }
        deed.settle(desk, &in_envelope)
    }
}

/// Reads one rendering of an envelope; null counts as not given.
fn rendering<'a>(reader: &mut Reader<'a>, feed: FeedKind) -> Checked<Option<Given<'a>>> {
    if reader.null()? {
        return Ok(None);
    }
    let given = reader.afresh(Given::read)?;
    if given.feed.is_some_and(|said| said != feed) {
        let reason = format!("must be '{}' here, or be left out", feed.name());
        return Err(Fault::new(reason).under("feed"));
    }
    Ok(Some(given))
}

fn share<'a>(to: &mut Given<'a>, from: &Given<'a>) {
    if to.created_by.is_none() {
        to.created_by = from.created_by;
        to.kept.fill_from(&from.kept, &[Keep::ActorId, Keep::ActorName, Keep::ActorLogin]);
    }
}

fn bare_event(given: Given<'_>, desk: &mut Desk<'_>) -> Checked<Event> {
    let feed = feed_of(&given, desk)?;
    let mut deed = Deed { user: None, enterprise: None, audience: None, derive: false };
    match feed {
        FeedKind::User => deed.user = Some(given),
        FeedKind::Enterprise => deed.enterprise = Some(given),
    }
    deed.settle(desk, &|fault, _| fault)
}

/// The feed of a bare event: what it says itself, else the only one that has its type, else what it looks like.
fn feed_of(given: &Given<'_>, desk: &Desk<'_>) -> Checked<FeedKind> {
    if let Some(feed) = given.feed {
        return Ok(feed);
    }
    let name = type_of(given)?.value();
    if let Some(feed) = desk.rules.catalogue.only_feed(&name) {
        return Ok(feed);
    }
    if given.additional_details.is_some() || given.ip_address.is_some() || given.action_by.is_some() {
        return Ok(FeedKind::Enterprise);
    }
    // Only events read from a user feed have a time of recording.
    if given.source.shape.is_whole_item() || given.has_recorded_at {
        return Ok(FeedKind::User);
    }
    let reason = format!(
        "is missing, and neither the type {name} nor the shape tells; give \"feed\":\"user\" or \"feed\":\"enterprise\""
    );
    Err(Fault::new(reason).under("feed"))
}

fn type_of<'a>(given: &Given<'a>) -> Checked<Text<'a>> {
    given.event_type.ok_or_else(|| {
        Fault::new("is missing; name what happened, such as \"ITEM_UPLOAD\" or \"LOGIN\"").under("event_type")
    })
}

/// A deed as given, with at least one rendering.
struct Deed<'a> {
    user: Option<Given<'a>>,
    enterprise: Option<Given<'a>>,
    audience: Option<Vec<UserId>>,
    derive: bool,
}

/// Puts a fault into its place in the draft.
type Placed<'p> = &'p dyn Fn(Fault, FeedKind) -> Fault;

impl Deed<'_> {
    /// Fills in what is missing, makes the renderings and finds the facts.
    fn settle(self, desk: &mut Desk<'_>, placed: Placed<'_>) -> Checked<Event> {
        let given = |feed| match feed {
            FeedKind::User => self.user.as_ref(),
            FeedKind::Enterprise => self.enterprise.as_ref(),
        };
        let main = if self.user.is_some() { FeedKind::User } else { FeedKind::Enterprise };
        let times = self.times(desk.now, placed)?;
        let known_id = self.known_id(desk, main);
        let id_for = |feed: FeedKind| match given(feed).and_then(|given| given.event_id) {
            Some(own) => EventId::new(&own.value()).unwrap_or_else(|_| known_id.0.clone()),
            None if known_id.1 == feed => known_id.0.clone(),
            None => derive::id_from(&known_id.0, feed, desk.rules.enterprise),
        };

        let mut renderings = [None, None];
        for feed in [FeedKind::User, FeedKind::Enterprise] {
            let at = usize::from(feed == FeedKind::Enterprise);
            if let Some(given) = given(feed) {
                let made = own_rendering(given, feed, id_for(feed), times[at]);
                renderings[at] = Some(made.map_err(|fault| placed(fault, feed))?);
            } else if self.derive
                && let Some(other) = given(main)
                && let Some(derived) = derive::other(other, main, desk.rules.catalogue)
            {
                // Too long to be derived is not to be derived; what was given stands for itself.
                renderings[at] = derived_rendering(other, derived, feed, id_for(feed), times[1 - at]).ok();
            }
        }
        let [user, enterprise] = renderings;
        self.with_facts(user, enterprise, desk, placed)
    }

    /// When it was done, for either rendering: what it says, else what the other says, else now.
    fn times(&self, now: Second, placed: Placed<'_>) -> Checked<[Moment; 2]> {
        let own = |given: &Option<Given<'_>>, feed| match given.as_ref().and_then(|given| given.created_at) {
            Some(text) => match Moment::read(text, now) {
                Ok(moment) => Ok(Some(moment)),
                Err(fault) => Err(placed(fault.under("created_at"), feed)),
            },
            None => Ok(None),
        };
        let user = own(&self.user, FeedKind::User)?;
        let enterprise = own(&self.enterprise, FeedKind::Enterprise)?;
        let any = user.or(enterprise).unwrap_or_else(|| Moment::filled(now));
        Ok([user.unwrap_or(any), enterprise.unwrap_or(any)])
    }

    /// An id to begin with, and whose it is: one that was given, else a new one.
    fn known_id(&self, desk: &mut Desk<'_>, main: FeedKind) -> (EventId, FeedKind) {
        let own = |given: &Option<Given<'_>>| EventId::new(&given.as_ref()?.event_id?.value()).ok();
        if let Some(id) = own(&self.user) {
            (id, FeedKind::User)
        } else if let Some(id) = own(&self.enterprise) {
            (id, FeedKind::Enterprise)
        } else {
            (derive::id_of((desk.ids)(), main), main)
        }
    }

    fn with_facts(
        self,
        user: Option<Rendering>,
        enterprise: Option<Rendering>,
        desk: &Desk<'_>,
        placed: Placed<'_>,
    ) -> Checked<Event> {
        let both = || [&self.user, &self.enterprise].into_iter().flatten();
        let actor = both().next().map_or_else(|| effects::actor(&Default::default()), |it| effects::actor(&it.kept));
        let owner = both().find_map(|given| effects::owner(&given.kept));
        let item = both().find_map(effects::item);

        let mut effects = effects::met(&actor, owner.as_ref(), self.audience.as_deref().unwrap_or_default());
        if let (Some(given), Some(rendering)) = (&self.enterprise, &enterprise) {
            let name = rendering.event_type.as_str();
            effects::about_users(given, name, &mut effects).map_err(|fault| placed(fault, FeedKind::Enterprise))?;
            effects::about_sync(given, name, &actor.id, &mut effects);
        }
        if let (Some(given), Some(rendering)) = (&self.user, &user) {
            effects::about_sync(given, rendering.event_type.as_str(), &actor.id, &mut effects);
        }

        let known = |feed, rendering: &Option<Rendering>| {
            desk.rules.catalogue.find(feed, rendering.as_ref()?.event_type.as_str())
        };
        let (user_type, enterprise_type) = (known(FeedKind::User, &user), known(FeedKind::Enterprise, &enterprise));
        let unknown = if user.is_some() { UserStreams::ALL } else { UserStreams::NONE };
        Ok(Event {
            actor: actor.id,
            owner: owner.map(|owner| owner.id),
            item,
            audience: self.audience,
            owner_only: user_type.is_some_and(|known| known.owner_only),
            opt_in: [user_type, enterprise_type].into_iter().flatten().any(|known| known.opt_in),
            carried_by: user_type.map_or(unknown, |known| known.streams),
            user,
            enterprise,
            effects,
        })
    }
}

fn own_rendering(given: &Given<'_>, feed: FeedKind, event_id: EventId, created_at: Moment) -> Checked<Rendering> {
    let type_text = type_of(given)?;
    let Ok(event_type) = EventType::new(&type_text.value()) else { return Err(Fault::new("has no event type")) };
    let id_text: Cow<'_, str> = match given.event_id {
        Some(text) => Cow::Borrowed(text.raw),
        None => Cow::Owned(format!("\"{event_id}\"")),
    };
    let parts = Parts {
        event_id,
        event_type,
        id_text: &id_text,
        type_text: type_text.raw,
        created_at,
        created_by: given.created_by,
        session_id: given.session_id,
        source: given.source.raw,
        action_by: given.action_by,
        ip_address: given.ip_address,
        additional_details: given.additional_details,
        accessible_by: given.accessible_by,
        extra: &given.extra,
    };
    match feed {
        FeedKind::User => parts.for_users(),
        FeedKind::Enterprise => parts.for_enterprise(),
    }
}

/// The rendering for `feed`, made from what was given for the other. What only one vocabulary has stays there, save
/// the facts about the deed that an enterprise wants to know and a user rendering may well have been given.
fn derived_rendering(
    given: &Given<'_>,
    derived: derive::Derived<'_>,
    feed: FeedKind,
    event_id: EventId,
    created_at: Moment,
) -> Checked<Rendering> {
    let to_enterprise = |value| if feed == FeedKind::Enterprise { value } else { None };
    let id_text = format!("\"{event_id}\"");
    // Names of the catalogue are wire names; an operator's with a quote in it must be escaped all the same.
    let type_text = serde_json::to_string(derived.event_type.as_str()).unwrap_or_default();
    let parts = Parts {
        event_id,
        event_type: derived.event_type,
        id_text: &id_text,
        type_text: &type_text,
        created_at,
        created_by: given.created_by,
        session_id: given.session_id,
        source: derived.source.as_deref(),
        action_by: to_enterprise(given.action_by),
        ip_address: to_enterprise(given.ip_address),
        additional_details: to_enterprise(given.additional_details),
        accessible_by: to_enterprise(given.accessible_by),
        extra: &[],
    };
    match feed {
        FeedKind::User => parts.for_users(),
        FeedKind::Enterprise => parts.for_enterprise(),
    }
}
