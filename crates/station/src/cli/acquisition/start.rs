//! `station acquisition create` and `start`.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::follow;
use super::session;
use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, alarm, api, plain, when};
use crate::client::Station;

/// Options of `station acquisition create`.
#[derive(Args, Clone, Debug)]
pub struct CreateArgs {
    /// The instrument
    #[arg(value_name = "ID")]
    pub equipment: String,
    /// What is taken.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station acquisition start`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Without a daemon, this command itself takes the samples, until the end.

Examples:
  station acquisition start meter --duration 1h --rate 10
  station acquisition start psu --channels 1,2 --format npy
  station acquisition start acq-6445a3c2b0c31")]
pub struct StartArgs {
    /// An acquisition that was created; or an instrument, of which one is made
    #[arg(value_name = "ID")]
    pub id: String,
    /// What is taken.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What samples are taken, and how.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct PlanArgs {
    /// For how long [default: until it is stopped]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub duration: Option<Duration>,
    /// How many samples a second [default: as the driver says]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// The channels, by number or name: 1,2 or CH1,CH2 [default: the first]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// The form of the file: csv, json or npy [default: csv]
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub format: Option<&'static str>,
    /// What is read, by the driver's name of the verb [default: as the driver says]
    #[arg(long, value_name = "VERB")]
    pub verb: Option<String>,
}

impl PlanArgs {
    fn is_given(&self) -> bool {
        self.duration.is_some()
            || self.rate.is_some()
            || !self.channels.is_empty()
            || self.format.is_some()
            || self.verb.is_some()
    }

    fn request(&self, equipment: &str) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        put("equipment_id", json!(equipment));
        if let Some(span) = self.duration {
            put("duration_seconds", json!(span.as_secs_f64()));
        }
        if let Some(rate) = self.rate {
            put("sample_rate", json!(rate));
        }
        if !self.channels.is_empty() {
            let channel = |name: &String| name.parse::<u32>().map_or(json!(name), |n| json!(n));
            put("channels", self.channels.iter().map(channel).collect());
        }
        if let Some(format) = self.format {
            put("format", json!(format));
        }
        if let Some(verb) = &self.verb {
            put("verb", json!(verb));
        }
        Value::Object(body)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "a number of samples a second is meant, more than 0".to_owned())
}

/// Reads the form of a file. Serves as a clap value parser.
pub(super) fn format(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a format", text, &["csv", "json", "npy"])
}

/// Makes one.
pub(super) fn create(args: &CreateArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let answer = make(&mut station, &args.equipment, &args.plan)?;
    if args.json {
        return cx.world.screen.json(api::part(&answer, "acquisition"));
    }
    cx.world.screen.line(&plain(api::text(&answer, "acquisition_id")))
}

fn make(station: &mut Station, equipment: &str, plan: &PlanArgs) -> Result<Value, CliError> {
    api::post(station, "/api/acquisition/session/create", Some(&plan.request(equipment)))
}

/// Starts one; without a daemon, stays until it is over.
pub(super) fn run(args: &StartArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let (id, made) = which(&mut station, args)?;
    let started = api::post(&mut station, &format!("{}/start", session(&id)), None);
    let started = match started {
        Ok(started) => started,
        Err(error) => {
            // What was made here for this start alone is not left behind.
            if made {
                api::delete(&mut station, &session(&id)).ok();
            }
            return Err(error);
        }
    };
    let stays = matches!(station, Station::InProcess(_));
    if args.json && !stays {
        return cx.world.screen.json(api::part(&started, "acquisition"));
    }
    if !args.json {
        cx.world.screen.line(&plain(&id))?;
        cx.world.screen.flush()?;
    }
    if !stays {
        return Ok(());
    }
    if !args.json {
        cx.world.screen.note("no daemon runs: this command takes the samples, until the end");
    }
    let told = follow::to_the_end(cx, &mut station, &id, args.json)?;
    if !told.is_empty() {
        // The id stands alone on standard output.
        cx.world.screen.note(&told);
    }
    Ok(())
}

/// The acquisition that is meant, and whether it was made just now.
fn which(station: &mut Station, args: &StartArgs) -> Result<(String, bool), CliError> {
    if !args.plan.is_given() {
        match api::get(station, &format!("{}/status", session(&args.id))) {
            Ok(_) => return Ok((args.id.clone(), false)),
            Err(error) if error.kind == ExitKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let made = make(station, &args.id, &args.plan).map_err(|error| {
        if error.kind != ExitKind::NotFound || args.plan.is_given() {
            return error;
        }
        let text = format!("there is neither an acquisition nor equipment '{}'", plain(&args.id));
        CliError::new(ExitKind::NotFound, text)
            .hint("`station acquisition list` and `station equipment list` name them")
    })?;
    Ok((api::text(&made, "acquisition_id").to_owned(), true))
}
