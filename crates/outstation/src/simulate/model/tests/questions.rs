//! What is asked of the outstation as a whole.

use super::*;

fn interrogate(world: &mut World, qoi: u8) -> Vec<Heard> {
    world.act(TypeId::C_IC_NA_1, 0, Value::Interrogation(qoi))
}

fn count(world: &mut World, qcc: u8) -> Vec<Heard> {
    world.act(TypeId::C_CI_NA_1, 0, Value::CounterInterrogation(qcc))
}

/// Addresses and values of all but the confirmation and the termination.
fn values(heard: &[Heard]) -> Vec<(u32, Value)> {
    let [_, between @ .., _] = heard else { panic!("{heard:?}") };
    between.iter().flat_map(|one| &one.objects).map(|object| (object.ioa, object.value)).collect()
}

fn readings(heard: &[Heard]) -> Vec<(u32, i32, u8)> {
    let reading = |(ioa, shown)| {
        let Value::Counter { value, sequence, .. } = shown else { panic!("{shown:?}") };
        (ioa, value, sequence)
    };
    values(heard).into_iter().map(reading).collect()
}

#[test]
fn an_interrogation_brings_every_value_but_counters_once() {
    let mut world = World::new(Config::default());
    let heard = interrogate(&mut world, 20);
    assert_eq!((heard[0].cause, heard[0].negative), (7, false));
    let last = heard.last().unwrap();
    assert_eq!((last.type_id, last.cause), (TypeId::C_IC_NA_1, 10));
    let mut found = values(&heard);
    found.sort_by_key(|(ioa, _)| *ioa);
    let addresses: Vec<u32> = found.iter().map(|(ioa, _)| *ioa).collect();
    assert_eq!(addresses, (1001..=1009).chain(2001..=2009).collect::<Vec<_>>());
    assert_eq!(found[0].1, Value::Double(DoublePoint::On));
    assert!(heard[1..heard.len() - 1].iter().all(|one| one.cause == 20));
}

#[test]
fn values_with_consecutive_addresses_share_one_address() {
    let mut world = World::new(Config { values: 10_000, ..Config::default() });
    let heard = interrogate(&mut world, 20);
    let floats: Vec<_> = heard.iter().filter(|one| one.type_id == TypeId::M_ME_NC_1).collect();
    // 2001 to 2004 in a row, 2007 alone, then 209 for the measurements (10,000 by 48).
    assert_eq!(floats.len(), 2 + 209);
    assert!(floats[0].header.sq && floats[0].header.count == 4);
    assert!(!floats[1].header.sq && floats[1].header.count == 1);
    assert!(floats[2..210].iter().all(|one| one.header.sq && one.header.count == 48));
    assert_eq!(values(&heard).len(), 18 + 10_000);
}

#[test]
fn scattered_values_share_an_asdu_with_their_addresses() {
    let points = (0..70).map(|n| station_core::model::Point {
        ioa: 10 + 2 * n,
        ..super::super::super::measurements(1).remove(0)
    });
    let mut world = World::new(Config { points: points.collect(), ..Config::default() });
    let heard = interrogate(&mut world, 20);
    let counts: Vec<_> = heard.iter().map(|one| (one.header.sq, one.header.count)).collect();
    assert_eq!(counts[1..4], [(false, 30), (false, 30), (false, 10)]);
    assert_eq!(values(&heard).len(), 70);
}

#[test]
fn values_are_those_of_when_they_are_sent_and_commands_go_first() {
    let mut world = World::new(Config { values: 200, ..Config::default() });
    let mut octets = Vec::new();
    encode(
        &Header::new(TypeId::C_IC_NA_1, Cause::ACTIVATION, CA),
        &[Object::new(0, Value::Interrogation(20))],
        &mut octets,
    )
    .unwrap();
    let now = world.now();
    world.model.receive(world.link, &octets, now);
    for _ in 0..2 {
        assert!(world.model.next_asdu(world.link, &mut Vec::new()));
    }
    world.model.set("measurement-200", Value::Float(-1.0), now);
    let command = Value::SingleCommand { on: false, qu: 0, select: false };
    let heard = world.act(TypeId::C_SC_NA_1, 4006, command);
    assert_eq!(World::outline(&heard[..4]), [(7, YES), (11, YES), (10, YES), (3, YES)]);
    let sent = &heard[heard.len() - 2];
    assert_eq!(sent.objects.last().unwrap().value, Value::Float(-1.0));
}

#[test]
fn groups_have_what_they_are_said_to_have() {
    let mut world = World::new(Config::default());
    for (group, addresses) in
        [(1, (1001..=1008).collect()), (2, (2001..=2009).collect()), (3, vec![1009])]
    {
        let heard = interrogate(&mut world, 20 + group);
        let mut found: Vec<u32> = values(&heard).iter().map(|(ioa, _)| *ioa).collect();
        found.sort_unstable();
        assert_eq!(found, addresses, "group {group}");
        assert!(heard[1..heard.len() - 1].iter().all(|one| one.cause == 20 + group));
    }
    for qoi in [24, 36, 19, 0] {
        assert_eq!(World::outline(&interrogate(&mut world, qoi)), [(7, NO)]);
    }
}

#[test]
fn every_station_answers_what_is_asked_of_all() {
    let mut points = super::super::super::built_in();
    points[0].ca = Some(48);
    let mut world = World::new(Config { points, ..Config::default() });
    let everybody = Header::new(TypeId::C_IC_NA_1, Cause::ACTIVATION, BROADCAST);
    let heard = world.tell(everybody, Object::new(0, Value::Interrogation(20)));
    let ends: Vec<_> =
        heard.iter().filter(|one| one.cause == 10).map(|one| one.header.ca).collect();
    assert_eq!(ends, [47, 48]);
    let one: Vec<_> = heard.iter().filter(|one| one.cause == 20 && one.header.ca == 48).collect();
    assert_eq!(one[0].objects, [Object::new(1001, Value::Double(DoublePoint::Off))]);
}

