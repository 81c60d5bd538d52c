//! What is wrong with a draft, and where.
//!
//! A fault is made where it is found, knowing nothing of its surroundings; each level adds its own step to the path
//! on the way out. The good case pays nothing for it: a fault is one pointer.

use std::fmt;
use std::fmt::Write;

/// The outcome of reading a part of a draft.
pub(super) type Checked<T> = Result<T, Fault>;

/// Something wrong with a draft.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    /// From the innermost outwards.
    path: Vec<Step>,
    reason: String,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Entry(usize),
}

/// How much of a name or value of the draft's own is repeated in a message, in characters.
const SHOWN_CHARS_MAX: usize = 60;

impl Fault {
    #[cold]
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Fault(Box::new(Inner { path: Vec::new(), reason: reason.into() }))
    }

    /// The same fault, seen from the object whose member `name` has it.
    #[cold]
    pub(super) fn under(mut self, name: &str) -> Self {
        self.0.path.push(Step::Member(name.chars().take(SHOWN_CHARS_MAX).collect()));
        self
    }

    /// The same fault, seen from the list whose entry `index` has it.
    #[cold]
    pub(super) fn within(mut self, index: usize) -> Self {
        self.0.path.push(Step::Entry(index));
        self
    }

    /// The path from the draft to what is wrong, such as `user.source.path_collection.entries[1].id`.
    pub(super) fn field(&self) -> String {
        let mut field = String::new();
        for step in self.0.path.iter().rev() {
            match step {
                Step::Member(name) => {
                    if !field.is_empty() {
                        field.push('.');
                    }
                    let _ = write!(field, "{}", name.escape_debug());
                }
                Step::Entry(index) => {
                    let _ = write!(field, "[{index}]");
                }
            }
        }
        field
    }

    /// What is wrong there, and what to do about it.
    pub(super) fn into_reason(self) -> String {
        self.0.reason
    }
}

/// A value of the draft's own as it may stand in a message: short, quoted, without control characters.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.0.chars().take(SHOWN_CHARS_MAX).collect();
        let more = if short.len() < self.0.len() { "…" } else { "" };
        write!(f, "'{}{more}'", short.escape_debug())
    }
}
