//! `station outstation points`: what may be commanded at an outstation, and what is watched.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use station_core::model::{Point, PointCommand};
use station_outstation::points;

use super::path;
use crate::cli::error::{CliError, ExitKind};
use crate::cli::table::{Sheet, command_cell};
use crate::cli::{Cx, api, plain, shown};

/// The most octets of a file of points: several times what the station takes.
const LARGEST: u64 = 16 << 20;

/// Options of `station outstation points`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A file is TOML with a table [[point]] for each point, or JSON; docs/outstations.md tells its keys.
It takes the place of all points there were. One with a fault is not taken over at all.")]
pub struct PointsArgs {
    /// The outstation
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Take the points of this file, TOML or JSON by its name, instead of those there are
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    pub set: Option<PathBuf>,
    /// Print them as a TOML file
    #[arg(long, conflicts_with = "json")]
    pub export: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists, sets or exports them.
pub(super) fn run(args: &PointsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let path = format!("{}/points", path(&args.name));
    if let Some(file) = &args.set {
        let points = read(file)?;
        let mut station = cx.connect()?;
        let answer = api::put(&mut station, &path, &json!({ "points": points }))?;
        if args.json {
            return cx.world.screen.json(&answer);
        }
        let commanded = points.iter().filter(|point| point.command.is_some());
        let counted = counted_in(points.len(), commanded.count());
        return cx.world.screen.line(&plain(&format!("{} has these now: {counted}", args.name)));
    }
    let mut station = cx.connect()?;
    let answer = api::get(&mut station, &path)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    let points = known(api::part(&answer, "points"))?;
    if args.export {
        return cx.world.screen.print(&points::write(&points));
    }
    if points.is_empty() {
        return cx.world.screen.line("No points found.");
    }
    let sheet = sheet(&points, cx);
    cx.world.screen.print(&sheet)
}

/// The points of a file, which has no fault.
pub(super) fn read(file: &Path) -> Result<Vec<Point>, CliError> {
    let name = plain(&file.display().to_string());
    let text = text(file)
        .map_err(|error| CliError::usage(format!("the file {name} cannot be read: {error}")))?;
    let format = points::Format::of_file(&file.to_string_lossy());
    points::read(&text, format).map_err(|error| {
        let mut text = format!("nothing was taken over from {name}, because of:");
        for fault in &error.faults {
            let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
            text.push_str(&format!("\n  {name}{line}: {}", plain(&fault.message)));
        }
        CliError::usage(text)
    })
}

/// The text of a file, which may be a device without an end.
fn text(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > LARGEST {
        let message = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

/// The points of an answer.
fn known(points: &Value) -> Result<Vec<Point>, CliError> {
    serde_json::from_value(points.clone()).map_err(|error| {
        let text = format!("the station tells its points in a way not known here: {error}");
        CliError::new(ExitKind::Station, text).hint("`--json` prints what it tells")
    })
}

/// How many points an outstation has.
pub(super) fn counted(outstation: &Value) -> String {
    let number = |key| api::number(outstation, key).and_then(|number| usize::try_from(number).ok());
    counted_in(number("points").unwrap_or_default(), number("commandable").unwrap_or_default())
}

fn counted_in(points: usize, commandable: usize) -> String {
    match (points, commandable) {
        (0, _) => "no points".to_owned(),
        (1, 0) => "1 point, which is only watched".to_owned(),
        (1, _) => "1 point, which can be commanded".to_owned(),
        (points, 0) => format!("{points} points, which are only watched"),
        (points, commandable) => format!("{points} points, {commandable} to command"),
    }
}

fn sheet(points: &[Point], cx: &Cx<'_>) -> String {
    let columns =
        ["Point", "Address", "Type", "Unit", "Feedback", "Who may", "Rules", "Description"];
    let mut sheet = Sheet::new(&columns, cx.world.screen.colour);
    for point in points {
        let rules = point.command.as_ref();
        let address = match point.ca {
            Some(ca) => format!("{ca}/{}", point.ioa),
            None => point.ioa.to_string(),
        };
        sheet.row(vec![
            point.name.clone(),
            address,
            point.kind.clone(),
            point.unit.clone().unwrap_or_default(),
            rules.and_then(|rules| rules.feedback.clone()).unwrap_or_default(),
            rules.map(who).unwrap_or_default(),
            rules.map(brief).unwrap_or_default(),
            command_cell(&point.description),
        ]);
    }
    sheet.render()
}

fn who(rules: &PointCommand) -> String {
    if rules.may.is_empty() { "nobody".to_owned() } else { rules.may.join(", ") }
}

/// The rules of a point in a few words.
fn brief(rules: &PointCommand) -> String {
    let mut parts = Vec::new();
    if rules.select {
        parts.push("select".to_owned());
    }
    if let Some([least, most]) = &rules.range {
        parts.push(format!("{least} to {most}"));
    }
    if rules.qualifier > 0 {
        parts.push(format!("qualifier {}", rules.qualifier));
    }
    if let Some(count) = rules.per_hour {
        parts.push(format!("{count} an hour"));
    }
    if !rules.hours.is_empty() {
        parts.push(rules.hours.join(" and "));
    }
    if let Some(seconds) = rules.approval {
        parts.push(format!("approval within {}", shown::span(f64::from(seconds))));
    }
    if rules.interlock.is_some() {
        parts.push("interlock".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_in_few_words() {
        let rules = PointCommand {
            select: true,
            qualifier: 1,
            range: Some([0.into(), 12.into()]),
            per_hour: Some(6),
            hours: vec!["Mon-Fri 06:00-22:00".to_owned()],
            approval: Some(600),
            interlock: Some("a == off".to_owned()),
            ..PointCommand::default()
        };
        assert_eq!(
            brief(&rules),
            "select, 0 to 12, qualifier 1, 6 an hour, Mon-Fri 06:00-22:00, approval within 10 min, \
             interlock"
        );
        assert_eq!(who(&rules), "nobody");
        assert_eq!(brief(&PointCommand::default()), "");
    }
}
