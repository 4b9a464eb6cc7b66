//! The line at the foot of a terminal that says how far a fleet has come.

use std::time::Instant;

use super::super::shown;
use super::super::world::Screen;
use super::roll::Roll;

/// The line, on standard error; nothing where that is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    began: Instant,
    wanted: bool,
    shown: bool,
}

impl Progress {
    /// A line that is not shown yet.
    pub(super) fn new(screen: &Screen<'_>) -> Self {
        Self { began: Instant::now(), wanted: screen.err_is_terminal, shown: false }
    }

    /// Takes the line away, before something else is printed.
    pub(super) fn hide(&mut self, screen: &mut Screen<'_>) {
        if std::mem::take(&mut self.shown) {
            screen.err_bytes(b"\r\x1b[K");
        }
    }

    /// Shows the line anew.
    pub(super) fn show(&mut self, roll: &Roll, screen: &mut Screen<'_>) {
        if self.wanted && roll.len() > 0 {
            let text = format!("\r\x1b[K{}, {}", standing(roll), self.elapsed());
            screen.err_bytes(text.as_bytes());
            self.shown = true;
        }
    }

    /// How long it has taken so far.
    pub(super) fn elapsed(&self) -> String {
        shown::span(self.began.elapsed().as_secs_f64())
    }
}

/// `3/5 done, 1 failed, 2 running`.
fn standing(roll: &Roll) -> String {
    let over = roll.entries().filter(|(_, entry)| entry.is_over()).count();
    let good = roll.count("completed");
    let mut text = format!("{over}/{} done", roll.len());
    for (count, word) in [(over.saturating_sub(good), "failed"), (roll.count("running"), "running")]
    {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    text
}
