//! Reads crontabs as crontab(5) of Debian's cron and of cronie say. Pure: text in, lines out.
//!
//! ```text
//! bytes ─▶ lines ─▶ blank or # │ setting.rs: NAME = value, for the lines after it
//!                              └ [-] schedule [user] command ─▶ percent.rs: command and input
//! ```
//!
//! What cron would pass over in silence, such as a field it cannot read, is refused with a reason.

mod percent;
mod request;
mod setting;

use std::collections::BTreeMap;

use jiff::tz::TimeZoneDatabase;
use station_core::model::{Bounds, ClockRule, CronTrigger, Trigger};
use station_core::trigger::Schedule;

pub use request::{Account, SETPRIV, Source, request};

use super::{Refused, Remark, one_line};

/// How much of a refused line is shown.
const SHOWN: usize = 100;
/// The schedule that names no time but the machine's start.
pub(super) const REBOOT: &str = "@reboot";

/// What a crontab says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crontab {
    /// The jobs.
    pub lines: Vec<Line>,
    /// Lines that cannot be imported.
    pub refused: Vec<Refused>,
    /// What people should know.
    pub remarks: Vec<Remark>,
}

/// A line that is a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// The five fields or the nickname.
    pub schedule: String,
    /// The zone of its times, if CRON_TZ names one.
    pub zone: Option<String>,
    /// The user it runs as, in a system crontab.
    pub user: Option<String>,
    /// What the shell is given.
    pub command: String,
    /// What the command reads.
    pub stdin: Option<String>,
    /// The settings before it.
    pub settings: BTreeMap<String, String>,
    /// How many lines before it are the same in all this.
    pub repeated: usize,
}

impl Line {
    /// Where it stands, for people.
    #[must_use]
    pub fn place(&self) -> String {
        place(self.number)
    }
}

/// Reads a crontab; with the column of users when it is a system's.
#[must_use]
pub fn parse(text: &[u8], users: bool, zones: &TimeZoneDatabase) -> Crontab {
    let mut reader = Reader { users, zones, settings: BTreeMap::new(), read: Crontab::default() };
    let mut count = 0;
    for (index, bytes) in text.split(|byte| *byte == b'\n').enumerate() {
        count = index + 1;
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(line) => reader.line(count, line),
            Err(_) => {
                let shown = String::from_utf8_lossy(bytes);
                reader.refuse(count, &shown, "it is not UTF-8".to_owned());
            }
        }
    }
    let ends = text.ends_with(b"\n") || text.is_empty();
    if !ends && reader.read.lines.last().is_some_and(|line| line.number == count) {
        reader.remark(count, "it has no line end, so cron would not have run it");
    }
    reader.read
}

