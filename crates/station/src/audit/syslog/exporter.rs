//! The exporter: brings a receiver up to the trail's head, and then waits for news.

use std::path::Path;
use std::time::Duration;

use station_core::audit::Head;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::line::Line;
use super::message::Sender;
use super::place::{DOUBT, Place, PlaceFile, Progress};
use super::target::Syslog;
use crate::audit::Alarm;
use crate::runtime::Handle;
use crate::store::Reader;

/// How many records are read and sent at once.
const PORTION: usize = 200;

/// How long a receiver out of reach is left alone, at first and at most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

/// How long the last records are tried to be sent at a stop.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What alarms of the exporter are about.
const TOPIC: &str = "audit_syslog";

/// Sends the trail as it grows.
pub struct Exporter {
    handle: Handle,
    to: Syslog,
    file: PlaceFile,
    sender: Sender,
    alarm: Alarm,
    progress: Progress,
    /// What goes wrong: it is told of once.
    trouble: Option<String>,
    /// Where it stands could not be written down: that is told of once.
    unwritten: bool,
    wait: Duration,
}

/// Why a line was left.
enum Left {
    Stopped,
    Lost(String),
}

impl Exporter {
    /// An exporter of this station's trail. Where it stands is kept in the data directory.
    #[must_use]
    pub fn new(handle: Handle, to: Syslog, data_dir: &Path, alarm: Alarm) -> Self {
        let file = PlaceFile::new(data_dir, to.target.to_string());
        let uname = rustix::system::uname();
        let host = uname.nodename().to_string_lossy();
        let sender = Sender::new(to.facility, &host, std::process::id());
        let progress = Progress::default();
        Self {
            handle,
            to,
            file,
            sender,
            alarm,
            progress,
            trouble: None,
            unwritten: false,
            wait: FIRST,
        }
    }

