//! The audit trail of a daemon: what it runs with, who comes in, and who signs it.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use station_core::audit::{Actor, Draft, Kind, Outstanding, to_hex};
use station_core::model::Severity;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::alarms::Alarms;
use super::{Options, StartError};
use crate::access::Logins;
use crate::audit::{Alarm, Exporter, Keeper, Key, Witness};
use crate::runtime::Handle;
use crate::store::AuditFilter;

/// What all records of a station's starts and ends have in common.
const STATION: &str = "station";

/// How many unfinished intents are named in an alarm.
const SHOWN: usize = 20;

/// The trail is kept for as long as this lives.
pub(super) struct Trail {
    keeping: JoinHandle<()>,
    exporting: Option<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Trail {
    /// Records the start, and keeps the trail from now on.
    ///
    /// # Errors
    /// When the key cannot be used, or the trail cannot be read.
    pub(super) fn keep(
        options: &Options,
        handle: &Handle,
        alarms: Alarms,
    ) -> Result<Self, StartError> {
        let key = Arc::new(Key::of(&options.data_dir).map_err(StartError::System)?);
        let alarm: Alarm =
            Arc::new(move |topic, message| alarms.raise(topic, Severity::Error, message));
        let config = Configuration::of(options, handle)?;
        handle.record_later(vec![started(options, &key, &config)]);
        let (signer, clock) = (Arc::clone(&key), handle.clone());
        handle.at_end(told("stop", &config), Box::new(move |head| signer.sign(&head, clock.now())));
        let witness = options.audit_witness.clone().map(Witness::new);
        let (stop, stopped) = watch::channel(false);
        let exporter = options
            .audit_syslog
            .clone()
            .map(|to| Exporter::new(handle.clone(), to, &options.data_dir, Arc::clone(&alarm)));
        let exporting = exporter.map(|exporter| tokio::spawn(exporter.run(stopped.clone())));
        let keeper = Keeper::new(handle.clone(), key, witness, alarm);
        Ok(Self { keeping: tokio::spawn(keeper.run(stopped)), exporting, stop })
    }

    /// Lets the witness and syslog catch up, once the station has stopped.
    pub(super) async fn finish(self) {
        self.stop.send_replace(true);
        // By a defect of the program at most.
        drop(self.keeping.await);
        if let Some(exporting) = self.exporting {
            drop(exporting.await);
        }
    }
}

/// Tells people what the last daemon stopped in the middle of.
pub(super) fn announce(handle: &Handle, alarms: &Alarms) {
    if let Some(message) = unfinished(handle.unfinished()) {
        alarms.raise("audit_unfinished", Severity::Critical, message);
    }
}

/// Tells the trail of those who come in over TCP.
pub(super) fn logins(handle: &Handle) -> Logins {
    let handle = handle.clone();
    Logins::new(Box::new(move |draft| handle.record_later(vec![draft])))
}

/// What people have to look after, since the last daemon stopped before its outcome was known.
fn unfinished(intents: &[Outstanding]) -> Option<String> {
    let more = intents.len().saturating_sub(SHOWN);
    let shown: Vec<String> = intents
        .iter()
        .take(SHOWN)
        .map(|Outstanding { seq, entry }| {
            format!("{} {} (record {seq})", entry.action, entry.subject)
        })
        .collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let shown = (!shown.is_empty()).then(|| shown.join(", "))?;
    Some(format!(
        "the station stopped before the outcome of these was known: {shown}{more}; none of them is done \
         again: look at what they were about before anybody does"
    ))
}

/// The configuration file, as far as it is recorded.
struct Configuration {
    sha256: Option<String>,
    changed: bool,
}

impl Configuration {
    fn of(options: &Options, handle: &Handle) -> Result<Self, StartError> {
        let file = |path: &Path| std::fs::read(path).ok();
        let text = options.configuration.as_deref().and_then(file);
        let sha256 = text.map(|text| to_hex(&Sha256::digest(&text)));
        let last = handle.reader().audit(&AuditFilter {
            correlation: Some(STATION.to_owned()),
            action: Some("start".to_owned()),
            limit: 1,
            ..AuditFilter::default()
        })?;
        let last = last.items.first().and_then(|record| record.entry().ok());
        let before = last.as_ref().and_then(|entry| entry.detail.get("config_sha256"));
        let changed = last.is_some() && before.and_then(Value::as_str) != sha256.as_deref();
        Ok(Self { sha256, changed })
    }
}

fn told(action: &str, config: &Configuration) -> Draft {
    let draft = Draft {
        kind: Kind::Config,
        correlation: Some(STATION.to_owned()),
        ..Draft::done(Actor::station(), STATION, action)
    };
    draft
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("pid", std::process::id())
        .with("config_sha256", config.sha256.clone())
}

/// What a daemon starts with. No secrets: of channels the names alone.
fn started(options: &Options, key: &Key, config: &Configuration) -> Draft {
    let shown = |path: &Path| path.display().to_string();
    let listen: Vec<String> = options.listen.addresses.iter().map(ToString::to_string).collect();
    let seconds = |span: std::time::Duration| span.as_secs();
    let options = json!({
        "data_dir": shown(&options.data_dir),
        "store": options.store,
        "config": options.configuration.as_deref().map(shown),
        "listen": listen,
        "tls": options.listen.tls.is_some(),
        "anonymous": options.listen.anonymous.map(|role| role.name()),
        "insecure_plain_text": options.listen.insecure_plain_text,
        "max_running": options.max_running,
        "shutdown_seconds": seconds(options.shutdown_limit),
        "clock_wait_seconds": seconds(options.clock_wait),
        "output_bytes": options.output_budget,
        "retention_seconds": options.retention.map(seconds),
        "notify": options.channels.names(),
        "metrics": options.metrics.map(|at| at.to_string()),
        "audit_syslog": options.audit_syslog.as_ref().map(|to| to.target.to_string()),
        "audit_witness": options.audit_witness.as_deref().map(shown),
        "keep_free_bytes": options.keep_free,
    });
    told("start", config)
        .with("config_changed", config.changed)
        .with("options", options)
        .with("audit_key", to_hex(&key.public()))
        .with("audit_key_is_new", key.is_new)
}
