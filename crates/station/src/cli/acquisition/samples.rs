//! `station acquisition data` and `export`, and samples as comma-separated values.

use clap::Args;
use serde_json::{Value, json};

use super::{session, start};
use crate::cli::error::CliError;
use crate::cli::{Cx, api, plain};

/// Options of `station acquisition data`.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// The acquisition
    #[arg(value_name = "ACQUISITION")]
    pub id: String,
    /// How many, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub samples: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `station acquisition export`.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// The acquisition
    #[arg(value_name = "ACQUISITION")]
    pub id: String,
    /// The form: csv, json or npy
    #[arg(long, value_name = "FORMAT", value_parser = start::format)]
    pub format: &'static str,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints samples.
pub(super) fn data(args: &DataArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("{}/data?num_samples={}", session(&args.id), args.samples);
    let answer = api::get(&mut station, &path)?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(&head(&answer))?;
    rows(&answer).iter().try_for_each(|row| cx.world.screen.line(row))
}

/// Writes samples in another form.
pub(super) fn export(args: &ExportArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let body = json!({ "acquisition_id": args.id, "format": args.format });
    let answer = api::post(&mut station, "/api/acquisition/export", Some(&body))?;
    if args.json {
        return cx.world.screen.json(&answer);
    }
    cx.world.screen.line(&plain(api::text(&answer, "file")))
}

/// The line of names.
pub(super) fn head(batch: &Value) -> String {
    let names = api::list(batch, "channels").iter().filter_map(Value::as_str);
    names.fold("time".to_owned(), |mut line, name| {
        line.push(',');
        if name.contains(['"', ',']) {
            line.push_str(&format!("\"{}\"", name.replace('"', "\"\"")));
        } else {
            line.push_str(name);
        }
        plain(&line)
    })
}

/// A line for each sample; where there is no value, the field is empty.
pub(super) fn rows(batch: &Value) -> Vec<String> {
    let columns: Vec<&[Value]> = api::list(batch, "values")
        .iter()
        .map(|column| column.as_array().map(Vec::as_slice).unwrap_or_default())
        .collect();
    let times = api::list(batch, "times").iter().enumerate();
    times
        .map(|(at, time)| {
            let mut line = field(Some(time));
            for column in &columns {
                line.push(',');
                line.push_str(&field(column.get(at)));
            }
            line
        })
        .collect()
}

fn field(value: Option<&Value>) -> String {
    value.filter(|value| value.is_number()).map(Value::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_lines() {
        let batch = json!({
            "first": 7, "channels": ["CH1", "a,\"b\""], "times": [0.5, 1.0, 1.5],
            "values": [[1.25, null, 2.5e-7], [1.0, 2.0]],
        });
        assert_eq!(head(&batch), "time,CH1,\"a,\"\"b\"\"\"");
        assert_eq!(rows(&batch), ["0.5,1.25,1.0", "1.0,,2.0", "1.5,2.5e-7,"]);
        assert_eq!((head(&Value::Null).as_str(), rows(&Value::Null).len()), ("time", 0));
    }
}
