//! Tables of schedules: what each request means, and why some are refused.

use jiff::Timestamp;
use serde_json::{Value, json};
use station_core::model::{ClockRule, GapRule, OverlapRule};

use super::super::create;
use super::*;

/// A Sunday, eleven o'clock in Berlin.
const NOW: &str = "2027-01-31T10:00:00Z";

fn at(text: &str) -> Micros {
    Micros::from(text.parse::<Timestamp>().unwrap())
}

fn plan_of(body: &Value) -> Result<Plan, ApiError> {
    let zones = jiff::tz::db();
    let zone = zones.get("Europe/Berlin").unwrap();
    let text = body.to_string();
    plan(create::timing(text.as_bytes())?, None, (at(NOW), &zone, zones))
}

fn next(body: &Value, n: usize) -> Vec<String> {
    let plan = plan_of(body).unwrap_or_else(|error| panic!("{body}: {error:?}"));
    let next = |after: &Micros| plan.schedule.next(*after);
    std::iter::successors(plan.schedule.next(Micros(at(NOW).0 - 1)), next)
        .take(n)
        .map(|at| at.to_string())
        .collect()
}

#[test]
fn exclusions_are_so_many_at_most() {
    let days = |count: usize| {
        let lines: String = (0..count).map(|n| format!("2{:03}-01-01\n", n % 1000)).collect();
        json!({ "trigger_type": "interval", "interval_hours": 1, "exclude": lines })
    };
    assert!(plan_of(&days(MOST_EXCLUSIONS)).is_ok());
    let error = plan_of(&days(MOST_EXCLUSIONS + 1)).unwrap_err();
    assert_eq!(error.status().as_u16(), 400);
    assert!(error.body().to_string().contains("exclude has 10001 days"), "{}", error.body());
}

#[test]
fn every_kind_of_trigger_fires_when_it_says() {
    for (body, expected) in [
        (
            json!({ "trigger_type": "cron", "cron_expression": " 0 */6 * * * " }),
            ["2027-01-31T11:00:00Z", "2027-01-31T17:00:00Z"],
        ),
        (
            json!({ "trigger_type": "cron", "cron_expression": "0 9-17 * * 1-5" }),
            ["2027-02-01T08:00:00Z", "2027-02-01T09:00:00Z"],
        ),
        (
            json!({ "trigger_type": "cron", "cron_expression": "@Hourly" }),
            ["2027-01-31T10:00:00Z", "2027-01-31T11:00:00Z"],
        ),
        (
            json!({ "trigger_type": "cron", "cron_expression": "30 0 0 * * *",
                    "cron_seconds": true }),
            ["2027-01-31T23:00:30Z", "2027-02-01T23:00:30Z"],
        ),
        (
            json!({ "trigger_type": "interval", "interval_minutes": 30 }),
            ["2027-01-31T10:30:00Z", "2027-01-31T11:00:00Z"],
        ),
        (
            json!({ "trigger_type": "interval", "interval_minutes": 1, "interval_hours": 1,
                    "interval_days": 1, "interval_seconds": 0.5 }),
            ["2027-02-01T11:01:00.5Z", "2027-02-02T12:02:01Z"],
        ),
        (
            json!({ "trigger_type": "interval", "interval_hours": 1, "run_at_start": true }),
            ["2027-01-31T10:00:00Z", "2027-01-31T11:00:00Z"],
        ),
        (
            json!({ "trigger_type": "interval", "interval_hours": 2,
                    "start_date": "2027-02-01T00:00:00" }),
            ["2027-01-31T23:00:00Z", "2027-02-01T01:00:00Z"],
        ),
        (
            json!({ "trigger_type": "interval", "interval_hours": 2,
                    "start_date": "2027-01-01T00:00:00" }),
            ["2027-01-31T12:00:00Z", "2027-01-31T14:00:00Z"],
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "14:30:00" }),
            ["2027-01-31T13:30:00Z", "2027-02-01T13:30:00Z"],
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "11:00" }),
            ["2027-01-31T10:00:00Z", "2027-02-01T10:00:00Z"],
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "14:30", "timezone": "Asia/Tokyo" }),
            ["2027-02-01T05:30:00Z", "2027-02-02T05:30:00Z"],
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "14:30", "timezone": "+02:00" }),
            ["2027-01-31T12:30:00Z", "2027-02-01T12:30:00Z"],
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00",
                    "exclude": ["2027-02-01", "2027-02-02..2027-02-27"] }),
            ["2027-01-31T11:00:00Z", "2027-02-28T11:00:00Z"],
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00",
                    "exclude": "# closed\n2027-01-31\n2027-02-01..2027-02-02 # and then" }),
            ["2027-02-03T11:00:00Z", "2027-02-04T11:00:00Z"],
        ),
        (
            json!({ "trigger_type": "weekly", "day_of_week": 0, "time_of_day": "09:00:00" }),
            ["2027-02-01T08:00:00Z", "2027-02-08T08:00:00Z"],
        ),
        (
            json!({ "trigger_type": "weekly", "day_of_week": 6, "time_of_day": "09:00:00" }),
            ["2027-02-07T08:00:00Z", "2027-02-14T08:00:00Z"],
        ),
        (
            json!({ "trigger_type": "monthly", "day_of_month": 31, "time_of_day": "12:00" }),
            ["2027-01-31T11:00:00Z", "2027-03-31T10:00:00Z"],
        ),
    ] {
        assert_eq!(next(&body, 2), expected, "{body}");
    }
}

