//! Reading a page (design, sections 3 "Read" and 4; protocol, sections 4 to 8).
//!
//! Stream type and position decide the line and where in it to begin; permission and retention decide what may be
//! shown; the ledger scans; and the fixed point of an empty page is worked out in [`feed::page`].

use super::Services;
use crate::auth::Caller;
use bytes::Bytes;
use feed::event::UserStreams;
use feed::filter::TypeFilter;
use feed::limits::{CREATED_AHEAD_S_MAX, PAGE_ENTRIES_MAX, SCAN_ATTEMPTS_MAX};
use feed::page::{Begin, Slice};
use feed::permission::{Action, Denied};
use feed::position::{Family, Place, Position, Start};
use feed::stream_type::{EnterpriseStream, StreamType};
use feed::time::Second;
use store::ledger::{Line, Scan, Unavailable};

/// What a reader asks for.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// Which stream.
    pub stream: StreamType,
    /// From where.
    pub start: Start,
    /// Most entries; at most [`PAGE_ENTRIES_MAX`] are given.
    pub limit: usize,
    /// Only these types; enterprise streams only.
    pub types: TypeFilter,
    /// Only deeds done at or after this second; history only.
    pub created_from: Option<Second>,
    /// Only deeds done before this second; history only.
    pub created_before: Option<Second>,
}

impl ReadRequest {
    /// Everything of a stream after a start.
    pub fn new(stream: StreamType, start: Start, limit: usize) -> Self {
        let types = TypeFilter::default();
        ReadRequest { stream, start, limit, types, created_from: None, created_before: None }
    }
}

/// What one read answers.
#[derive(Debug, Clone)]
pub struct Page {
    /// Runs of entries, comma-separated within; the writer puts commas between.
    pub runs: Vec<Bytes>,
    /// How many entries they hold.
    pub count: usize,
    /// Where to read on.
    pub next: Position,
}

/// Why nothing can be read.
#[derive(Debug)]
pub enum ReadError {
    /// The caller may not read this feed.
    Denied(Denied),
    /// The store cannot be read.
    Unavailable(Unavailable),
}

impl From<Unavailable> for ReadError {
    fn from(why: Unavailable) -> Self {
        ReadError::Unavailable(why)
    }
}

/// A read, planned: the line, where to begin, where it ends.
struct Plan {
    line: Line,
    family: Family,
    begin: Begin,
    below: Place,
}

