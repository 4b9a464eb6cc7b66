use std::collections::BTreeMap;

use proptest::prelude::*;
use station_core::model::{Micros, Mono};
use station_wire::iec104::codec::{Header, Quality, Value, encode};

use super::*;

fn now(second: u64) -> Now {
    let wall = Micros(1_700_000_000_000_000 + i64::try_from(second).unwrap() * 1_000_000);
    Now { wall, mono: Mono(second * 1_000_000) }
}

/// Gives an ASDU with those objects to a cache, and tells the addresses of what changed.
fn apply(
    cache: &mut Cache,
    header: Header,
    objects: &[Object],
    at: u64,
) -> (Applied, Vec<(u16, u32)>) {
    let header = Header { count: u8::try_from(objects.len()).unwrap(), ..header };
    let mut octets = Vec::new();
    encode(&header, objects, &mut octets).unwrap();
    let mut changed = Vec::new();
    let applied = cache.apply(&Asdu::parse(&octets).unwrap(), now(at), &mut changed);
    let address = |place: &u32| {
        let (ca, ioa, _) = cache.slot(*place).unwrap();
        (ca, ioa)
    };
    (applied, changed.iter().map(address).collect())
}

fn floats(cause: Cause) -> Header {
    Header::new(TypeId::M_ME_NC_1, cause, 1)
}

fn float(ioa: u32, value: f32) -> Object {
    Object::new(ioa, Value::Float(value))
}

#[test]
fn values_are_taken_over_and_changes_told() {
    let mut cache = Cache::new([(1, 20), (1, 10), (2, 10)], 8);
    assert_eq!(cache.get(1, 10), None);
    let (applied, changed) =
        apply(&mut cache, floats(Cause::INTERROGATED), &[float(10, 1.0), float(20, 2.0)], 5);
    assert_eq!((applied.values, applied.dropped, applied.restarted), (2, 0, false));
    assert_eq!(changed, [(1, 10), (1, 20)]);
    let (_, changed) =
        apply(&mut cache, floats(Cause::SPONTANEOUS), &[float(10, 1.0), float(20, 2.5)], 6);
    assert_eq!(changed, [(1, 20)], "the other is as it was");
    let doubtful = Object { quality: Quality::INVALID, ..float(10, 1.0) };
    let (_, changed) = apply(&mut cache, floats(Cause::PERIODIC), &[doubtful], 7);
    assert_eq!(changed, [(1, 10)], "its quality changed");
    let reading = cache.get(1, 10).unwrap();
    assert_eq!((reading.source, reading.received), (Source::Periodic, now(7)));
    assert_eq!(reading.trusted(), Err("the outstation says that it is invalid (IV)"));
    let sample = cache.get(1, 20).unwrap().sample(now(8));
    assert_eq!(sample.value.as_deref(), Some("2.5"));
    assert_eq!(sample.raw.as_deref(), Some("00002040"));
    assert_eq!((sample.source.as_deref(), sample.age_ms), (Some("spontaneous"), Some(2000)));
    assert_eq!(cache.get(2, 10), None, "another station has the same address");
}

#[test]
fn no_number_twice_is_no_change() {
    let mut cache = Cache::new([(1, 10)], 0);
    let header = floats(Cause::SPONTANEOUS);
    assert_eq!(apply(&mut cache, header, &[float(10, f32::NAN)], 1).1.len(), 1);
    assert_eq!(apply(&mut cache, header, &[float(10, f32::NAN)], 2).1.len(), 0);
}

#[test]
fn tests_refusals_commands_and_odd_causes_change_nothing() {
    let mut cache = Cache::new([(1, 10)], 8);
    let header = floats(Cause::SPONTANEOUS);
    let value = [float(10, 1.0)];
    let odd = [
        Header { test: true, ..header },
        Header { negative: true, ..header },
        floats(Cause::ACTIVATION_CON),
        floats(Cause::UNKNOWN_IOA),
    ];
    for header in odd {
        assert_eq!(apply(&mut cache, header, &value, 1).1, []);
    }
    let command = Object::new(10, Value::SingleCommand { on: true, qu: 0, select: false });
    let header = Header::new(TypeId::C_SC_NA_1, Cause::REQUEST, 1);
    assert_eq!(apply(&mut cache, header, &[command], 1), (Applied::default(), vec![]));
    assert_eq!(cache.get(1, 10), None);
}

