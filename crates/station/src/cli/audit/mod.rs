//! `station audit`: who did what, to what, and what came of it; and the proof that nothing of it was
//! changed since.

mod export;
mod frames;
mod list;
mod show;
mod verify;

use clap::{Args, Subcommand};
use serde_json::Value;
use station_core::audit::{Kind, Status};
use station_core::model::JobId;

pub use self::verify::{Verified, VerifyRequest};
use super::error::{CliError, ExitKind};
use super::{Cx, alarm, api, plain};
use crate::client::encode;

/// Options of `station audit`.
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What can be done with the audit trail.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// List records, newest first
    #[command(visible_alias = "ls")]
    List(Box<list::ListArgs>),
    /// Show all about a record, its frames in words
    Show(show::ShowArgs),
    /// Verify the trail in its store, or an export of it, and name the first record that is wrong
    #[command(after_help = "\
Exit status: 0 nothing is wrong, 1 a record is, 5 it cannot be read.

The store is read as it is, with or without a daemon at work on it.")]
    Verify(verify::VerifyArgs),
    /// Write records down in their order: to be verified, as a table, or as captured packets
    Export(Box<export::ExportArgs>),
    /// Print the public key that the trail is signed with
    Key(KeyArgs),
}

/// Which records.
#[derive(Args, Clone, Debug)]
pub struct FilterArgs {
    /// Only those about this outstation
    #[arg(long, value_name = "NAME")]
    pub outstation: Option<String>,
    /// Only those about points of this name, or about SS1/breaker-7 alone
    #[arg(long, value_name = "POINT")]
    pub point: Option<String>,
    /// Only those whose subject begins so: job 42, outstation SS1/, token
    #[arg(long, value_name = "TEXT")]
    pub subject: Option<String>,
    /// Only those of this operator
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Only those of this action: write, run, create, login …
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Only those of this kind, or one of these: intent, outcome, late, done, refused, link, login,
    /// config
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    pub kind: Vec<&'static str>,
    /// Only those with this status, or one of these: pending, confirmed, failed
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status)]
    pub status: Vec<&'static str>,
    /// Only commands that ended so: not_sent, refused, confirmed, completed, verified or unknown
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Only those from this instant on: 2027-01-31T10:00:00, 2027-01-31T10:00:00+01:00
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only those before this instant
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only those that belong together under this name
    #[arg(long, value_name = "NAME")]
    pub correlation: Option<String>,
    /// Only what was done to this job and its runs, and what it did
    #[arg(long, value_name = "ID", value_parser = api::job_id)]
    pub(crate) job: Option<JobId>,
}

/// Options of `station audit key`.
#[derive(Args, Clone, Debug)]
pub struct KeyArgs {
    /// Print JSON: the key, where the trail ends, and its latest checkpoint
    #[arg(long)]
    pub json: bool,
}

fn kind(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a kind", text, &Kind::ALL.map(Kind::name))
}

fn status(text: &str) -> Result<&'static str, String> {
    alarm::one_of("a status", text, &Status::ALL.map(Status::name))
}

impl FilterArgs {
    /// The arguments of a query, each behind a `&`.
    fn query(&self) -> String {
        let job = self.job.map(|job| job.to_string());
        let joined = |words: &[&str]| (!words.is_empty()).then(|| words.join(","));
        let (kinds, statuses) = (joined(&self.kind), joined(&self.status));
        let given = [
            ("outstation", &self.outstation),
            ("point", &self.point),
            ("subject", &self.subject),
            ("operator", &self.operator),
            ("action", &self.action),
            ("kind", &kinds),
            ("status", &statuses),
            ("class", &self.class),
            ("since", &self.since),
            ("until", &self.until),
            ("correlation", &self.correlation),
            ("job", &job),
        ];
        let told = |(name, value): (&str, &Option<String>)| {
            value.as_ref().map(|value| format!("&{name}={}", encode(value)))
        };
        given.into_iter().filter_map(told).collect()
    }
}

/// Does it.
pub(crate) fn run(args: &AuditArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    match &args.command {
        AuditCommand::List(args) => list::run(args, cx),
        AuditCommand::Show(args) => show::run(args, cx),
        AuditCommand::Verify(args) => verify::run(args, cx),
        AuditCommand::Export(args) => export::run(args, cx),
        AuditCommand::Key(args) => key(args, cx),
    }
}

fn key(args: &KeyArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let head = api::get(&mut station, "/api/audit/head")?;
    if args.json {
        return cx.world.screen.json(&head);
    }
    let key = api::text(&head, "public_key");
    if key.is_empty() {
        let text = "the audit trail is not signed yet, so that there is no key to tell";
        return Err(CliError::new(ExitKind::NotFound, text)
            .hint("`station serve` signs it at its start and as it grows"));
    }
    cx.world.screen.line(&plain(key))
}

/// Who did what a record tells.
fn operator(record: &Value) -> String {
    let by = api::part(record, "by");
    let principal = api::part(by, "principal");
    let who = serde_json::from_value::<station_core::model::Principal>(principal.clone());
    who.map_or_else(|_| "station".to_owned(), |who| who.label())
}
