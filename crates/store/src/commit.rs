//! What every keeper decides about an event at the commit point, whatever it keeps it in.

use crate::ledger::{Outcome, Receipt};
use feed::directory::Effect;
use feed::event::{Event, FeedKind, Rendering};
use feed::id::EventId;
use feed::position::{Family, Place, Position};

/// The family of the positions of a kind of feed in arrival order.
fn family(kind: FeedKind) -> Family {
    match kind {
        FeedKind::User => Family::User,
        FeedKind::Enterprise => Family::Streaming,
    }
}

/// The outcome of a rendering whose id is stored already: the first result.
pub(crate) fn known(kind: FeedKind, rendering: &Rendering, place: Place, stored: &[u8]) -> Outcome {
    Outcome::Recorded {
        event_id: rendering.event_id.clone(),
        position: Position::new(place, family(kind)),
        duplicate: true,
        differs: !rendering.says_the_same(stored),
    }
}

/// The same outcome, if what is stored was imported: it stands in no line but that of closed windows.
pub(crate) fn imported(known: Outcome) -> Outcome {
    match known {
        Outcome::Recorded { event_id, position, duplicate, differs } => Outcome::Recorded {
            event_id,
            position: Position::new(position.place(), Family::Window),
            duplicate,
            differs,
        },
        withheld @ Outcome::Withheld { .. } => withheld,
    }
}

/// The outcome of a rendering that is stored now.
pub(crate) fn recorded(kind: FeedKind, event_id: EventId, place: Place) -> Outcome {
    Outcome::Recorded { event_id, position: Position::new(place, family(kind)), duplicate: false, differs: false }
}

/// Leaves of an event what is to be recorded. `receipt` comes with the renderings that are known already and leaves
/// with those that are withheld, too. Answers whether anything is left to do.
pub(crate) fn settle(event: &mut Event, receipt: &mut Receipt, opted_in: bool) -> bool {
    if event.opt_in && !opted_in {
        let withheld = |rendering: &Rendering| Outcome::Withheld { event_id: rendering.event_id.clone() };
        receipt.user = receipt.user.take().or(event.user.as_ref().map(withheld));
        receipt.enterprise = receipt.enterprise.take().or(event.enterprise.as_ref().map(withheld));
    }
    let had_renderings = event.user.is_some() || event.enterprise.is_some();
    let settled_before = receipt.user.is_some() || receipt.enterprise.is_some();
    event.user = event.user.take().filter(|_| receipt.user.is_none());
    event.enterprise = event.enterprise.take().filter(|_| receipt.enterprise.is_none());
    if had_renderings && event.user.is_none() && event.enterprise.is_none() {
        return false;
    }
    if settled_before {
        // The deed itself was heard before, and so was what it changes; only the people it names may be new.
        event.effects.retain(|effect| matches!(effect, Effect::Met(_)));
    }
    true
}
