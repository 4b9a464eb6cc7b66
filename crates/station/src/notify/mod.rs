//! Notifiers: how people and other programs are told.
//!
//! A job's output is mailed by the system's sendmail; alarms go over channels that the
//! configuration names. A channel tries once; the engine decides whether and when it tries again.

mod command;
mod email;
mod roots;
mod sendmail;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

use station_core::model::{Alarm, Severity};

pub use command::CommandChannel;
pub use email::{Email, EmailSettings, SmtpSecurity};
pub use sendmail::Sendmail;
pub use webhook::Webhook;

use crate::alarm_view::AlarmView;
use crate::port::{Letter, Notifier};

/// A way to tell of alarms.
pub trait Channel: Send + Sync {
    /// Tries once to tell of an alarm. Blocks.
    ///
    /// # Errors
    /// A sentence that says why it could not be delivered; it tells no secret.
    fn deliver(&self, alarm: &Alarm) -> Result<(), String>;
}

/// Channels by name, each with the least severity it is for.
#[derive(Clone, Default)]
pub struct Channels(BTreeMap<String, (Severity, Arc<dyn Channel>)>);

/// Everybody who is told: the recipients of mails, and the channels for alarms.
pub struct Outbox {
    sendmail: Sendmail,
    channels: Channels,
}

impl Outbox {
    /// Over the system's sendmail and these channels.
    #[must_use]
    pub fn new(channels: Channels) -> Self {
        Self { sendmail: Sendmail::find(), channels }
    }
}

impl Notifier for Outbox {
    fn notify(&self, letter: &Letter) -> Result<(), String> {
        self.sendmail.notify(letter)
    }

    fn alert(&self, channel: &str, alarm: &Alarm) -> Result<(), String> {
        self.channels.deliver(channel, alarm)
    }
}

impl Channels {
    /// Adds a channel for alarms of at least this severity; false when its name is taken.
    pub fn add(&mut self, name: String, least: Severity, channel: Arc<dyn Channel>) -> bool {
        let taken = self.0.contains_key(&name);
        if !taken {
            self.0.insert(name, (least, channel));
        }
        !taken
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Tells of an alarm over one of them, if it is severe enough for it.
    fn deliver(&self, name: &str, alarm: &Alarm) -> Result<(), String> {
        let Some((least, channel)) = self.0.get(name) else {
            return Err(format!("the configuration has no channel '{name}' any more"));
        };
        if alarm.severity < *least { Ok(()) } else { channel.deliver(alarm) }
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The body of every notice: the alarm as the API shows it, with its times in UTC.
fn body(alarm: &Alarm) -> Result<Vec<u8>, String> {
    let view = AlarmView::new(alarm, |at| format!("{:.6}", at.timestamp()));
    serde_json::to_vec(&view).map_err(|error| format!("the alarm cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use station_core::model::{AlarmId, AlarmState, ExecutionId, JobId, Micros};

    pub(super) fn alarm() -> Alarm {
        Alarm {
            id: AlarmId(7),
            job: Some(JobId(42)),
            topic: None,
            job_name: "nightly\nbackup".into(),
            schedule_type: "script".into(),
            equipment_id: None,
            state: AlarmState::Active,
            severity: Severity::Error,
            message: "Scheduled job 'nightly' failed".into(),
            execution: Some(ExecutionId { job: JobId(42), n: 3 }),
            error: Some("exited with status 1".into()),
            scheduled: Micros(1_700_000_000_000_000),
            triggered_at: Micros(1_700_000_000_500_000),
            last_at: Micros(1_700_000_000_500_000),
            occurrences: 1,
            acknowledged_at: None,
            acknowledged_by: None,
            note: None,
            cleared_at: None,
        }
    }

    #[test]
    fn a_channel_hears_of_what_is_severe_enough() {
        struct Fails;
        impl Channel for Fails {
            fn deliver(&self, _: &Alarm) -> Result<(), String> {
                Err("heard".into())
            }
        }
        let mut channels = Channels::default();
        assert!(channels.add("all".into(), Severity::Info, Arc::new(Fails)));
        assert!(channels.add("worst".into(), Severity::Critical, Arc::new(Fails)));
        assert!(!channels.add("all".into(), Severity::Info, Arc::new(Fails)));
        assert_eq!(channels.names(), ["all", "worst"]);
        assert_eq!(channels.deliver("all", &alarm()), Err("heard".into()));
        assert_eq!(channels.deliver("worst", &alarm()), Ok(()));
        assert!(channels.deliver("gone", &alarm()).unwrap_err().contains("no channel 'gone'"));
    }

    #[test]
    fn a_notice_is_the_alarm_as_the_api_shows_it() {
        let shown: serde_json::Value = serde_json::from_slice(&body(&alarm()).unwrap()).unwrap();
        let expected = serde_json::json!({
            "event_id": "7", "alarm_id": "scheduler.42", "state": "active", "severity": "error",
            "message": "Scheduled job 'nightly' failed", "equipment_id": null, "parameter": null,
            "value": null, "threshold": null, "triggered_at": "2023-11-14T22:13:20.500000Z",
            "acknowledged_at": null, "acknowledged_by": null, "acknowledgment_note": null,
            "cleared_at": null,
            "additional_data": {
                "job_id": "42", "job_name": "nightly\nbackup", "execution_id": "42.3",
                "error": "exited with status 1", "equipment_id": null, "schedule_type": "script",
                "scheduled_time": "2023-11-14T22:13:20.000000Z", "occurrences": 1,
            },
        });
        assert_eq!(shown, expected);
    }
}
