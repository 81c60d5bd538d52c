//! A frame in the making: what the writer has settled and the disk has not yet.

use super::block::{BlockBuilder, Checksums, Facts, Lengths};
use super::directory::notes::put_note;
use super::frame::{Encoded, FrameWriter};
use super::known::Candidate;
use super::manifest::LineEnds;
use feed::directory::Effect;
use feed::event::FeedKind;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::time::Second;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Most ids that room is taken for ahead.
const EXPECTED_IDS_MAX: usize = 1 << 14;

/// What one event changes in the directory.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) enterprise: EnterpriseId,
    pub(super) place: Place,
    pub(super) effects: Vec<Effect>,
}

/// A frame in the making.
#[derive(Debug)]
pub(super) struct Staged {
    /// Its number among the frames of this process.
    pub(super) sequence: u64,
    pub(super) epoch: u64,
    pub(super) partition: u64,
    pub(super) day: u32,
    /// Its number within the partition.
    pub(super) number: u64,
    pub(super) clock: Second,
    lines: Vec<StagedLine>,
    line_numbers: FxHashMap<EnterpriseId, usize>,
    /// How long the blocks of the frame before were; those of this one will be, too, about.
    expected: FxHashMap<EnterpriseId, [Lengths; 2]>,
    /// Fingerprint of the event id to where it is.
    ids: FxHashMap<u64, Spot>,
    /// The same for the few whose fingerprint is taken.
    more_ids: Vec<(u64, Spot)>,
    notes: Vec<u8>,
    note_count: u32,
    pub(super) changes: Vec<Change>,
    pub(super) entries: u64,
    bytes: usize,
}

#[derive(Debug)]
struct StagedLine {
    id: EnterpriseId,
    enterprise: BlockBuilder,
    user: BlockBuilder,
    ends: LineEnds,
}

/// Where an event id is in it.
#[derive(Debug, Clone, Copy)]
struct Spot {
    kind: FeedKind,
    line: usize,
    slot: usize,
}

impl StagedLine {
    fn half(&self, kind: FeedKind) -> &BlockBuilder {
        match kind {
            FeedKind::Enterprise => &self.enterprise,
            FeedKind::User => &self.user,
        }
    }
}

impl Staged {
    pub(super) fn new(sequence: u64, epoch: u64, partition: u64, day: u32, number: u64) -> Self {
        Staged {
            sequence,
            epoch,
            partition,
            day,
            number,
            clock: Second(0),
            lines: Vec::new(),
            line_numbers: FxHashMap::default(),
            expected: FxHashMap::default(),
            ids: FxHashMap::default(),
            more_ids: Vec::new(),
            notes: Vec::new(),
            note_count: 0,
            changes: Vec::new(),
            entries: 0,
            bytes: 0,
        }
    }

    /// Expects this frame to be about as long as the one before it.
    pub(super) fn expect(&mut self, before: &Staged) {
        let lengths = |line: &StagedLine| (line.id.clone(), [line.enterprise.lengths(), line.user.lengths()]);
        self.expected = before.lines.iter().map(lengths).collect();
        self.ids.reserve(before.ids.len().min(EXPECTED_IDS_MAX));
    }

    /// Whether there is nothing in it to make durable.
    pub(super) fn is_empty(&self) -> bool {
        self.entries == 0 && self.note_count == 0
    }

