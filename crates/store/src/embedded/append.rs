//! The commit point: event by event, in position order, what is known, who hears it, where it stands.
//!
//! The writer works on its own copies of what events change (lines and directory), which run ahead of what readers see
//! by the frames that are not durable yet. When frames are given up, the copies are taken again from what readers see.

use super::block::{Facts, Hearers, put_hearers};
use super::core::Core;
use super::fault::Fault;
use super::frame::ALIGN_BYTES;
use super::known::{Candidate, Known, Suspicion};
use super::line::WriterLine;
use super::live::id_fingerprint;
use super::staged::Staged;
use super::terms::put_terms;
use super::view::View;
use crate::commit;
use crate::ledger::{AppendError, Appended, Batch, Moved, Outcome, Receipt, Unavailable};
use feed::audience::{self, Hearing};
use feed::directory::Directory;
use feed::event::{Event, FeedKind, Rendering, UserStreams};
use feed::id::{EnterpriseId, EventId, UserId};
use feed::position::{ORDINAL_MAX, Place};
use feed::time::Second;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::Arc;

/// Most bytes of renderings in a batch; with their facts they stay far below the longest frame.
const BATCH_BYTES_MAX: usize = 256 << 20;

/// The fingerprints of the ids of an event's renderings, worked out once; 0 where there is no rendering.
#[derive(Debug, Clone, Copy)]
struct Prints {
    user: u64,
    enterprise: u64,
}

impl Prints {
    fn of(line: &EnterpriseId, event: &Event) -> Self {
        let print = |kind, rendering: &Option<Rendering>| {
            rendering.as_ref().map_or(0, |it| id_fingerprint(line.as_str(), kind, it.event_id.as_str()))
        };
        Prints { user: print(FeedKind::User, &event.user), enterprise: print(FeedKind::Enterprise, &event.enterprise) }
    }

    fn get(self, kind: FeedKind) -> u64 {
        match kind {
            FeedKind::User => self.user,
            FeedKind::Enterprise => self.enterprise,
        }
    }
}

/// What the writer knows.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) core: Arc<Core>,
    pub(super) lines: FxHashMap<EnterpriseId, WriterLine>,
    directory: Directory,
    known: Known,
    /// Frames under way, oldest first. They are looked into for duplicates until readers can see them.
    under_way: VecDeque<Arc<Staged>>,
    staged: Staged,
    sequence: u64,
    epoch: u64,
    /// How many sweeps there had been when seconds were last forgotten.
    sweeps: u64,
    /// Renderings and bytes of the partition that is being written, frames under way included.
    entries: u64,
    bytes: u64,
}

