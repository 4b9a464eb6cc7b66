//! The policies a request asks for, over those that are stored or the contract's defaults.

use std::time::Duration;

use station_core::model::Policies;

use super::types::{CreateJob, Limit, ScheduleType};

/// The limit of an attempt of a command when nothing is said of it.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// Makes the policies; what a request does not name stays as it is stored, what it names as null
/// becomes the default. Work with equipment has no limit by default: an acquisition says itself how
/// long it takes, and every link has its own time limits; so do commands to outstations.
pub(super) fn policies(job: &CreateJob<'_>, timeout: Limit, stored: Option<&Policies>) -> Policies {
    let limit = match job.schedule_type {
        Some(ScheduleType::Equipment(_) | ScheduleType::Outstation) => None,
        Some(ScheduleType::Script) | None => Some(TIMEOUT),
    };
    let usual = Policies { timeout: limit, ..Policies::default() };
    let base = |field: &str| stored.filter(|_| !job.names(field)).unwrap_or(&usual);
    Policies {
        retries: job.retries.unwrap_or(base("retries").retries),
        retry_delay: job.retry_delay.unwrap_or(base("retry_delay_seconds").retry_delay),
        timeout: match timeout {
            Limit::Absent => base("timeout_seconds").timeout,
            Limit::None => None,
            Limit::After(limit) => Some(limit),
        },
        idle_timeout: job.idle_timeout.or(base("idle_timeout_seconds").idle_timeout),
        grace: job.grace.unwrap_or(base("misfire_grace_time").grace),
        on_interrupted: job.on_interrupted.unwrap_or(base("on_interrupted").on_interrupted),
        condition: job.condition.or(base("condition").condition),
        conflict: job.conflict.unwrap_or(base("conflict_policy").conflict),
        max_instances: job.max_instances.unwrap_or(base("max_instances").max_instances),
        queue_limit: job.queue_limit.unwrap_or(base("queue_limit").queue_limit),
        conflict_key: job
            .conflict_key
            .clone()
            .or_else(|| base("conflict_key").conflict_key.clone()),
        fanout: job.fanout.or(base("fanout").fanout),
        coalesce: job.coalesce.unwrap_or(base("coalesce").coalesce),
        alarm: job.alarm.unwrap_or(base("on_failure_alarm").alarm),
    }
}
