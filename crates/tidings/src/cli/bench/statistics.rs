//! The figures of several rounds, in one.

use std::time::Duration;

/// The middle of some figures; of an even number of them, the mean of the two in the middle. Nothing for none.
pub(super) fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The smallest of some durations that is not exceeded by so many of a hundred. Nothing for none.
pub(super) fn percentile(durations: &mut [Duration], percent: usize) -> Option<Duration> {
    durations.sort_unstable();
    let rank = (durations.len() * percent).div_ceil(100).max(1);
    durations.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn percentiles() {
        let of = |count: u64, percent| {
            let mut all: Vec<Duration> = (1..=count).rev().map(Duration::from_millis).collect();
            percentile(&mut all, percent).map(|found| found.as_millis())
        };
        assert_eq!(of(0, 50), None);
        assert_eq!(of(1, 99), Some(1));
        assert_eq!(of(100, 50), Some(50));
        assert_eq!(of(100, 99), Some(99));
        assert_eq!(of(150, 99), Some(149));
        assert_eq!(of(7, 100), Some(7));
    }
}
