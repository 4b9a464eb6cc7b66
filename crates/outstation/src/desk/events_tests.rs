use std::sync::atomic::{AtomicU64, Ordering};

use super::super::trail::Act;
use super::*;

/// Seconds of the clock here.
static SECOND: AtomicU64 = AtomicU64::new(0);

fn clock() -> Now {
    let second = SECOND.load(Ordering::SeqCst);
    Now { wall: Micros(i64::try_from(second).unwrap() * 1_000_000), mono: Mono(second * 1_000_000) }
}

#[derive(Default)]
struct Book {
    drafts: Mutex<Vec<Draft>>,
    alarms: Mutex<Vec<String>>,
}

impl Trail for Book {
    fn record(&self, drafts: Vec<Draft>) -> Act<Result<(), String>> {
        self.record_later(drafts);
        Box::pin(std::future::ready(Ok(())))
    }

    fn record_later(&self, drafts: Vec<Draft>) {
        lock(&self.drafts).extend(drafts);
    }

    fn correlation(&self) -> String {
        String::new()
    }

    fn is_synchronised(&self) -> bool {
        true
    }

    fn alarm(&self, topic: String, message: String) {
        lock(&self.alarms).push(format!("{topic}: {message}"));
    }
}

#[test]
fn failures_that_go_on_are_recorded_once_a_minute_with_their_count() {
    let book = Arc::new(Book::default());
    let notes = Notes::new(
        "SS1".to_owned(),
        (book.clone(), Repeats::new(book.clone(), None)),
        Arc::default(),
        clock,
    );
    for second in (0..130).step_by(10) {
        SECOND.store(second, Ordering::SeqCst);
        notes.unreachable("rtu:19998", "its certificate has expired", true, 1);
    }
    let drafts = lock(&book.drafts);
    let told: Vec<_> =
        drafts.iter().map(|draft| (draft.action.as_str(), &draft.detail["failures"])).collect();
    let counts = [1, 6, 6].map(serde_json::Value::from);
    assert_eq!(told, counts.iter().map(|count| ("not_trusted", count)).collect::<Vec<_>>());
    assert_eq!(
        lock(&book.alarms).first().map(String::as_str),
        Some(
            "outstation: outstation SS1 and this station do not trust each other: its certificate has \
             expired"
        )
    );
}

#[test]
fn an_answer_says_no_by_its_bit_or_by_its_cause() {
    let answer = |cause| [0x68, 14, 0, 0, 0, 0, 45, 1, cause, 0, 47, 0, 7, 0, 0, 1];
    assert_eq!(
        [0x07, 0x0a, 0x47, 0x4a, 0x2f, 0x6f].map(|cause| is_negative(&answer(cause))),
        [false, false, true, true, true, true]
    );
    assert!(!is_negative(&[0x68, 4]));
}
