//! Counting tests from what the test runners say.

use std::ops::AddAssign;

/// Tests counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// Takes in one line of a test runner: that of cargo, of Python's unittest or of node. Other lines change nothing.
    pub(crate) fn hear(&mut self, line: &str) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result: ") {
            // ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
            self.passed += count_before(rest, " passed");
            self.failed += count_before(rest, " failed");
            self.skipped += count_before(rest, " ignored");
        } else if let Some(rest) = line.strip_prefix("Ran ").filter(|rest| rest.contains(" test")) {
            // Ran 21 tests in 3.141s; what did not pass of them stands in a later line.
            self.passed += first_number(rest);
        } else if line.starts_with("FAILED (") || line.starts_with("OK (") {
            // FAILED (failures=1, errors=2, skipped=3)
            let failed = count_after(line, "failures=") + count_after(line, "errors=");
            let skipped = count_after(line, "skipped=");
            self.failed += failed;
            self.skipped += skipped;
            self.passed = self.passed.saturating_sub(failed + skipped);
        } else if let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
            match rest.split_once(' ') {
                Some(("pass", count)) => self.passed += first_number(count),
                Some(("fail" | "cancelled", count)) => self.failed += first_number(count),
                Some(("skipped" | "todo", count)) => self.skipped += first_number(count),
                _ => {}
            }
        }
    }

    /// Whether no test was counted at all.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

fn first_number(text: &str) -> usize {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn count_after(text: &str, name: &str) -> usize {
    text.split_once(name).map_or(0, |(_, rest)| first_number(rest))
}

fn count_before(text: &str, name: &str) -> usize {
    text.split_once(name).and_then(|(before, _)| before.rsplit(' ').next()).map_or(0, first_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, passed: usize, failed: usize, skipped: usize) {
        let mut tally = Tally::default();
        said.lines().for_each(|line| tally.hear(line));
        assert_eq!(tally, Tally { passed, failed, skipped }, "{said}");
    }

    #[test]
    fn every_runner_is_understood() {
        let cargo = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
                     test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        check(cargo, 15, 2, 1);
        check("Ran 21 tests in 3.141s\n\nOK", 21, 0, 0);
        check("Ran 1 test in 3.141s\n\nFAILED (failures=1)", 0, 1, 0);
        check("Ran 21 tests in 3.141s\n\nFAILED (failures=1, errors=2, skipped=3)", 15, 3, 3);
        check("Ran 5 tests in 0.1s\n\nOK (skipped=2)", 3, 0, 2);
        check("ℹ tests 24\nℹ suites 6\nℹ pass 22\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0", 22, 1, 1);
        check("running 12 tests\nOK then\n# A heading\nRan away", 0, 0, 0);
    }
}
