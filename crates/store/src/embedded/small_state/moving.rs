//! Giving the small records to another keeper, and taking them over.

use super::{Change, SmallState};
use crate::ledger::Unavailable;
use crate::moving::Piece;
use crate::report_store::KeptReport;
use std::sync::PoisonError;

impl SmallState {
    /// Gives all of them away.
    pub(in super::super) fn give(
        &self,
        to: &mut dyn FnMut(Piece) -> Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        let pieces: Vec<Piece> = {
            let kept = self.kept();
            let tokens = kept.tokens.values().cloned().map(Piece::Token);
            let secrets = kept.secrets.iter().map(|(name, secret)| Piece::Secret(name.clone(), *secret));
            let access = kept.access.values().cloned().map(Piece::Access);
            let holds = kept.holds.values().cloned().map(Piece::Hold);
            let schedules = kept.reports.values().filter(|kept| matches!(kept, KeptReport::Schedule(_)));
            let schedules = schedules.map(|schedule| Piece::Schedule(Box::new(schedule.clone())));
            tokens.chain(secrets).chain(access).chain(holds).chain(schedules).collect()
        };
        pieces.into_iter().try_for_each(to)
    }

    /// Whether there is no record at all.
    pub(in super::super) fn is_empty(&self) -> Result<bool, Unavailable> {
        let kept = self.kept();
        Ok(kept.tokens.is_empty() && kept.access.is_empty() && kept.secrets.is_empty() && kept.reports.is_empty())
    }

    /// Keeps a record in memory, to be written by [`SmallState::end`]. Other pieces are passed over.
    pub(in super::super) fn take(&self, piece: Piece) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let change = match piece {
            Piece::Token(token) => {
                let number = kept.tokens.last_key_value().map_or(0, |(last, _)| last + 1);
                Change::Token(number, token)
            }
            Piece::Secret(name, secret) => Change::Secret(name, secret),
            Piece::Access(record) => Change::Access(record),
            Piece::Hold(hold) => Change::Hold(hold),
            Piece::Schedule(schedule) => Change::Report(schedule),
            Piece::Directory(_) | Piece::Head(_) | Piece::Entries(..) | Piece::End => return,
        };
        change.apply(&mut kept);
    }

    /// Writes what was taken.
    pub(in super::super) fn end(&self) -> Result<(), Unavailable> {
        let changes: Vec<Change> = {
            let kept = self.kept();
            let tokens = kept.tokens.iter().map(|(number, token)| Change::Token(*number, token.clone()));
            let access = kept.access.values().map(|record| Change::Access(record.clone()));
            let secrets = kept.secrets.iter().map(|(name, secret)| Change::Secret(name.clone(), *secret));
            let holds = kept.holds.values().map(|hold| Change::Hold(hold.clone()));
            let reports = kept.reports.values().map(|report| Change::Report(Box::new(report.clone())));
            tokens.chain(access).chain(secrets).chain(holds).chain(reports).collect()
        };
        self.write(&changes)
    }
}