struct Reader<'a> {
    users: bool,
    zones: &'a TimeZoneDatabase,
    settings: BTreeMap<String, String>,
    read: Crontab,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &str) {
        let text = line.trim_start_matches([' ', '\t']);
        if text.is_empty() || text.starts_with('#') {
            return;
        }
        let read = match setting::read(text) {
            Some(setting) => setting.and_then(|(name, value)| self.set(number, name, value)),
            None => self.job(number, text),
        };
        if let Err(reason) = read {
            self.refuse(number, text, reason);
        }
    }

    /// A setting holds for the lines after it.
    fn set(&mut self, number: usize, name: String, value: String) -> Result<(), String> {
        match name.as_str() {
            "CRON_TZ" if !value.is_empty() => {
                // What is wrong with a zone is told once, here, not by each line after it.
                self.compile("0 0 * * *", &value)?;
            }
            "TZ" => self.remark(
                number,
                "TZ is handed to the commands, but as in cron the times are not read by it; \
                 CRON_TZ does that",
            ),
            "LOGNAME" => {
                self.remark(number, "LOGNAME cannot be set, as in cron: it stays the user")
            }
            "SHELL" if value.is_empty() => return Err("SHELL is empty: name a shell".to_owned()),
            "HOME" if !value.starts_with('/') => {
                return Err(format!("HOME is '{value}': it must be an absolute path"));
            }
            "MAILTO" if value.starts_with('-') => {
                return Err(format!("MAILTO is '{value}': no user or address begins with '-'"));
            }
            _ => {}
        }
        if name.contains('\0') || value.contains('\0') {
            return Err("it holds a NUL byte, which no variable can".to_owned());
        }
        self.settings.insert(name, value);
        Ok(())
    }

    fn job(&mut self, number: usize, text: &str) -> Result<(), String> {
        // cronie: a leading minus keeps the line out of the system's log.
        let text = text.strip_prefix('-').unwrap_or(text).trim_start_matches([' ', '\t']);
        let (schedule, rest) = schedule(text)?;
        let (user, rest) = if self.users { user(rest)? } else { (None, rest) };
        if rest.is_empty() {
            return Err("there is no command after the schedule".to_owned());
        }
        if rest.contains('\0') {
            return Err("the command holds a NUL byte, which no command can".to_owned());
        }
        let zone = self.settings.get("CRON_TZ").filter(|zone| !zone.is_empty()).cloned();
        self.compile(&schedule, zone.as_deref().unwrap_or("UTC"))?;
        if !self.users && rest.split([' ', '\t']).next() == Some("root") {
            self.remark(number, "its command begins with 'root': a system crontab needs --system");
        }
        let (command, stdin) = percent::split(rest);
        if command.trim().is_empty() {
            return Err("there is no command before the first '%'".to_owned());
        }
        let settings = self.settings.clone();
        let mut line = Line { number, schedule, zone, user, command, stdin, settings, repeated: 0 };
        line.repeated = self.read.lines.iter().filter(|earlier| same(earlier, &line)).count();
        self.read.lines.push(line);
        Ok(())
    }

    /// Whether the core can make something of the schedule.
    fn compile(&self, expression: &str, zone: &str) -> Result<(), String> {
        if expression.eq_ignore_ascii_case(REBOOT) {
            return Ok(());
        }
        let trigger = Trigger::Cron(CronTrigger {
            expression: expression.to_owned(),
            seconds: false,
            zone: zone.to_owned(),
            clock: ClockRule::default(),
        });
        Schedule::compile(&trigger, &Bounds::default(), self.zones)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn refuse(&mut self, number: usize, text: &str, reason: String) {
        let text = one_line(text, SHOWN);
        self.read.refused.push(Refused { place: place(number), text, reason });
    }

    fn remark(&mut self, number: usize, text: &str) {
        self.read.remarks.push(Remark { place: place(number), text: text.to_owned() });
    }
}

fn place(number: usize) -> String {
    format!("line {number}")
}

fn same(one: &Line, other: &Line) -> bool {
    let parts = |line: &Line| {
        let Line { number: _, schedule, zone, user, command, stdin, settings, repeated: _ } = line;
        (
            schedule.clone(),
            zone.clone(),
            user.clone(),
            command.clone(),
            stdin.clone(),
            settings.clone(),
        )
    };
    parts(one) == parts(other)
}

/// The nickname or the five fields, and the rest of the line.
fn schedule(text: &str) -> Result<(String, &str), String> {
    if text.starts_with('@') {
        let (nickname, rest) = word(text);
        return Ok((nickname.to_owned(), rest));
    }
    let mut fields = Vec::with_capacity(5);
    let mut rest = text;
    for _ in 0..5 {
        let (field, after) = word(rest);
        if field.is_empty() {
            let count = fields.len();
            return Err(format!(
                "this is neither a setting (NAME = value) nor a job: a job has five fields for its \
                 time and then a command, and here are {count} words"
            ));
        }
        fields.push(field);
        rest = after;
    }
    Ok((fields.join(" "), rest))
}

fn user(rest: &str) -> Result<(Option<String>, &str), String> {
    match word(rest) {
        ("", _) => Err("there is no user and no command after the schedule".to_owned()),
        (user, command) => Ok((Some(user.to_owned()), command)),
    }
}

/// The first word, and what follows after the blanks.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    match text.find([' ', '\t']).and_then(|end| text.split_at_checked(end)) {
        Some((word, rest)) => (word, rest.trim_start_matches([' ', '\t'])),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests;
