//! The monthly trigger: on a day of the months that have it, at a time of day.

use super::Timing;
use super::error::{ScheduleError, ScheduleErrorKind};
use super::pattern::{Days, MonthDays, Pattern, Times};
use super::reading::of_time;
use crate::model::MonthlyTrigger;

pub(super) fn timing(monthly: &MonthlyTrigger) -> Result<Timing, ScheduleError> {
    if !(1..=31).contains(&monthly.day) {
        let message = format!("There is no day {} of the month.", monthly.day);
        return Err(ScheduleError::new(ScheduleErrorKind::Day, message)
            .with_hint("The days are 1 to 31; months without the day are left out."));
    }
    let month_days = MonthDays { plain: 1 << monthly.day, ..MonthDays::default() };
    let pattern = Pattern {
        days: Days { month_days, ..Days::default() },
        times: Times::At(of_time(monthly.time)),
    };
    Ok(Timing::fixed(pattern, monthly.clock))
}