impl Services {
    /// Reads a page.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(&self, caller: &Caller, request: &ReadRequest) -> Result<Page, ReadError> {
        let action = match request.stream {
            StreamType::User(_) => Action::ReadOwnFeed,
            StreamType::Enterprise(_) => Action::ReadEnterpriseFeed,
        };
        caller.may(action).map_err(ReadError::Denied)?;
        let plan = self.plan(caller, request).await?;
        let at = |place| Position::new(place, plan.family);
        if request.start == Start::Now {
            let ends = self.stores.ledger.ends(&plan.line, plan.below).await?;
            return Ok(Page { runs: Vec::new(), count: 0, next: at(ends.shown) });
        }
        let retention = self.stores.directory.enterprise(caller.enterprise()).await?;
        let retention = retention.map(|enterprise| enterprise.retention).unwrap_or_default();
        let enterprise_stream = matches!(request.stream, StreamType::Enterprise(_));
        let history = request.stream == StreamType::Enterprise(EnterpriseStream::History);
        let scan = Scan {
            after: plan.begin.after,
            below: plan.below,
            limit: request.limit.min(PAGE_ENTRIES_MAX),
            oldest: retention.oldest_shown(request.stream, self.clock.now()),
            types: if enterprise_stream { request.types.clone() } else { TypeFilter::default() },
            created_from: request.created_from.filter(|_| history).unwrap_or_default(),
            created_before: request.created_before.filter(|_| history),
            line: plan.line.clone(),
        };
        let Some(slice) = self.scan(caller, scan).await? else {
            // The reader's lists changed again and again meanwhile: nothing is shown, and nothing is passed over.
            return Ok(Page { runs: Vec::new(), count: 0, next: at(plan.begin.after) });
        };
        self.metrics.pages_read.inc();
        self.metrics.entries_read.inc_by(slice.count as u64);
        let next = match slice.last {
            Some(last) => last,
            // A window is bounded on both sides, so no position lies beyond it.
            None if plan.family == Family::Window => plan.begin.after,
            None => {
                let ends = self.stores.ledger.ends(&plan.line, plan.below).await?;
                if plan.begin.is_beyond(ends) {
                    tracing::warn!(stream = request.stream.name(), "a position lies beyond the end; answered the end");
                }
                plan.begin.rest(ends)
            }
        };
        Ok(Page { runs: slice.runs, count: slice.count, next: at(next) })
    }

    /// Scans with the lists to which the reader belonged at that very time.
    ///
    /// The lists are looked up before the scan. Somebody may join or leave one in between: a reader who left would be
    /// shown what is no longer theirs, and one who joined would pass over what just became theirs. So they are looked
    /// up again afterwards, and the scan counts only if they are still the same.
    async fn scan(&self, caller: &Caller, mut scan: Scan) -> Result<Option<Slice>, ReadError> {
        for _ in 0..SCAN_ATTEMPTS_MAX {
            let slice = self.stores.ledger.scan(scan.clone()).await?;
            let Line::User { lists, .. } = &mut scan.line else { return Ok(Some(slice)) };
            let now = self.stores.directory.lists(&caller.user().person.id).await?;
            if *lists == now {
                return Ok(Some(slice));
            }
            *lists = now;
        }
        Ok(None)
    }

    async fn plan(&self, caller: &Caller, request: &ReadRequest) -> Result<Plan, ReadError> {
        let enterprise = caller.enterprise().clone();
        Ok(match request.stream {
            StreamType::User(stream) => {
                let user = caller.user().person.id.clone();
                let streams = UserStreams::from(stream);
                let lists = self.stores.directory.lists(&user).await?;
                let line = Line::User { home: enterprise, user, streams, lists };
                Plan { line, family: Family::User, begin: in_arrival_order(request.start), below: Place::END }
            }
            StreamType::Enterprise(EnterpriseStream::Streaming) => {
                let begin = in_arrival_order(request.start);
                Plan { line: Line::Streaming(enterprise), family: Family::Streaming, begin, below: Place::END }
            }
            StreamType::Enterprise(EnterpriseStream::History) => {
                let frontier = self.stores.ledger.frontier(&enterprise, self.clock.now()).await?;
                match closed_window(request, frontier) {
                    Some((begin, before)) => {
                        let below = Place::at(before);
                        Plan { line: Line::Window(enterprise), family: Family::Window, begin, below }
                    }
                    None => {
                        let below = Place::at(frontier);
                        Plan {
                            line: Line::History(enterprise),
                            family: Family::History,
                            begin: following(request),
                            below,
                        }
                    }
                }
            }
        })
    }
}

/// Where a reader of a line in arrival order begins.
fn in_arrival_order(start: Start) -> Begin {
    match start {
        Start::Oldest | Start::Now => Begin { after: Place::START, exact: true },
        Start::After(position) => Begin {
            after: position.in_arrival_order(),
            exact: matches!(position.family(), Family::User | Family::Streaming),
        },
    }
}

/// Where a reader of history order begins. An event's history second lies at most so far before its `created_at`, so
/// nothing at or after `created_from` is missed.
fn following(request: &ReadRequest) -> Begin {
    let from_time = Place::at(request.created_from.unwrap_or_default().back(CREATED_AHEAD_S_MAX));
    let (asked, exact) = match request.start {
        Start::Oldest | Start::Now => (Place::START, true),
        Start::After(position) => (position.in_history_order(), position.family() == Family::History),
    };
    Begin { after: asked.max(from_time), exact: exact && from_time <= asked }
}

/// A window that lies wholly below the frontier, asked for without a position of another line, is walked by true
/// `created_at`: where to begin, and the bound. Everybody else is a follower of history order.
fn closed_window(request: &ReadRequest, frontier: Second) -> Option<(Begin, Second)> {
    let before = request.created_before.filter(|before| *before <= frontier)?;
    let from = Place::at(request.created_from.unwrap_or_default());
    let after = match request.start {
        Start::Oldest => from,
        Start::After(position) if position.family() == Family::Window => position.place().max(from),
        Start::Now | Start::After(_) => return None,
    };
    Some((Begin { after, exact: true }, before))
}
