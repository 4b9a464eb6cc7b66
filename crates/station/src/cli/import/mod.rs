//! `station import`: takes over jobs from crontabs, an at-station, LabLink.

mod carry;
mod whose;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde_json::Map;

use self::carry::Carry;
use super::error::{CliError, ExitKind};
use super::script::{read_file, read_script};
use super::{Cx, api, capture, plain, when};
use crate::client::Station;
use crate::import::crontab::{self, Source};
use crate::import::{Clock, Found, ImportError, Refused, at_station, lablink, one_line};

/// Options of `station import`.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Where the jobs come from.
    #[command(subcommand)]
    pub from: Origin,
}

/// Where jobs come from.
#[derive(Subcommand, Clone, Debug)]
pub enum Origin {
    /// A crontab, as crontab -l prints it
    ///
    /// Jobs do what cron does: runs may overlap, what was missed is not made up for (beyond a
    /// minute), output is mailed to MAILTO or the user, and the environment is cron's. The times
    /// are read by CRON_TZ, else --tz, else TZ, else the station's zone. A line that the crontab
    /// says runs as another user than the station's is refused, unless the station is root's.
    Crontab(CrontabArgs),
    /// The pending jobs of an at-station's jobs.db
    AtStation(AtStationArgs),
    /// The jobs of LabLink's scheduler.db
    ///
    /// Digits in a cron expression's day of week meant 0 = Monday there and are converted. Jobs
    /// that work on equipment are taken over if it is registered here, under the same id.
    Lablink(LablinkArgs),
}

/// What all imports take.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Say what would be created and when it would run, and create nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Import the others when some cannot be imported; else nothing is imported then
    #[arg(long)]
    pub skip_refused: bool,
    /// A name for the source, for the jobs' tags [default: the file's]
    #[arg(long)]
    pub name: Option<String>,
    /// The zone of times that name none [default: TZ, else the station's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station import crontab`.
#[derive(Args, Clone, Debug)]
pub struct CrontabArgs {
    /// The crontab; - is standard input
    pub file: PathBuf,
    /// It has a column of users, as /etc/crontab and the files in /etc/cron.d have, which are known
    /// by their place
    #[arg(long)]
    pub system: bool,
    /// Whose crontab it is [default: yours; a file in /var/spool/cron is its name's]
    #[arg(long, conflicts_with = "system")]
    pub user: Option<String>,
    /// What all imports take.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `station import at-station`.
#[derive(Args, Clone, Debug)]
pub struct AtStationArgs {
    /// The database, such as ~/.at_station/jobs.db
    pub file: PathBuf,
    /// Run jobs at once whose time is past; else they are refused
    #[arg(long)]
    pub overdue: bool,
    /// What all imports take.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `station import lablink`.
#[derive(Args, Clone, Debug)]
pub struct LablinkArgs {
    /// The database, such as data/scheduler.db
    pub file: PathBuf,
    /// What all imports take.
    #[command(flatten)]
    pub common: Common,
}

/// Takes the jobs over.
pub(crate) fn run(args: &ImportArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.from {
        Origin::Crontab(args) => {
            let found = crontab(args, cx)?;
            let what = if args.file.as_os_str() == "-" {
                "standard input".to_owned()
            } else {
                shown(&args.file)
            };
            Carry { kind: "crontab", what, found, common: &args.common }.run(cx)
        }
        Origin::AtStation(args) => {
            let mut surroundings = Map::new();
            capture::surroundings(&cx.world, &mut surroundings)?;
            let options = at_station::Options {
                name: name(&args.common, &args.file),
                clock: clock(&args.common, cx)?,
                overdue: args.overdue,
                surroundings,
            };
            let found = at_station::read(&args.file, &options).map_err(unreadable)?;
            let what = shown(&args.file);
            Carry { kind: "at-station", what, found, common: &args.common }.run(cx)
        }
        Origin::Lablink(args) => {
            let options = lablink::Options {
                name: name(&args.common, &args.file),
                clock: clock(&args.common, cx)?,
            };
            let mut found = lablink::read(&args.file, &options).map_err(unreadable)?;
            if lablink::needs_equipment(&found) {
                let mut station = cx.connect()?;
                let equipment = registered(&mut station, "/api/equipment/list", "id")?;
                let profiles = registered(&mut station, "/api/profiles/list", "name")?;
                lablink::keep_registered(&mut found, &equipment, &profiles);
            }
            let what = shown(&args.file);
            Carry { kind: "lablink", what, found, common: &args.common }.run(cx)
        }
    }
}

/// What is registered at the station, by this field: a list, or one in the field `profiles`.
fn registered(
    station: &mut Station,
    path: &str,
    field: &str,
) -> Result<BTreeSet<String>, CliError> {
    let answer = match api::get(station, path) {
        // A station of an earlier version has none.
        Err(error) if error.kind == ExitKind::NotFound => return Ok(BTreeSet::new()),
        other => other?,
    };
    let list = answer.as_array().map_or_else(|| api::list(&answer, "profiles"), Vec::as_slice);
    Ok(list.iter().map(|one| api::text(one, field).to_owned()).collect())
}

fn crontab(args: &CrontabArgs, cx: &mut Cx<'_>) -> Result<Found, CliError> {
    let from_stdin = args.file.as_os_str() == "-";
    let zone = args.common.tz.clone().or_else(|| capture::zone(&cx.world));
    if let Some(zone) = &zone {
        when::zone(zone)?;
    }
    let text = if from_stdin { read_script(&mut *cx.world.stdin)? } else { read_file(&args.file)? };
    let whose = whose::find(args, cx)?;
    let read = crontab::parse(&text, whose.is_column(), &TimeZoneDatabase::from_env());
    let source_name = match &args.common.name {
        Some(name) => name.clone(),
        None if from_stdin => whose.invoker_name().to_owned(),
        None => name(&args.common, &args.file),
    };
    let mut found = Found { refused: read.refused, remarks: read.remarks, ..Found::default() };
    for line in &read.lines {
        match whose.of(line.user.as_deref()) {
            Ok((user, change_user)) => {
                let zone = zone.as_deref();
                let source = Source { name: &source_name, user: &user, change_user, zone };
                found.jobs.push(crontab::request(line, &source));
            }
            Err(reason) => {
                let text = one_line(&format!("{} {}", line.schedule, line.command), 100);
                found.refused.push(Refused { place: line.place(), text, reason });
            }
        }
    }
    Ok(found)
}

/// The clock that times without a zone are read by.
fn clock(common: &Common, cx: &mut Cx<'_>) -> Result<Clock, CliError> {
    let name = common.tz.clone().or_else(|| capture::zone(&cx.world));
    let zone = match &name {
        Some(name) => when::zone(name)?,
        None => cx.world.local_zone(),
    };
    Ok(Clock { name, zone, now: Timestamp::now() })
}

fn name(common: &Common, file: &Path) -> String {
    let of_file = || file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    common.name.clone().unwrap_or_else(of_file)
}

fn shown(file: &Path) -> String {
    plain(&file.display().to_string())
}

fn unreadable(error: ImportError) -> CliError {
    CliError::usage(plain(&error.0))
}
