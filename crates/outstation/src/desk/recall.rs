//! Taking a command back while somebody waits for it.

use std::sync::{Arc, Mutex};

use super::lock;

/// Takes a command back; clones are of the same command.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    recalled: bool,
    passed: bool,
}

impl Recall {
    /// From now on nothing more of the command is sent. What was sent goes on to its outcome: whether
    /// anything was, or just is, is the answer.
    pub fn recall(&self) -> bool {
        let mut state = lock(&self.state);
        state.recalled = true;
        state.passed
    }

    /// Whether the next of its frames may be sent.
    pub(super) fn lets_pass(&self) -> bool {
        let mut state = lock(&self.state);
        state.passed |= !state.recalled;
        !state.recalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_back_is_not_sent_and_what_was_sent_is_known() {
        let (early, late) = (Recall::default(), Recall::default());
        assert!(!early.clone().recall());
        assert!(!early.lets_pass());
        assert!(!early.recall());
        assert!(late.lets_pass());
        assert!(late.recall());
        assert!(!late.lets_pass());
    }
}
