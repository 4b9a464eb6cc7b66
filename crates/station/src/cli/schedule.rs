//! A schedule that options give, worked out here: no station is asked.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use station_core::model::Micros;
use station_core::trigger::Schedule;

use super::cadence::{Cadence, CadenceArgs};
use super::error::CliError;
use super::window::WindowArgs;
use super::{Cx, plain, zone};

/// A schedule given by options, and the present it is looked at from.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct ScheduleArgs {
    /// The schedule.
    #[command(flatten)]
    pub cadence: CadenceArgs,
    /// When it begins and ends, and what it leaves out.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Look from this instant on, itself excluded [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub from: Option<Timestamp>,
    /// The zone whose clock is meant [default: TZ, else the system's; for a job, its own]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
}

/// Reads an instant. Serves as a clap value parser.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "an RFC 3339 time is meant, such as 2027-01-31T10:17:42Z".to_owned())
}

impl ScheduleArgs {
    /// Whether anything was given that belongs to a schedule of its own, not to a job's.
    pub(crate) fn refuse_for_job(&self) -> Result<(), CliError> {
        let window = &self.window;
        let given = [
            ("--start", window.start.is_some()),
            ("--end", window.end.is_some()),
            ("--exclude", !window.exclude.is_empty()),
            ("--dst-gap", window.dst_gap.is_some()),
            ("--dst-overlap", window.dst_overlap.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => {
                Err(CliError::usage(format!("{option} does not go with a job, which has its own"))
                    .hint("give a schedule instead, such as --cron '*/5 * * * *'"))
            }
            None => Ok(()),
        }
    }

    /// The instant to look from.
    pub(crate) fn from(&self) -> Timestamp {
        self.from.unwrap_or_else(Timestamp::now)
    }

    /// The schedule, as a job created at the instant to look from would have it.
    pub(crate) fn compile(&self, cadence: Cadence, cx: &mut Cx<'_>) -> Result<Schedule, CliError> {
        let local = zone::of(self.tz.as_deref(), cx)?;
        let from = self.from();
        let window = self.window.read(&local, from)?;
        let bounds = window.bounds();
        let from = Micros::from(from);
        let first = match (&cadence, bounds.start) {
            (_, Some(start)) if start > from => start,
            (Cadence::Every(every), _) => from.plus(*every),
            (_, _) => from,
        };
        let name = match &self.tz {
            Some(name) => name.clone(),
            None => zone::name(&local)?,
        };
        let trigger = cadence.trigger(name, window.clock(), first);
        Schedule::compile(&trigger, &bounds, &TimeZoneDatabase::from_env()).map_err(|error| {
            let refused = CliError::usage(plain(error.message()));
            match error.hint() {
                Some(hint) => refused.hint(plain(hint)),
                None => refused,
            }
        })
    }
}

/// The next `count` firings after an instant; fewer when there are no more.
pub(crate) fn firings(
    schedule: &Schedule,
    from: Timestamp,
    count: usize,
) -> impl Iterator<Item = Timestamp> {
    let first = schedule.next(Micros::from(from));
    std::iter::successors(first, |at| schedule.next(*at)).take(count).map(Micros::timestamp)
}