#[test]
fn lost_links_and_restarts_make_values_stale_until_they_are_told_anew() {
    let mut cache = Cache::new([(1, 10), (1, 11), (2, 10)], 8);
    let header = floats(Cause::INTERROGATED);
    apply(&mut cache, header, &[float(10, 1.0)], 1);
    apply(&mut cache, Header { ca: 2, ..header }, &[float(10, 2.0)], 1);
    let initialised = Object::new(0, Value::Initialised(0));
    let restart = Header::new(TypeId::M_EI_NA_1, Cause::INITIALISED, 1);
    let (applied, changed) = apply(&mut cache, restart, &[initialised], 2);
    assert!(applied.restarted);
    assert_eq!(changed, [(1, 10)], "what was unknown does not change, nor another station");
    assert_eq!(cache.get(2, 10).unwrap().stale, None);
    let stale = cache.get(1, 10).unwrap();
    assert_eq!(stale.trusted(), Err("the outstation was restarted since it was told"));
    assert_eq!(stale.value, Value::Float(1.0), "it is kept");
    assert_eq!(stale.sample(now(3)).source.as_deref(), Some("none"));
    let mut changed = Vec::new();
    cache.link_lost(&mut changed);
    assert_eq!(changed.len(), 1);
    assert_eq!(cache.get(1, 10).unwrap().stale, Some(Stale::Restarted), "as it was first");
    let (_, changed) = apply(&mut cache, header, &[float(10, 1.0)], 4);
    assert_eq!(changed, [(1, 10)], "it counts again");
    assert_eq!(cache.get(1, 10).unwrap().trusted(), Ok(Value::Float(1.0)));
}

#[test]
fn others_are_kept_up_to_a_limit_and_counted_beyond() {
    let mut cache = Cache::new([(1, 100)], 2);
    let objects: Vec<Object> = [90, 110, 95, 100].map(|ioa| float(ioa, 1.0)).into();
    let (applied, changed) = apply(&mut cache, floats(Cause::SPONTANEOUS), &objects, 1);
    assert_eq!((applied.values, applied.dropped), (4, 1));
    assert_eq!(changed, [(1, 90), (1, 110), (1, 100)]);
    let addresses: Vec<u32> = cache.all().map(|(_, ioa, _)| ioa).collect();
    assert_eq!(addresses, [90, 100, 110], "in the order of addresses");
    assert_eq!((cache.dropped(), cache.get(1, 95)), (1, None));
}

/// Value, quality, second of its receipt, and whether it is stale.
type Known = Option<(i16, u8, u64, bool)>;

proptest! {
    /// Against a map that knows nothing of slots, guesses and limits.
    #[test]
    fn it_is_a_map(
        configured in prop::collection::vec((1_u16..4, 1_u32..40), 0..30),
        others in 0_usize..20,
        steps in prop::collection::vec(
            (0_u8..12, 1_u16..4, prop::collection::vec((1_u32..60, 0_i16..3, 0_u8..2), 1..20)),
            1..40,
        ),
    ) {
        let mut cache = Cache::new(configured.iter().copied(), others);
        let mut model: BTreeMap<(u16, u32), Known> =
            configured.iter().map(|key| (*key, None)).collect();
        let most = model.len() + others;
        for ((what, ca, values), at) in steps.into_iter().zip(1..) {
            let outdate = |model: &mut BTreeMap<_, Known>, only: Option<u16>| {
                let mut count = 0;
                for ((of, _), known) in model.iter_mut() {
                    if let Some(known) = known && only.is_none_or(|ca| ca == *of) && !known.3 {
                        known.3 = true;
                        count += 1;
                    }
                }
                count
            };
            if what == 0 {
                let mut changed = Vec::new();
                cache.link_lost(&mut changed);
                prop_assert_eq!(changed.len(), outdate(&mut model, None));
                continue;
            }
            if what == 1 {
                let restart = Header::new(TypeId::M_EI_NA_1, Cause::INITIALISED, ca);
                let object = Object::new(0, Value::Initialised(0));
                let (_, changed) = apply(&mut cache, restart, &[object], at);
                prop_assert_eq!(changed.len(), outdate(&mut model, Some(ca)));
                continue;
            }
            let header = Header::new(TypeId::M_ME_NB_1, Cause::SPONTANEOUS, ca);
            let objects: Vec<Object> = values.iter().map(|(ioa, value, quality)| Object {
                quality: Quality(quality << 7),
                ..Object::new(*ioa, Value::Scaled(*value))
            }).collect();
            let (applied, changed) = apply(&mut cache, header, &objects, at);
            let (mut expected, mut dropped) = (Vec::new(), 0);
            for (ioa, value, quality) in values {
                let key = (ca, ioa);
                if !model.contains_key(&key) && model.len() >= most {
                    dropped += 1;
                    continue;
                }
                let new = (value, quality << 7, at, false);
                let old = model.insert(key, Some(new)).flatten();
                if old.is_none_or(|old| (old.0, old.1, old.3) != (new.0, new.1, false)) {
                    expected.push(key);
                }
            }
            prop_assert_eq!((applied.dropped, changed), (dropped, expected));
        }
        let known: Vec<_> = model.iter()
            .filter_map(|((ca, ioa), known)| known.map(|known| (*ca, *ioa, known)))
            .collect();
        let told: Vec<_> = cache.all().map(|(ca, ioa, reading)| {
            let Value::Scaled(value) = reading.value else { panic!("{reading:?}") };
            let at = reading.received.mono.0 / 1_000_000;
            (ca, ioa, (value, reading.quality.0, at, reading.stale.is_some()))
        }).collect();
        prop_assert_eq!(&told, &known);
        for (ca, ioa, _) in known {
            prop_assert!(cache.get(ca, ioa).is_some());
        }
    }
}
