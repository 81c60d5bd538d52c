//! The deeds that are published: made up, of realistic shape, and the same for the same seed.
//!
//! Each draft is an envelope with a whole file in the user rendering (the enterprise rendering is derived from it) and
//! an audience of about five. Who does things and who hears of them follows Zipf's law over the users: the user of
//! rank r is named r times less often than the first. One draft of a hundred is late, by up to two hours.
//!
//! Making drafts costs more than sending them, so a [`Bundle`] is made once and sent many times; each time it gets
//! fresh ids and the times of the moment.

use bytes::Bytes;
use feed::time::Second;
use std::fmt::Write;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many users there are.
pub(super) const USERS: usize = 50_000;
/// Of so many drafts, one is late.
const ONE_LATE_OF: usize = 100;
/// How late, in seconds.
const LATE_S: Range<usize> = 60..7_200;
/// Hearers of one deed, its actor among them.
const HEARERS: Range<usize> = 3..8;
/// How often each type occurs among ten thousand drafts; two are rare, for filters to look for.
const TYPES: [(&str, usize); 9] = [
    ("ITEM_UPLOAD", 3_000),
    ("ITEM_PREVIEW", 2_600),
    ("ITEM_DOWNLOAD", 2_000),
    ("ITEM_RENAME", 800),
    ("ITEM_MOVE", 600),
    ("ITEM_SHARED_CREATE", 500),
    ("ITEM_COPY", 399),
    ("ITEM_SHARED_UNSHARE", 100),
    ("ITEM_UNDELETE_VIA_TRASH", 1),
];
const FIRST: [&str; 12] =
    ["Ada", "Bram", "Chiara", "Dmitri", "Elif", "Femi", "Greta", "Hana", "Ivo", "Jun", "Karin", "Lars"];
const LAST: [&str; 12] =
    ["Abel", "Berg", "Costa", "Duarte", "Eriksen", "Fontaine", "Grahn", "Horvat", "Ito", "Jansen", "Kowalska", "Lind"];
const SUBJECT: [&str; 10] =
    ["Offer", "Contract", "Minutes", "Budget", "Drawing", "Test report", "Invoice", "Roadmap", "Site survey", "Manual"];
const ENDING: [&str; 5] = ["docx", "xlsx", "pdf", "pptx", "dwg"];
const FOLDER: [&str; 10] =
    ["Projects", "Finance", "Legal", "Customers", "Archive", "Plants", "Suppliers", "Design", "Board", "Training"];

/// Numbers that look random and follow from the seed (SplitMix64).
#[derive(Debug, Clone)]
struct Chance(u64);

/// Mixes the bits of a number; no two numbers give the same.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number of the range.
    fn within(&mut self, range: Range<usize>) -> usize {
        let width = range.len() as u64;
        range.start + (self.next() % width) as usize
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.within(0..words.len())]
    }

    /// A number from 0 up to, but without, 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The numbers of event ids: each is given once in a run.
#[derive(Debug, Default)]
pub(super) struct Serials(AtomicU64);

impl Serials {
    /// Numbers that others, who count from the beginning, do not come to.
    pub(super) fn far_on() -> Self {
        Serials(AtomicU64::new(1 << 63))
    }

    /// How many were given, by those who count from the beginning.
    pub(super) fn given(&self) -> usize {
        self.0.load(Ordering::Relaxed) as usize
    }
}

/// What in a draft is set anew each time it is sent.
#[derive(Debug, Clone)]
struct Spot {
    /// Where 16 digits of `event_id` lie.
    id_at: usize,
    /// Where the 25 bytes of `created_at` lie.
    created_at: usize,
    /// How late the deed is told.
    late_s: u32,
}

/// Drafts as NDJSON, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Bundle {
    text: String,
    spots: Vec<Spot>,
}