    /// Sends until it is told to stop, and then what is left, if that can be done in a moment.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        // Before the first look at the trail: what comes behind it is news.
        let mut news = self.handle.tail().growth();
        let place = self.begin().await;
        self.progress = Progress::new(place);
        while !*stop.borrow() {
            match self.serve(&mut news, &mut stop).await {
                Left::Stopped => break,
                Left::Lost(why) => self.told(&why),
            }
            self.progress.lose();
            tokio::select! {
                () = sleep(self.wait) => self.wait = (self.wait * 2).min(MOST),
                _ = stop.changed() => break,
            }
        }
    }

    /// Where to begin: behind what the receiver has, unless that is not in the trail any more.
    async fn begin(&mut self) -> Place {
        let place = match self.file.read() {
            Ok(place) => place,
            Err(why) => {
                self.told(&why);
                return Place::default();
            }
        };
        if place.head.seq == 0 {
            return place;
        }
        let there = self.read(move |reader| reader.audit_record(place.head.seq)).await;
        match there {
            Ok(Some(record)) if record.hash == place.head.hash => place,
            Ok(_) => {
                let why = format!(
                    "record {} of the audit trail is not the one that the syslog receiver {} has: the \
                     end of the trail was cut, or an old copy of the store was put in its place; the \
                     trail is sent again from its first record",
                    place.head.seq, self.to.target
                );
                tracing::error!("{why}");
                (self.alarm)(TOPIC, why);
                Place::default()
            }
            // It is read again soon, and told of then.
            Err(_) => place,
        }
    }

    /// Connects, and sends what there is and what comes, as long as the connection lasts.
    async fn serve(
        &mut self,
        news: &mut watch::Receiver<u64>,
        stop: &mut watch::Receiver<bool>,
    ) -> Left {
        let mut line = tokio::select! {
            line = Line::connect(&self.to) => match line {
                Ok(line) => line,
                Err(why) => return Left::Lost(why),
            },
            _ = stop.changed() => return Left::Stopped,
        };
        let mut proves_itself = Some(Instant::now() + DOUBT);
        loop {
            news.mark_unchanged();
            tokio::select! {
                done = self.catch_up(&mut line) => if let Err(why) = done {
                    return Left::Lost(why);
                },
                () = past_stop(stop) => return Left::Stopped,
            }
            if stop.has_changed().is_err() || *stop.borrow() {
                self.finish(line).await;
                return Left::Stopped;
            }
            let due = [self.progress.due(), proves_itself].into_iter().flatten().min();
            tokio::select! {
                why = line.ended() => return Left::Lost(why),
                _ = news.changed() => {}
                () = at(due) => {}
                _ = stop.changed() => {
                    self.finish(line).await;
                    return Left::Stopped;
                }
            }
            let now = Instant::now();
            if proves_itself.is_some_and(|at| at <= now) {
                proves_itself = None;
                self.well();
            }
            self.settle(now);
        }
    }

    /// Sends all there is.
    async fn catch_up(&mut self, line: &mut Line) -> Result<(), String> {
        loop {
            let (place, sender) = (self.progress.sent(), self.sender.clone());
            let read = self.read(move |reader| portion(reader, &sender, place)).await;
            let (messages, place) = read.map_err(|error| {
                format!("the audit trail cannot be read to be sent by syslog: {error}")
            })?;
            if messages.is_empty() {
                return Ok(());
            }
            line.send(&messages).await?;
            let now = Instant::now();
            self.progress.send(now, place);
            self.settle(now);
        }
    }

    /// Sends what the station recorded last, and ends the connection.
    async fn finish(&mut self, mut line: Line) {
        let sent = timeout(LAST_WORDS, self.catch_up(&mut line)).await;
        if matches!(sent, Ok(Ok(()))) && line.close().await {
            self.progress.settle_all();
            self.write_down();
        }
    }

    /// Writes down what is not in doubt any more.
    fn settle(&mut self, now: Instant) {
        if self.progress.settle(now) {
            self.write_down();
        }
    }

    /// Writes down where it stands. Without that it goes on, and sends more twice at the next start.
    fn write_down(&mut self) {
        match self.file.write(&self.progress.settled()) {
            Ok(()) => self.unwritten = false,
            Err(why) => {
                if !self.unwritten {
                    tracing::error!("{why}");
                    (self.alarm)(TOPIC, why);
                }
                self.unwritten = true;
            }
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, crate::port::StoreError> + Send + 'static,
    ) -> Result<T, String> {
        let reader = self.handle.reader();
        let done = tokio::task::spawn_blocking(move || work(&reader)).await;
        done.map_err(|error| error.to_string())?.map_err(|error| error.message)
    }

    /// Tells people once of what does not go well.
    fn told(&mut self, why: &str) {
        if self.trouble.is_none() {
            tracing::error!("{why}; trying again for as long as it takes");
            (self.alarm)(TOPIC, why.to_owned());
        } else if self.trouble.as_deref() != Some(why) {
            tracing::warn!("{why}");
        }
        self.trouble = Some(why.to_owned());
    }

    fn well(&mut self) {
        self.wait = FIRST;
        if self.trouble.take().is_some() {
            tracing::info!(
                topic = TOPIC,
                "the syslog receiver {} takes the trail again",
                self.to.target
            );
        }
    }
}

/// The next messages behind a place, and the place behind them: each checkpoint follows its record.
fn portion(
    reader: &Reader,
    sender: &Sender,
    place: Place,
) -> Result<(Vec<String>, Place), crate::port::StoreError> {
    let mut place = place;
    let records = reader.audit_from(place.head.seq.saturating_add(1), PORTION)?;
    let last = records.last().map_or(place.head.seq, |record| record.seq);
    let checkpoints = reader.checkpoints(place.checkpoint.saturating_add(1), PORTION)?;
    let mut checkpoints = checkpoints.iter().filter(|one| one.seq <= last).peekable();
    let mut messages = Vec::new();
    for record in &records {
        while let Some(checkpoint) = checkpoints.next_if(|one| one.seq < record.seq) {
            messages.push(sender.checkpoint(checkpoint));
            place.checkpoint = checkpoint.seq;
        }
        messages.push(sender.record(record));
        place.head = Head { seq: record.seq, hash: record.hash };
    }
    for checkpoint in checkpoints {
        messages.push(sender.checkpoint(checkpoint));
        place.checkpoint = checkpoint.seq;
    }
    Ok((messages, place))
}

/// Resolves a while after the station was told to stop: a message is not broken off before.
async fn past_stop(stop: &mut watch::Receiver<bool>) {
    // Without a sender it is to stop as well.
    drop(stop.wait_for(|stop| *stop).await);
    sleep(LAST_WORDS).await;
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