#[test]
fn an_interrogation_can_be_broken_off_and_not_piled_up() {
    let mut world = World::new(Config { values: 1_000, ..Config::default() });
    let mut octets = Vec::new();
    let header = Header::new(TypeId::C_IC_NA_1, Cause::ACTIVATION, CA);
    let object = Object::new(0, Value::Interrogation(20));
    encode(&header, &[object], &mut octets).unwrap();
    for _ in 0..9 {
        world.model.receive(world.link, &octets, world.now());
    }
    let heard = world.tell(Header { cause: Cause::DEACTIVATION, ..header }, object);
    let mut expected = vec![(7, YES); 8];
    expected.extend([(7, NO), (9, YES)]);
    assert_eq!(World::outline(&heard), expected);
    let heard = world.tell(Header { cause: Cause::DEACTIVATION, ..header }, object);
    assert_eq!(World::outline(&heard), [(9, NO)]);
}

#[test]
fn counters_are_frozen_read_and_reset() {
    let mut world = World::new(Config::default());
    let first = [(3001, 120_345, 0), (3002, 8_120, 0)];
    let heard = count(&mut world, 5);
    assert_eq!(readings(&heard), first);
    assert!(heard[1..2].iter().all(|one| one.cause == 37));
    assert_eq!(World::outline(&count(&mut world, 5 | 1 << 6)), [(7, YES), (10, YES)]);
    world.model.tick(1, world.now());
    world.heard();
    assert_eq!(readings(&count(&mut world, 5)), [(3001, 120_345, 1), (3002, 8_120, 1)]);
    count(&mut world, 5 | 2 << 6);
    assert_eq!(readings(&count(&mut world, 5)), [(3001, 120_346, 2), (3002, 8_121, 2)]);
    count(&mut world, 5 | 1 << 6);
    assert_eq!(readings(&count(&mut world, 5)), [(3001, 0, 3), (3002, 0, 3)]);
}

#[test]
fn counters_have_groups() {
    let mut world = World::new(Config::default());
    let heard = count(&mut world, 2);
    assert_eq!(readings(&heard), [(3002, 8_120, 0)]);
    assert_eq!(heard[1].cause, 39);
    for qcc in [3, 0, 6] {
        assert_eq!(World::outline(&count(&mut world, qcc)), [(7, NO)]);
    }
}

#[test]
fn a_value_is_read() {
    let mut world = World::new(Config::default());
    let mut read = |cause, ioa| {
        let heard = world.ask(TypeId::C_RD_NA_1, cause, ioa, Value::Read);
        (heard[0].cause, heard[0].negative, heard[0].objects[0])
    };
    let voltage = Object::new(2001, Value::Float(110.4));
    assert_eq!(read(Cause::REQUEST, 2001), (5, false, voltage));
    assert_eq!(read(Cause::REQUEST, 4001).0, 47);
    assert_eq!(read(Cause::ACTIVATION, 2001).0, 45);
}

#[test]
fn the_clock_is_set_and_says_what_it_showed() {
    let mut world = World::new(Config::default());
    let to = Cp56([0, 0, 0, 0, 1, 1, 30]);
    let header = Header::new(TypeId::C_CS_NA_1, Cause::ACTIVATION, CA);
    let object = |time| Object { time: Some(Time::Cp56(time)), ..Object::new(0, Value::ClockSync) };
    let heard = world.tell(header, object(to));
    assert_eq!(World::outline(&heard), [(7, YES)]);
    assert_eq!(heard[0].objects, [object(Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]))]);
    world.mono += Duration::from_secs(60);
    let heard = world.tell(header, object(to));
    let Some(Time::Cp56(shown)) = heard[0].objects[0].time else { panic!() };
    assert_eq!((shown.civil().year, shown.civil().minute), (30, 1));
    let never = Cp56([0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(World::outline(&world.tell(header, object(never))), [(7, NO)]);
}

#[test]
fn it_can_be_tested_and_reset() {
    let mut world = World::new(Config::default());
    let tag = Some(Time::Cp56(Cp56([0, 0, 0, 0, 1, 1, 30])));
    let test = Object { time: tag, ..Object::new(0, Value::TestTagged(513)) };
    let heard = world.tell(Header::new(TypeId::C_TS_TA_1, Cause::ACTIVATION, CA), test);
    assert_eq!((World::outline(&heard), heard[0].objects[0]), (vec![(7, YES)], test));

    world.model.set("bus-voltage", Value::Float(0.0), world.now());
    world.heard();
    world.act(TypeId::C_DC_NA_1, 4001, double(1, true));
    let heard = world.act(TypeId::C_RP_NA_1, 0, Value::ResetProcess(1));
    assert_eq!(World::outline(&heard), [(7, YES), (4, YES)]);
    assert_eq!(heard[1].objects, [Object::new(0, Value::Initialised(2))]);
    assert_eq!(world.model.value("bus-voltage"), Some(Value::Float(110.4)));
    let heard = world.act(TypeId::C_DC_NA_1, 4001, double(1, false));
    assert_eq!(World::outline(&heard), [(7, NO)]);
    let heard = world.act(TypeId::C_RP_NA_1, 0, Value::ResetProcess(3));
    assert_eq!(World::outline(&heard), [(7, NO)]);
}
