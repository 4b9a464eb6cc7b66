//! Random triggers, each with what it means.

use std::collections::BTreeSet;

use jiff::civil::{Time, time};
use station_core::model::{
    ClockRule, CronTrigger, DailyTrigger, GapRule, MonthlyTrigger, OverlapRule, Trigger,
    WeeklyTrigger,
};

use crate::expected::{Meaning, MonthDay, Weekday};
use crate::random::Random;

/// A random trigger that looks at the clock; `few` keeps its times of day rare.
pub(crate) fn trigger(chance: &mut Random, zone: &str, few: bool) -> (Trigger, Meaning) {
    match chance.within(0, 9) {
        0..=6 => cron(chance, zone, few),
        _ => fixed(chance, zone),
    }
}

fn rule(chance: &mut Random) -> ClockRule {
    ClockRule {
        gap: chance.chance(40).then(|| chance.pick(&[GapRule::RunAfter, GapRule::Skip])),
        overlap: chance
            .chance(40)
            .then(|| chance.pick(&[OverlapRule::First, OverlapRule::Second, OverlapRule::Both])),
    }
}

fn fixed(chance: &mut Random, zone: &str) -> (Trigger, Meaning) {
    let at = time(small(chance, 0, 23), small(chance, 0, 59), 0, 0);
    let clock = rule(chance);
    let zone = zone.to_owned();
    let mut meaning = Meaning {
        times: BTreeSet::from([at]),
        months: (1..=12).collect(),
        month_days: (1..=31).map(MonthDay::Number).collect(),
        weekdays: (0..=6).map(Weekday::Number).collect(),
        both: true,
        gap: clock.gap.unwrap_or(GapRule::RunAfter),
        overlap: clock.overlap.unwrap_or(OverlapRule::First),
    };
    let trigger = match chance.within(0, 3) {
        0 => {
            let day = small(chance, 0, 6);
            meaning.weekdays = vec![Weekday::Number((day + 1) % 7)];
            Trigger::Weekly(WeeklyTrigger { day: day.try_into().unwrap(), time: at, zone, clock })
        }
        1 => {
            let day = small(chance, 1, 31);
            meaning.month_days = vec![MonthDay::Number(day)];
            Trigger::Monthly(MonthlyTrigger { day: day.try_into().unwrap(), time: at, zone, clock })
        }
        _ => Trigger::Daily(DailyTrigger { time: at, zone, clock }),
    };
    (trigger, meaning)
}

fn cron(chance: &mut Random, zone: &str, few: bool) -> (Trigger, Meaning) {
    let with_seconds = !few && chance.chance(8);
    let (second, seconds) = match with_seconds {
        true => numbers(chance, 0, 59, false),
        false => ("0".to_owned(), BTreeSet::from([0])),
    };
    let (minute, minutes) = numbers(chance, 0, 59, few);
    let (hour, hours) = numbers(chance, 0, 23, few);
    let (month_day, month_days) = month_days(chance);
    let (month, months) = match chance.chance(85) {
        true => ("*".to_owned(), (1..=12).collect()),
        false => numbers(chance, 1, 12, false),
    };
    let (weekday, weekdays) = weekdays(chance);
    let clock = rule(chance);
    let wildcard = [&second, &minute, &hour].iter().any(|text| text.starts_with('*'));
    let (gap, overlap) = if wildcard {
        (GapRule::Skip, OverlapRule::Both)
    } else {
        (GapRule::RunAfter, OverlapRule::First)
    };
    let meaning = Meaning {
        times: hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)))
            .flat_map(|(hour, minute)| {
                seconds.iter().map(move |second| Time::constant(hour, minute, *second, 0))
            })
            .collect(),
        months,
        month_days,
        weekdays,
        both: month_day.starts_with('*') || weekday.starts_with('*'),
        gap: clock.gap.unwrap_or(gap),
        overlap: clock.overlap.unwrap_or(overlap),
    };
    let five = format!("{minute} {hour} {month_day} {month} {weekday}");
    let expression = if with_seconds { format!("{second} {five}") } else { five };
    let zone = zone.to_owned();
    (Trigger::Cron(CronTrigger { expression, seconds: with_seconds, zone, clock }), meaning)
}

