//! Restart: the engine anew, after a round could not be made durable.

use super::{Engine, Gates, Lanes, Mode, Outcome, Retention, Snapshot, Trim, Window, replan};

impl Engine {
    /// The engine anew over what the store holds, after a round could not be made durable.
    ///
    /// Runs under way go on; what had been decided in the failed round is decided again. The
    /// effects of that round must not have been performed.
    #[must_use]
    pub fn restart(&self, snapshot: Snapshot) -> Self {
        let mut engine = self.clone();
        engine.last_job = snapshot.last_job;
        engine.output_bytes = snapshot.output_bytes;
        engine.last_alarm = snapshot.last_alarm;
        engine.trim = Trim::Idle;
        engine.retention = Retention::starting(self.clock.last());
        engine.lines = Lanes::default();
        engine.gates = Gates::default();
        engine.counts.clear();
        // The clock shows a step only once; that the zones are new is told again.
        engine.set_back = replan::sum(self.set_back, self.unsure);
        (engine.new_zones, engine.replanning, engine.unsure) = (None, None, None);
        engine.mode = match self.mode {
            Mode::Working => Mode::Working,
            // Neither the end nor the interruptions of the failed round took place.
            Mode::Draining { until, .. } | Mode::Done { until } => {
                Mode::Draining { until, interrupted: false }
            }
        };
        engine.window = Window::default();
        engine.ready.clear();
        engine.gated.clear();
        engine.sample_at = None;
        let before = std::mem::take(&mut engine.runs);
        engine.waiting.clear();
        engine.retries.clear();
        engine.timers.clear();
        engine.expiries.clear();
        engine.under_way = 0;
        engine.rebuilt = true;
        // Nothing is decided here, so the outcome stays empty.
        engine.take_snapshot(snapshot, self.clock.last(), Some(before), &mut Outcome::default());
        engine
    }

    /// The changes of the round are durable, so that a restart need not do them again. To be
    /// called after each commit that succeeds.
    pub fn committed(&mut self) {
        self.unsure = None;
        self.orphans.clear();
    }
}
