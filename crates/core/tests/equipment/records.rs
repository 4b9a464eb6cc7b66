//! What is kept for the API and the links, as it comes.

use station_core::engine::{Change, Expect, Input, Outcome, Refusal, Reply, Request};
use station_core::model::{Micros, Record, RecordKind, Wear};

use crate::rig::{Rig, at};

fn wear(writes: &[i64]) -> Record {
    let writes = writes.iter().copied().map(Micros).collect();
    Record::Wear(Box::new(Wear { equipment: "psu".into(), writes }))
}

fn keep(expect: Expect, there: bool) -> (Outcome, Record) {
    let record = wear(&[7]);
    let request = Request::Keep { record: Box::new(record.clone()), expect, there };
    (Rig::new().engine.handle(at(1), Input::Request(request)), record)
}

#[test]
fn a_record_is_kept_where_it_is_as_expected() {
    for (expect, there) in [
        (Expect::New, false),
        (Expect::There, true),
        (Expect::Either, false),
        (Expect::Either, true),
    ] {
        let (outcome, record) = keep(expect, there);
        assert_eq!(outcome.reply, Some(Reply::RecordKept), "{expect:?} {there}");
        assert_eq!(outcome.changes, [Change::RecordKept(Box::new(record))]);
        assert_eq!(outcome.effects, []);
    }
}

#[test]
fn a_record_that_should_be_new_or_there_and_is_not_is_refused() {
    let refused = |expect, there| {
        let (outcome, _) = keep(expect, there);
        assert_eq!(outcome.changes, [], "{expect:?} {there}");
        let Some(Reply::Refused(refusal)) = outcome.reply else { panic!("{:?}", outcome.reply) };
        (refusal.to_string(), refusal)
    };
    let psu = || "psu".to_owned();
    assert_eq!(
        refused(Expect::New, true),
        (
            "wear 'psu' is registered already".to_owned(),
            Refusal::RecordExists(RecordKind::Wear, psu())
        )
    );
    assert_eq!(
        refused(Expect::There, false),
        ("wear 'psu' is not registered".to_owned(), Refusal::NoSuchRecord(RecordKind::Wear, psu()))
    );
}

#[test]
fn a_record_is_removed_only_where_it_is() {
    let remove = |there| {
        let request = Request::Remove { kind: RecordKind::Profile, key: "fast".into(), there };
        Rig::new().engine.handle(at(1), Input::Request(request))
    };
    let key = || "fast".to_owned();
    let gone = remove(true);
    assert_eq!(gone.reply, Some(Reply::RecordKept));
    assert_eq!(gone.changes, [Change::RecordRemoved { kind: RecordKind::Profile, key: key() }]);
    let refused = remove(false);
    let refusal = Refusal::NoSuchRecord(RecordKind::Profile, key());
    assert_eq!(refusal.to_string(), "profile 'fast' is not registered");
    assert_eq!((refused.reply, refused.changes), (Some(Reply::Refused(refusal)), Vec::new()));
}
