//! Samples in memory: some rows, one after the other.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Some consecutive samples of all channels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleBatch {
    /// The number of its first sample, from 0, among those that were taken.
    pub first: u64,
    /// The names of the channels, or of what is read of them.
    pub columns: Vec<String>,
    /// When the samples were taken, in seconds: from the start, or from the trigger for a record of
    /// an oscilloscope.
    pub times: Vec<f64>,
    /// The values by column, as many of each as there are times; NaN where the instrument had none.
    pub values: Vec<Vec<f64>>,
}

impl SampleBatch {
    /// Without samples, for these columns.
    #[must_use]
    pub fn new(first: u64, columns: &[String]) -> Self {
        Self {
            first,
            columns: columns.to_vec(),
            times: Vec::new(),
            values: vec![Vec::new(); columns.len()],
        }
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Adds a sample; values that are missing in the row are NaN.
    pub fn push(&mut self, time: f64, row: impl IntoIterator<Item = f64>) {
        self.times.push(time);
        let mut row = row.into_iter();
        for column in &mut self.values {
            column.push(row.next().unwrap_or(f64::NAN));
        }
    }

    /// The samples as rows: a time and its values.
    pub fn rows(&self) -> impl Iterator<Item = (f64, impl Iterator<Item = f64> + '_)> + '_ {
        self.times.iter().enumerate().map(|(place, time)| {
            let row = self.values.iter();
            (*time, row.map(move |column| column.get(place).copied().unwrap_or(f64::NAN)))
        })
    }
}

/// The newest rows of a stream, so many at most.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    columns: Vec<String>,
    /// How many rows have come in all.
    total: u64,
    most: usize,
    /// Rows one after the other: the time, then the values.
    numbers: VecDeque<f64>,
}

impl Recent {
    pub(super) fn new(columns: &[String], most: usize) -> Self {
        Self { columns: columns.to_vec(), total: 0, most, numbers: VecDeque::new() }
    }

    pub(super) fn push(&mut self, time: f64, row: impl Iterator<Item = f64>) {
        if self.most == 0 {
            self.total = self.total.saturating_add(1);
            return;
        }
        let width = self.columns.len().saturating_add(1);
        if self.numbers.len() >= self.most.saturating_mul(width) {
            self.numbers.drain(..width.min(self.numbers.len()));
        }
        self.numbers.push_back(time);
        self.numbers.extend(row.chain(std::iter::repeat(f64::NAN)).take(self.columns.len()));
        self.total = self.total.saturating_add(1);
    }

    /// The newest rows, at most so many.
    pub(super) fn newest(&self, n: usize) -> SampleBatch {
        let width = self.columns.len().saturating_add(1);
        let have = self.numbers.len() / width;
        let wanted = n.min(have);
        let first = self.total.saturating_sub(u64::try_from(wanted).unwrap_or(u64::MAX));
        let mut batch = SampleBatch::new(first, &self.columns);
        let mut numbers = self.numbers.iter().copied().skip((have - wanted).saturating_mul(width));
        while let Some(time) = numbers.next() {
            batch.push(time, numbers.by_ref().take(self.columns.len()).collect::<Vec<f64>>());
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_rows_are_kept() {
        let columns = ["a".to_owned(), "b".to_owned()];
        let mut recent = Recent::new(&columns, 3);
        assert_eq!(recent.newest(5), SampleBatch::new(0, &columns));
        for time in [0.0, 1.0, 2.0, 3.0, 4.0] {
            recent.push(time, [time * 10.0].into_iter());
        }
        let newest = recent.newest(2);
        assert_eq!((newest.first, newest.times.clone()), (3, vec![3.0, 4.0]));
        assert_eq!(newest.values[0], [30.0, 40.0]);
        assert!(newest.values[1].iter().all(|value| value.is_nan()) && newest.len() == 2);
        assert_eq!((recent.newest(100).first, recent.newest(100).len()), (2, 3));
    }
}
