//! Explaining an event: who heard it and why, and why somebody did not (decision 0003).
//!
//! Who heard it is what the ledger stored. Why is worked out from the event and the directory as it is now; places tell
//! what came later, and what ended since is said to be gone.

use super::Services;
use super::administer::AdminError;
use crate::auth::Caller;
use crate::entropy::random;
use feed::directory::{Directory, Person, Reason, User};
use feed::event::{Event, FeedKind};
use feed::id::{EnterpriseId, EventId, UserId};
use feed::intake::{self, Format, Rules};
use feed::limits::LIST_ROWS_MAX;
use feed::permission::Action;
use store::ledger::Found;

/// An event, explained.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Its id in user feeds, if it is in any.
    pub user_event: Option<EventId>,
    /// Its type.
    pub event_type: String,
    /// The users it was posted to, at most so many as a list has rows, each with the reasons.
    pub hearers: Vec<Hearer>,
    /// The lists it was posted to, in words, with how many belonged to each.
    pub lists: Vec<(String, usize)>,
    /// The user who was asked about.
    pub asked: Option<Hearer>,
}

/// A user and an event.
#[derive(Debug, Clone)]
pub struct Hearer {
    /// Who.
    pub person: Person,
    /// Whether they heard it.
    pub heard: bool,
    /// Why, or why not.
    pub reasons: Vec<String>,
}

impl Services {
    /// Explains an event of the caller's enterprise, by its id in either kind of feed; and, if asked, why a user heard
    /// it or did not.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn explain(&self, caller: &Caller, id: &str, user: Option<&str>) -> Result<Explanation, AdminError> {
        caller.may(Action::ExplainAudience).map_err(AdminError::Denied)?;
        let home = caller.enterprise();
        let id = EventId::new(id).map_err(AdminError::BadId)?;
        let asked = match user {
            None => None,
            Some(user) => Some(match self.own_user(home, user).await {
                Ok(user) => user.person,
                // A stranger's id is a good question, too.
                Err(AdminError::NoSuchUser(shown)) => {
                    let id = UserId::new(user).map_err(|_| AdminError::NoSuchUser(shown))?;
                    Person { id, name: "".into(), login: "".into() }
                }
                Err(why) => return Err(why),
            }),
        };
        let (for_users, for_enterprise) = self.both_renderings(home, &id).await?;
        let any = for_users.as_ref().or(for_enterprise.as_ref().map(|(_, found)| found));
        let Some(any) = any else {
            return Err(AdminError::Missing("event", id.as_str().chars().take(64).collect()));
        };
        let (event_type, place) = (any.event_type.to_string(), any.place);
        let event = self.read_again(home, for_users.as_ref(), for_enterprise.as_ref().map(|(_, found)| found))?;
        let known_as = for_users.as_ref().map(|_| match &for_enterprise {
            Some((own, _)) if *own == id => intake::counterpart_id(&id, FeedKind::User, home),
            _ => id.clone(),
        });
        let question = |directory: &Directory| {
            let mut explanation =
                Explanation { user_event: known_as, event_type, hearers: Vec::new(), lists: Vec::new(), asked: None };
            let mut heard: Vec<UserId> = Vec::new();
            if let Some(found) = &for_users {
                heard.extend(found.heard_by.iter().cloned());
                for list in &found.lists {
                    let members = directory.belonged(list, place, usize::MAX);
                    explanation.lists.push((directory.list_in_words(list), members.len()));
                    heard.extend(members);
                }
            }
            // Of those relayed to another enterprise the ledger keeps no list; what let them in tells.
            let elsewhere = directory.reachable_elsewhere(&event, home);
            heard.extend(elsewhere.into_iter().filter(|_| for_users.is_some()));
            let mut seen = rustc_hash::FxHashSet::default();
            heard.retain(|id| seen.insert(id.clone()));
            let hearer = |person: Person| {
                let heard = seen.contains(&person.id);
                let mut reasons = directory.reasons(&event, home, place, &person.id);
                if for_users.is_none() {
                    reasons = vec![Reason::NotForUsers];
                }
                Hearer { heard, reasons: in_words(&reasons, heard), person }
            };
            let people = heard.iter().take(LIST_ROWS_MAX).filter_map(|id| directory.user(id));
            // What another enterprise calls its own people is not told here.
            let shown = |user: &User| match user.home == *home {
                true => user.person.clone(),
                false => Person { id: user.person.id.clone(), name: "".into(), login: "".into() },
            };
            explanation.hearers = people.map(|user| hearer(shown(user))).collect();
            explanation.asked = asked.map(hearer);
            explanation
        };
        Ok(self.stores.directory.ask(question).await?)
    }

    /// The renderings of an event, found by the id of either.
    pub(super) async fn both_renderings(
        &self,
        home: &EnterpriseId,
        id: &EventId,
    ) -> Result<(Option<Found>, Option<(EventId, Found)>), AdminError> {
        let ledger = &self.stores.ledger;
        let mut for_users = ledger.find(home, FeedKind::User, id).await?;
        let mut for_enterprise = ledger.find(home, FeedKind::Enterprise, id).await?.map(|found| (id.clone(), found));
        if for_users.is_none() {
            for_users = ledger.find(home, FeedKind::User, &intake::counterpart_id(id, FeedKind::User, home)).await?;
        } else if for_enterprise.is_none() {
            let other = intake::counterpart_id(id, FeedKind::Enterprise, home);
            for_enterprise = ledger.find(home, FeedKind::Enterprise, &other).await?.map(|found| (other, found));
        }
        // The same id may stand for two deeds, one in each kind of feed.
        if let (Some(user), Some((_, enterprise))) = (&for_users, &for_enterprise)
            && user.place != enterprise.place
        {
            for_enterprise = None;
        }
        Ok((for_users, for_enterprise))
    }

    /// The facts of a stored event, read from its renderings as they were at intake.
    fn read_again(
        &self,
        home: &EnterpriseId,
        for_users: Option<&Found>,
        for_enterprise: Option<&Found>,
    ) -> Result<Event, AdminError> {
        let mut draft = b"{\"derive\":false".to_vec();
        for (name, found) in [("user", for_users), ("enterprise", for_enterprise)] {
            if let Some(found) = found {
                draft.extend_from_slice(format!(",\"{name}\":").as_bytes());
                draft.extend_from_slice(&found.bytes);
            }
        }
        draft.push(b'}');
        let rules = Rules { catalogue: &self.catalogue, enterprise: home };
        let events = intake::read(&draft, Format::Json, &rules, self.clock.now(), &mut random::<20>);
        let event = events.ok().and_then(|events| events.into_iter().next());
        event.ok_or_else(|| AdminError::Bad("The stored event cannot be read by this version.".to_owned()))
    }
}

/// The reasons that count for somebody who heard, or those that tell why somebody did not.
fn in_words(reasons: &[Reason], heard: bool) -> Vec<String> {
    let told: Vec<String> = reasons.iter().filter(|it| it.carries() == heard).map(ToString::to_string).collect();
    match (told.is_empty(), heard) {
        (false, _) => told,
        (true, true) => {
            vec!["was named by the publisher, or was let in by something that has ended since".to_owned()]
        }
        (true, false) if reasons.is_empty() => vec![
            "nothing leads from this user to the event: they neither did it nor own the item, and no collaboration on \
             it or a folder above it lets them in"
                .to_owned(),
        ],
        (true, false) => vec![
            "could hear it as things stand now, but did not then: the publisher named the audience, or something \
             changed since"
                .to_owned(),
        ],
    }
}
