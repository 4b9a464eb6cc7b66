//! `station why`: why a job ran or did not run.

use clap::Args;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use station_core::model::JobId;

use super::error::CliError;
use super::{Cx, api, cadence, plain_lines, window, zone};

/// What a job's firings have come to, in the order of the telling.
const LEDGER: [&str; 8] =
    ["ran", "combined", "skipped", "missed", "cancelled", "interrupted", "waiting", "removed"];

/// Options of `station why`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  station why 42                        what becomes of it now
  station why 42 02:30                  the latest 02:30
  station why 42 '2027-03-28 02:30'
  station why 42 tomorrow noon          why it will not run then")]
pub struct WhyArgs {
    /// The job
    #[arg(value_name = "ID", value_parser = api::job_id)]
    pub(crate) id: JobId,
    /// About this time, in the job's zone: a time of day is the latest one, all else any time
    /// expression [default: now]
    #[arg(value_name = "TIME")]
    pub time: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Tells it.
pub(crate) fn run(args: &WhyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let mut path = format!("/api/scheduler/jobs/{}", args.id);
    let at = match args.time.as_slice() {
        [] => None,
        words => {
            let answer = api::get(&mut station, &path)?;
            let own = api::text(api::part(&answer, "job"), "timezone");
            let zone = match zone::named(own) {
                Ok(zone) => zone,
                Err(_) => cx.world.local_zone(),
            };
            Some(asked(&words.join(" "), &zone, Timestamp::now())?)
        }
    };
    path.push_str("/why");
    if let Some(at) = at {
        path.push_str(&format!("?at={}", crate::client::encode(&at.to_string())));
    }
    let answer = api::get(&mut station, &path)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(plain_lines(api::text(&answer, "answer")).trim_end())?;
    if let Some(ledger) = ledger(api::part(&answer, "ledger")) {
        cx.world.screen.line(&format!("So far {ledger}."))?;
    }
    Ok(())
}

/// The instant that is asked about.
fn asked(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, CliError> {
    match cadence::time_of_day(text) {
        Ok(time) => Ok(latest(time, zone, now)),
        Err(_) => window::moment(text, zone, now),
    }
}

/// The latest time that a clock showed this, or has just skipped it.
fn latest(time: Time, zone: &TimeZone, now: Timestamp) -> Timestamp {
    let today = now.to_zoned(zone.clone()).date();
    let on = |days: i32| {
        let date = today.checked_sub(days.days()).ok()?;
        zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()
    };
    // A day that a zone skipped whole shows no time; the one before it does.
    let found = (0..3).filter_map(on).find(|at| *at <= now);
    found.unwrap_or(now)
}

/// What a job's firings have come to, in words: `12 firings: 10 ran, 2 skipped`.
pub(crate) fn ledger(ledger: &Value) -> Option<String> {
    let planned = api::number(ledger, "planned")?;
    let parts: Vec<String> = LEDGER
        .iter()
        .filter_map(|key| Some((key, api::number(ledger, key).filter(|n| *n > 0)?)))
        .map(|(key, n)| format!("{n} {key}"))
        .collect();
    let firings = if planned == 1 { "1 firing".to_owned() } else { format!("{planned} firings") };
    Some(if parts.is_empty() { firings } else { format!("{firings}: {}", parts.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_latest() {
        let zone = zone::named("Europe/Berlin").unwrap();
        let now: Timestamp = "2027-03-29T01:00:00Z".parse().unwrap();
        let read = |text: &str| asked(text, &zone, now).unwrap().to_string();
        assert_eq!(read("03:00"), "2027-03-29T01:00:00Z");
        assert_eq!(read("03:01"), "2027-03-28T01:01:00Z");
        // There was none on the 28th: the clocks went from 2:00 to 3:00.
        let now: Timestamp = "2027-03-28T12:00:00Z".parse().unwrap();
        assert_eq!(asked("02:30", &zone, now).unwrap().to_string(), "2027-03-28T01:30:00Z");
        assert_eq!(read("2027-03-01 12:00"), "2027-03-01T11:00:00Z");
        assert_eq!(read("noon tomorrow"), "2027-03-30T10:00:00Z");
        assert!(asked("yesterdya", &zone, now).is_err());
    }

    #[test]
    fn ledgers_are_told_in_words() {
        let told = |value| ledger(&value);
        let ledger =
            serde_json::json!({"planned": 12, "ran": 9, "combined": 1, "skipped": 2, "missed": 0});
        assert_eq!(told(ledger).unwrap(), "12 firings: 9 ran, 1 combined, 2 skipped");
        assert_eq!(told(serde_json::json!({"planned": 1})).unwrap(), "1 firing");
        assert_eq!(told(Value::Null), None);
    }
}
