//! Commands to points with faults: what each answers, and whether it moves.

use super::*;

const SC: TypeId = TypeId::C_SC_NA_1;
const LATE: Duration = Duration::from_secs(2);

fn world() -> World {
    World::new(Config { faults: true, ..Config::default() })
}

/// What each answers to an execution, and whether its feedback moves; `late` answers later.
type Answers = (&'static str, &'static [(u8, bool)], bool);
#[rustfmt::skip]
const ANSWERS: [Answers; 11] = [
    ("refuse", &[(7, NO)], false),
    ("late", &[(7, YES), (11, YES), (10, YES)], true),
    ("never", &[], false),
    ("no-term", &[(7, YES), (11, YES)], true),
    ("close", &[(7, YES)], false),
    ("negative-term", &[(7, YES), (10, NO)], false),
    ("stuck", &[(7, YES), (10, YES)], false),
    ("doubled", &[(7, YES), (7, YES), (11, YES), (11, YES), (10, YES), (10, YES)], true),
    ("early", &[(11, YES), (10, YES), (7, YES)], true),
    ("wrong-echo", &[(7, YES), (10, YES)], false),
    ("wrong-originator", &[(7, YES), (11, YES), (10, YES)], true),
];

#[test]
fn each_fault_answers_as_it_should_directly_and_after_a_selection() {
    for (n, (name, answers, moves)) in (0..).zip(ANSWERS) {
        for (first, point) in [(9001, format!("fault-{name}")), (9101, format!("fault-{name}-sbo"))]
        {
            let mut world = world();
            if first == 9101 {
                assert_eq!(
                    World::outline(&world.act(SC, first + n, single(true, true))),
                    [(7, YES)]
                );
            }
            let mut heard = world.act(SC, first + n, single(true, false));
            if name == "late" {
                assert_eq!(
                    (heard.len(), world.model.value(&format!("{point}-state"))),
                    (0, Some(Value::Single(false)))
                );
                assert_eq!(world.model.deadline(world.link), Some(world.mono + LATE));
                world.mono += LATE;
                world.model.on_deadline(world.link, world.now());
                assert_eq!(world.model.deadline(world.link), None);
                heard = world.heard();
            }
            assert_eq!(World::outline(&heard), answers, "{point}");
            let shown = world.model.value(&format!("{point}-state"));
            assert_eq!(shown, Some(Value::Single(moves)), "{point}");
            assert_eq!(world.operated().len(), usize::from(moves), "{point}");
            assert_eq!(world.model.is_closing(world.link), name == "close", "{point}");
            let echo =
                if name == "wrong-echo" { single(false, false) } else { single(true, false) };
            let originator = u8::from(name == "wrong-originator");
            for one in heard {
                assert_eq!(one.header.originator, originator, "{point}");
                assert!(one.type_id != SC || one.objects[0].value == echo, "{point}");
            }
        }
    }
}

#[test]
fn selections_have_the_faults_that_selections_can_have() {
    let mut world = world();
    for (n, (name, _, _)) in (0..).zip(ANSWERS) {
        let ioa = 9201 + n;
        let heard = World::outline(&world.act(SC, ioa, single(true, true)));
        let expected: &[(u8, bool)] = match name {
            "late" | "never" => &[],
            "refuse" => &[(7, NO)],
            "doubled" => &[(7, YES), (7, YES)],
            "close" | "wrong-echo" | "wrong-originator" => &[(7, YES)],
            _ => &[(47, NO)],
        };
        assert_eq!(heard, expected, "{name}");
        if name == "never" || name == "refuse" {
            assert_eq!(World::outline(&world.act(SC, ioa, single(true, false))), [(7, NO)]);
        }
        if name == "close" {
            assert!(world.model.is_closing(world.link));
            world.link = world.model.connected();
            world.model.started(world.link);
        }
    }
}

#[test]
fn there_are_none_unless_they_are_asked_for() {
    let mut world = World::new(Config::default());
    assert_eq!(World::outline(&world.act(SC, 9001, single(true, false))), [(47, NO)]);
}

#[test]
fn what_is_late_is_not_done_once_the_link_is_gone() {
    let mut world = world();
    world.act(SC, 9002, single(true, false));
    world.model.disconnected(world.link);
    world.mono += LATE;
    world.model.on_deadline(world.link, world.now());
    assert_eq!(world.operated(), []);
}
