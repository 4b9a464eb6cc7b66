//! Performs steps over a line: says and asks, waits, repeats, and notes what is promised for the end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::line::Line;
use super::{Bench, Transcript};
use crate::driver::{Driver, Memory, Parser, Sampling, Step};
use crate::stop::Stop;
use crate::transport::Act;
use crate::{Error, ErrorKind};

/// The most readings of one name that a repetition keeps.
const READINGS: usize = 10_000;

/// How many characters of a reply are taken down: a reply may have 64 MiB, and a transcript keeps
/// thousands of lines in memory until they are stored.
const SHOWN: usize = 4096;

/// The most points of a waveform that are put into a result.
const POINTS: u64 = 100_000;

/// What a verb gave, by the names the driver has for it.
pub(super) type Readings = Map<String, Value>;

/// Performs the steps of one verb.
pub(super) struct Performer<'a> {
    pub(super) bench: &'a Bench,
    pub(super) line: &'a mut Line,
    pub(super) id: &'a str,
    pub(super) driver: &'a Driver,
    pub(super) transcript: Option<&'a dyn Transcript>,
    pub(super) stop: Option<&'a Stop>,
    /// Steps that are promised; the last promised is kept first.
    pub(super) owed: &'a mut Vec<Vec<Step>>,
    /// Set as soon as something is sent.
    pub(super) spoke: &'a mut bool,
}

impl Performer<'_> {
    /// Performs steps in order, up to the first that fails.
    pub(super) fn run<'s>(
        &'s mut self,
        steps: &'s [Step],
        readings: &'s mut Readings,
    ) -> Act<'s, ()> {
        Box::pin(async move {
            for step in steps {
                self.not_stopped()?;
                match step {
                    Step::Send { message } => self.say(message).await?,
                    Step::Ask { message, parse, name, .. } => {
                        let value = self.ask(message, parse).await?;
                        put(readings, name, value);
                    }
                    Step::Waveform { channel, name } => {
                        let value = self.waveform(*channel).await?;
                        put(readings, name, value);
                    }
                    Step::Wait(time) => {
                        self.wait_until(Instant::now() + self.bench.paced(*time)).await?;
                    }
                    Step::Repeat { for_, every, steps } => {
                        self.repeat((*for_, *every), steps, readings).await?;
                    }
                    Step::Finally(steps) => self.owed.push(steps.clone()),
                }
            }
            Ok(())
        })
    }

    async fn say(&mut self, message: &str) -> Result<(), Error> {
        self.sent(message);
        self.line.session.send(message).await
    }

    async fn ask_text(&mut self, message: &str) -> Result<String, Error> {
        self.sent(message);
        let reply = self.line.session.ask(message).await?;
        self.received(&reply);
        Ok(reply)
    }

    async fn ask(&mut self, message: &str, parse: &Parser) -> Result<Value, Error> {
        let reply = self.ask_text(message).await?;
        parse
            .parse(&reply)
            .map_err(|error| Error::new(error.kind, format!("asked {message}: {}", error.message)))
    }

    async fn repeat(
        &mut self,
        (total, every): (Duration, Duration),
        steps: &[Step],
        readings: &mut Readings,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut offset = Duration::ZERO;
        let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut done = Ok(());
        while offset < total && done.is_ok() {
            done = self.wait_until(start + self.bench.paced(offset)).await;
            let mut round = Readings::new();
            if done.is_ok() {
                done = self.run(steps, &mut round).await;
            }
            for (name, value) in round {
                let list = lists.entry(name).or_default();
                if list.len() < READINGS {
                    list.push(value);
                }
            }
            // Rounds that are late are left out, not caught up with.
            offset += every;
            while start + self.bench.paced(offset) < Instant::now() {
                offset += every.max(Duration::from_millis(1));
            }
        }
        for (name, list) in lists {
            readings.insert(name, Value::Array(list));
        }
        done?;
        self.wait_until(start + self.bench.paced(total)).await
    }

    /// Waits, unless it is to stop.
    async fn wait_until(&mut self, due: Instant) -> Result<(), Error> {
        match self.stop {
            None => tokio::time::sleep_until(due).await,
            Some(stop) => tokio::select! {
                () = stop.asked() => {}
                () = tokio::time::sleep_until(due) => {}
            },
        }
        self.not_stopped()
    }

    fn not_stopped(&self) -> Result<(), Error> {
        if self.stop.is_some_and(Stop::is_asked) {
            return Err(Error::new(ErrorKind::Stopped, "it was stopped"));
        }
        Ok(())
    }

    async fn waveform(&mut self, channel: u32) -> Result<Value, Error> {
        let driver = self.driver;
        let Sampling::Memory(memory) = driver.sampling() else {
            let message =
                format!("the driver {} does not say how waveforms are read", driver.name());
            return Err(Error::new(ErrorKind::Invalid, message));
        };
        for message in memory.select(channel) {
            self.say(&message).await?;
        }
        let preamble = self.ask_text(&memory.preamble_query).await?;
        let form = memory.waveform(&preamble)?;
        if form.points > POINTS {
            let message = format!(
                "the waveform has {} points, too many for a result ({POINTS}): take an acquisition",
                form.points
            );
            return Err(Error::new(ErrorKind::Refused, message));
        }
        let mut values = Vec::new();
        for (start, stop) in transfers(memory, form.points) {
            for message in memory.range(start, stop) {
                self.say(&message).await?;
            }
            self.sent(&memory.waveform_query);
            let block = self.line.session.ask_block(&memory.waveform_query).await?;
            self.received(&format!("a block of {} bytes", block.len()));
            values.extend(form.values(&block).map(Value::from));
        }
        let mut waveform = Map::new();
        waveform.insert("channel".to_owned(), channel.into());
        waveform.insert("unit".to_owned(), memory.unit.clone().into());
        waveform.insert("time_increment".to_owned(), form.x_increment.into());
        waveform.insert("time_origin".to_owned(), form.x_origin.into());
        waveform.insert("values".to_owned(), Value::Array(values));
        Ok(Value::Object(waveform))
    }

    fn sent(&mut self, message: &str) {
        *self.spoke = true;
        if let Some(transcript) = self.transcript {
            transcript.sent(self.id, message);
        }
    }

    fn received(&self, reply: &str) {
        let Some(transcript) = self.transcript else { return };
        match reply.char_indices().nth(SHOWN) {
            None => transcript.received(self.id, reply),
            Some((end, _)) => {
                let (begin, bytes) = (reply.get(..end).unwrap_or_default(), reply.len());
                transcript.received(self.id, &format!("{begin}… ({bytes} bytes)"));
            }
        }
    }
}

/// The first and last point of each transfer, counted from 1.
fn transfers(memory: &Memory, points: u64) -> Vec<(u64, u64)> {
    let most = match memory.points_per_transfer {
        0 => points,
        most => u64::from(most),
    };
    let mut transfers = Vec::new();
    let mut start = 1;
    while start <= points {
        let stop = points.min(start.saturating_add(most).saturating_sub(1));
        transfers.push((start, stop));
        start = stop.saturating_add(1);
    }
    transfers
}

/// Puts a value under its name; the fields of a compound reply stand for themselves.
fn put(readings: &mut Readings, name: &str, value: Value) {
    if !name.is_empty() {
        readings.insert(name.to_owned(), value);
    } else if let Value::Object(fields) = value {
        readings.extend(fields);
    }
}