#[test]
fn a_date_fires_once_and_needs_no_type_beside_when() {
    for body in [
        json!({ "trigger_type": "date", "run_date": "2027-02-01T12:00:00" }),
        json!({ "when": "2027-02-01 12:00" }),
        json!({ "run_date": "2027-02-01T11:00:00Z", "trigger_type": "date", "day_of_week": null }),
        json!({ "trigger_type": "date", "run_date": "2027-02-01T12:00:00",
                "end_date": "2027-02-01T12:00:00" }),
    ] {
        assert_eq!(next(&body, 3), ["2027-02-01T11:00:00Z"], "{body}");
    }
}

#[test]
fn windows_and_rules_are_kept() {
    let plan = plan_of(&json!({
        "trigger_type": "daily", "time_of_day": "02:30", "start_date": "2027-03-01",
        "end_date": "2027-12-01T00:00:00Z", "max_executions": "30", "jitter_seconds": 2.5,
        "dst_gap": "skip", "dst_overlap": "second",
    }))
    .unwrap();
    let bounds = &plan.bounds;
    assert_eq!(bounds.start, Some(at("2027-02-28T23:00:00Z")));
    assert_eq!(bounds.end, Some(at("2027-12-01T00:00:00Z")));
    assert_eq!(bounds.max_executions, Some(30));
    assert_eq!(bounds.jitter, Duration::from_millis(2500));
    let Trigger::Daily(daily) = plan.trigger else { panic!() };
    let rule = ClockRule { gap: Some(GapRule::Skip), overlap: Some(OverlapRule::Second) };
    assert_eq!((daily.clock, daily.zone.as_str()), (rule, "Europe/Berlin"));
}

