//! The work of the company, as a task beside the server: some days of history at the start, then a deed every second
//! or so, until the server closes.

use super::every_type;
use super::shapes::Draft;
use super::story::Story;
use crate::auth::Caller;
use crate::service::Services;
use crate::service::publish::PublishError;
use feed::intake::Format;
use feed::time::Second;
use std::sync::Arc;
use std::time::Duration;

/// How many deeds were done before anybody looks.
const HISTORY_DEEDS: usize = 150;
/// How long ago the first of them was.
const HISTORY_S: u32 = 4 * 86_400;
/// How long before now the last of them was, at least.
const HISTORY_ENDS_S: u32 = 60;
/// The shortest pause between two deeds, and by how much it may be longer.
const PAUSE_MS: (u64, u64) = (500, 1_500);
/// Most drafts in one publish.
const BATCH: usize = 500;

/// The company at work.
pub(super) struct Work {
    services: Arc<Services>,
    publisher: Caller,
    story: Story,
    /// The id of the last upload of the days before anybody looks.
    pub(super) last_upload: Option<String>,
}

impl Work {
    /// A company whose story this seed tells.
    pub(super) fn new(services: Arc<Services>, publisher: Caller, seed: u64) -> Self {
        let begin = services.clock.now().back(HISTORY_S);
        Work { services, publisher, story: Story::new(seed, begin), last_upload: None }
    }

    /// Publishes what was done in the last days.
    pub(super) async fn catch_up(&mut self) -> Result<(), PublishError> {
        let now = self.services.clock.now();
        let drafts: Vec<Draft> = history(&mut self.story, now);
        let mut newest_first = drafts.iter().rev().filter_map(|draft| draft.user.as_ref());
        let upload = newest_first.find(|it| it.event_type == "ITEM_UPLOAD");
        self.last_upload = upload.map(|it| it.event_id.clone());
        self.publish(&drafts).await
    }

    /// Publishes an event of every type.
    pub(super) async fn show_every_type(&mut self) -> Result<(), PublishError> {
        let now = self.services.clock.now();
        let drafts = every_type::drafts(&mut self.story, &self.services.catalogue, now);
        self.publish(&drafts).await
    }

    /// Works until the server closes. A deed that cannot be published is logged; the next may fare better.
    pub(super) async fn go_on(mut self) {
        loop {
            let pause = Duration::from_millis(PAUSE_MS.0 + self.story.dice.below(PAUSE_MS.1));
            tokio::select! {
                () = self.services.clock.wait(pause) => {}
                () = self.services.bell.closed() => return,
            }
            let now = self.services.clock.now();
            let draft = self.story.deed(now);
            if let Err(why) = self.publish(&[draft]).await {
                tracing::error!(?why, "a deed of the demo was not published");
            }
        }
    }

    async fn publish(&self, drafts: &[Draft]) -> Result<(), PublishError> {
        for batch in drafts.chunks(BATCH) {
            let lines: Vec<String> = batch.iter().map(Draft::to_json).collect();
            self.services.publish(&self.publisher, lines.join("\n").as_bytes(), Format::Ndjson).await?;
        }
        Ok(())
    }
}

