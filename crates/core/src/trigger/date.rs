//! The date trigger: once, at an instant.

use crate::model::{DateTrigger, Micros};

impl DateTrigger {
    /// The instant, if it lies strictly after `after`.
    #[must_use]
    pub fn next(&self, after: Micros) -> Option<Micros> {
        (self.at > after).then_some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_once() {
        let date = DateTrigger { at: Micros(5), zone: "UTC".into(), intent: None };
        assert_eq!(date.next(Micros(4)), Some(Micros(5)));
        assert_eq!(date.next(Micros(5)), None);
    }
}
