//! Calendars as other programs write them.

use jiff::tz::TimeZoneDatabase;

use super::*;

fn read(events: &str, zone: &str) -> Result<Vec<String>, String> {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
    let zones = TimeZoneDatabase::bundled();
    let spans = parse(&text, &zones.get(zone).unwrap(), &zones).map_err(|e| e.to_string())?;
    Ok(spans.iter().map(|span| format!("{}/{}", span.from, span.to)).collect())
}

fn event(lines: &str) -> Result<Vec<String>, String> {
    read(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n"), "Europe/Berlin")
}

fn days(lines: &str) -> Vec<String> {
    event(lines).unwrap().iter().map(|span| span.split_at(10).0.to_owned()).collect()
}

#[test]
fn whole_days_run_to_the_day_after_or_as_long_as_they_say() {
    let one = "2027-12-24T00:00:00/2027-12-25T00:00:00";
    assert_eq!(event("DTSTART;VALUE=DATE:20271224").unwrap(), [one]);
    assert_eq!(event("DTSTART:20271224\nDTEND:20271225").unwrap(), [one]);
    assert_eq!(event("DTSTART:20271224\nDURATION:P1D").unwrap(), [one]);
    let week = "2027-12-24T00:00:00/2027-12-31T00:00:00";
    assert_eq!(event("DTSTART:20271224\nDURATION:P1W").unwrap(), [week]);
}

#[test]
fn times_are_told_on_the_clock_of_the_trigger() {
    let noon = "2027-07-01T14:00:00/2027-07-01T15:30:00";
    assert_eq!(event("DTSTART:20270701T120000Z\nDTEND:20270701T133000Z").unwrap(), [noon]);
    assert_eq!(event("DTSTART:20270701T140000\nDURATION:PT1H30M").unwrap(), [noon]);
    let tokyo = "DTSTART;TZID=\"Asia/Tokyo\":20270701T210000\nDTEND:20270701T133000Z";
    assert_eq!(event(tokyo).unwrap(), [noon]);
    // 00:30Z to 01:15Z are 02:30 and 02:15 in Berlin, an hour apart.
    let back = "2027-10-31T02:00:00/2027-10-31T03:00:00";
    assert_eq!(event("DTSTART:20271031T003000Z\nDTEND:20271031T011500Z").unwrap(), [back]);
}

#[test]
fn recurring_events_are_expanded() {
    assert_eq!(
        days("DTSTART:20241225\nRRULE:FREQ=YEARLY;COUNT=3"),
        ["2024-12-25", "2025-12-25", "2026-12-25"]
    );
    assert_eq!(days("DTSTART:20240229\nRRULE:FREQ=YEARLY;COUNT=2"), ["2024-02-29", "2028-02-29"]);
    assert_eq!(
        days("DTSTART:20270131\nRRULE:FREQ=MONTHLY;COUNT=3"),
        ["2027-01-31", "2027-03-31", "2027-05-31"]
    );
    assert_eq!(
        days("DTSTART:20270101\nRRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20270129"),
        ["2027-01-01", "2027-01-15", "2027-01-29"]
    );
    assert_eq!(event("DTSTART:20270101\nRRULE:FREQ=YEARLY").unwrap().len(), 100);
    assert_eq!(event("DTSTART:20270101\nRRULE:FREQ=DAILY").unwrap().len(), 5000);
    // On the event's own clock, so that summer time does not move it in its zone.
    let early =
        "DTSTART;TZID=Europe/Berlin:20270327T060000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2";
    assert_eq!(
        event(early).unwrap(),
        ["2027-03-27T06:00:00/2027-03-27T07:00:00", "2027-03-28T06:00:00/2027-03-28T07:00:00"]
    );
    let until = "DTSTART:20270101T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270102T100000Z";
    assert_eq!(event(until).unwrap().len(), 2);
}

#[test]
fn folded_lines_alarms_zones_and_cancelled_events_are_understood() {
    let text = "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19701025T030000\n\
                RRULE:FREQ=YEARLY;BYMONTH=10\nEND:STANDARD\nEND:VTIMEZONE\n\
                BEGIN:VEVENT\nSUMMARY:a long: line;\n  that is folded\nDTSTART;VALUE=DA\n TE:20271224\n\
                BEGIN:VALARM\nDURATION:rubbish\nEND:VALARM\nEND:VEVENT\n\
                BEGIN:VEVENT\nDTSTART:20271231\nSTATUS:CANCELLED\nEND:VEVENT\n";
    assert_eq!(read(text, "UTC").unwrap(), ["2027-12-24T00:00:00/2027-12-25T00:00:00"]);
}

#[test]
fn what_is_refused_is_named_with_its_line() {
    for (lines, said) in [
        ("DTSTART:20271301", "Line 4: \"20271301\" is not a date or a time."),
        ("DTSTART:20270101\nRRULE:FREQ=YEARLY;BYMONTH=1", "Line 5: The RRULE part BYMONTH is not"),
        ("DTSTART:20270101\nRRULE:FREQ=HOURLY", "Line 5: FREQ=HOURLY is not supported."),
        ("DTSTART:20270101\nRRULE:COUNT=0;FREQ=DAILY", "Line 5: The RRULE part \"COUNT=0\" is not"),
        ("DTSTART:20270101\nRDATE:20270102", "Line 5: RDATE is not supported."),
        ("DTSTART:20270101\nEXDATE:20270102", "Line 5: EXDATE is not supported."),
        ("DTSTART;TZID=Mars/Base:20270101T120000", "Line 4: The time zone \"Mars/Base\" is not"),
        ("DTSTART:20270101T120000", "Line 3: The event has neither DTEND nor DURATION."),
        ("DTSTART:20270101\nDTEND:20270101", "Line 3: The event that starts at"),
        ("SUMMARY:x", "Line 3: The event has no DTSTART."),
        ("rubbish", "Line 4: \"rubbish\" has no colon."),
        ("DTSTART:20270101\nDURATION:-P1D", "Line 5: \"-P1D\" is not a duration."),
        ("END:VALARM", "Line 4: \"END:VALARM\" ends what was not begun."),
    ] {
        let error = event(lines).unwrap_err();
        assert!(error.starts_with(said), "{error}");
    }
    let open = parse("BEGIN:VCALENDAR\n", &TimeZone::UTC, &TimeZoneDatabase::bundled());
    assert!(open.unwrap_err().to_string().contains("VCALENDAR does not"));
}
