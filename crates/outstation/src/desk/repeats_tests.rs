use station_core::audit::Actor;

use super::super::trail::Act;
use super::*;

#[derive(Default)]
struct Book(Mutex<Vec<Draft>>);

impl Book {
    /// What each is called, and how many it stands for.
    fn told(&self) -> Vec<(String, Option<u64>)> {
        let drafts = lock(&self.0);
        let told = |draft: &Draft| {
            let repeated = draft.detail.get("repeated").and_then(serde_json::Value::as_u64);
            (draft.correlation.clone().unwrap_or_default(), repeated)
        };
        drafts.iter().map(told).collect()
    }
}

impl Trail for Book {
    fn record(&self, drafts: Vec<Draft>) -> Act<Result<(), String>> {
        self.record_later(drafts);
        Box::pin(std::future::ready(Ok(())))
    }

    fn record_later(&self, drafts: Vec<Draft>) {
        lock(&self.0).extend(drafts);
    }

    fn correlation(&self) -> String {
        String::new()
    }

    fn is_synchronised(&self) -> bool {
        true
    }

    fn alarm(&self, _: String, _: String) {}
}

const ONCE: Measure = Measure { at_once: 1, within: MINUTE };

fn key(what: &str) -> Key {
    Key { who: "ana".to_owned(), what: what.to_owned(), why: "tagged" }
}

fn draft(correlation: usize) -> Draft {
    let draft = Draft::done(Actor::station(), "outstation SS1/c1", "write");
    Draft { correlation: Some(format!("c{correlation}")), ..draft }
}

#[tokio::test(start_paused = true)]
async fn the_first_is_told_at_once_and_the_others_as_one_when_their_minute_is_over() {
    let book = Arc::new(Book::default());
    let repeats = Repeats::new(book.clone(), Some(Handle::current()));
    for number in 0..5_000 {
        let under = repeats.tell(key("a"), ONCE, draft(number));
        assert_eq!(under.as_deref(), Some("c0"));
    }
    assert_eq!(repeats.tell(key("b"), ONCE, draft(7)).as_deref(), Some("c7"));
    let first = ("c0".to_owned(), None);
    assert_eq!(book.told(), [first.clone(), ("c7".to_owned(), None)]);
    tokio::time::sleep(MINUTE).await;
    tokio::task::yield_now().await;
    assert_eq!(book.told().last(), Some(&("c0".to_owned(), Some(4_999))));
    tokio::time::sleep(MINUTE).await;
    assert_eq!(book.told().len(), 3, "nothing was told since");
    repeats.tell(key("a"), ONCE, draft(9));
    assert_eq!(book.told().last(), Some(&("c9".to_owned(), None)));
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_is_written_at_the_end() {
    let book = Arc::new(Book::default());
    let repeats = Repeats::new(book.clone(), Some(Handle::current()));
    let thrice = Measure { at_once: 3, ..ONCE };
    for number in 0..5 {
        repeats.tell(key("a"), thrice, draft(number));
    }
    assert_eq!(book.told().len(), 3);
    repeats.flush();
    assert_eq!(book.told().last(), Some(&("c0".to_owned(), Some(2))));
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(book.told().len(), 4, "and once");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_different_things_is_held_as_well() {
    let book = Arc::new(Book::default());
    let repeats = Repeats::new(book.clone(), Some(Handle::current()));
    for number in 0..10_000 {
        repeats.tell(key(&number.to_string()), ONCE, draft(number));
    }
    assert_eq!(book.told().len(), MOST + 1);
    tokio::time::sleep(MINUTE).await;
    tokio::task::yield_now().await;
    let rest = u64::try_from(10_000 - MOST - 1).unwrap();
    assert_eq!(book.told().last().unwrap().1, Some(rest));
}
