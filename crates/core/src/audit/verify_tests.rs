use proptest::prelude::*;

use super::super::chain::tests::{chained, entries};
use super::super::{Entry, Record};
use super::*;
use crate::model::Micros;

type Row = (u64, Vec<u8>, Vec<u8>);

/// A chain of so many records, as rows.
fn rows(count: usize) -> Vec<Row> {
    let mut all: Vec<Entry> = entries().into_iter().cycle().take(count).collect();
    for (n, entry) in all.iter_mut().enumerate() {
        entry.mono_ns = u64::try_from(n).unwrap();
    }
    chained(all).into_iter().map(row).collect()
}

fn row(record: Record) -> Row {
    (record.seq, record.hash.to_vec(), record.text.into_bytes())
}

fn verify(rows: &[Row], marks: Vec<Mark>) -> Result<Head, Fault> {
    let mut verifier = Verifier::new(marks);
    for (seq, hash, text) in rows {
        let text =
            std::str::from_utf8(text).map_err(|_| Fault { seq: *seq, wrong: Wrong::Altered })?;
        verifier.push(*seq, hash, text)?;
    }
    verifier.finish()
}

fn head((seq, hash, _): &Row) -> Head {
    Head { seq: *seq, hash: hash.as_slice().try_into().unwrap() }
}

fn mark(row: &Row, source: Source) -> Mark {
    Mark { head: head(row), source }
}

const COUNT: usize = 9;

proptest! {
    #[test]
    fn any_altered_byte_is_found(at in 0..COUNT, byte in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut rows = rows(COUNT);
        let (seq, hash, text) = &mut rows[at];
        let seq = *seq;
        let byte = byte.index(hash.len() + text.len());
        let changed = if byte < hash.len() { &mut hash[byte] } else { &mut text[byte - 32] };
        *changed ^= flip;
        prop_assert_eq!(verify(&rows, Vec::new()).unwrap_err().seq, seq);
    }

    #[test]
    fn a_dropped_record_is_found(at in 0..COUNT - 1) {
        let mut rows = rows(COUNT);
        let (seq, ..) = rows.remove(at);
        let fault = verify(&rows, Vec::new()).unwrap_err();
        prop_assert_eq!(fault, Fault { seq, wrong: Wrong::Missing });
    }

    #[test]
    fn the_rest_renumbered_after_a_drop_is_found(at in 0..COUNT - 1) {
        let mut rows = rows(COUNT);
        let (seq, ..) = rows.remove(at);
        for (number, ..) in &mut rows[at..] {
            *number -= 1;
        }
        let fault = verify(&rows, Vec::new()).unwrap_err();
        prop_assert_eq!(fault, Fault { seq, wrong: Wrong::Number(seq + 1) });
    }

    #[test]
    fn swapped_records_are_found(a in 0..COUNT, b in 0..COUNT) {
        prop_assume!(a != b);
        let mut rows = rows(COUNT);
        let seq = rows[a.min(b)].0;
        let (x, y) = (rows[a].clone(), rows[b].clone());
        (rows[a].1, rows[a].2) = (y.1, y.2);
        (rows[b].1, rows[b].2) = (x.1, x.2);
        prop_assert_eq!(verify(&rows, Vec::new()).unwrap_err().seq, seq);
    }

    #[test]
    fn an_inserted_record_is_found(at in 0..COUNT, from in 0..COUNT) {
        let mut rows = rows(COUNT);
        let (seq, hash, text) = rows[from].clone();
        rows.insert(at, (seq, hash, text));
        let fault = verify(&rows, Vec::new()).unwrap_err();
        // Put in beside itself it is the second of the two that is one too many.
        let first = rows.iter().zip(1..).find(|((seq, ..), due)| seq != due).unwrap();
        prop_assert!(fault.seq == first.0.0 || fault.wrong == Wrong::Missing && fault.seq == first.1);
    }

    /// Somebody who knows how the chain is made writes a record anew, and all behind it.
    #[test]
    fn a_chain_made_anew_is_found_by_what_was_signed(at in 0..COUNT, signed in 0..COUNT) {
        let before = rows(COUNT);
        let mut forged = entries().into_iter().cycle().take(COUNT).collect::<Vec<_>>();
        for (n, entry) in forged.iter_mut().enumerate() {
            entry.mono_ns = u64::try_from(n).unwrap();
        }
        forged[at].action = "nothing".to_owned();
        let forged: Vec<Row> = chained(forged).into_iter().map(row).collect();
        let marks = vec![mark(&before[signed], Source::Witness)];
        let verified = verify(&forged, marks);
        if signed < at {
            prop_assert!(verified.is_ok(), "what is behind the last mark is not proven");
        } else {
            let fault = verified.unwrap_err();
            prop_assert_eq!(fault.seq, before[signed].0);
            let replaced = matches!(fault.wrong, Wrong::Replaced { by: Source::Witness, .. });
            prop_assert!(replaced, "{fault:?}");
        }
    }

    #[test]
    fn a_cut_tail_is_found_by_what_was_signed(left in 0..COUNT) {
        let rows = rows(COUNT);
        let marks = || vec![mark(&rows[COUNT - 1], Source::Witness), mark(&rows[2], Source::Checkpoint)];
        prop_assert!(verify(&rows[..left], Vec::new()).is_ok());
        let fault = verify(&rows[..left], marks()).unwrap_err();
        prop_assert_eq!(fault.seq, u64::try_from(left).unwrap() + 1);
        prop_assert!(matches!(fault.wrong, Wrong::Cut(_)));
        prop_assert_eq!(verify(&rows, marks()), Ok(head(&rows[COUNT - 1])));
    }
}

