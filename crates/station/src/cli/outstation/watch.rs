//! `station outstation watch`: values as they change.

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Scope, path, scope, values};
use crate::cli::error::{CliError, ExitKind};
use crate::cli::follow::{self, Watcher};
use crate::cli::piece::tagged;
use crate::cli::world::Screen;
use crate::cli::{Cx, api, plain, shown};
use crate::client::{Event, Flow};

/// Options of `station outstation watch`.
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// The outstation, or points of it: SS1/breaker-7,bus-voltage
    #[arg(value_name = "NAME[/POINT]", value_parser = scope)]
    pub of: Scope,
    /// Print JSON, a document for each value
    #[arg(long)]
    pub json: bool,
}

/// Prints values.
struct Follower {
    json: bool,
    zone: TimeZone,
    /// Some have come since the stream was opened.
    told: bool,
    /// The session with the outstation was closed: it was changed, or removed.
    closed: bool,
}

impl Follower {
    fn values(&self, batch: &Value, screen: &mut Screen<'_>) -> Result<(), CliError> {
        for value in api::list(batch, "values") {
            if self.json {
                let mut document = tagged("value", value);
                if let Some(fields) = document.as_object_mut() {
                    fields.insert("outstation".to_owned(), api::part(batch, "outstation").clone());
                }
                screen.json(&document)?;
            } else {
                screen.line(&plain(&line(value, &self.zone)))?;
            }
        }
        Ok(())
    }
}

/// A value on a line: when it came, its point, what it is.
fn line(value: &Value, zone: &TimeZone) -> String {
    let at = match shown::local(api::text(value, "received_at"), zone) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        None => "-".to_owned(),
    };
    let (point, measured) =
        (values::point(value), values::measured(value, api::text(value, "unit")));
    let mut line = format!("{at}  {point}  {measured}");
    for more in [values::quality(value).as_str(), values::source(value)] {
        if !more.is_empty() && more != "good" {
            line.push_str(&format!("  {more}"));
        }
    }
    match api::text(value, "doubt") {
        "" => line,
        doubt => format!("{line}  ({doubt})"),
    }
}

impl Watcher for Follower {
    fn event(&mut self, event: &Event, screen: &mut Screen<'_>) -> Result<Flow, CliError> {
        match event.name.as_str() {
            "values" => {
                self.told = true;
                self.values(&event.data, screen)?;
            }
            "missed" if self.json => screen.json(&tagged("missed", &event.data))?,
            "missed" => {
                let batches = api::number(&event.data, "batches").unwrap_or_default();
                screen.note(&format!("too slow to print all values: {batches} batches left out"));
            }
            "closed" => {
                self.closed = true;
                return Ok(Flow::Stop);
            }
            _ => {}
        }
        screen.flush()?;
        Ok(Flow::Continue)
    }

    fn has_ended(&self) -> bool {
        self.closed
    }

    fn start_anew(&mut self) {
        (self.told, self.closed) = (false, false);
    }

    fn interrupted(&mut self, _: &mut Screen<'_>) {}

    fn interruption(&mut self, _: &str, _: &mut Screen<'_>) -> String {
        String::new()
    }

    fn verdict(&mut self, _: &mut Screen<'_>) -> Result<(), CliError> {
        Ok(())
    }
}

/// Watches until it is interrupted, across changes of what is given of the outstation.
pub(super) fn run(args: &WatchArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("{}/watch{}", path(&args.of.outstation), args.of.query());
    let zone = cx.world.local_zone();
    let mut follower = Follower { json: args.json, zone, told: false, closed: false };
    loop {
        follow::follow(cx, &mut station, &path, &mut follower)?;
        if !follower.told {
            let text = format!("the station does not watch {}", plain(&args.of.outstation));
            return Err(CliError::new(ExitKind::Station, text)
                .hint("`station outstation status` says how it is doing"));
        }
        follower.start_anew();
    }
}
