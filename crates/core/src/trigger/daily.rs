//! The daily trigger: every day at a time of day.

use super::Timing;
use super::pattern::{Days, Pattern, Times};
use super::reading::of_time;
use crate::model::DailyTrigger;

pub(super) fn timing(daily: &DailyTrigger) -> Timing {
    let pattern = Pattern { days: Days::default(), times: Times::At(of_time(daily.time)) };
    Timing::fixed(pattern, daily.clock)
}
