//! Runs an acquisition from its first record to its last.

use std::sync::Arc;
use std::time::Duration;

use station_core::model::{Acquisition, AcquisitionState, Record};

use super::live::{Acquisitions, LiveAcquisition};
use super::memory::Recorder;
use super::name;
use super::outlet::Outlet;
use super::plan::{self, Taking};
use super::poll::Sampler;
use super::writer::Writer;
use crate::bench::{Bench, Keeper, Lease};
use crate::stop::Stop;
use crate::timer::Timer;
use crate::{Error, ErrorKind};

/// How often the record of an acquisition under way is kept.
const KEEP: Duration = Duration::from_secs(5);

/// How often the record at the end is tried to be kept, and the pause between.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

impl Acquisitions {
    /// Runs an acquisition to its end: until its duration is over, or it is stopped. Its record is kept
    /// at the start, every five seconds, and at the end; it says then what became of it.
    ///
    /// # Errors
    /// It could not begin, or went wrong midway; what was written until then can be read.
    pub async fn run(
        &self,
        bench: &Bench,
        lease: &mut Lease,
        acquisition: Acquisition,
        stop: &Stop,
    ) -> Result<Acquisition, Error> {
        let keeper = bench.keeper().await;
        let entry = self.enter(acquisition)?;
        let taken = take(bench, lease, &keeper, &entry.live, stop).await;
        entry.live.tell(|acquisition| {
            acquisition.ended_at = Some(keeper.now());
            acquisition.error = taken.as_ref().err().map(|error| error.message.clone());
            acquisition.state = match taken {
                Ok(()) => AcquisitionState::Stopped,
                Err(_) => AcquisitionState::Error,
            };
        });
        let acquisition = entry.live.snapshot();
        let kept = keep_at_last(&keeper, &acquisition).await;
        taken.and(kept).map(|()| acquisition)
    }
}

/// Takes the samples, and tells of them.
async fn take(
    bench: &Bench,
    lease: &mut Lease,
    keeper: &Arc<dyn Keeper>,
    live: &LiveAcquisition,
    stop: &Stop,
) -> Result<(), Error> {
    let acquisition = live.snapshot();
    let id = lease.equipment().id.clone();
    let (pace, format) = (bench.config().pace, acquisition.plan.format);
    let driver = Arc::clone(lease.driver());
    let named =
        |error: Error| Error::new(error.kind, format!("equipment '{id}': {}", error.message));
    let (taking, columns) = plan::of(&driver, &acquisition.plan, pace).map_err(named)?;
    let file = name::file(&acquisition.id, format)?;
    live.name_columns(&columns);
    let path = bench.config().directory.join(&file);
    let writer = Writer::start(path, format, columns.clone()).await?;
    live.tell(|acquisition| {
        acquisition.file = Some(file);
        acquisition.started_at = Some(keeper.now());
        acquisition.state = match taking {
            Taking::Poll(_) => AcquisitionState::Acquiring,
            Taking::Memory(..) => AcquisitionState::WaitingTrigger,
        };
    });
    let mut outlet = Outlet::new(live, writer, columns);
    let taken = match keep(keeper, &live.snapshot()).await {
        Err(error) => Err(error),
        Ok(()) => {
            let duration = acquisition.plan.duration.map(|duration| plan::paced(duration, pace));
            let sampling = sample(lease, &taking, &mut outlet, stop, duration);
            tokio::select! {
                taken = sampling => taken.map_err(|error| match taking {
                    // A lease says itself whose errors they are.
                    Taking::Poll(_) => error,
                    Taking::Memory(..) => named(error),
                }),
                () = keep_on(keeper, live) => Ok(()),
            }
        }
    };
    let (writer, given, lost) = outlet.end();
    let written = writer.finish().await;
    live.tell(|acquisition| {
        acquisition.samples = written.rows;
        acquisition.lost = lost.saturating_add(given.saturating_sub(written.rows));
    });
    match (taken, written.error) {
        (Err(error), _) | (Ok(()), Some(error)) => Err(error),
        (Ok(()), None) => Ok(()),
    }
}

async fn sample(
    lease: &mut Lease,
    taking: &Taking,
    outlet: &mut Outlet<'_>,
    stop: &Stop,
    duration: Option<Duration>,
) -> Result<(), Error> {
    match taking {
        Taking::Poll(polled) => {
            let timer = Timer::new()?;
            Sampler { hands: lease, polled, outlet, timer, stop }.run().await
        }
        Taking::Memory(memory, channels) => {
            let session = lease.session();
            Recorder { session, memory, channels, duration, outlet, stop }.run().await
        }
    }
}

/// Keeps the record from time to time, beside the sampling; never ends.
async fn keep_on(keeper: &Arc<dyn Keeper>, live: &LiveAcquisition) {
    loop {
        tokio::time::sleep(KEEP).await;
        let snapshot = live.snapshot();
        if let Err(error) = keep(keeper, &snapshot).await {
            // The record at the end counts; this one is for a crash before it.
            tracing::warn!(acquisition = snapshot.id, %error, "failed to keep an acquisition's record");
        }
    }
}

/// Keeps the record at the end. A disk that the samples have filled may have room again in a moment;
/// without this record the acquisition would look as if it went on.
async fn keep_at_last(keeper: &Arc<dyn Keeper>, acquisition: &Acquisition) -> Result<(), Error> {
    for _ in 1..ATTEMPTS {
        let Err(error) = keep(keeper, acquisition).await else { return Ok(()) };
        tracing::debug!(acquisition = acquisition.id, %error, "trying again");
        tokio::time::sleep(PAUSE).await;
    }
    keep(keeper, acquisition).await
}

async fn keep(keeper: &Arc<dyn Keeper>, acquisition: &Acquisition) -> Result<(), Error> {
    let record = Record::Acquisition(Box::new(acquisition.clone()));
    keeper.keep(record).await.map_err(|error| {
        let message = format!(
            "failed to keep the record of acquisition {}: {}",
            acquisition.id, error.message
        );
        Error::new(ErrorKind::Local, message)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use station_core::model::{AcquisitionPlan, FileFormat, Micros, RecordKind};

    use super::*;
    use crate::transport::Act;

    /// Refuses so many records, as on a full disk.
    struct Full(AtomicU32);

    impl Keeper for Full {
        fn keep(&self, _: Record) -> Act<'static, ()> {
            let left =
                self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            let kept = match left {
                Ok(_) => Err(Error::new(ErrorKind::Local, "no space is left")),
                Err(_) => Ok(()),
            };
            Box::pin(std::future::ready(kept))
        }

        fn find(&self, _: RecordKind, _: String) -> Act<'static, Option<Record>> {
            Box::pin(std::future::ready(Ok(None)))
        }

        fn now(&self) -> Micros {
            Micros(0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_is_full_for_a_moment_does_not_leave_an_acquisition_without_its_end() {
        let plan = AcquisitionPlan {
            duration: None,
            sample_rate: None,
            channels: Vec::new(),
            verb: None,
            format: FileFormat::Csv,
            detached: false,
        };
        let (id, equipment) = ("acq-1".to_owned(), "psu".to_owned());
        let acquisition = Acquisition::new(id, equipment, None, plan, Micros(0));
        for (refusals, is_kept) in [(0, true), (ATTEMPTS - 1, true), (ATTEMPTS, false)] {
            let keeper: Arc<dyn Keeper> = Arc::new(Full(AtomicU32::new(refusals)));
            let kept = keep_at_last(&keeper, &acquisition).await;
            assert_eq!(kept.is_ok(), is_kept, "{refusals}");
        }
    }
}
