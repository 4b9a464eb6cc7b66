//! Which of the lines of a session carries data: of two one is started, and the other is only tested until
//! the first is lost, or somebody wants it.

use std::sync::Arc;
use std::time::Duration;

use station_wire::iec104::link::State;

use super::event::Event;
use super::line::{Line, Lost};
use super::path::{Path, Phase};
use super::task::Task;

/// How long the preferred address alone is waited for at first.
pub(super) const HEAD_START: Duration = Duration::from_secs(1);
/// A connection that stood for so long is made again soon when it is lost, also if it was only tested.
const LASTING: Duration = Duration::from_secs(60);

impl Task {
    /// Starts a line when none is: the first that stands, and at the very beginning rather the preferred.
    pub(super) fn choose(&mut self, now: Duration) {
        if self.active.is_some() || self.closing.is_some() {
            return;
        }
        let awaited = now < HEAD_START
            && self.paths.first().is_some_and(|path| matches!(path.phase, Phase::Connecting(_)));
        if awaited {
            return;
        }
        let shunned = self.shunned;
        let usable = |(index, path): (usize, &mut Path)| {
            path.line().is_some_and(|line| line.link.state() == State::Stopped).then_some(index)
        };
        let usable: Vec<usize> = self.paths.iter_mut().enumerate().filter_map(usable).collect();
        let chosen = usable.iter().find(|index| Some(**index) != shunned).or(usable.first());
        self.active = chosen.copied();
        if let Some(line) = self.active_line() {
            line.link.start(now);
            self.show();
        }
    }

    pub(super) fn switch_over(&mut self, now: Duration) {
        let stand = self.paths.iter().filter(|path| matches!(path.phase, Phase::Up(_))).count();
        if stand < 2 {
            return;
        }
        self.shunned = self.active;
        if let Some(line) = self.active_line() {
            line.link.stop(now);
        }
    }

    pub(super) fn active_line(&mut self) -> Option<&mut Line> {
        self.paths.get_mut(self.active?)?.line()
    }

    /// Data is not transferred any more.
    pub(super) fn pause(&mut self, why: &str) {
        let now = self.now();
        self.intake.link_down(now, why);
        self.status.send_modify(|status| status.why = Some(why.to_owned()));
    }

    /// Shows how the session stands now.
    pub(super) fn show(&mut self) {
        let (mut up, mut standby) = (None, None);
        for path in &self.paths {
            match &path.phase {
                Phase::Up(line) if line.link.state() == State::Started => up = Some(&line.about),
                Phase::Up(line) if line.link.state() == State::Stopped => {
                    standby = Some(&line.about)
                }
                Phase::Up(_) | Phase::Waiting { .. } | Phase::Connecting(_) => {}
            }
        }
        let (up, standby) = (up.cloned(), standby.cloned());
        let new = standby.clone().filter(|_| self.status.borrow().standby != standby);
        self.status.send_if_modified(|status| {
            let changed = (&status.up, &status.standby) != (&up, &standby);
            status.why = status.why.take().filter(|_| up.is_none());
            status.up = up;
            status.standby = standby;
            changed
        });
        if let Some(standby) = new {
            self.intake.tell(Event::Standby(standby));
        }
    }

    /// Gives a connection up.
    pub(super) fn lose(&mut self, index: usize, lost: Lost) {
        let now = self.now();
        let Some(path) = self.paths.get_mut(index) else { return };
        let Some(line) = path.line() else { return };
        let (connection, counts) = (Arc::clone(&line.about), line.counts);
        let was_active = self.active == Some(index);
        let stood = now.saturating_sub(line.made);
        if stood >= LASTING {
            path.proved();
        }
        path.failures = path.failures.saturating_add(1);
        // Its socket is closed with it.
        path.wait(now);
        self.shared.counters.add(counts);
        if was_active {
            self.active = None;
            self.pause(&lost.why);
        }
        let (why, security) = (lost.why, lost.security);
        self.intake.tell(Event::Down { connection, was_active, why, security });
        self.show();
    }
}
