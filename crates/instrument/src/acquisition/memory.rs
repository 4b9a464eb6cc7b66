//! Oscilloscopes: the instrument takes one record, which is then fetched channel by channel.

use std::time::Duration;

use serde_json::Number;
use station_core::model::AcquisitionState;
use tokio::sync::watch;
use tokio::time::Instant;

use super::live::Wanted;
use super::outlet::Outlet;
use crate::driver::{Memory, Waveform};
use crate::session::Session;
use crate::stop::Stop;
use crate::{Error, ErrorKind};

/// The most rows of a batch.
const BATCH: usize = 4096;

pub(super) struct Recorder<'a, 'o> {
    pub(super) session: &'a mut Session,
    pub(super) memory: &'a Memory,
    pub(super) channels: &'a [u32],
    pub(super) duration: Option<Duration>,
    pub(super) outlet: &'a mut Outlet<'o>,
    pub(super) stop: &'a Stop,
}

/// How the wait for a record ended.
enum Came {
    Record,
    Paused,
    Stopped,
}

impl Recorder<'_, '_> {
    /// Switches its channels on, arms it, waits for its record, and fetches that; nothing is fetched
    /// when it is stopped before.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let mut wanted = self.outlet.live().wanted();
        let deadline = self.duration.map(|duration| Instant::now() + duration);
        for channel in self.channels {
            self.send(&self.memory.enable(*channel)).await?;
        }
        loop {
            self.outlet.stand(AcquisitionState::WaitingTrigger);
            self.send(&self.memory.arm).await?;
            self.check().await?;
            let came = self.wait(deadline, &mut wanted).await;
            // However that went, it is not left armed.
            let idle = self.send(&self.memory.stop).await;
            match came? {
                Came::Record => {
                    idle?;
                    return self.fetch(&mut wanted).await;
                }
                Came::Stopped => return idle,
                Came::Paused => {
                    idle?;
                    self.outlet.stand(AcquisitionState::Paused);
                    if !self.resumed(deadline, &mut wanted).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Asks for the state of the record until it is complete.
    async fn wait(
        &mut self,
        deadline: Option<Instant>,
        wanted: &mut watch::Receiver<Wanted>,
    ) -> Result<Came, Error> {
        loop {
            let next = Instant::now() + self.memory.state_interval.max(Duration::from_millis(1));
            let next = deadline.map_or(next, |deadline| next.min(deadline));
            tokio::select! {
                biased;
                () = self.stop.asked() => return Ok(Came::Stopped),
                change = wanted.wait_for(|wanted| wanted.paused || wanted.stopped) => {
                    let paused = change.is_ok_and(|wanted| !wanted.stopped);
                    return Ok(if paused { Came::Paused } else { Came::Stopped });
                }
                () = tokio::time::sleep_until(next) => {}
            }
            let state = self.session.ask(&self.memory.state_query).await?;
            let state = state.trim().to_ascii_uppercase();
            if self.memory.done.iter().any(|done| done.eq_ignore_ascii_case(&state)) {
                return Ok(Came::Record);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                // TD: triggered, and not yet full; what there is, is the record.
                if state.starts_with("TD") || state.starts_with("TRIG") {
                    return Ok(Came::Record);
                }
                let within = self.duration.unwrap_or_default();
                let message = format!("no trigger within {within:?}: its state is still {state}");
                return Err(Error::new(ErrorKind::Timeout, message));
            }
        }
    }

    /// Waits while it is paused; whether it goes on.
    async fn resumed(
        &mut self,
        deadline: Option<Instant>,
        wanted: &mut watch::Receiver<Wanted>,
    ) -> bool {
        let over = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stop.asked() => false,
            change = wanted.wait_for(|wanted| !wanted.paused || wanted.stopped) => {
                change.is_ok_and(|wanted| !wanted.stopped)
            }
            () = over => false,
        }
    }

    /// Fetches the record: piece by piece, of each piece all channels.
    async fn fetch(&mut self, wanted: &mut watch::Receiver<Wanted>) -> Result<(), Error> {
        self.outlet.stand(AcquisitionState::Acquiring);
        self.tell_rate().await?;
        let mut forms: Vec<(u32, Waveform)> = Vec::new();
        for channel in self.channels {
            self.send(&self.memory.select(*channel)).await?;
            let preamble = self.session.ask(&self.memory.preamble_query).await?;
            forms.push((*channel, self.memory.waveform(&preamble)?));
        }
        self.check().await?;
        let points = forms.iter().map(|(_, form)| form.points).min().unwrap_or_default();
        let most = match self.memory.points_per_transfer {
            0 => points,
            most => most.into(),
        };
        let mut done = 0;
        while done < points {
            if self.stop.is_asked() || wanted.borrow().stopped {
                break;
            }
            let stop = points.min(done.saturating_add(most));
            let mut blocks = Vec::with_capacity(forms.len());
            for (channel, form) in &forms {
                if forms.len() > 1 {
                    self.send(&self.memory.select(*channel)).await?;
                }
                self.send(&self.memory.range(done.saturating_add(1), stop)).await?;
                let block = self.session.ask_block(&self.memory.waveform_query).await?;
                blocks.push((form, block));
            }
            let rows = self.write(&blocks, done).await?;
            let Some(rows) = rows else { return Ok(()) };
            let asked = stop.saturating_sub(done);
            self.outlet.lose(asked.saturating_sub(rows));
            if rows == 0 {
                let message = format!("its record ends after {done} of {points} points");
                return Err(Error::new(ErrorKind::Reply, message));
            }
            done = stop;
        }
        self.check().await
    }

    /// Writes a piece as rows; how many they were, `None` if the file cannot be written.
    async fn write(
        &mut self,
        blocks: &[(&Waveform, Vec<u8>)],
        first: u64,
    ) -> Result<Option<u64>, Error> {
        let Some((time, _)) = blocks.first() else { return Ok(Some(0)) };
        let mut columns: Vec<_> = blocks.iter().map(|(form, block)| form.values(block)).collect();
        let mut rows = 0_u64;
        loop {
            let row: Vec<f64> = columns.iter_mut().map_while(Iterator::next).collect();
            if row.len() < blocks.len() {
                break;
            }
            let point = u32::try_from(first.saturating_add(rows)).map_err(|_| {
                Error::new(ErrorKind::Reply, "its record has more points than can be counted")
            })?;
            self.outlet.push(time.time(point), row);
            rows = rows.saturating_add(1);
            if self.outlet.waiting() >= BATCH && self.outlet.flush_all().await.is_err() {
                return Ok(None);
            }
        }
        Ok(self.outlet.flush_all().await.is_ok().then_some(rows))
    }

    /// The rate is the instrument's own: it is told as it is.
    async fn tell_rate(&mut self) -> Result<(), Error> {
        let reply = self.session.ask(&self.memory.sample_rate_query).await?;
        let rate = reply.trim().parse::<f64>().ok().and_then(Number::from_f64);
        self.outlet.live().tell(|acquisition| acquisition.achieved_rate = rate);
        Ok(())
    }

    async fn send(&mut self, messages: &[String]) -> Result<(), Error> {
        for message in messages {
            self.session.send(message).await?;
        }
        Ok(())
    }

    /// Fails if the instrument reports errors.
    async fn check(&mut self) -> Result<(), Error> {
        let errors = self.session.errors().await?;
        if errors.is_empty() {
            return Ok(());
        }
        let errors: Vec<String> =
            errors.iter().map(|entry| format!("{} \"{}\"", entry.code, entry.text)).collect();
        let message = format!("the instrument reports {}", errors.join("; "));
        Err(Error::new(ErrorKind::Instrument, message))
    }
}
