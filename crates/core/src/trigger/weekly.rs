//! The weekly trigger: on a day of the week, at a time of day.

use super::Timing;
use super::error::{ScheduleError, ScheduleErrorKind};
use super::pattern::{Days, Pattern, Times, Weekdays};
use super::reading::of_time;
use crate::model::WeeklyTrigger;

pub(super) fn timing(weekly: &WeeklyTrigger) -> Result<Timing, ScheduleError> {
    if weekly.day > 6 {
        let message = format!("There is no day {} of the week.", weekly.day);
        return Err(ScheduleError::new(ScheduleErrorKind::Day, message)
            .with_hint("The days are 0 (Monday) to 6 (Sunday)."));
    }
    // Ours begin with Monday, those of a pattern with Sunday.
    let plain = 1 << ((weekly.day + 1) % 7);
    let days = Days { weekdays: Weekdays { plain, ..Weekdays::default() }, ..Days::default() };
    let pattern = Pattern { days, times: Times::At(of_time(weekly.time)) };
    Ok(Timing::fixed(pattern, weekly.clock))
}
