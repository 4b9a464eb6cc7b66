//! Commands to points without faults.

use super::*;

const SC: TypeId = TypeId::C_SC_NA_1;
const DC: TypeId = TypeId::C_DC_NA_1;
const BREAKER: u32 = 4001;
const RECLOSING: u32 = 4006;

fn world() -> World {
    World::new(Config::default())
}

#[test]
fn a_direct_command_is_confirmed_returned_and_terminated() {
    let mut world = world();
    let header = Header { originator: 7, ..Header::new(SC, Cause::ACTIVATION, CA) };
    let heard = world.tell(header, Object::new(RECLOSING, single(false, false)));
    assert_eq!(World::outline(&heard), [(7, YES), (11, YES), (10, YES)]);
    assert!(heard.iter().all(|one| one.header.originator == 7));
    assert_eq!(heard[1].type_id, TypeId::M_SP_TB_1);
    assert_eq!((heard[1].objects[0].ioa, heard[1].objects[0].value), (1008, Value::Single(false)));
    assert_eq!(heard[2].objects, [Object::new(RECLOSING, single(false, false))]);
    assert_eq!(world.operated(), [("reclosing".to_owned(), "off".to_owned())]);
}

#[test]
fn every_kind_of_command_moves_its_feedback() {
    let mut world = world();
    let cases: [(TypeId, u32, Value, &str, Value); 7] = [
        (SC, RECLOSING, single(false, false), "reclosing-state", Value::Single(false)),
        (
            TypeId::C_RC_NA_1,
            4005,
            Value::StepCommand { step: 1, qu: 0, select: false },
            "tap-position",
            Value::Step { value: 4, transient: false },
        ),
        (
            TypeId::C_SE_NA_1,
            4009,
            Value::SetNormalized { raw: -100, ql: 0, select: false },
            "power-factor-state",
            Value::Normalized(-100),
        ),
        (
            TypeId::C_SE_NB_1,
            4008,
            Value::SetScaled { value: 75, ql: 64, select: false },
            "power-limit-state",
            Value::Scaled(75),
        ),
        (
            TypeId::C_SE_NC_1,
            4007,
            Value::SetFloat { value: 112.5, ql: 0, select: false },
            "voltage-target-state",
            Value::Float(112.5),
        ),
        (
            TypeId::C_BO_NA_1,
            4010,
            Value::SetBits(0xdead_beef),
            "outputs-state",
            Value::Bits(0xdead_beef),
        ),
        (
            TypeId::C_RC_NA_1,
            4005,
            Value::StepCommand { step: 2, qu: 0, select: false },
            "tap-position",
            Value::Step { value: 5, transient: false },
        ),
    ];
    for (type_id, ioa, command, feedback, shown) in cases {
        let heard = world.act(type_id, ioa, command);
        assert_eq!(World::outline(&heard), [(7, YES), (11, YES), (10, YES)], "{feedback}");
        assert_eq!(world.model.value(feedback), Some(shown));
    }
}

#[test]
fn the_tap_changer_stops_at_its_end() {
    let mut world = world();
    let end = Value::Step { value: 63, transient: false };
    world.model.set("tap-position", end, world.now());
    world.act(TypeId::C_RC_NA_1, 4005, Value::StepCommand { step: 2, qu: 0, select: false });
    assert_eq!(world.model.value("tap-position"), Some(end));
}

#[test]
fn commands_with_a_time_tag_are_taken_as_well() {
    let mut world = world();
    let tag = Time::Cp56(Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]));
    let object = Object { time: Some(tag), ..Object::new(RECLOSING, single(false, false)) };
    let heard = world.tell(Header::new(TypeId::C_SC_TA_1, Cause::ACTIVATION, CA), object);
    assert_eq!(World::outline(&heard), [(7, YES), (11, YES), (10, YES)]);
    assert_eq!(heard[0].objects, [object]);
}

#[test]
fn a_breaker_is_operated_once_it_was_selected_and_once_only() {
    let mut world = world();
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(1, false))), [(7, NO)]);
    let heard = world.act(DC, BREAKER, double(1, true));
    assert_eq!(World::outline(&heard), [(7, YES)]);
    assert_eq!(heard[0].objects[0].value, double(1, true));
    assert_eq!(world.model.value("breaker-1-state"), Some(Value::Double(DoublePoint::On)));
    let heard = world.act(DC, BREAKER, double(1, false));
    assert_eq!(World::outline(&heard), [(7, YES), (11, YES), (10, YES)]);
    assert_eq!(world.model.value("breaker-1-state"), Some(Value::Double(DoublePoint::Off)));
    assert!(world.model.take_operated()[0].selected);
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(1, false))), [(7, NO)]);
}

#[test]
fn a_selection_ends_with_its_window_or_with_another_command() {
    let mut world = world();
    world.act(DC, BREAKER, double(1, true));
    world.mono += Duration::from_secs(10);
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(1, false))), [(7, NO)]);
    for other in [double(2, false), Value::DoubleCommand { state: 1, qu: 1, select: false }] {
        world.act(DC, BREAKER, double(1, true));
        world.mono += Duration::from_millis(9_999);
        assert_eq!(World::outline(&world.act(DC, BREAKER, other)), [(7, NO)]);
        assert_eq!(World::outline(&world.act(DC, BREAKER, double(1, false))), [(7, NO)]);
    }
    assert_eq!(world.operated(), []);
}