#[test]
fn clock_changes_that_matter_are_remarked_on() {
    let note = |body: &Value| plan_of(body).unwrap().note;
    let told = note(&json!({ "trigger_type": "daily", "time_of_day": "02:30" })).unwrap();
    assert!(told.contains("2027-03-28") && told.contains("2027-10-31"), "{told}");
    let told = note(&json!({ "trigger_type": "cron", "cron_expression": "30 2 * 3 *" })).unwrap();
    assert!(told.contains("2027-03-28") && !told.contains("2027-10-31"), "{told}");
    for body in [
        json!({ "trigger_type": "daily", "time_of_day": "12:00" }),
        json!({ "trigger_type": "daily", "time_of_day": "02:30", "timezone": "UTC" }),
        json!({ "trigger_type": "interval", "interval_hours": 1 }),
        json!({ "trigger_type": "date", "run_date": "2027-02-01T12:00:00" }),
    ] {
        assert_eq!(note(&body), None, "{body}");
    }
    let body = json!({ "trigger_type": "interval", "interval_hours": 1, "timezone": "CET-1CEST" });
    assert!(note(&body).unwrap().contains("has no rule for its summer time"));
}

#[test]
fn what_never_fires_is_refused_with_the_reason() {
    for (body, reason) in [
        (
            json!({ "trigger_type": "interval", "interval_seconds": 0 }),
            "the interval is empty: the sum of interval_days, interval_hours, interval_minutes \
             and interval_seconds must be more than 0",
        ),
        (
            json!({ "trigger_type": "interval", "interval_seconds": -5 }),
            "interval_seconds must not be negative",
        ),
        (
            json!({ "trigger_type": "interval", "interval_hours": 1, "interval_minutes": -1 }),
            "interval_minutes must not be negative",
        ),
        (
            json!({ "trigger_type": "interval", "interval_days": u64::MAX }),
            "the interval is too long: at most 100 years can be said",
        ),
        (
            json!({ "trigger_type": "interval", "interval_seconds": 1e300 }),
            "the interval is too long: at most 100 years can be said",
        ),
        (
            json!({ "trigger_type": "date", "run_date": "2027-01-30T12:00:00" }),
            "run_date 2027-01-30T12:00:00+01:00 is in the past: it is now \
             2027-01-31T11:00:00+01:00",
        ),
        (
            json!({ "trigger_type": "date", "run_date": "2027-02-31T12:00:00" }),
            "run_date is impossible: February 2027 has only 28 days, there is no 2027-02-31",
        ),
        (
            json!({ "trigger_type": "date", "run_date": "2027-02-01T12:00:00",
                    "start_date": "2027-03-01" }),
            "the schedule never fires: its time 2027-02-01T12:00:00+01:00 lies before its \
             start_date 2027-03-01T00:00:00+01:00",
        ),
        (
            json!({ "trigger_type": "date", "run_date": "2027-02-01T12:00:00",
                    "end_date": "2027-02-01" }),
            "the schedule never fires: its first time is 2027-02-01T12:00:00+01:00, after its \
             end_date 2027-02-01T00:00:00+01:00",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "end_date": "2027-01-01" }),
            "end_date 2027-01-01T00:00:00+01:00 is in the past: it is now \
             2027-01-31T11:00:00+01:00",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "start_date": "2027-03-01",
                    "end_date": "2027-02-01" }),
            "start_date 2027-03-01T00:00:00+01:00 lies after end_date \
             2027-02-01T00:00:00+01:00; exchange them",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00",
                    "start_date": "2027-02-01T13:00:00", "end_date": "2027-02-01T14:00:00" }),
            "the schedule never fires: its first time is 2027-02-02T12:00:00+01:00, after its \
             end_date 2027-02-01T14:00:00+01:00",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "end_date": "2027-02-02",
                    "exclude": ["2027-01-01..2027-03-01"] }),
            "the schedule never fires: all its times are excluded",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "cron_expression": "* * * * *" }),
            "cron_expression belongs to trigger_type 'cron', not to 'daily'; leave it out",
        ),
        (
            json!({ "trigger_type": "cron", "cron_expression": "* * * * *", "time_of_day": "12:00" }),
            "time_of_day belongs to trigger_type 'daily', 'weekly' or 'monthly', not to 'cron'; \
             leave it out",
        ),
        (
            json!({ "trigger_type": "interval", "interval_hours": 1, "dst_gap": "skip" }),
            "dst_gap belongs to trigger_type 'cron', 'daily', 'weekly' or 'monthly', not to \
             'interval'; leave it out",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "when": "noon" }),
            "when belongs to trigger_type 'date', not to 'daily'; leave it out",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "time_off_day": "12:00" }),
            "unknown field 'time_off_day': did you mean 'time_of_day'?",
        ),
    ] {
        let error = plan_of(&body).unwrap_err();
        assert_eq!(error, ApiError::Bad(reason.to_owned()), "{body}");
    }
    for expression in ["0 0 30 2 *", "0 0 31 4,6 *"] {
        let body = json!({ "trigger_type": "cron", "cron_expression": expression });
        let error = plan_of(&body).unwrap_err();
        assert_eq!(error.status().as_u16(), 400, "{expression}: {error:?}");
    }
}