/// A list of numbers, ranges and steps.
fn numbers(chance: &mut Random, least: i8, most: i8, few: bool) -> (String, BTreeSet<i8>) {
    let mut texts = Vec::new();
    let mut set = BTreeSet::new();
    for _ in 0..chance.pick(&[1, 1, 1, 2, 3]) {
        let kind = if few { 3 } else { chance.within(0, 5) };
        let (from, to, step, text) = match kind {
            0 => (least, most, 1, "*".to_owned()),
            1 => {
                let step = small(chance, 1, most);
                (least, most, step, format!("*/{step}"))
            }
            2 => {
                let from = small(chance, least, most);
                let (to, step) = (small(chance, from, most), small(chance, 1, 9));
                (from, to, step, format!("{from}-{to}/{step}"))
            }
            // Clocks are mostly changed in the small hours, and at whole ones.
            3 => {
                let only = if chance.chance(50) { least } else { small(chance, least, most) };
                let only = if most == 23 && chance.chance(60) { small(chance, 0, 3) } else { only };
                (only, only, 1, only.to_string())
            }
            _ => {
                let from = small(chance, least, most);
                let to = small(chance, from, most);
                (from, to, 1, format!("{from}-{to}"))
            }
        };
        set.extend((from..=to).step_by(step.try_into().unwrap()));
        texts.push(text);
    }
    (texts.join(","), set)
}

fn month_days(chance: &mut Random) -> (String, Vec<MonthDay>) {
    if chance.chance(60) {
        let step = chance.pick(&[1, 1, 2, 10]);
        let days = (1..=31).step_by(step).map(|day| MonthDay::Number(i8::try_from(day).unwrap()));
        let text = if step == 1 { "*".to_owned() } else { format!("*/{step}") };
        return (text, days.collect());
    }
    let mut texts = Vec::new();
    let mut items = Vec::new();
    for _ in 0..chance.within(1, 3) {
        let (text, item) = match chance.within(0, 6) {
            0 => ("L".to_owned(), MonthDay::BeforeLast(0)),
            1 => ("lw".to_owned(), MonthDay::LastWorking),
            2 => {
                let days = small(chance, 1, 30);
                (format!("L-{days}"), MonthDay::BeforeLast(days))
            }
            3 => {
                let day = small(chance, 1, 31);
                (format!("{day}W"), MonthDay::Nearest(day))
            }
            _ => {
                let day = small(chance, 1, 31);
                (day.to_string(), MonthDay::Number(day))
            }
        };
        texts.push(text);
        items.push(item);
    }
    (texts.join(","), items)
}

fn weekdays(chance: &mut Random) -> (String, Vec<Weekday>) {
    if chance.chance(70) {
        return ("*".to_owned(), (0..=6).map(Weekday::Number).collect());
    }
    let mut texts = Vec::new();
    let mut items = Vec::new();
    for _ in 0..chance.within(1, 3) {
        let day = small(chance, 0, 7);
        let name =
            ["Sun", "MON", "tue", "Wed", "thu", "FRI", "sat", "7"][usize::try_from(day).unwrap()];
        let (text, item) = match chance.within(0, 4) {
            0 => {
                let nth = small(chance, 1, 5);
                (format!("{name}#{nth}"), Weekday::Nth(day % 7, nth))
            }
            1 => (format!("{day}L"), Weekday::Last(day % 7)),
            2 => (day.to_string(), Weekday::Number(day % 7)),
            _ => (name.to_owned(), Weekday::Number(day % 7)),
        };
        texts.push(text);
        items.push(item);
    }
    (texts.join(","), items)
}

fn small(chance: &mut Random, from: i8, to: i8) -> i8 {
    let size = u64::try_from(to - from).unwrap();
    from + i8::try_from(chance.within(0, size)).unwrap()
}