impl Writer {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let mut writer = Writer {
            core,
            lines: FxHashMap::default(),
            directory: Directory::default(),
            known: Known::default(),
            under_way: VecDeque::new(),
            staged: Staged::new(1, 0, 0, 0, 0),
            sequence: 1,
            epoch: 0,
            sweeps: 0,
            entries: 0,
            bytes: 0,
        };
        writer.take_over();
        writer
    }

    /// Takes its copies from what readers see, and begins a frame. Nothing may be under way that still can succeed.
    fn take_over(&mut self) {
        self.epoch = self.core.epoch();
        self.under_way.clear();
        self.core.frontiers.give_up();
        self.lines = self.core.lines.all().into_iter().map(|(line, ends)| (line, WriterLine::of(ends))).collect();
        self.directory = self.core.directory().clone();
        let view = self.core.view();
        let (mut partition, mut day, mut number) = (0, 0, 0);
        if let Some(open) = view.open() {
            let index = open.index();
            (partition, day, number) = (open.number, index.day, index.frames);
            (self.entries, self.bytes) = (index.entries, index.end);
        }
        self.sequence += 1;
        self.staged = Staged::new(self.sequence, self.epoch, partition, day, number);
    }

    /// Whether a batch of this moment belongs into another partition than the frame in the making, so that the frame
    /// has to be closed first.
    pub(super) fn must_close_before(&self, now: Second) -> bool {
        !self.staged.is_empty() && self.another_day(now)
    }

    pub(super) fn staged_bytes(&self) -> usize {
        self.staged.bytes()
    }

    /// A clock that swings around midnight does not begin partitions; one that is put right by a day or more does.
    fn another_day(&self, now: Second) -> bool {
        self.staged.day < now.day() || now.day() + 1 < self.staged.day
    }

    /// Gets ready for a batch or a turn of day: forgets what has become visible, notices what was given up, and begins
    /// the next partition when it is time.
    pub(super) fn begin(&mut self, now: Second) {
        // In a store that takes no more writes a frame may be under way that still becomes visible; nothing is taken
        // over then, because nothing will be written.
        if self.epoch != self.core.epoch() && self.core.writable().is_ok() {
            self.take_over();
        }
        let visible = self.core.visible();
        while self.under_way.front().is_some_and(|frame| frame.sequence <= visible) {
            self.under_way.pop_front();
        }
        if !self.staged.is_empty() {
            return;
        }
        if self.under_way.is_empty() {
            let swept = self.core.sweeps();
            let all = std::mem::replace(&mut self.sweeps, swept) != swept;
            self.lines.values_mut().for_each(|line| line.forget(all));
        }
        let options = &self.core.options;
        let full = options.partition_entries <= self.entries || options.partition_bytes <= self.bytes;
        let begun = self.entries > 0 || self.staged.number > 0;
        if full || (begun && self.another_day(now)) {
            self.next_partition(now);
        } else if self.another_day(now) {
            // Nothing is in it yet, so it may as well be today's.
            self.staged.day = now.day();
        }
    }

    fn next_partition(&mut self, now: Second) {
        self.staged = Staged::new(self.sequence, self.epoch, self.staged.partition + 1, now.day(), 0);
        (self.entries, self.bytes) = (0, 0);
    }

    /// Closes the partition being written if it is of a day that is over; answers the empty frame that does so.
    pub(super) fn turn(&mut self, now: Second) -> Option<Arc<Staged>> {
        self.core.writable().ok()?;
        self.begin(now);
        let open = self.core.view().open().map(|live| live.number);
        (Some(self.staged.partition) != open).then(|| self.close())
    }

    /// Ends the frame in the making and begins the next.
    pub(super) fn close(&mut self) -> Arc<Staged> {
        self.sequence += 1;
        let Staged { partition, day, number, .. } = self.staged;
        let made = if self.staged.is_empty() { number } else { number + 1 };
        let next = Staged::new(self.sequence, self.epoch, partition, day, made);
        let closed = Arc::new(std::mem::replace(&mut self.staged, next));
        self.staged.expect(&closed);
        self.entries += closed.entries;
        self.bytes += closed.bytes().next_multiple_of(ALIGN_BYTES) as u64;
        if !closed.is_empty() {
            self.under_way.push_back(closed.clone());
        }
        closed
    }

    /// Settles a batch: what the answer will be once the frame is durable. A refused batch changes nothing.
    pub(super) fn admit(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        self.core.writable().map_err(AppendError::Unavailable)?;
        self.begin(batch.now);
        self.refuse_too_large(&batch)?;
        let prints: Vec<Prints> = batch.events.iter().map(|event| Prints::of(&batch.enterprise, event)).collect();
        let known = self.reading(|writer, view| writer.look_up(view, &batch, &prints));
        let known = known.map_err(|fault| AppendError::Unavailable(fault.into()))?;
        self.refuse_full_seconds(&batch, &known)?;
        // Only to have it at hand, which the compiler must not find out.
        std::hint::black_box(self.directory.look_ahead(&batch.events, &batch.enterprise));
        self.staged.tick(batch.now);
        let mut appended = Appended::default();
        appended.receipts.reserve(known.len());
        for ((event, receipt), prints) in batch.events.into_iter().zip(known).zip(prints) {
            let receipt = self.record(&batch.enterprise, event, prints, receipt, batch.now, &mut appended.moved);
            appended.receipts.push(receipt);
        }
        Ok(appended)
    }

    /// Looks something up; again with a new view if a file was taken away meanwhile, as readers do.
    pub(super) fn reading<T>(&mut self, read: impl Fn(&mut Self, &View) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut view = self.core.view();
        loop {
            match read(self, &view) {
                Err(Fault::Gone(what)) => {
                    let now = self.core.view();
                    if Arc::ptr_eq(&now, &view) {
                        return Err(Fault::Gone(what));
                    }
                    view = now;
                }
                other => return other,
            }
        }
    }

    /// A batch is one frame, and an event is written once for each reader at home in another enterprise.
    fn refuse_too_large(&self, batch: &Batch) -> Result<(), AppendError> {
        let bytes = |elsewhere: fn(&Self, &Batch, &[UserId]) -> usize| {
            batch.events.iter().fold(0usize, |bytes, event| {
                let length =
                    |rendering: &Option<Rendering>| rendering.as_ref().map_or(0, |rendering| rendering.bytes.len());
                let copies = 1 + event.audience.as_ref().map_or(0, |named| elsewhere(self, batch, named));
                bytes
                    .saturating_add(length(&event.user).saturating_mul(copies))
                    .saturating_add(length(&event.enterprise))
            })
        };
        // Nearly every batch is far from it, and then nobody need be looked up.
        if bytes(|_, _, named| named.len()) <= BATCH_BYTES_MAX {
            return Ok(());
        }
        let bytes = bytes(|writer, batch, named| {
            let users = named.iter().filter_map(|id| writer.directory.user(id));
            users.filter(|user| user.home != batch.enterprise).count()
        });
        if bytes <= BATCH_BYTES_MAX {
            return Ok(());
        }
        let what =
            format!("this batch would take {bytes} bytes, more than the {BATCH_BYTES_MAX} of one commit; divide it");
        Err(AppendError::Unavailable(Unavailable::Failed(what)))
    }

    /// The first results of ids that were stored before this batch.
    fn look_up(&mut self, view: &View, batch: &Batch, prints: &[Prints]) -> Result<Vec<Receipt>, Fault> {
        let mut receipts = Vec::with_capacity(batch.events.len());
        let kinds = [FeedKind::User, FeedKind::Enterprise];
        let asked: Vec<_> = prints.iter().flat_map(|prints| kinds.map(|kind| (kind, prints.get(kind)))).collect();
        let suspicions = self.known.suspicions(&self.core, view, &batch.enterprise, &asked, batch.now)?;
        for ((event, prints), suspicions) in batch.events.iter().zip(prints).zip(suspicions.as_chunks::<2>().0) {
            let mut receipt = Receipt::default();
            let renderings = [&event.user, &event.enterprise];
            for ((kind, rendering), suspicion) in kinds.into_iter().zip(renderings).zip(suspicions) {
                let Some(rendering) = rendering else { continue };
                let candidate = Candidate { line: &batch.enterprise, kind, rendering, print: prints.get(kind) };
                let outcome = self.known_before(view, &candidate, *suspicion, batch.now)?;
                match kind {
                    FeedKind::User => receipt.user = outcome,
                    FeedKind::Enterprise => receipt.enterprise = outcome,
                }
            }
            receipts.push(receipt);
        }
        Ok(receipts)
    }

    /// The first result of an id that was stored, or settled, before.
    pub(super) fn known_before(
        &mut self,
        view: &View,
        candidate: &Candidate<'_>,
        suspicion: Suspicion,
        now: Second,
    ) -> Result<Option<Outcome>, Fault> {
        match self.under_way(candidate) {
            Some(outcome) => Ok(Some(outcome)),
            None => self.known.find(&self.core, view, candidate, suspicion, now),
        }
    }

    /// The first result of an id in frames that are not visible yet.
    fn under_way(&self, candidate: &Candidate<'_>) -> Option<Outcome> {
        let frames = self.under_way.iter().map(|frame| &**frame).chain(std::iter::once(&self.staged));
        let (place, stored) = frames.filter_map(|frame| frame.find(candidate)).next()?;
        Some(commit::known(candidate.kind, candidate.rendering, place, stored))
    }

    /// A second of `created_at` has so many ranks and no more; found out before anything changes. What is stored
    /// already needs no rank.
    fn refuse_full_seconds(&mut self, batch: &Batch, known: &[Receipt]) -> Result<(), AppendError> {
        // Looked up also where no rank seems needed, so that nothing can fail once things change.
        let (mut least_room, mut looked_up) = (ORDINAL_MAX, None);
        for rendering in batch.events.iter().filter_map(|event| event.enterprise.as_ref()) {
            if looked_up != Some(rendering.created_at) {
                let last = self.last_rank(&batch.enterprise, rendering.created_at);
                let last = last.map_err(|fault| AppendError::Unavailable(Unavailable::from(fault)))?;
                least_room = least_room.min(ORDINAL_MAX - last);
                looked_up = Some(rendering.created_at);
            }
        }
        if super::codec::count32(batch.events.len()) < least_room {
            return Ok(());
        }
        let mut more: FxHashMap<Second, u32> = FxHashMap::default();
        let mut ids: FxHashSet<&EventId> = FxHashSet::default();
        for (index, event) in batch.events.iter().enumerate() {
            let Some(rendering) = &event.enterprise else { continue };
            let created_at = rendering.created_at;
            let last = self
                .last_rank(&batch.enterprise, created_at)
                .map_err(|fault| AppendError::Unavailable(Unavailable::from(fault)))?;
            if !ids.insert(&rendering.event_id) || known[index].enterprise.is_some() {
                continue;
            }
            let waiting = more.entry(created_at).or_default();
            if ORDINAL_MAX - last <= *waiting {
                return Err(AppendError::SecondFull { index, created_at });
            }
            *waiting += 1;
        }
        Ok(())
    }

    /// The last rank given within a second of true `created_at`, remembered from here on.
    pub(super) fn last_rank(&mut self, line: &EnterpriseId, second: Second) -> Result<u32, Fault> {
        let remembered = self.lines.get(line).and_then(|line| line.window.get(&second)).copied();
        if let Some(rank) = remembered {
            return Ok(rank);
        }
        let rank = self.reading(|writer, view| super::known::last_rank(&writer.core.shelf, view, line, second))?;
        self.lines.entry(line.clone()).or_default().window.insert(second, rank);
        Ok(rank)
    }

    fn record(
        &mut self,
        enterprise: &EnterpriseId,
        mut event: Event,
        prints: Prints,
        mut receipt: Receipt,
        now: Second,
        moved: &mut Moved,
    ) -> Receipt {
        // What this very batch brought before.
        let staged = |kind, rendering: &Option<Rendering>| {
            let rendering = rendering.as_ref()?;
            let candidate = Candidate { line: enterprise, kind, rendering, print: prints.get(kind) };
            let (place, stored) = self.staged.find(&candidate)?;
            Some(commit::known(kind, rendering, place, stored))
        };
        receipt.user = receipt.user.or_else(|| staged(FeedKind::User, &event.user));
        receipt.enterprise = receipt.enterprise.or_else(|| staged(FeedKind::Enterprise, &event.enterprise));
        let opted_in = self.directory.enterprise(enterprise).is_some_and(|enterprise| enterprise.opted_in);
        if !commit::settle(&mut event, &mut receipt, opted_in) {
            return receipt;
        }

        let place = self.lines.entry(enterprise.clone()).or_default().next_place(now);
        let recorded = place.second;
        let audience = audience::hear(&event, &mut self.directory, enterprise, place);
        audience.keep_changed(&mut event.effects);
        moved.users.extend(audience.called);
        let mut at_home = audience.users;
        // Hardly ever anybody, and then nothing is moved.
        let elsewhere: Vec<Hearing> = at_home.extract_if(.., |hearing| hearing.home != *enterprise).collect();
        let unseen = event.user.is_none() && event.enterprise.is_none();
        if unseen || !event.effects.is_empty() {
            self.staged.note(enterprise, place, event.effects);
        }
        if let Some(mut rendering) = event.user.take() {
            rendering.stamp(recorded);
            for hearing in elsewhere {
                self.relay(&rendering, &hearing, now);
                moved.users.push(hearing.user);
            }
            moved.lists.extend(audience.lists.iter().map(|(list, _)| (enterprise.clone(), list.clone())));
            let hearers = |out: &mut Vec<u8>| {
                put_hearers(out, at_home.iter().map(|hearing| (hearing.user.as_str(), hearing.streams)));
                put_hearers(out, audience.lists.iter().map(|(list, streams)| (list.as_str(), *streams)));
            };
            let bytes = std::mem::take(&mut rendering.bytes);
            let facts = facts(&rendering, place);
            self.staged.push(enterprise, FeedKind::User, Some(prints.user), &facts, hearers, bytes);
            moved.users.extend(at_home.into_iter().map(|hearing| hearing.user));
            receipt.user = Some(commit::recorded(FeedKind::User, rendering.event_id, place));
        }
        if let Some(mut rendering) = event.enterprise.take() {
            let bytes = std::mem::take(&mut rendering.bytes);
            let (history, window) = self.places_in_time(enterprise, &rendering, recorded);
            let terms = put_terms(enterprise.as_str(), &event.terms);
            let facts = Facts {
                history: history.to_bits(),
                window: window.to_bits(),
                terms: Some(&terms),
                ..facts(&rendering, place)
            };
            self.staged.push(enterprise, FeedKind::Enterprise, Some(prints.enterprise), &facts, |_| {}, bytes);
            receipt.enterprise = Some(commit::recorded(FeedKind::Enterprise, rendering.event_id, place));
            // Each that grew once: whoever waits is woken by one ring as well as by a hundred.
            if moved.enterprises.last() != Some(enterprise) {
                moved.enterprises.push(enterprise.clone());
            }
        }
        receipt
    }

    /// Gives the places in history order and in window order.
    fn places_in_time(&mut self, enterprise: &EnterpriseId, rendering: &Rendering, recorded: Second) -> (Place, Place) {
        let created_at = rendering.created_at;
        let delay_s = self.core.options.settling_delay_s;
        let (sequence, core) = (self.staged.sequence, &self.core);
        let (second, frontier) = core.frontiers.admit(enterprise, sequence, created_at, recorded, delay_s);
        let line = self.lines.entry(enterprise.clone()).or_default();
        let last = |second, view: &View| super::known::last_in_history(&core.shelf, view, enterprise, second);
        let stored = |second| core.reading(|view| last(second, view)).ok();
        let history = line.next_history(second, frontier, stored);
        // Looked up for the whole batch before anything changed.
        let rank = line.window.entry(created_at).or_default();
        *rank += 1;
        (history, Place { second: created_at, ordinal: *rank })
    }

    /// Posts the event in the line of a reader at home in another enterprise.
    fn relay(&mut self, rendering: &Rendering, hearing: &Hearing, now: Second) {
        let place = self.lines.entry(hearing.home.clone()).or_default().next_place(now);
        let facts = Facts { relayed: true, ..facts(rendering, place) };
        let hearers = |out: &mut Vec<u8>| {
            put_hearers(out, std::iter::once((hearing.user.as_str(), hearing.streams)));
            put_hearers(out, std::iter::empty::<(&str, UserStreams)>());
        };
        self.staged.push(&hearing.home, FeedKind::User, None, &facts, hearers, rendering.bytes.clone());
    }
}

pub(super) fn facts(rendering: &Rendering, place: Place) -> Facts<'_> {
    Facts {
        place: place.to_bits(),
        created_at: rendering.created_at.0,
        event_type: rendering.event_type.as_str(),
        event_id: rendering.event_id.as_str(),
        history: 0,
        window: 0,
        terms: None,
        relayed: false,
        users: Hearers::default(),
        lists: Hearers::default(),
    }
}