    /// About how long the frame will be.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn tick(&mut self, now: Second) {
        self.clock = self.clock.max(now);
    }

    fn line(&mut self, id: &EnterpriseId) -> usize {
        if let Some(number) = self.line_numbers.get(id) {
            return *number;
        }
        let number = self.lines.len();
        let half = |kind| BlockBuilder::new(kind, id.as_str());
        let (mut enterprise, mut user) = (half(FeedKind::Enterprise), half(FeedKind::User));
        if let Some([enterprise_before, user_before]) = self.expected.get(id) {
            enterprise.expect(*enterprise_before);
            user.expect(*user_before);
        }
        self.lines.push(StagedLine { id: id.clone(), enterprise, user, ends: LineEnds::default() });
        self.line_numbers.insert(id.clone(), number);
        number
    }

    /// Adds a rendering, to be found by the fingerprint of its id if one is given. `hearers` writes who hears it.
    pub(super) fn push(
        &mut self,
        line: &EnterpriseId,
        kind: FeedKind,
        print: Option<u64>,
        facts: &Facts<'_>,
        hearers: impl FnOnce(&mut Vec<u8>),
        rendering: Vec<u8>,
    ) {
        let number = self.line(line);
        let staged = &mut self.lines[number];
        let half = match kind {
            FeedKind::Enterprise => &mut staged.enterprise,
            FeedKind::User => &mut staged.user,
        };
        let before = half.size();
        let put = |out: &mut Vec<u8>| {
            facts.put(kind, out);
            hearers(out);
        };
        let slot = half.push(put, rendering);
        self.bytes += half.size() - before;
        staged.ends.last = staged.ends.last.max(facts.place);
        staged.ends.history = staged.ends.history.max(facts.history);
        if let Some(print) = print {
            let spot = Spot { kind, line: number, slot };
            match self.ids.entry(print) {
                Entry::Vacant(free) => drop(free.insert(spot)),
                Entry::Occupied(_) => self.more_ids.push((print, spot)),
            }
        }
        self.entries += 1;
    }

    /// Adds what an event changes in the directory; also called, without effects, for entries that no feed shows.
    pub(super) fn note(&mut self, line: &EnterpriseId, place: Place, effects: Vec<Effect>) {
        let number = self.line(line);
        let ends = &mut self.lines[number].ends;
        ends.last = ends.last.max(place.to_bits());
        let before = self.notes.len();
        put_note(&mut self.notes, line.as_str(), place.to_bits(), &effects);
        self.bytes += self.notes.len() - before;
        self.note_count += 1;
        if !effects.is_empty() {
            self.changes.push(Change { enterprise: line.clone(), place, effects });
        }
    }

    /// The rendering with the id of a candidate, and its place.
    pub(super) fn find(&self, candidate: &Candidate<'_>) -> Option<(Place, &[u8])> {
        let first = self.ids.get(&candidate.print)?;
        let more = self.more_ids.iter().filter(|(print, _)| *print == candidate.print).map(|(_, spot)| spot);
        std::iter::once(first).chain(more).find_map(|spot| {
            let staged = &self.lines[spot.line];
            let half = staged.half(spot.kind);
            let facts = half.facts(spot.slot)?;
            let same_line = spot.kind == candidate.kind && staged.id == *candidate.line;
            let same = same_line && facts.event_id == candidate.rendering.event_id.as_str();
            same.then(|| (Place::from_bits(facts.place), half.rendering(spot.slot)))
        })
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &EnterpriseId> {
        self.lines.iter().map(|line| &line.id)
    }

    pub(super) fn ends(&self) -> impl Iterator<Item = (&EnterpriseId, LineEnds)> {
        self.lines.iter().map(|line| (&line.id, line.ends))
    }

    /// The bytes of the frame, with the checksums of its blocks.
    pub(super) fn encode(&self) -> Encoded {
        let mut checksums = Vec::with_capacity(2 * self.lines.len());
        let mut writer = FrameWriter::new(&self.notes, self.note_count, self.bytes + self.lines.len() * 256);
        let mut lines: Vec<&StagedLine> = self.lines.iter().collect();
        lines.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        for kind in [FeedKind::Enterprise, FeedKind::User] {
            for half in lines.iter().map(|line| line.half(kind)).filter(|half| half.count() > 0) {
                let whole = writer.block(|out| half.put(out));
                checksums.push(Checksums { whole, renderings: half.checksums().to_vec() });
            }
        }
        Encoded { bytes: writer.finish(self.number, self.partition, self.clock.0), checksums }
    }
}
