//! One draft: an envelope with one or both renderings of a deed, or a bare event (design, section 5).

use super::check::{Keep, twice};
use super::deed::Deed;
use super::fault::{Checked, Fault};
use super::given::Given;
use super::json::{Kind, Reader, Text, not_of_kind};
use super::{Rules, effects};
use crate::event::{Event, FeedKind};
use crate::id::UserId;
use crate::limits::{AUDIENCE_USERS_MAX, PUBLISH_HEARERS_MAX};
use crate::time::Second;

/// What reading the drafts of one publish has at hand.
pub(super) struct Desk<'r> {
    pub(super) rules: &'r Rules<'r>,
    pub(super) now: Second,
    pub(super) ids: &'r mut dyn FnMut() -> [u8; 20],
    /// How many ids the audiences of the drafts so far have named.
    pub(super) hearers: usize,
    /// Whether they are history from elsewhere.
    pub(super) history: bool,
}

impl Desk<'_> {
    pub(super) fn has_too_many_hearers(&self) -> bool {
        self.hearers > PUBLISH_HEARERS_MAX
    }
}

/// The members of an envelope.
#[derive(Default)]
struct Envelope<'a> {
    user: Option<Given<'a>>,
    enterprise: Option<Given<'a>>,
    audience: Option<Vec<UserId>>,
    derive: Option<bool>,
    /// Bit by bit, which of them have been read.
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
    let mut bare: Option<Given<'_>> = None;
    let mut stranger: Option<Text<'_>> = None;
    let mut first = true;
    reader.enter_object()?;
    while let Some(name) = reader.member(&mut first)? {
        match MEMBERS.iter().position(|member| name.is(member)) {
            Some(at) => envelope.member(at, reader, desk).map_err(|fault| fault.under(MEMBERS[at]))?,
            None => {
                stranger = stranger.or(Some(name));
                bare.get_or_insert_default().member(name, reader)?;
            }
        }
    }
    match (stranger, envelope.seen) {
        (None, seen) if desk.history && seen != 0 => {
            Err(Fault::new("is an envelope; history is brought in as bare events of the enterprise feed"))
        }
        (None, 0) => Err(Fault::new("is empty; a draft is an event or an envelope such as {\"user\":{…}}")),
        (None, _) => envelope.settle(desk),
        (Some(_), 0) => bare_event(&bare.unwrap_or_default(), desk),
        (Some(name), _) => {
            // A member passed over here could be a misspelt audience, and the wrong people would hear of the deed.
            let reason = "is no member of an envelope, which has `user`, `enterprise`, `audience` and `derive`; \
                          members of the event belong into `user` or `enterprise`";
            Err(Fault::new(reason).under(&name.value()))
        }
    }
}

impl<'a> Envelope<'a> {
    fn member(&mut self, at: usize, reader: &mut Reader<'a>, desk: &mut Desk<'_>) -> Checked<()> {
        if self.seen & 1 << at != 0 {
            return Err(twice());
        }
        self.seen |= 1 << at;
        match at {
            0 => rendering(&mut self.user, reader, FeedKind::User)?,
            1 => rendering(&mut self.enterprise, reader, FeedKind::Enterprise)?,
            2 => {
                let Some(ids) = effects::audience(reader, AUDIENCE_USERS_MAX)? else {
                    let reason = format!("names more than {AUDIENCE_USERS_MAX} users; leave it out to have it derived");
                    return Err(Fault::new(reason));
                };
                desk.hearers += ids.len();
                if desk.has_too_many_hearers() {
                    return Err(Fault::new("is one too many for a single publish"));
                }
                self.audience = Some(ids);
            }
            _ => self.derive = Some(reader.boolean()?),
        }
        Ok(())
    }

    fn settle(mut self, desk: &mut Desk<'_>) -> Checked<Event> {
        // Who did it, one rendering may say for both.
        if let (Some(user), Some(enterprise)) = (&mut self.user, &mut self.enterprise) {
            lend_actor(user, enterprise);
            lend_actor(enterprise, user);
        }
        if self.user.is_none() && self.enterprise.is_none() {
            return Err(Fault::new("has neither `user` nor `enterprise`; give at least one of them"));
        }
        let deed = Deed {
            user: self.user.as_ref(),
            enterprise: self.enterprise.as_ref(),
            audience: self.audience,
            derive: self.derive.unwrap_or(true),
            enveloped: true,
        };
        deed.settle(desk)
    }
}

/// Reads one rendering of an envelope; null counts as not given.
fn rendering<'a>(place: &mut Option<Given<'a>>, reader: &mut Reader<'a>, feed: FeedKind) -> Checked<()> {
    if reader.null()? {
        return Ok(());
    }
    let given = place.insert(Given::default());
    reader.afresh(|reader| given.fill(reader))?;
    if given.feed.is_some_and(|said| said != feed) {
        let reason = format!("must be '{}' here, or be left out", feed.name());
        return Err(Fault::new(reason).under("feed"));
    }
    Ok(())
}

fn lend_actor<'a>(from: &Given<'a>, to: &mut Given<'a>) {
    if to.created_by.is_none() {
        to.created_by = from.created_by;
        to.kept.fill_from(&from.kept, &[Keep::ActorId, Keep::ActorName, Keep::ActorLogin]);
    }
}

fn bare_event(given: &Given<'_>, desk: &mut Desk<'_>) -> Checked<Event> {
    if desk.history {
        return past_event(given, desk);
    }
    let (user, enterprise) = match feed_of(given, desk)? {
        FeedKind::User => (Some(given), None),
        FeedKind::Enterprise => (None, Some(given)),
    };
    Deed { user, enterprise, audience: None, derive: false, enveloped: false }.settle(desk)
}

/// An event as it was elsewhere. Id and time must be its own, or it could not be told from what is there already.
fn past_event(given: &Given<'_>, desk: &mut Desk<'_>) -> Checked<Event> {
    if given.feed == Some(FeedKind::User) {
        return Err(Fault::new("must be 'enterprise' or be left out: history is of the enterprise feed").under("feed"));
    }
    for (member, name) in [(given.event_id, "event_id"), (given.created_at, "created_at")] {
        if member.is_none() {
            return Err(Fault::new("is missing; history keeps the ids and times it has had").under(name));
        }
    }
    Deed { user: None, enterprise: Some(given), audience: None, derive: false, enveloped: false }.settle_past(desk)
}

/// The feed of a bare event: what it says itself, else the only one that has its type, else what it looks like.
fn feed_of(given: &Given<'_>, desk: &Desk<'_>) -> Checked<FeedKind> {
    if let Some(feed) = given.feed {
        return Ok(feed);
    }
    let name = given.type_text()?.value();
    if let Some(feed) = desk.rules.catalogue.only_feed(&name) {
        return Ok(feed);
    }
    if given.additional_details.is_some() || given.ip_address.is_some() || given.action_by.is_some() {
        return Ok(FeedKind::Enterprise);
    }
    // Only events that come out of a user feed have a time of recording.
    if given.source.shape.is_whole_item() || given.has_recorded_at {
        return Ok(FeedKind::User);
    }
    let reason = format!(
        "is missing, and neither the type {name} nor the shape tells; \
         give \"feed\":\"user\" or \"feed\":\"enterprise\""
    );
    Err(Fault::new(reason).under("feed"))
}
