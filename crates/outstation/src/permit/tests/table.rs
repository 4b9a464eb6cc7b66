//! Each reason by itself, its sentence, and the order of them.

use super::*;

/// Something that stands in the way of a command to `breaker`, in the order of the questions.
type Obstacle = (&'static str, fn(&mut World), &'static str);

const OBSTACLES: &[Obstacle] = &[
    (
        "control_stopped",
        |world| {
            world.switch = Some(ControlSwitch {
                stopped: true,
                reason: Some("storm".to_owned()),
                by: unix("bob"),
                at: wall("2026-11-20T11:00:00Z"),
            });
        },
        "SS1/breaker is not commanded: bob stopped all commands at 2026-11-20T11:00:00Z (storm); they are permitted again with 'station outstation control start'",
    ),
    (
        "tagged",
        |world| {
            let tag = |point: &str| Tag {
                outstation: "SS1".to_owned(),
                point: point.to_owned(),
                reason: "men at work".to_owned(),
                by: unix("bob"),
                at: wall("2026-11-20T11:00:00Z"),
            };
            world.tags = vec![tag("level"), tag("breaker")];
        },
        "SS1/breaker is tagged by bob since 2026-11-20T11:00:00Z: men at work; nobody may command it until the tag is taken off with 'station outstation untag'",
    ),
    (
        "not_permitted",
        |world| world.principal = unix("eve"),
        "eve may not command SS1/breaker: whoever keeps the points can add 'user:eve' to its 'may'",
    ),
    (
        "outside_hours",
        |world| world.now.wall = wall("2026-11-20T22:00:00Z"),
        "SS1/breaker may be commanded Fri 06:00-22:00 and Sat; here it is Fri 22:00",
    ),
    (
        "bad_value",
        |world| world.write.value = "open".to_owned(),
        "SS1/breaker takes on or off, not 'open'",
    ),
    (
        "rate_exceeded",
        |world| {
            world.rates.record("breaker", Mono(9_000_000_000));
            world.rates.record("breaker", Mono(9_500_000_000));
        },
        "SS1/breaker was commanded 2 times within an hour, and may not be more often: there is room for another in 2601 s",
    ),
    (
        "interlock",
        |world| tell(&mut world.cache, Value::Single(true), Quality::GOOD),
        "the interlock of SS1/breaker does not hold (earth == off): earth is on",
    ),
    (
        "clock_unsynchronised",
        |world| {
            world.outstation.settings.time_tagged = true;
            world.synchronised = false;
        },
        "SS1/breaker is not commanded: commands to SS1 carry a time tag, and the clock of this machine is not synchronised; see to its time service (timedatectl), or set time_tagged = false",
    ),
    (
        "in_doubt",
        |world| world.in_doubt = Some(Duration::from_millis(57_300)),
        "what became of the last command to SS1/breaker is not known, and its answer could not be told from the next one's: look there first; SS1/breaker is held for 58 s more, until its feedback shows what was commanded, or until there is another connection",
    ),
    (
        "in_flight",
        |world| world.in_flight = true,
        "another command to SS1/breaker is under way; a point takes one at a time: wait for its outcome",
    ),
    (
        "link_down",
        |world| world.link = false,
        "SS1/breaker is not commanded: there is no link to SS1; 'station outstation status SS1' says why",
    ),
    (
        "expired",
        |world| world.expires = Mono(world.now.mono.0 - 2_500_000),
        "the command to SS1/breaker expired 2.5 s ago and was not sent; what is late is not caught up on: command it anew if it is still wanted",
    ),
];

/// What is asked again between selection and execution.
const AGAIN: [&str; 6] =
    ["control_stopped", "tagged", "interlock", "clock_unsynchronised", "link_down", "expired"];

#[test]
fn each_obstacle_is_named_and_nothing_else_refuses() {
    assert_eq!(World::new("breaker", "on").told(), "permitted");
    for (word, put, sentence) in OBSTACLES {
        let mut world = World::new("breaker", "on");
        put(&mut world);
        assert_eq!(world.told(), format!("{word}: {sentence}"));
        let again = world.with(recheck).err().map(|refusal| refusal.reason.name());
        assert_eq!(again, AGAIN.contains(word).then_some(*word), "asked again");
    }
}

#[test]
fn of_several_obstacles_the_first_is_named() {
    for (place, (first, put, _)) in OBSTACLES.iter().enumerate() {
        for (_, put_later, _) in &OBSTACLES[place + 1..] {
            let mut world = World::new("breaker", "on");
            put(&mut world);
            put_later(&mut world);
            assert_eq!(world.check().unwrap_err().reason.name(), *first);
        }
    }
}

