//! What every job may be given, however it is scheduled: its command, name, labels and limits.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use station_core::model::NodeSet;

use super::create::{self, Work};
use super::error::CliError;
use super::{Cx, capture, script, when};

/// The target that is this machine.
pub(crate) const LOCAL: &str = "local";

/// Options of every command that schedules a job.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct JobArgs {
    /// What to run: one word is a text for the shell, several are a program and its arguments;
    /// read from standard input when left out
    #[arg(last = true)]
    pub command: Vec<OsString>,
    /// Read the command from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "command")]
    pub file: Option<PathBuf>,
    /// Where it runs: `local`, nodes: rack1, rack[1-16], @lab, @lab!rack3, or an outstation
    /// [default: local]
    #[arg(long, value_name = "TARGETS", value_parser = targets)]
    pub on: Option<String>,
    /// On how many nodes it runs at once at most, or `none` [default: none]
    #[arg(long, value_name = "N", value_parser = fanout)]
    pub fanout: Option<Fanout>,
    /// A name for people [default: the command]
    #[arg(long)]
    pub name: Option<String>,
    /// A label; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// The time zone that times are meant in [default: TZ, else the station's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// How many more attempts follow a failed one [default: 3; for recurring jobs 0]
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,
    /// The wait before the first retry; it doubles with each further one [default: 10s]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub retry_delay: Option<Duration>,
    /// End it after this long, or `none` [default: 1h; for recurring jobs none]
    #[arg(long, value_name = "DUR", value_parser = limit)]
    pub timeout: Option<Limit>,
    /// End it after this long without any output, or `none` [default: none]
    #[arg(long, value_name = "DUR", value_parser = limit)]
    pub idle_timeout: Option<Limit>,
    /// How late it may still start after the station was down, or `forever` [default: 5m]
    #[arg(long, value_name = "DUR", value_parser = grace)]
    pub grace: Option<Grace>,
    /// How late a command to an outstation may still be sent, less than a minute [default: 10s]
    #[arg(long, value_name = "DUR", value_parser = when::duration)]
    pub expiry: Option<Duration>,
    /// Run it again when the station's own end cut it off
    #[arg(long)]
    pub rerun_interrupted: bool,
    /// Raise an alarm when it fails or is missed
    #[arg(long)]
    pub alarm: bool,
    /// Never run beside a run of another job with the same key
    #[arg(long, value_name = "NAME")]
    pub conflict_key: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads where a job runs. Whether there are such nodes is for the station to say.
pub(crate) fn targets(text: &str) -> Result<String, String> {
    if text != LOCAL {
        NodeSet::parse(text).map_err(|error| error.to_string())?;
    }
    Ok(text.to_owned())
}

/// On how many nodes a job runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fanout {
    /// So many at most.
    AtMost(u32),
    /// All of them.
    All,
}

fn fanout(text: &str) -> Result<Fanout, String> {
    if text == "none" {
        return Ok(Fanout::All);
    }
    let number = text.parse().ok().filter(|number| (1..=10_000).contains(number));
    number.map(Fanout::AtMost).ok_or_else(|| "a number from 1 to 10000, or none".to_owned())
}

/// How late a job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// By this much.
    Within(Duration),
    /// However late.
    Forever,
}

fn grace(text: &str) -> Result<Grace, String> {
    if text == "forever" { Ok(Grace::Forever) } else { when::duration(text).map(Grace::Within) }
}

/// How long something may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// This long.
    Within(Duration),
    /// As long as it takes.
    None,
}

fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" { Ok(Limit::None) } else { when::duration(text).map(Limit::Within) }
}

impl JobArgs {
    /// What it is to run: the words after `--`, a file or standard input.
    pub(crate) fn work(&mut self, cx: &mut Cx<'_>) -> Result<Work, CliError> {
        match (&self.file, self.command.is_empty()) {
            (_, false) => Work::from_words(std::mem::take(&mut self.command)),
            (Some(file), true) => Work::from_text(script::text(script::read_file(file)?)?),
            (None, true) => Work::from_text(script::text(script::read_stdin(cx)?)?),
        }
    }

    /// What it is to run with the surroundings of this moment, as a job's parameters. Directory and
    /// environment of this machine stay here when it runs elsewhere.
    pub(crate) fn parameters(&mut self, cx: &mut Cx<'_>) -> Result<Value, CliError> {
        let mut parameters = Map::new();
        self.work(cx)?.insert(&mut parameters);
        if self.on.as_deref().is_none_or(|on| on == LOCAL) {
            capture::surroundings(&cx.world, &mut parameters)?;
        }
        if let Some(on) = &self.on {
            parameters.insert("target".to_owned(), json!(on));
        }
        Ok(Value::Object(parameters))
    }

    /// Puts what was given into a request; the zone is for the caller, who knows its default.
    pub(crate) fn insert(&self, body: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        if let Some(name) = &self.name {
            put("name", json!(name));
        }
        if !self.tags.is_empty() {
            put("tags", json!(self.tags));
        }
        if let Some(retries) = self.retries {
            put("retries", json!(retries));
        }
        if let Some(delay) = self.retry_delay {
            put("retry_delay_seconds", create::seconds(delay));
        }
        for (key, given) in
            [("timeout_seconds", self.timeout), ("idle_timeout_seconds", self.idle_timeout)]
        {
            match given {
                Some(Limit::Within(span)) => put(key, create::seconds(span)),
                Some(Limit::None) => put(key, Value::Null),
                None => {}
            }
        }
        match self.grace {
            Some(Grace::Forever) => put("misfire_grace_time", json!("forever")),
            Some(Grace::Within(grace)) => put("misfire_grace_time", create::seconds(grace)),
            None => {}
        }
        if let Some(expiry) = self.expiry {
            put("expiry", create::seconds(expiry));
        }
        if self.rerun_interrupted {
            put("on_interrupted", json!("rerun"));
        }
        if self.alarm {
            put("on_failure_alarm", json!(true));
        }
        match self.fanout {
            Some(Fanout::AtMost(number)) => put("fanout", json!(number)),
            Some(Fanout::All) => put("fanout", Value::Null),
            None => {}
        }
        if let Some(key) = &self.conflict_key {
            put("conflict_key", json!(key));
        }
    }

    /// The zone that the station is told: the one given, else that of the environment.
    pub(crate) fn zone(&self, cx: &Cx<'_>) -> Option<String> {
        self.tz.clone().or_else(|| capture::zone(&cx.world))
    }
}
