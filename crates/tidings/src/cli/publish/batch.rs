//! Sending a batch of drafts: what is refused is left out, what is too much is halved, what broke off is tried again.

use super::ids::Draft;
use crate::cli::client::{Client, Failure, read_json};
use crate::cli::patience::Patience;
use serde::Deserialize;
use std::collections::VecDeque;

/// How often a batch is sent before the publish ends.
const ATTEMPTS_MAX: u32 = 8;
/// Where drafts go.
const PATH: &str = "/api/v1/events";

/// Something that takes the drafts of a batch: the server, or a test in its place.
pub(super) trait Counter {
    /// Takes all drafts or none.
    fn hand_in(&mut self, drafts: &[Draft]) -> Result<Vec<Receipt>, Failure>;

    /// Waits before the next attempt.
    fn wait(&mut self, failure: &Failure);

    /// Whether a server was ever reached. If not, there is no use in trying again and again.
    fn reached(&self) -> bool;
}

/// What became of a draft that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Receipt {
    user: Option<Outcome>,
    enterprise: Option<Outcome>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Outcome {
    #[serde(default)]
    duplicate: bool,
    #[serde(default)]
    differs: bool,
    withheld: Option<String>,
}

impl Receipt {
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        [&self.user, &self.enterprise].into_iter().flatten()
    }

    /// What it says of the draft as a whole.
    pub(super) fn fate(&self) -> Fate {
        let recorded = |outcome: &Outcome| outcome.withheld.is_none();
        if self.outcomes().any(|it| recorded(it) && !it.duplicate) {
            Fate::Published
        } else if self.outcomes().any(|it| it.differs) {
            Fate::Differing
        } else if self.outcomes().any(recorded) {
            Fate::Known
        } else {
            Fate::Withheld
        }
    }
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is an event now.
    Published,
    /// It was one already.
    Known,
    /// There is an event with its id and another content; that one stays.
    Differing,
    /// Its type needs opting in, which the enterprise has not done.
    Withheld,
    /// It was refused: where in it, and why.
    Refused {
        /// The member; empty for the draft itself.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why the publish ended early.
#[derive(Debug)]
pub(super) struct Stopped {
    /// The first line that is not known to be published.
    pub(super) line: u64,
    /// Why.
    pub(super) failure: Failure,
    /// Whether this line and some after it may have been published although no answer came, and sending them again
    /// could make second events of them.
    pub(super) unclear_until: Option<u64>,
}

/// Sends drafts, in order, and tells what became of each.
pub(super) fn send(
    counter: &mut impl Counter,
    drafts: Vec<Draft>,
    tell: &mut impl FnMut(u64, Fate),
) -> Result<(), Stopped> {
    let mut waiting = VecDeque::from([drafts]);
    while let Some(mut drafts) = waiting.pop_front() {
        let Some(first) = drafts.first() else { continue };
        let line = first.line;
        let failure = match hand_in_patiently(counter, &drafts) {
            Ok(receipts) => {
                drafts.iter().zip(receipts).for_each(|(draft, receipt)| tell(draft.line, receipt.fate()));
                continue;
            }
            Err(failure) => failure,
        };
        let Failure::Rejected(rejection) = &failure else { return Err(stopped(line, &drafts, failure)) };
        let bad = rejection.errors.iter().filter(|bad| bad.index < drafts.len());
        let bad: Vec<_> = bad.cloned().collect();
        if rejection.status == 400 && !bad.is_empty() {
            let fate = |index| bad.iter().find(|bad| bad.index == index).cloned();
            let mut kept = Vec::with_capacity(drafts.len());
            for (index, draft) in drafts.into_iter().enumerate() {
                match fate(index) {
                    Some(bad) => tell(draft.line, Fate::Refused { field: bad.field, reason: bad.reason }),
                    None => kept.push(draft),
                }
            }
            waiting.push_front(kept);
        } else if !matches!(rejection.status, 400 | 413) {
            return Err(stopped(line, &drafts, failure));
        } else if drafts.len() == 1 {
            let reason = match rejection.message.as_str() {
                "" => failure.to_string(),
                message => message.to_owned(),
            };
            tell(line, Fate::Refused { field: String::new(), reason });
        } else {
            // Too much at once, or the fault of a draft that is not named: halves find it.
            let second = drafts.split_off(drafts.len() / 2);
            waiting.push_front(second);
            waiting.push_front(drafts);
        }
    }
    Ok(())
}

fn stopped(line: u64, drafts: &[Draft], failure: Failure) -> Stopped {
    let unclear = !failure.did_nothing() && !is_repeatable(drafts);
    let unclear_until = drafts.last().map(|draft| draft.line).filter(|_| unclear);
    Stopped { line, failure, unclear_until }
}

fn is_repeatable(drafts: &[Draft]) -> bool {
    drafts.iter().all(|draft| draft.repeatable)
}

/// Hands in again what may pass later, but only if that cannot make second events: the server did nothing, or every
/// draft has an id by which it would be recognised.
fn hand_in_patiently(counter: &mut impl Counter, drafts: &[Draft]) -> Result<Vec<Receipt>, Failure> {
    let mut attempts = 1;
    loop {
        let failure = match counter.hand_in(drafts) {
            Ok(receipts) if receipts.len() == drafts.len() => return Ok(receipts),
            Ok(receipts) => {
                let (count, sent) = (receipts.len(), drafts.len());
                let why = format!("the answer has {count} results for {sent} drafts; is this a Tidings server?");
                return Err(Failure::Broken { why });
            }
            Err(failure) => failure,
        };
        let safe = failure.did_nothing() || is_repeatable(drafts);
        if !safe || !failure.may_pass() || attempts == ATTEMPTS_MAX || !counter.reached() {
            return Err(failure);
        }
        counter.wait(&failure);
        attempts += 1;
    }
}

/// The server.
pub(super) struct Server {
    client: Client,
    patience: Patience,
    reached: bool,
}

impl Server {
    /// A server to send to.
    pub(super) fn new(client: Client) -> Result<Self, String> {
        Ok(Server { client, patience: Patience::new()?, reached: false })
    }
}

impl Counter for Server {
    fn hand_in(&mut self, drafts: &[Draft]) -> Result<Vec<Receipt>, Failure> {
        #[derive(Deserialize)]
        struct Answer {
            results: Vec<Receipt>,
        }
        let mut body = String::with_capacity(drafts.iter().map(|draft| draft.text.len() + 1).sum());
        for draft in drafts {
            body.push_str(&draft.text);
            body.push('\n');
        }
        let answer = self.client.post_lines(PATH, body.as_bytes());
        self.reached |= !matches!(answer, Err(Failure::NotSent { .. }));
        let answer: Answer = read_json(&answer?)?;
        self.patience.went_well();
        Ok(answer.results)
    }

    fn wait(&mut self, failure: &Failure) {
        self.patience.wait_longer(failure.retry_after());
    }

    fn reached(&self) -> bool {
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::{BadDraft, Rejection};

    /// A server that knows what it took, and fails as told before.
    #[derive(Default)]
    struct Trial {
        failures: VecDeque<(Failure, bool)>,
        taken: Vec<u64>,
        waits: u32,
    }

    impl Counter for Trial {
        fn hand_in(&mut self, drafts: &[Draft]) -> Result<Vec<Receipt>, Failure> {
            let failing = self.failures.pop_front();
            if let Some((failure, false)) = failing {
                return Err(failure);
            }
            if drafts.len() > 2 {
                return Err(rejected(413, &[]));
            }
            let bad: Vec<usize> = (0..drafts.len()).filter(|at| drafts[*at].text == "bad").collect();
            if !bad.is_empty() {
                return Err(rejected(400, &bad[..1]));
            }
            let mut receipts = Vec::new();
            for draft in drafts {
                let duplicate = self.taken.contains(&draft.line);
                self.taken.push(draft.line);
                receipts.push(Receipt { user: Some(Outcome { duplicate, ..Outcome::default() }), enterprise: None });
            }
            failing.map_or(Ok(receipts), |(failure, _)| Err(failure))
        }

        fn wait(&mut self, _: &Failure) {
            self.waits += 1;
        }

        fn reached(&self) -> bool {
            true
        }
    }

    fn rejected(status: u16, bad: &[usize]) -> Failure {
        let error = |at: &usize| BadDraft { index: *at, field: "f".into(), reason: "r".into() };
        let errors = bad.iter().map(error).collect();
        Failure::Rejected(Rejection { status, errors, ..Rejection::default() })
    }

    fn lost() -> Failure {
        Failure::Broken { why: "lost".into() }
    }

    fn drafts(texts: &[&str]) -> Vec<Draft> {
        let draft = |(at, text): (usize, &&str)| Draft {
            line: at as u64 + 1,
            text: (*text).to_owned(),
            repeatable: *text != "no id",
        };
        texts.iter().enumerate().map(draft).collect()
    }

    fn run(trial: &mut Trial, texts: &[&str]) -> (Vec<(u64, Fate)>, Option<Stopped>) {
        let mut told = Vec::new();
        let stopped = send(trial, drafts(texts), &mut |line, fate| told.push((line, fate))).err();
        (told, stopped)
    }

    #[test]
    fn the_bad_are_named_and_the_rest_is_published_in_order() {
        let mut trial = Trial::default();
        let (told, stopped) = run(&mut trial, &["bad", "a", "b", "bad", "bad", "c", "d"]);
        assert!(stopped.is_none());
        assert_eq!(trial.taken, [2, 3, 6, 7]);
        let refused: Vec<u64> =
            told.iter().filter(|(_, fate)| matches!(fate, Fate::Refused { .. })).map(|(line, _)| *line).collect();
        assert_eq!(refused, [1, 4, 5]);
        assert_eq!(told.len(), 7);
    }

    #[test]
    fn what_was_lost_is_sent_again_if_it_has_ids() {
        let failures = VecDeque::from([(lost(), false), (lost(), true), (rejected(503, &[]), false)]);
        let mut trial = Trial { failures, ..Trial::default() };
        let (told, stopped) = run(&mut trial, &["a", "b"]);
        assert!(stopped.is_none());
        assert_eq!(told, [(1, Fate::Known), (2, Fate::Known)]);
        assert_eq!(trial.waits, 3);
    }

    #[test]
    fn what_has_no_id_is_never_sent_twice() {
        let mut trial = Trial { failures: VecDeque::from([(lost(), true)]), ..Trial::default() };
        let (_, stopped) = run(&mut trial, &["a", "no id"]);
        assert_eq!(stopped.map(|it| (it.line, it.unclear_until)), Some((1, Some(2))));
        assert_eq!(trial.taken, [1, 2]);
        // Unless it is certain that nothing was done.
        let busy = VecDeque::from([(rejected(429, &[]), false)]);
        let mut trial = Trial { failures: busy, ..Trial::default() };
        assert!(run(&mut trial, &["a", "no id"]).1.is_none());
    }

    #[test]
    fn attempts_are_bounded_and_refusals_of_all_end_at_once() {
        let failures = (0..100).map(|_| (lost(), false)).collect();
        let mut trial = Trial { failures, ..Trial::default() };
        let (_, stopped) = run(&mut trial, &["a"]);
        assert_eq!((stopped.map(|it| it.unclear_until), trial.waits), (Some(None), ATTEMPTS_MAX - 1));
        let mut trial = Trial { failures: VecDeque::from([(rejected(403, &[]), false)]), ..Trial::default() };
        assert!(run(&mut trial, &["a"]).1.is_some());
        assert_eq!(trial.waits, 0);
    }

    #[test]
    fn the_fate_of_a_draft_is_that_of_its_renderings() {
        let outcome = |duplicate, differs, withheld: bool| {
            Some(Outcome { duplicate, differs, withheld: withheld.then(|| "opt_in".to_owned()) })
        };
        let fate = |user, enterprise| Receipt { user, enterprise }.fate();
        assert_eq!(fate(outcome(true, false, false), outcome(false, false, false)), Fate::Published);
        assert_eq!(fate(outcome(true, false, false), None), Fate::Known);
        assert_eq!(fate(outcome(true, false, false), outcome(true, true, false)), Fate::Differing);
        assert_eq!(fate(None, outcome(false, false, true)), Fate::Withheld);
    }
}