/// The deeds of the last days, in order.
fn history(story: &mut Story, now: Second) -> Vec<Draft> {
    let span = u64::from(HISTORY_S - HISTORY_ENDS_S);
    let ago = |story: &mut Story| HISTORY_ENDS_S + u32::try_from(story.dice.below(span)).unwrap_or(0);
    let mut times: Vec<Second> = (0..HISTORY_DEEDS).map(|_| now.back(ago(story))).collect();
    times.sort_unstable();
    times.into_iter().map(|at| story.deed(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::company;
    use super::super::things::Things;
    use super::*;
    use feed::catalogue::Catalogue;
    use feed::directory::{Directory, Role};
    use feed::event::{Event, FeedKind, UserStreams};
    use feed::intake::{self, Rules};
    use feed::position::Place;
    use rustc_hash::FxHashSet;

    const NOW: Second = Second(1_747_213_200);

    fn read(drafts: &[Draft]) -> Vec<Event> {
        let lines: Vec<String> = drafts.iter().map(Draft::to_json).collect();
        let (catalogue, enterprise) = (Catalogue::standard(), company::enterprise_id());
        let rules = Rules { catalogue: &catalogue, enterprise: &enterprise };
        // A draft without an id would ask for one here; the story gives them all.
        let events =
            intake::read(lines.join("\n").as_bytes(), Format::Ndjson, &rules, NOW.ahead(100_000), &mut || [7; 20]);
        events.unwrap_or_else(|refused| panic!("{refused}"))
    }

    fn story(seed: u64, deeds: u32) -> Vec<Draft> {
        let mut story = Story::new(seed, NOW.back(HISTORY_S));
        let mut drafts = history(&mut story, NOW);
        drafts.extend((0..deeds).map(|second| story.deed(NOW.ahead(second))));
        drafts
    }

    #[test]
    fn every_deed_is_taken() {
        for seed in 0..4 {
            let drafts = story(seed, 2_500);
            let mut ids = FxHashSet::default();
            for batch in drafts.chunks(BATCH) {
                for event in read(batch) {
                    let renderings = [event.user, event.enterprise];
                    for rendering in renderings.iter().flatten() {
                        assert!(ids.insert(rendering.event_id.clone()), "{} came twice", rendering.event_id);
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let told = |seed| story(seed, 300).iter().map(Draft::to_json).collect::<Vec<_>>();
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
    }

    #[test]
    fn a_story_is_of_many_kinds() {
        let mut types = FxHashSet::default();
        for event in story(1, 4_000).chunks(BATCH).flat_map(read) {
            types.extend(event.user.map(|it| ("user", it.event_type.to_string())));
            types.extend(event.enterprise.map(|it| ("enterprise", it.event_type.to_string())));
        }
        assert!(types.len() > 85, "only {}", types.len());
    }

    #[test]
    fn nobody_of_the_company_gets_another_role() {
        let enterprise = company::enterprise_id();
        let mut directory = beginning();
        let roles = |directory: &Directory| -> Vec<(String, Role)> {
            let mut roles: Vec<(String, Role)> =
                directory.users().map(|user| (user.person.id.to_string(), user.role.clone())).collect();
            // Newcomers come and go.
            roles.retain(|(id, _)| !id.starts_with("30306"));
            roles
        };
        let before = roles(&directory);
        let mut drafts = story(3, 3_000);
        drafts.extend(every_type::drafts(&mut Story::new(3, NOW), &Catalogue::standard(), NOW));
        for event in drafts.chunks(BATCH).flat_map(read) {
            feed::audience::hear(&event, &mut directory, &enterprise, Place::at(NOW).next());
        }
        assert_eq!(roles(&directory), before);
    }

    /// The directory when the story begins.
    fn beginning() -> Directory {
        let mut directory = Directory::default();
        for (enterprise, effects) in company::beginning(&Things::new(NOW)) {
            directory.give(&effects, &enterprise, Place::at(NOW.back(HISTORY_S)).next());
        }
        directory
    }

    /// How much of a story somebody hears on each of the three streams.
    fn heard(drafts: &[Draft], user: &str) -> [usize; 3] {
        let (mut directory, enterprise) = (beginning(), company::enterprise_id());
        let (mut counts, mut place) = ([0; 3], Place::at(NOW).next());
        for event in drafts.chunks(BATCH).flat_map(read) {
            place = place.next();
            let audience = feed::audience::hear(&event, &mut directory, &enterprise, place);
            for hearing in audience.users.iter().filter(|hearing| hearing.user.as_str() == user) {
                let streams = [UserStreams::ALL, UserStreams::CHANGES, UserStreams::SYNC];
                for (count, stream) in counts.iter_mut().zip(streams) {
                    *count += usize::from(hearing.streams.meets(stream));
                }
            }
        }
        counts
    }

    #[test]
    fn the_three_streams_of_somebody_differ_before_anybody_looks() {
        for seed in 0..20 {
            let [all, changes, sync] = heard(&story(seed, 0), company::USER);
            assert!(0 < sync && sync < changes && changes < all, "seed {seed}: {all} {changes} {sync}");
        }
    }

    #[test]
    fn a_guest_hears_of_what_they_are_let_in_on_and_colleagues_through_their_teams() {
        let drafts = story(1, 300);
        let [all, ..] = heard(&drafts, company::GUEST);
        let [admin, ..] = heard(&drafts, company::ADMIN);
        assert!(0 < all && all < drafts.len() / 2, "{all}");
        assert!(admin < drafts.len(), "{admin}");
        // Nora is let in on nothing by herself at first, only as one of a team.
        let nora = company::everybody()[company::NORA].id.clone();
        assert!(0 < heard(&story(1, 0), &nora)[0]);
    }

    /// Every type leaves the company as it was, so that the story goes on.
    #[test]
    fn every_type_changes_nothing_of_the_company() {
        let (mut directory, enterprise) = (beginning(), company::enterprise_id());
        let of_company = |directory: &Directory| {
            let folders = company::FOLDERS.iter().map(|first| feed::id::ItemId::new(first.id).unwrap());
            let shared = folders.map(|folder| (directory.item(&enterprise, &folder), folder));
            let shared = shared.map(|(item, folder)| (item, directory.collaborations_on(&enterprise, &folder, 100)));
            let mut groups = directory.groups(&enterprise, None, 100);
            groups.retain(|group| company::TEAMS.iter().any(|(id, ..)| group.id.as_str() == *id));
            (shared.collect::<Vec<_>>(), groups)
        };
        let before = of_company(&directory);
        for event in read(&every_type::drafts(&mut Story::new(3, NOW), &Catalogue::standard(), NOW)) {
            feed::audience::hear(&event, &mut directory, &enterprise, Place::at(NOW).next());
        }
        assert_eq!(of_company(&directory), before);
    }

    #[test]
    fn every_type_covers_the_catalogue() {
        let catalogue = Catalogue::standard();
        for fresh in [true, false] {
            let mut story = Story::new(7, NOW);
            if !fresh {
                history(&mut story, NOW);
            }
            let mut seen = FxHashSet::default();
            for event in read(&every_type::drafts(&mut story, &catalogue, NOW)) {
                seen.extend(event.user.map(|it| (FeedKind::User, it.event_type)));
                seen.extend(event.enterprise.map(|it| (FeedKind::Enterprise, it.event_type)));
            }
            for known in catalogue.types() {
                assert!(seen.contains(&(known.feed, known.name.clone())), "{:?} {}", known.feed, known.name);
            }
        }
    }
}
