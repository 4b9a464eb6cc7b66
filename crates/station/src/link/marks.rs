//! The variables that tell a command, and a later daemon, which run it is.

use crate::port::RunRequest;

/// Names the store it belongs to.
pub(super) const INSTANCE: &str = "STATION_INSTANCE";
/// Names the execution.
pub(super) const EXECUTION: &str = "STATION_EXECUTION";

/// What is added to a command's environment.
pub(super) fn marks(instance: &str, request: &RunRequest) -> [(&'static str, String); 4] {
    [
        ("STATION_JOB", request.execution.job.to_string()),
        (EXECUTION, request.execution.to_string()),
        ("STATION_ATTEMPT", request.attempt.to_string()),
        (INSTANCE, instance.to_owned()),
    ]
}