impl Bundle {
    /// The drafts as deeds of now, with ids that no draft had before.
    pub(super) fn fresh(&self, serials: &Serials, now: Second) -> Bytes {
        let mut bytes = self.text.as_bytes().to_vec();
        let first = serials.0.fetch_add(self.spots.len() as u64, Ordering::Relaxed);
        for (spot, serial) in self.spots.iter().zip(first..) {
            let id = mixed(serial).to_be_bytes();
            for (digits, byte) in bytes[spot.id_at..].chunks_exact_mut(2).zip(id) {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            let time = now.back(spot.late_s).to_wire();
            bytes[spot.created_at..spot.created_at + time.len()].copy_from_slice(&time);
        }
        Bytes::from(bytes)
    }
}

/// What of a deed is not left to chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) event_type: &'static str,
    /// The rank of who does it,
    pub(super) actor: usize,
    /// and of who owns the file.
    pub(super) owner: usize,
    /// The folder that the file lies in; made up unless given.
    pub(super) folder: Option<&'s str>,
    /// Ranks of those who hear it; unless given, the server finds them out.
    pub(super) audience: Option<&'s [usize]>,
}

/// Makes drafts.
#[derive(Debug, Clone)]
pub(super) struct Deeds {
    chance: Chance,
    /// Drafts of a type left to chance.
    made: usize,
    /// By rank, how often all users up to it are named.
    sums: Vec<f64>,
}