#[test]
fn what_is_missing_or_cannot_be_read_is_a_fault_of_its_field() {
    for (body, kind, field) in [
        (json!({}), "missing", "trigger_type"),
        (json!({ "trigger_type": "cron" }), "missing", "cron_expression"),
        (json!({ "trigger_type": "cron", "cron_expression": "" }), "missing", "cron_expression"),
        (json!({ "trigger_type": "cron", "cron_expression": null }), "missing", "cron_expression"),
        (
            json!({ "trigger_type": "cron", "cron_expression": "x" }),
            "value_error",
            "cron_expression",
        ),
        (
            json!({ "trigger_type": "cron", "cron_expression": "60 * * * *" }),
            "value_error",
            "cron_expression",
        ),
        (
            json!({ "trigger_type": "cron", "cron_expression": "0 0 * * * *" }),
            "value_error",
            "cron_expression",
        ),
        (json!({ "trigger_type": "interval" }), "missing", "interval_seconds"),
        (
            json!({ "trigger_type": "interval", "interval_hours": null }),
            "missing",
            "interval_seconds",
        ),
        (
            json!({ "trigger_type": "interval", "interval_hours": "x" }),
            "int_parsing",
            "interval_hours",
        ),
        (json!({ "trigger_type": "date" }), "missing", "run_date"),
        (json!({ "trigger_type": "daily" }), "missing", "time_of_day"),
        (json!({ "trigger_type": "weekly", "time_of_day": "12:00" }), "missing", "day_of_week"),
        (json!({ "trigger_type": "weekly", "day_of_week": 1 }), "missing", "time_of_day"),
        (json!({ "trigger_type": "monthly", "time_of_day": "12:00" }), "missing", "day_of_month"),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00", "end_date": "never" }),
            "datetime_parsing",
            "end_date",
        ),
        (
            json!({ "trigger_type": "daily", "time_of_day": "12:00",
                    "exclude": ["2027-02-01", "2027-02-30"] }),
            "value_error",
            "exclude",
        ),
    ] {
        let error = plan_of(&body).unwrap_err();
        let told = error.body();
        assert_eq!(error.status().as_u16(), 422, "{body}: {told}");
        assert_eq!(told["detail"][0]["type"], kind, "{body}: {told}");
        assert_eq!(told["detail"][0]["loc"][1], field, "{body}: {told}");
        assert_eq!(told["detail"].as_array().unwrap().len(), 1, "{body}: {told}");
    }
}

#[test]
fn a_calendar_can_be_excluded() {
    let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270201\r\n\
                    DTEND;VALUE=DATE:20270203\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let body = json!({ "trigger_type": "daily", "time_of_day": "10:00", "exclude": calendar });
    assert_eq!(next(&body, 1), ["2027-02-03T09:00:00Z"]);
    let broken = calendar.replace("20270201", "20270299");
    let body = json!({ "trigger_type": "daily", "time_of_day": "10:00", "exclude": broken });
    let told = plan_of(&body).unwrap_err().body();
    let text = told["detail"][0]["msg"].as_str().unwrap();
    assert!(text.contains("Line 3"), "{text}");
}