#[test]
fn a_selection_is_kept_from_others_until_its_link_is_gone() {
    let mut world = world();
    world.act(DC, BREAKER, double(1, true));
    let first = std::mem::replace(&mut world.link, world.model.connected());
    world.model.started(world.link);
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(2, true))), [(7, NO)]);
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(1, false))), [(7, NO)]);
    world.model.disconnected(first);
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(2, true))), [(7, YES)]);
}

#[test]
fn a_selection_is_cancelled() {
    let mut world = world();
    let cancel = |world: &mut World| {
        let heard = world.ask(DC, Cause::DEACTIVATION, BREAKER, double(1, true));
        World::outline(&heard)
    };
    assert_eq!(cancel(&mut world), [(9, NO)]);
    world.act(DC, BREAKER, double(1, true));
    assert_eq!(cancel(&mut world), [(9, YES)]);
    assert_eq!(World::outline(&world.act(DC, BREAKER, double(1, false))), [(7, NO)]);
}

#[test]
fn what_is_not_known_is_answered_with_what_it_is() {
    let mut world = world();
    let causes = |heard: Vec<Heard>| World::outline(&heard);
    let command = single(true, false);
    assert_eq!(causes(world.act(SC, 77, command)), [(47, NO)]);
    assert_eq!(causes(world.act(SC, BREAKER, command)), [(44, NO)]);
    assert_eq!(causes(world.ask(SC, Cause::REQUEST, RECLOSING, command)), [(45, NO)]);
    let header = Header::new(SC, Cause::ACTIVATION, 48);
    assert_eq!(causes(world.tell(header, Object::new(RECLOSING, command))), [(46, NO)]);
    let everybody = Header::new(SC, Cause::ACTIVATION, BROADCAST);
    assert_eq!(causes(world.tell(everybody, Object::new(RECLOSING, command))), [(46, NO)]);
    assert_eq!(causes(world.act(TypeId::C_TS_NA_1, 0, Value::Test(0x55aa))), [(44, NO)]);
    assert_eq!(world.operated(), []);
}

#[test]
fn an_unknown_type_is_mirrored_and_what_is_cut_short_ignored() {
    let mut world = world();
    let (mut octets, now) = (vec![200, 1, 6, 0, 47, 0, 1, 0, 0], world.now());
    world.model.receive(world.link, &octets, now);
    octets[2] = 44 | 0x40;
    let mut answer = Vec::new();
    assert!(world.model.next_asdu(world.link, &mut answer));
    assert_eq!(answer, octets);
    world.model.receive(world.link, &[45, 1, 6, 0, 47, 0, 1], now);
    world.model.receive(world.link, &[45, 1], now);
    assert_eq!(world.heard(), []);
}

#[test]
fn values_that_are_not_permitted_are_refused() {
    let mut world = world();
    let float = |value| Value::SetFloat { value, ql: 0, select: false };
    let refused = [
        (DC, BREAKER, double(0, true)),
        (DC, BREAKER, double(3, true)),
        (DC, BREAKER, Value::DoubleCommand { state: 1, qu: 4, select: true }),
        (TypeId::C_RC_NA_1, 4005, Value::StepCommand { step: 0, qu: 0, select: false }),
        (TypeId::C_SE_NC_1, 4007, float(99.9)),
        (TypeId::C_SE_NC_1, 4007, float(f32::NAN)),
        (TypeId::C_SE_NC_1, 4007, float(f32::INFINITY)),
        (TypeId::C_SE_NC_1, 4007, Value::SetFloat { value: 110.0, ql: 1, select: false }),
        (TypeId::C_SE_NB_1, 4008, Value::SetScaled { value: 101, ql: 0, select: false }),
    ];
    for (type_id, ioa, value) in refused {
        assert_eq!(World::outline(&world.act(type_id, ioa, value)), [(7, NO)], "{value:?}");
    }
    assert_eq!(world.operated(), []);
}

#[test]
fn a_test_is_confirmed_and_operates_nothing() {
    let mut world = world();
    let header = Header { test: true, ..Header::new(SC, Cause::ACTIVATION, CA) };
    let heard = world.tell(header, Object::new(RECLOSING, single(false, false)));
    assert_eq!(World::outline(&heard), [(7, YES), (10, YES)]);
    assert!(heard.iter().all(|one| one.header.test));
    assert_eq!(world.model.value("reclosing-state"), Some(Value::Single(true)));
}

#[test]
fn an_outstation_may_never_say_that_it_has_finished() {
    let mut world = World::new(Config { termination: false, ..Config::default() });
    let heard = world.act(SC, RECLOSING, single(false, false));
    assert_eq!(World::outline(&heard), [(7, YES), (11, YES)]);
}

#[test]
fn a_point_that_need_not_be_selected_may_be() {
    let mut world = world();
    assert_eq!(World::outline(&world.act(SC, RECLOSING, single(false, true))), [(7, YES)]);
    assert_eq!(World::outline(&world.act(SC, RECLOSING, single(true, false))), [(7, NO)]);
    assert_eq!(World::outline(&world.act(SC, RECLOSING, single(false, true))), [(7, YES)]);
    assert_eq!(world.act(SC, RECLOSING, single(false, false)).len(), 3);
}
