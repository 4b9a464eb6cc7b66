//! What is asked for over and over does not fill the trail.

use station_core::audit::Kind;
use station_outstation::desk::{Connect, Outstations};

use crate::book::Book;
use crate::rig::{clock, operator, options, request, write};

#[tokio::test(start_paused = true)]
async fn refusals_of_one_thing_within_a_minute_are_two_records() {
    let book = Book::new();
    let desk = Outstations::new(book.clone(), options(clock, Connect::OnDemand));
    let mut correlations = std::collections::BTreeSet::new();
    for number in 0..2_000 {
        let mut wish = request(write(4501, "on"));
        wish.outstation = format!("none-{number}");
        correlations.extend(desk.control(wish).await.unwrap_err().correlation);
    }
    assert_eq!((book.all(Kind::Refused).len(), correlations.len()), (1, 1));
    let counted = book.until(Kind::Refused, 2).await.remove(1);
    assert_eq!(counted.detail["repeated"], 1_999);
    assert_eq!(counted.by.principal, Some(operator()));
    assert_eq!(counted.correlation, correlations.pop_first());
}

#[tokio::test]
async fn what_was_counted_is_written_when_the_desk_is_closed() {
    let book = Book::new();
    let desk = Outstations::new(book.clone(), options(clock, Connect::OnDemand));
    for _ in 0..3 {
        desk.control(request(write(4501, "on"))).await.unwrap_err();
    }
    desk.close().await;
    assert_eq!(book.all(Kind::Refused)[1].detail["repeated"], 2);
}
