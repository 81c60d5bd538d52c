//! What can go wrong between the program and the database, and what may be tried again.

use crate::ledger::Unavailable;
use deadpool_postgres::PoolError;
use std::fmt;
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// Why something could not be done.
#[derive(Debug)]
pub(super) enum Fault {
    /// No connection could be had; nothing was asked of the database.
    NoConnection(String),
    /// The database answered with an error, or the connection broke.
    Database(tokio_postgres::Error),
    /// Nobody answered for so long. What was asked may still be done.
    Silent(Duration),
    /// What was read makes no sense.
    Damaged(String),
    /// The directory in memory was behind; it is there now, and asking again will do.
    Behind,
}

impl Fault {
    fn state(&self) -> Option<&SqlState> {
        match self {
            Fault::Database(error) => error.code(),
            Fault::NoConnection(_) | Fault::Silent(_) | Fault::Damaged(_) | Fault::Behind => None,
        }
    }

    /// Whether it passes by itself: the same may succeed on another connection in a moment. It says nothing about
    /// whether something was committed.
    pub(super) fn is_passing(&self) -> bool {
        let Some(state) = self.state() else {
            return match self {
                // Without a code nobody answered.
                Fault::Database(error) => {
                    let source = std::error::Error::source(error);
                    error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
                }
                Fault::NoConnection(_) | Fault::Behind => true,
                // Whoever waited has waited long enough.
                Fault::Silent(_) | Fault::Damaged(_) => false,
            };
        };
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::CONNECTION_FAILURE,
            SqlState::CONNECTION_EXCEPTION,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            // The primary became a standby.
            SqlState::READ_ONLY_SQL_TRANSACTION,
        ]
        .contains(state)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoConnection(why) => write!(f, "no connection to the database: {why}"),
            Fault::Database(error) => match error.as_db_error() {
                Some(told) => write!(f, "the database says: {} ({})", told.message(), told.code().code()),
                None => {
                    write!(f, "the database does not answer: {error}")?;
                    std::error::Error::source(error).map_or(Ok(()), |source| write!(f, ": {source}"))
                }
            },
            Fault::Silent(longest) => {
                write!(f, "the database was silent for {} s; what was asked may still be done", longest.as_secs_f32())
            }
            Fault::Damaged(what) => f.write_str(what),
            Fault::Behind => f.write_str("the directory is being read again"),
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Fault::Database(error)
    }
}

/// An error with what it came from: a handshake alone does not say what is wrong with a certificate.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) if error.as_db_error().is_some() => Fault::Database(error),
            PoolError::Timeout(_) => Fault::NoConnection("all are busy, or none could be made in time".to_owned()),
            PoolError::Backend(error) => Fault::NoConnection(with_causes(&error)),
            other => Fault::NoConnection(other.to_string()),
        }
    }
}

impl From<Fault> for Unavailable {
    fn from(fault: Fault) -> Self {
        match &fault {
            Fault::Damaged(what) => Unavailable::Damaged(what.clone()),
            _ if fault.state().is_some_and(|state| *state == SqlState::DISK_FULL) => Unavailable::Full,
            _ => Unavailable::Unreachable(fault.to_string()),
        }
    }
}
