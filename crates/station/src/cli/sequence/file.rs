//! Reads the file of a sequence, and works out when each of its steps is due.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};
use station_core::model::{Call, Sequence};
use station_instrument::sequence::{self, TimedStep};

use crate::cli::error::CliError;
use crate::cli::{Cx, plain, script};

/// Which sequence, and of what.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct FileArgs {
    /// The sequence, a file of TOML; - is standard input
    pub file: PathBuf,
    /// The equipment of steps that name none
    #[arg(long, value_name = "ID")]
    pub equipment: Option<String>,
}

/// A sequence that could be run, as far as can be said here.
pub(super) struct Read {
    /// The file's name, for people.
    pub(super) shown: String,
    text: String,
    equipment: Option<String>,
    sequence: Sequence,
    on_release: Vec<Call>,
    /// Every step with its place in time.
    pub(super) steps: Vec<TimedStep>,
}

impl FileArgs {
    /// Reads it.
    pub(super) fn read(&self, cx: &mut Cx<'_>) -> Result<Read, CliError> {
        let (shown, bytes) = if self.file.as_os_str() == "-" {
            ("standard input".to_owned(), script::read_script(&mut *cx.world.stdin)?)
        } else {
            (plain(&self.file.display().to_string()), script::read_file(&self.file)?)
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| CliError::usage(format!("{shown} is not UTF-8")))?;
        let mut parsed = sequence::parse(&text).map_err(|faults| {
            let told = faults.iter().map(|fault| format!("\n  {}", plain(&fault.to_string())));
            CliError::usage(format!("{shown} is not a sequence:{}", told.collect::<String>()))
        })?;
        if let Some(id) = &self.equipment {
            parsed = sequence::with_equipment(parsed, id);
        }
        let (sequence, on_release) = parsed;
        let steps = sequence::timeline(&sequence)
            .map_err(|error| CliError::usage(format!("{shown}: {}", plain(&error.message))))?;
        let equipment = self.equipment.clone();
        let read = Read { shown, text, equipment, sequence, on_release, steps };
        read.check_equipment()?;
        Ok(read)
    }
}

impl Read {
    /// Each step says of which equipment it is, or the command line does for all others.
    fn check_equipment(&self) -> Result<(), CliError> {
        let all = self.equipment();
        if let Some(id) = self.equipment.as_ref().filter(|id| !all.contains(*id)) {
            return Err(CliError::usage(format!(
                "--equipment {} is for steps that name no equipment, and all of {} do",
                plain(id),
                self.shown
            )));
        }
        let nameless = self.steps.iter().find(|step| step.what.target().is_none());
        let place = match nameless {
            Some(step) => format!("step {}", step.path),
            None if self.on_release.iter().any(|call| call.equipment.is_none()) => {
                "on_release".to_owned()
            }
            None => return Ok(()),
        };
        Err(CliError::usage(format!("{}: {place} names no equipment", self.shown))
            .hint("say there equipment = \"…\", or give --equipment for all that name none"))
    }

    /// All equipment that it works with.
    pub(super) fn equipment(&self) -> BTreeSet<String> {
        let mut all = self.sequence.equipment();
        all.extend(self.on_release.iter().filter_map(|call| call.equipment.clone()));
        all
    }

    /// The fields of a create request that say what is done.
    pub(super) fn request(&self, name: Option<&str>, profile: Option<&str>) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        put("schedule_type", json!("sequence"));
        put("name", json!(name.unwrap_or(&self.name())));
        put("equipment_id", json!(self.equipment));
        put("profile_id", json!(profile));
        put("parameters", json!({ "toml": self.text }));
        body
    }

    /// The file's name without what says its form.
    fn name(&self) -> String {
        let file = self.shown.rsplit('/').next().unwrap_or_default();
        let stem = file.strip_suffix(".toml").unwrap_or(file).trim();
        let name: String = stem.chars().take(200).collect();
        if name.is_empty() { "sequence".to_owned() } else { name }
    }

    /// When its last step is due, but for holds.
    pub(super) fn length(&self) -> Duration {
        self.steps.last().map_or(Duration::ZERO, |step| step.at)
    }

    /// The distance of the grid's lines.
    pub(super) fn tick(&self) -> Duration {
        self.sequence.tick
    }
}