impl Deeds {
    /// Deeds that follow from a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=USERS).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Deeds { chance: Chance(seed), made: 0, sums: sums.collect() }
    }

    /// The next so many drafts.
    pub(super) fn bundle(&mut self, count: usize) -> Bundle {
        let mut bundle = Bundle { text: String::with_capacity(count * 1_500), spots: Vec::with_capacity(count) };
        for _ in 0..count {
            let hearers = self.hearers();
            // Half the deeds are done to somebody else's file.
            let owner = hearers[self.chance.within(0..2)];
            let audience = Some(hearers.as_slice());
            let scene = Scene { event_type: self.event_type(), actor: hearers[0], owner, folder: None, audience };
            bundle.spots.push(self.draft(&mut bundle.text, &scene));
        }
        bundle
    }

    /// Drafts of the scenes.
    pub(super) fn bundle_of<'s>(&mut self, scenes: impl IntoIterator<Item = Scene<'s>>) -> Bundle {
        let mut bundle = Bundle { text: String::new(), spots: Vec::new() };
        for scene in scenes {
            bundle.spots.push(self.draft(&mut bundle.text, &scene));
        }
        bundle
    }

    /// The next rank, from 0.
    fn rank(&mut self) -> usize {
        let sum = self.chance.share() * self.sums[USERS - 1];
        self.sums.partition_point(|upto| *upto <= sum)
    }

    /// The type of the next draft. Ten thousand that follow each other have each type as often as it is said, so that
    /// there are some of the rarest even where drafts are sent again and again.
    fn event_type(&mut self) -> &'static str {
        self.made += 1;
        // A step without a divisor in common with ten thousand comes to every number.
        let mut number = self.made * 3_571 % 10_000;
        for (name, count) in TYPES {
            if number < count {
                return name;
            }
            number -= count;
        }
        TYPES[0].0
    }

    /// Writes a draft and a line break.
    fn draft(&mut self, text: &mut String, scene: &Scene<'_>) -> Spot {
        let (actor, owner, event_type) = (person(scene.actor), person(scene.owner), scene.event_type);
        let late = self.chance.within(0..ONE_LATE_OF) == 0;
        let late_s = if late { self.chance.within(LATE_S) as u32 } else { 0 };
        let mut put = |part: &str| text.push_str(part);
        put(r#"{"user":{"type":"event","event_id":""#);
        let id_tail = self.chance.next() >> 8;
        let hash = [self.chance.next(), self.chance.next()];
        let id_at = text.len();
        // Writing to a string does not fail, here and below.
        let _ = write!(
            text,
            r#"0000000000000000{:08x}{:016x}","created_by":{actor},"created_at":""#,
            id_tail >> 32,
            id_tail
        );
        let created_at = text.len();
        let modified = Second(1_700_000_000 + (self.chance.next() % 60_000_000) as u32);
        let time = modified.to_wire();
        let time = str::from_utf8(&time).unwrap_or_default();
        let _ = write!(text, r#"{time}","event_type":"{event_type}","session_id":"{:016x}","source":"#, hash[0]);
        let file = 1_500_000_000_000 + self.chance.next() % 99_000_000_000;
        let size = self.chance.next() % 40_000_000;
        let (subject, number) = (self.chance.one_of(&SUBJECT), self.chance.within(1..9_999));
        let ending = self.chance.one_of(&ENDING);
        let _ = write!(
            text,
            r#"{{"type":"file","id":"{file}","file_version":{{"type":"file_version","id":"{}","sha1":"{:016x}{:016x}{:08x}"}},"sequence_id":"3","etag":"3","sha1":"{:016x}{:016x}{:08x}","name":"{subject} {number}.{ending}","description":"","size":{size},"#,
            file + 130_000_000_000,
            hash[0],
            hash[1],
            hash[0] as u32,
            hash[0],
            hash[1],
            hash[0] as u32,
        );
        let parent = self.folders(text, scene.folder);
        let audience = scene.audience.map(|hearers| format!(r#","audience":{}"#, ids(hearers))).unwrap_or_default();
        let _ = writeln!(
            text,
            r#""created_at":"{time}","modified_at":"{time}","trashed_at":null,"purged_at":null,"created_by":{owner},"modified_by":{actor},"owned_by":{owner},"shared_link":null,"parent":{parent},"item_status":"active"}}}}{audience}}}"#,
        );
        Spot { id_at, created_at, late_s }
    }

    /// Writes the folders above an item, and answers the last.
    fn folders(&mut self, text: &mut String, folder: Option<&str>) -> String {
        let depth = if folder.is_some() { 1 } else { self.chance.within(1..3) };
        let mut parent = r#"{"type":"folder","id":"0","sequence_id":null,"etag":null,"name":"All Files"}"#.to_owned();
        let _ = write!(text, r#""path_collection":{{"total_count":{},"entries":[{parent}"#, depth + 1);
        for _ in 0..depth {
            let (id, name) = (self.chance.within(0..9_000_000), self.chance.one_of(&FOLDER));
            let id = folder.map_or_else(|| format!("{}", 160_000_000_000 + id), str::to_owned);
            parent = format!(r#"{{"type":"folder","id":"{id}","sequence_id":"2","etag":"2","name":"{name}"}}"#);
            let _ = write!(text, ",{parent}");
        }
        text.push_str("]},");
        parent
    }

    /// Ranks of those who hear a deed, each once, its actor first.
    fn hearers(&mut self) -> Vec<usize> {
        let count = self.chance.within(HEARERS);
        let mut hearers = Vec::with_capacity(count);
        while hearers.len() < count {
            let rank = self.rank();
            if !hearers.contains(&rank) {
                hearers.push(rank);
            }
        }
        hearers
    }
}

/// The id of the user of a rank, from 0.
pub(super) fn user_id(rank: usize) -> String {
    // Ranks that are neighbours should not be neighbours in an index.
    format!("3{:010}", (rank as u64 * 7_919 + 101) % 9_999_991)
}

/// The user of a rank, as events show them.
pub(super) fn person(rank: usize) -> String {
    let (first, last) = (FIRST[rank % FIRST.len()], LAST[rank / FIRST.len() % LAST.len()]);
    let login = format!("{}.{}{rank}@site.example", first.to_lowercase(), last.to_lowercase());
    format!(r#"{{"type":"user","id":"{}","name":"{first} {last}","login":"{login}"}}"#, user_id(rank))
}

fn ids(ranks: &[usize]) -> String {
    let ids: Vec<String> = ranks.iter().map(|rank| format!("\"{}\"", user_id(*rank))).collect();
    format!("[{}]", ids.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::catalogue::Catalogue;
    use feed::event::Event;
    use feed::id::EnterpriseId;
    use feed::intake::{self, Format, Rules};
    use std::collections::HashSet;

    const NOW: Second = Second(1_800_000_000);

    fn taken(body: &[u8]) -> Vec<Event> {
        let enterprise = EnterpriseId::new("1").unwrap();
        let rules = Rules { catalogue: &Catalogue::standard(), enterprise: &enterprise };
        intake::read(body, Format::Ndjson, &rules, NOW, &mut || [7; 20]).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let of = |seed| Deeds::of(seed).bundle(300).fresh(&Serials::default(), NOW);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn intake_takes_every_draft_with_both_renderings() {
        let bundle = Deeds::of(1).bundle(5_000);
        let events = taken(&bundle.fresh(&Serials::default(), NOW));
        assert_eq!(events.len(), bundle.spots.len());
        assert!(events.iter().all(|event| event.user.is_some() && event.enterprise.is_some()));
        let hearers: usize = events.iter().map(|event| event.audience.as_ref().map_or(0, Vec::len)).sum();
        assert!((4_800..5_200).contains(&(hearers / 5)), "{hearers}");
        let mean = bundle.text.len() / bundle.spots.len();
        assert!((1_350..1_550).contains(&mean), "{mean}");
    }

    #[test]
    fn rare_types_are_as_rare_as_they_are_said_to_be() {
        let mut deeds = Deeds::of(9);
        deeds.bundle(1_234);
        let bundle = deeds.bundle(10_000);
        for (name, count) in TYPES {
            assert_eq!(bundle.text.matches(&format!(r#""event_type":"{name}""#)).count(), count, "{name}");
        }
    }

    #[test]
    fn a_scene_is_played_as_it_is_written() {
        let of = |folder, audience| Scene { event_type: "ITEM_UPLOAD", actor: 7, owner: 8, folder, audience };
        let bundle = Deeds::of(1).bundle_of([of(Some("4711"), None), of(None, Some(&[9]))]);
        let events = taken(&bundle.fresh(&Serials::default(), NOW));
        assert_eq!(events[0].audience, None);
        let folders = events[0].item.as_ref().map(|item| item.folders.iter().map(|id| id.as_str()).collect::<Vec<_>>());
        assert_eq!(folders, Some(vec!["4711"]));
        assert_eq!(events[1].audience.as_ref().map(|ids| ids.len()), Some(1));
        assert!(events.iter().all(|event| event.actor.as_str() == user_id(7)));
    }

    #[test]
    fn ids_are_given_once_and_one_of_a_hundred_is_late() {
        let (bundle, serials) = (Deeds::of(3).bundle(2_000), Serials::default());
        let mut events = taken(&bundle.fresh(&serials, NOW));
        events.extend(taken(&bundle.fresh(&serials, NOW)));
        let renderings: Vec<_> = events.iter().filter_map(|event| event.user.as_ref()).collect();
        let ids: HashSet<&str> = renderings.iter().map(|rendering| rendering.event_id.as_str()).collect();
        assert_eq!(ids.len(), 4_000);
        let late = renderings.iter().filter(|rendering| rendering.created_at < NOW).count();
        assert!((20..70).contains(&late), "{late}");
        assert!(renderings.iter().all(|rendering| rendering.created_at <= NOW));
    }

    #[test]
    fn the_first_users_are_named_most_often() {
        let mut deeds = Deeds::of(5);
        let ranks: Vec<usize> = (0..100_000).map(|_| deeds.rank()).collect();
        let named = |rank| ranks.iter().filter(|other| **other == rank).count();
        // The first is named about once in eleven and a half, the tenth ten times less.
        assert!((8_000..9_600).contains(&named(0)), "{}", named(0));
        assert!((700..1_050).contains(&named(9)), "{}", named(9));
        assert!(ranks.iter().all(|rank| *rank < USERS));
        let different: HashSet<String> = (0..USERS).map(user_id).collect();
        assert_eq!(different.len(), USERS);
    }
}