#[test]
fn a_chain_is_verified_from_its_middle() {
    let rows = rows(6);
    let marks = vec![mark(&rows[1], Source::Checkpoint), mark(&rows[4], Source::Checkpoint)];
    let mut verifier = Verifier::behind(head(&rows[2]), marks);
    for (seq, hash, text) in &rows[3..] {
        let index = verifier.push(*seq, hash, std::str::from_utf8(text).unwrap()).unwrap();
        let entry: Entry = serde_json::from_slice(text).unwrap();
        assert_eq!(index, Index::of(&entry));
    }
    assert_eq!(verifier.finish(), Ok(head(&rows[5])));
}

#[test]
fn what_is_no_record_is_told_apart() {
    let text = r#"{"seq":1}"#;
    let hash = hash_of(&[0; 32], text);
    let wrong =
        |text: &str, hash: &[u8]| Verifier::default().push(1, hash, text).unwrap_err().wrong;
    assert!(matches!(wrong(text, &hash), Wrong::Unreadable(_)));
    assert_eq!(wrong(text, &hash[1..]), Wrong::Altered);
    // Whole, but chained to something else.
    let (second, ..) = rows(2).pop().map(|(seq, hash, text)| (text, hash, seq)).unwrap();
    let second = String::from_utf8(second).unwrap();
    let hash = hash_of(&[0; 32], &second);
    assert_eq!(wrong(&second, &hash), Wrong::Number(2));
}

#[test]
fn checkpoints_are_believed_when_they_are_signed_with_a_known_key() {
    let checkpoint =
        Checkpoint { seq: 3, hash: [9; 32], at: Micros(1), key: [7; 32], signature: [1; 64] };
    let good =
        |key: &[u8; 32], _: &[u8], signature: &[u8; 64]| *key == [7; 32] && signature[0] == 1;
    let of = |checkpoint: &Checkpoint, keys: &[[u8; 32]]| {
        Mark::of(checkpoint, Source::Checkpoint, keys, &good).map_err(|fault| fault.wrong)
    };
    assert_eq!(of(&checkpoint, &[]).map(|mark| mark.head.seq), Ok(3));
    assert!(of(&checkpoint, &[[7; 32]]).is_ok());
    let foreign = of(&checkpoint, &[[8; 32]]).unwrap_err();
    assert_eq!(foreign, Wrong::ForeignKey(Source::Checkpoint));
    let unsigned = Checkpoint { signature: [2; 64], ..checkpoint };
    assert_eq!(of(&unsigned, &[]).unwrap_err(), Wrong::BadSignature(Source::Checkpoint));
}
