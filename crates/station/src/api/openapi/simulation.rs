//! What a simulation answers.

#![expect(dead_code, reason = "described here, never made: the handler writes the JSON itself")]

use utoipa::ToSchema;

use super::answers::{self, Instant};

/// What all schedules lead to.
#[derive(ToSchema)]
pub(in crate::api) struct Simulated {
    #[schema(schema_with = answers::success)]
    success: bool,
    simulation: Foreseen,
}

/// What is foreseen of a span of time.
#[derive(ToSchema)]
pub(in crate::api) struct Foreseen {
    from: Instant,
    to: Instant,
    /// How far it reaches.
    until: Instant,
    /// False when there are too many firings to reach the end.
    complete: bool,
    firings: u64,
    paused_jobs: u64,
    jobs: Vec<ForeseenJob>,
    busiest_minutes: Vec<Minute>,
    /// How many minutes have so many firings.
    load: Vec<Load>,
    /// By conflict key, or else by target.
    shared: Vec<Shared>,
    clock_changes: Vec<ClockChange>,
    /// Jobs whose schedule cannot be read any more.
    unforeseen: Vec<Unforeseen>,
}

/// A job's firings.
#[derive(ToSchema)]
pub(in crate::api) struct ForeseenJob {
    job_id: String,
    name: String,
    firings: u64,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// One of the busiest minutes.
#[derive(ToSchema)]
pub(in crate::api) struct Minute {
    minute: Instant,
    firings: u64,
}

/// So many minutes have so many firings.
#[derive(ToSchema)]
pub(in crate::api) struct Load {
    firings: u64,
    minutes: u64,
}

/// What jobs share.
#[derive(ToSchema)]
pub(in crate::api) struct Shared {
    name: String,
    jobs: u64,
    firings: u64,
    /// Firings that come while another's run is expected to last.
    collisions: u64,
    first_collision: Option<Instant>,
    pairs: Vec<Pair>,
}

/// Job `with` comes while `job_id` is there.
#[derive(ToSchema)]
pub(in crate::api) struct Pair {
    job_id: String,
    with: String,
    times: u64,
}

/// What a change of the clocks does to firings.
#[derive(ToSchema)]
pub(in crate::api) struct ClockChange {
    at: Instant,
    timezone: String,
    offset_before: String,
    offset_after: String,
    skipped: u64,
    moved: u64,
    doubled: u64,
    /// At most 1000.
    jobs: Vec<ChangedJob>,
}

/// What a change of the clocks does to a job.
#[derive(ToSchema)]
pub(in crate::api) struct ChangedJob {
    job_id: String,
    name: String,
    skipped: u64,
    moved: u64,
    doubled: u64,
}

/// A job whose schedule cannot be read any more.
#[derive(ToSchema)]
pub(in crate::api) struct Unforeseen {
    job_id: String,
    reason: String,
}
