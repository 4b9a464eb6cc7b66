//! What the links and the instrument share: the faults, and what happened on the links.

use std::sync::{Mutex, PoisonError};

use super::fault::{Fault, FaultKind};

/// The faults in force, and what happened on the links.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    faults: Vec<Armed>,
    connections: u64,
    /// Whether the fault of another identity has struck.
    stranger: bool,
    /// Replies thrown away since a message came before they were read.
    interrupted: u64,
    /// Messages longer than the input buffer.
    overruns: u64,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// Queries or messages seen since it was set.
    seen: u64,
}

impl Surroundings {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let surroundings = Self::default();
        for fault in faults {
            surroundings.set(*fault);
        }
        surroundings
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        // Nothing in here panics midway: what a poisoned lock guards is whole.
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a fault in force, in place of one of the same name.
    pub(crate) fn set(&self, fault: Fault) {
        self.with(|inner| {
            inner.faults.retain(|armed| armed.fault.kind.name() != fault.kind.name());
            inner.faults.push(Armed { fault, seen: 0 });
        });
    }

    /// Takes the fault of that name away; all of them for `None`.
    pub(crate) fn unset(&self, name: Option<&str>) {
        self.with(|inner| {
            inner.faults.retain(|armed| name.is_some_and(|name| armed.fault.kind.name() != name));
            if name.is_none_or(|name| name == "wrong-identity") {
                inner.stranger = false;
            }
        });
    }

    /// The faults in force.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.with(|inner| inner.faults.iter().map(|armed| armed.fault).collect())
    }

    /// Whether a fault that `wanted` accepts strikes now; counts it.
    pub(crate) fn strikes<T>(&self, wanted: impl Fn(FaultKind) -> Option<T>) -> Option<T> {
        self.with(|inner| {
            let armed = inner.faults.iter_mut().find(|armed| wanted(armed.fault.kind).is_some())?;
            armed.seen += 1;
            let kind = armed.fault.kind;
            let from =
                if let FaultKind::Silent(n) | FaultKind::PowerCycle(n) = kind { n } else { 1 };
            if armed.seen < from {
                return None;
            }
            // A power cycle happens once, unless it is said how often.
            let once = matches!(kind, FaultKind::PowerCycle(_)).then_some(1);
            if let Some(times) = armed.fault.times.or(once) {
                armed.fault.times = Some(times.saturating_sub(1));
                if matches!(kind, FaultKind::PowerCycle(_)) {
                    armed.seen = 0;
                }
            }
            inner.faults.retain(|armed| armed.fault.times != Some(0));
            wanted(kind)
        })
    }

    /// As [`Self::strikes`], for a fault without a value.
    pub(crate) fn struck(&self, kind: FaultKind) -> bool {
        self.strikes(|found| (found == kind).then_some(())).is_some()
    }

    /// A client has connected over raw TCP.
    pub(crate) fn connected(&self) {
        let again = self.with(|inner| {
            inner.connections += 1;
            inner.connections > 1
        });
        if again && self.struck(FaultKind::WrongIdentity) {
            self.with(|inner| inner.stranger = true);
        }
    }

    /// Whether it says to be another instrument.
    pub(crate) fn is_stranger(&self) -> bool {
        self.with(|inner| inner.stranger)
    }

    /// A message came before the reply to the last one was read (IEEE 488.2, 6.3.2.3).
    pub(crate) fn interrupt(&self) {
        self.with(|inner| inner.interrupted += 1);
    }

    /// A message was longer than the input buffer.
    pub(crate) fn overrun(&self) {
        self.with(|inner| inner.overruns += 1);
    }

    /// Replies thrown away and messages too long, since this was last asked.
    pub(crate) fn take_link_troubles(&self) -> (u64, u64) {
        self.with(|inner| {
            (std::mem::take(&mut inner.interrupted), std::mem::take(&mut inner.overruns))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Surroundings {
        Surroundings::new(&[text.parse().unwrap()])
    }

    fn silent(surroundings: &Surroundings) -> bool {
        surroundings.strikes(|kind| matches!(kind, FaultKind::Silent(_)).then_some(())).is_some()
    }

    #[test]
    fn strikes_from_the_nth_on_and_so_many_times() {
        let from_third = with("silent=3");
        assert_eq!([(); 4].map(|()| silent(&from_third)), [false, false, true, true]);
        let twice = with("silent*2");
        assert_eq!([(); 4].map(|()| silent(&twice)), [true, true, false, false]);
        assert!(twice.faults().is_empty());
    }

    #[test]
    fn another_identity_needs_a_reconnect() {
        let surroundings = with("wrong-identity");
        surroundings.connected();
        assert!(!surroundings.is_stranger());
        surroundings.connected();
        assert!(surroundings.is_stranger());
        surroundings.unset(Some("wrong-identity"));
        assert!(!surroundings.is_stranger());
    }
}
