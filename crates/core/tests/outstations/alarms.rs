//! The station's own alarms.

use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{AlarmState, Severity};

use crate::rig::Rig;

const TOPIC: &str = "outstation.SS1.link";

fn raise(rig: &mut Rig, severity: Severity, message: &str) -> Reply {
    let (topic, message) = (TOPIC.to_owned(), message.to_owned());
    rig.ask(Request::RaiseAlarm { topic, severity, message })
}

#[test]
fn a_topic_has_one_alarm_that_is_not_cleared_and_what_happens_further_adds_to_it() {
    let mut rig = Rig::new();
    raise(&mut rig, Severity::Error, "SS1 cannot be reached");
    rig.pass(1);
    raise(&mut rig, Severity::Warning, "SS1 cannot be reached, for the second time");
    let alarm = rig.alarms.last().unwrap().clone();
    assert_eq!((alarm.source().as_str(), alarm.job), ("station.outstation.SS1.link", None));
    assert_eq!((alarm.occurrences, alarm.severity), (2, Severity::Error));
    assert!(alarm.message.ends_with("for the second time"), "{alarm:?}");
    // Also over a crash, and a round that could not be stored.
    rig.crash(1);
    raise(&mut rig, Severity::Error, "SS1 cannot be reached");
    assert_eq!(
        (rig.alarms.last().unwrap().id, rig.alarms.last().unwrap().occurrences),
        (alarm.id, 3)
    );
}

#[test]
fn it_is_cleared_by_its_topic_and_the_next_one_is_another() {
    let mut rig = Rig::new();
    let clear = || Request::ClearTopic { topic: TOPIC.to_owned() };
    let nothing = Reply::Refused(Refusal::NothingRaised(TOPIC.to_owned()));
    assert_eq!(rig.ask(clear()), nothing);
    raise(&mut rig, Severity::Error, "SS1 cannot be reached");
    let before = rig.alarms.last().unwrap().id;
    assert!(matches!(rig.ask(clear()), Reply::Alarm(alarm) if alarm.state == AlarmState::Cleared));
    assert_eq!(rig.ask(clear()), nothing);
    raise(&mut rig, Severity::Error, "SS1 cannot be reached");
    assert_ne!(rig.alarms.last().unwrap().id, before);
}

#[test]
fn it_is_acknowledged_as_any_other() {
    let mut rig = Rig::new();
    raise(&mut rig, Severity::Critical, "the trail is damaged");
    let alarm = rig.alarms.last().unwrap().clone();
    let row = Some(Box::new(alarm.clone()));
    let by = "eva".to_owned();
    rig.ask(Request::Acknowledge { alarm: alarm.id, by, note: None, row });
    raise(&mut rig, Severity::Critical, "the trail is damaged");
    let after = rig.alarms.last().unwrap();
    assert_eq!((after.state, after.occurrences), (AlarmState::Acknowledged, 2));
}