#[test]
fn what_is_permitted_is_what_is_sent() {
    let permit = World::new("breaker", "off").check().expect("is permitted");
    assert_eq!((permit.ca, permit.ioa, permit.type_id), (7, 10, TypeId::C_DC_NA_1));
    assert_eq!(permit.value, Value::DoubleCommand { state: 1, qu: 3, select: false });
    assert_eq!((permit.qualifier, permit.originator, permit.select), (3, 5, false));
    assert_eq!(permit.termination, Termination::Required);
    let feedback = permit.feedback.expect("is there");
    assert_eq!((feedback.name.as_str(), feedback.ca, feedback.ioa), ("position", 7, 1));
    assert_eq!(feedback.kind, Kind::Double);

    let mut world = World::new("level", "5");
    world.outstation.settings.time_tagged = true;
    world.write.select = true;
    let permit = world.check().expect("is permitted");
    assert_eq!((permit.ca, permit.type_id, permit.select), (3, TypeId::C_SE_TC_1, true));
}

#[test]
fn points_that_are_not_there_or_only_watched_are_refused() {
    assert_eq!(
        World::new("braeker", "on").told(),
        "unknown_point: SS1 has no point 'braeker' (did you mean 'breaker'?); only points that its file names can be commanded"
    );
    assert_eq!(
        World::new("position", "on").told(),
        "not_commandable: SS1/position is only watched (M_DP_NA_1); it is commanded by a point with the type of a command, such as C_SC_NA_1, that has it as its feedback"
    );
    let hostile = World::new("x\n\u{1b}[2J", "on").told();
    assert!(!hostile.contains(['\n', '\u{1b}']), "{hostile}");
}

#[test]
fn only_those_who_are_named_may() {
    let nameless = Principal::Unix { uid: 1000, name: None };
    let table = [
        ("breaker", unix("anna"), true),
        ("breaker", by_token("t1", "night"), true),
        ("breaker", by_token("night", "day"), false),
        ("breaker", unix("night"), false),
        ("breaker", nameless.clone(), false),
        ("breaker", Principal::Anonymous, false),
        ("bits", unix("eve"), true),
        ("bits", by_token("t1", "eve"), true),
        ("bits", nameless, false),
        ("bits", Principal::Anonymous, false),
        ("nobody", unix("anna"), false),
        ("nobody", by_token("t1", "night"), false),
    ];
    for (point, principal, may) in table {
        let mut world = World::new(point, if point == "bits" { "0x1" } else { "on" });
        world.principal = principal;
        let reason = world.check().err().map(|refusal| refusal.reason);
        assert_eq!(reason, (!may).then_some(Reason::NotPermitted), "{point} {:?}", world.principal);
    }
}

#[test]
fn values_and_selections_that_cannot_be_are_refused() {
    assert_eq!(
        World::new("level", "5.1").told(),
        "out_of_range: SS1/level may be commanded from 0 to 5, and 5.1 is outside of that"
    );
    assert_eq!(World::new("level", "NaN").check().unwrap_err().reason, Reason::BadValue);
    let mut world = World::new("bits", "1");
    world.write.select = true;
    assert_eq!(
        world.told(),
        "select_not_possible: SS1/bits cannot be selected before it is operated: C_BO_NA_1 has no select bit; leave the selection out"
    );
}

#[test]
fn an_interlock_on_what_is_not_known_does_not_hold() {
    let mut world = World::new("breaker", "on");
    world.cache = Cache::new([(7, 2)], 0);
    assert_eq!(
        world.told(),
        "interlock: the interlock of SS1/breaker does not hold (earth == off): earth is not known: the outstation never told it; interrogate SS1 to know it"
    );
    for (quality, trusted) in [
        (Quality::INVALID, false),
        (Quality::NOT_TOPICAL, false),
        (Quality::BLOCKED, false),
        (Quality::SUBSTITUTED, true),
        (Quality::GOOD, true),
    ] {
        tell(&mut world.cache, Value::Single(false), quality);
        assert_eq!(world.check().is_ok(), trusted, "{quality:?}");
    }
    world.cache.link_lost(&mut Vec::new());
    assert!(world.told().contains("earth is not known: the link was lost since it was told"));
}

#[test]
fn a_switch_that_was_thrown_back_and_tags_elsewhere_are_in_nobodys_way() {
    let mut world = World::new("breaker", "on");
    let (by, at) = (unix("bob"), world.now.wall);
    world.switch = Some(ControlSwitch { stopped: false, reason: None, by: by.clone(), at });
    let tag = |outstation: &str, point: &str| Tag {
        outstation: outstation.to_owned(),
        point: point.to_owned(),
        reason: "men at work".to_owned(),
        by: by.clone(),
        at,
    };
    world.tags = vec![tag("SS2", "breaker"), tag("SS1", "level")];
    assert_eq!(world.told(), "permitted");
}

#[test]
fn an_unsynchronised_clock_is_no_matter_without_time_tags() {
    let mut world = World::new("breaker", "on");
    world.synchronised = false;
    assert_eq!(world.told(), "permitted");
}

#[test]
fn every_word_is_described() {
    let document = include_str!("../../../../../docs/outstations.md");
    for word in Reason::ALL.map(Reason::name) {
        assert!(document.contains(&format!("`{word}`")), "docs/outstations.md has no {word}");
    }
}
