//! The course of a run: how many accounts were at work and how many were over, from its beginning to its end.

use crate::collected::Collected;

/// How many points the curves have.
const POINTS: usize = 120;

/// Two curves over the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    /// How many accounts were at work at each point.
    pub(crate) at_work: Vec<usize>,
    /// How many were over.
    pub(crate) over: Vec<usize>,
    /// Milliseconds from the first point to the last.
    pub(crate) millis: u64,
}

impl Course {
    pub(crate) fn of(collected: &Collected) -> Self {
        let millis = collected.makespan();
        let mut began: Vec<u64> = collected.accounts.iter().map(|(_, account)| account.offset_millis).collect();
        let mut ended: Vec<u64> = collected.accounts.iter().map(|(_, account)| account.ended_at()).collect();
        began.sort_unstable();
        ended.sort_unstable();
        let (mut at_work, mut over) = (Vec::new(), Vec::new());
        for point in 0..=POINTS {
            let at = u64::try_from(u128::from(millis) * point as u128 / POINTS as u128).unwrap_or(u64::MAX);
            let done = ended.partition_point(|end| *end <= at);
            over.push(done);
            at_work.push(began.partition_point(|begin| *begin <= at).saturating_sub(done));
        }
        Self { at_work, over, millis }
    }

    /// The most that were at work at once.
    pub(crate) fn peak(&self) -> usize {
        self.at_work.iter().copied().max().unwrap_or(0)
    }

    /// A curve as the points of an SVG path, in a box `width` wide and `height` high.
    pub(crate) fn line(curve: &[usize], most: usize, width: usize, height: usize) -> String {
        let last = curve.len().saturating_sub(1).max(1);
        let points = curve.iter().enumerate().map(|(n, value)| {
            let (x, y) = (n * width / last, height - (value * height).checked_div(most).unwrap_or(0));
            format!("{x},{y}")
        });
        format!("M{}", points.collect::<Vec<_>>().join("L"))
    }
}
