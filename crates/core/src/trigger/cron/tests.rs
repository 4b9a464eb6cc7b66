//! What is refused, in which words; and what is not.

use super::*;
use crate::model::CronTrigger;

fn read(expression: &str, seconds: bool) -> Result<Timing, ScheduleError> {
    let zone = "UTC".to_owned();
    timing(&CronTrigger { expression: expression.into(), seconds, zone, clock: Default::default() })
}

fn wildcard(expression: &str, seconds: bool) -> bool {
    match read(expression, seconds).unwrap() {
        Timing::Clock { wildcard, .. } => wildcard,
        Timing::Boot | Timing::Once(_) | Timing::Every { .. } => unreachable!(),
    }
}

#[test]
fn what_is_refused_is_explained() {
    for (expression, said) in [
        ("0 22-2 * * *", "The hour \"22-2\" runs backwards. Write 22-23,0-2."),
        ("0 22-2/2 * * *", "The hour \"22-2/2\" runs backwards. Write 22-23/2,0-2/2."),
        ("0 0 * * FRI-SUN", "The day-of-week \"FRI-SUN\" runs backwards. Write 5-7."),
        ("0 0 * * SAT-MON", "The day-of-week \"SAT-MON\" runs backwards. Write 6,0-1."),
        ("0 0 * * 7-1", "The day-of-week \"7-1\" runs backwards. Write 0-1."),
        ("1-0 * * * *", "The minute \"1-0\" runs backwards. Write 1-59,0."),
        ("*5 * * * *", "The minute \"*5\" has something after the star. Did you mean */5?"),
        ("** * * * *", "The minute \"**\" has something after the star. Write * alone, or */5."),
        ("1.5 * * * *", "The minute \"1.5\" has a dot in it. Did you mean 1,5?"),
        (
            "1-2-3 * * * *",
            "The minute \"1-2-3\" has a dash too many. A range is two numbers with a dash between \
             them. The range is 0 to 59.",
        ),
        ("*/0 * * * *", "The minute \"*/0\" has a step of 0. A step is at least 1."),
        (
            "3/10 * * * *",
            "The minute \"3/10\" has a step but no range. Write 3-59/10 to go on to the end of \
             the range.",
        ),
        ("60 * * * *", "The minute \"60\" is out of range. The range is 0 to 59."),
        (
            "* * * * 8",
            "The day-of-week \"8\" is out of range. The range is 0 to 7 (0 and 7 are Sunday), or \
             SUN to SAT.",
        ),
        ("0 0 1 January *", "The month \"January\" is not a name of three letters. Write JAN."),
        (
            "1,,2 * * * *",
            "The minute \"1,,2\" has a comma with nothing before or after it. Leave the comma out.",
        ),
        ("0 0 ? * *", "The day-of-month \"?\" is not crontab's. Write * for \"any\"."),
        (
            "H * * * *",
            "The minute \"H\" is not crontab's. Write a number; use the jitter to spread jobs.",
        ),
        ("0 0 * * L5", "The day-of-week \"L5\" has the L in front. Write 5L."),
        (
            "0 0 * * FRIL",
            "The day-of-week \"FRIL\" does not name a day before the L. Write 5L for the last \
             such day of the month.",
        ),
        (
            "0 0 * * 5#6",
            "The day-of-week \"5#6\" counts beyond a month. After # stands 1 (the first of the \
             month) to 5.",
        ),
        (
            "* * * *",
            "The cron expression has 4 fields, not five. Write minute hour day-of-month month \
             day-of-week.",
        ),
        (
            "0 0 12 * * *",
            "The cron expression has six fields, not five. Ask for seconds if the first one is \
             meant to be the second, or leave one out.",
        ),
        (
            "0 0 * * 1 root",
            "After the five fields of the cron expression stands \"root\". Write the five fields \
             only; there is no field for years, and no command.",
        ),
        (
            "0 0 * * 1 %x",
            "The cron expression has a \"%\" in it. In a crontab that belongs to the command; \
             import such lines with station import crontab.",
        ),
        (
            "@Reboot",
            "\"@Reboot\" is not a schedule. It names no time: station cron @reboot makes a job \
             of it, as importing a crontab does.",
        ),
        (
            "0 0 31 4,6 *",
            "The expression never fires: there is no such day in April or June. For the last day \
             of a month write L as the day of the month.",
        ),
    ] {
        assert_eq!(read(expression, false).unwrap_err().to_string(), said, "{expression}");
    }
    let five = read("* * * * *", true).unwrap_err().to_string();
    assert!(five.starts_with("The cron expression has 5 fields, not six."), "{five}");
}

#[test]
fn days_that_never_come_are_refused() {
    for never in [
        "0 0 30 2 *",
        "0 0 30,31 FEB *",
        "0 0 31 2,4,6,9,11 *",
        "0 0 31W 2 *",
        "0 0 31W 2 */2",
        "0 0 L-29 2 *",
    ] {
        let read = read(never, false);
        assert_eq!(read.unwrap_err().kind(), ScheduleErrorKind::Impossible, "{never}");
    }
    let weekday = read("0 0 15W * */6", false);
    assert!(weekday.unwrap_err().to_string().contains("never a Sunday or Saturday it names"));
    for rare in ["0 0 29 2 *", "0 0 29 2 */2", "0 0 30 2 1", "0 0 L-28 2 *", "0 0 29W 2 *"] {
        assert!(read(rare, false).is_ok(), "{rare}");
    }
}

#[test]
fn nicknames_blanks_and_names_are_taken_in_any_form() {
    let same = |one: &str, two: &str| {
        let (one, two) = (read(one, false).unwrap(), read(two, false).unwrap());
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    };
    same("@Daily", " 0\t0  * * * ");
    same("@MIDNIGHT", "00 000 * * *");
    same("0 0 * * 7", "0 0 * * sun");
    same("0 0 * * 5-7", "0 0 * * Fri,SAT,0");
    same("0 0 * JAN-mar,Dec *", "0 0 * 1-3,12 *");
    same("0 0 l,lw,l-3,15w * 5l", "0 0 L,LW,L-3,15W * 5L");
    same("0-59/61 * * * *", "0 * * * *");
}

#[test]
fn a_star_in_front_of_minute_hour_or_second_makes_a_wildcard() {
    assert!(wildcard("* 2 * * *", false));
    assert!(wildcard("0 */2 * * *", false));
    assert!(wildcard("*,1 2 * * *", false));
    assert!(!wildcard("0 0-4 * * *", false));
    assert!(!wildcard("0-59 0-23 * * *", false));
    assert!(!wildcard("30 30 2 * * *", true));
    assert!(wildcard("* 30 2 * * *", true));
    assert!(wildcard("@hourly", true));
}
