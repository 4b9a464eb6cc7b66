use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What the points of the tests show; `u` is unknown.
fn look(name: &str) -> Result<Value, String> {
    match name {
        "on" | "a" => Ok(Value::Single(true)),
        "b" => Ok(Value::Double(DoublePoint::Off)),
        "mid" => Ok(Value::Double(DoublePoint::Intermediate)),
        "v" => Ok(Value::Float(4.5)),
        "n" => Ok(Value::Normalized(16_384)),
        "tap" => Ok(Value::Step { value: -3, transient: false }),
        "bits" => Ok(Value::Bits(0xff)),
        "nan" => Ok(Value::Float(f32::NAN)),
        _ => Err("it was never received".to_owned()),
    }
}

fn told(text: &str) -> String {
    match Interlock::parse(text).expect(text).check(look) {
        Ok(()) => "holds".to_owned(),
        Err(NotHeld::False(why)) => format!("no: {why}"),
        Err(NotHeld::Unknown(why)) => format!("unknown: {why}"),
    }
}

#[test]
fn comparisons_hold_or_say_why_not() {
    let table = [
        ("a == on", "holds"),
        ("a != on", "no: a is on"),
        ("A == on", "unknown: A is not known: it was never received"),
        ("on==on", "holds"),
        ("b == OFF", "holds"),
        ("mid == on", "no: mid is intermediate"),
        ("mid != off", "holds"),
        ("mid == intermediate", "holds"),
        ("v < 5.0", "holds"),
        ("v >= 4.5", "holds"),
        ("v > 4.5", "no: v is 4.5"),
        ("n<=0.5", "holds"),
        ("tap == -3", "holds"),
        ("tap > -4 and tap < 1e3", "holds"),
        ("bits == 0xFF", "holds"),
        ("bits == 254", "no: bits is 0x000000ff"),
        ("nan < 1", "unknown: nan shows NaN, which cannot be compared by 'nan < 1'"),
        ("v == on", "unknown: v shows 4.5, which cannot be compared by 'v == on'"),
        ("a < 1", "unknown: a shows on, which cannot be compared by 'a < 1'"),
    ];
    for (text, wanted) in table {
        assert_eq!(told(text), wanted, "{text}");
    }
}

#[test]
fn what_is_unknown_never_holds() {
    let unknown = "unknown: u is not known: it was never received";
    let table = [
        ("u == on", unknown),
        ("not (u == on)", unknown),
        ("not not u == on", unknown),
        ("u == on or a == off", unknown),
        ("u == on and a == on", unknown),
        // Whatever it is, the other decides.
        ("u == on or a == on", "holds"),
        ("u == on and a == off", "no: a is on"),
        ("not (u == on and a == off)", "holds"),
        ("not (u == on or a == on)", "no: a is on"),
        ("u == on or not u == on", unknown),
    ];
    for (text, wanted) in table {
        assert_eq!(told(text), wanted, "{text}");
    }
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    assert_eq!(told("a == on or a == on and a == off"), "holds");
    assert_eq!(told("(a == on or a == on) and a == off"), "no: a is on");
    assert_eq!(told("not a == off and b == off"), "holds");
    assert_eq!(told("not (a == off or b == off)"), "no: b is off");
    assert_eq!(told("a == off or b == on"), "no: a is on and b is off");
    assert_eq!(told("not (a == on and b == off)"), "no: a is on and b is off");
}

#[test]
fn what_is_wrong_is_named() {
    let why = |text: &str| Interlock::parse(text).expect_err(text).message;
    assert_eq!(why(""), "the name of a point is missing at the end");
    assert_eq!(why("a"), "one of ==, !=, <, <=, > and >= is missing after 'a'");
    assert_eq!(why("a = on"), "one of ==, !=, <, <=, > and >= is missing after 'a'");
    assert_eq!(
        why("a == open"),
        "on, off, a number or bits such as 0xff belong after '==', not 'open'"
    );
    assert_eq!(
        why("a < inf"),
        "on, off, a number or bits such as 0xff belong after '<', not 'inf'"
    );
    assert_eq!(why("a == on b == on"), "'b' is too much; 'and' or 'or' may follow");
    assert_eq!(why("a == on and"), "the name of a point is missing at the end");
    assert_eq!(why("and a == on"), "the name of a point is missing before 'and'");
    assert_eq!(why("(a == on"), "a ')' is missing at the end");
    assert_eq!(why("a == on)"), "')' is too much; 'and' or 'or' may follow");
    assert_eq!(why("a && b"), "'&' has no meaning here");
    assert_eq!(why(&"not ".repeat(40)), "brackets and 'not' stand in one another at most 32 deep");
    assert_eq!(why(&"(".repeat(3999)), "brackets and 'not' stand in one another at most 32 deep");
}

#[test]
fn comparisons_fit_the_types_of_points_or_say_how_they_would() {
    let fits = |text: &str, kind| {
        let interlock = Interlock::parse(text).expect(text);
        interlock.comparisons()[0].fits(kind)
    };
    assert_eq!(fits("x == on", Kind::Single), Ok(()));
    assert_eq!(fits("x == intermediate", Kind::Double), Ok(()));
    assert_eq!(fits("x != 0xff", Kind::Bits), Ok(()));
    assert_eq!(fits("x == 3", Kind::Step), Ok(()));
    assert_eq!(fits("x < 3", Kind::Float), Ok(()));
    let refused = |text, kind| fits(text, kind).unwrap_err();
    assert_eq!(
        refused("x == 3", Kind::Float),
        "'x == 3': x is compared with <, <=, > or >= and a number"
    );
    assert_eq!(
        refused("x==intermediate", Kind::Single),
        "'x == intermediate': x is compared with == or != and on or off"
    );
    for (text, kind) in
        [("x < on", Kind::Double), ("x == 1", Kind::Double), ("x == 1.5", Kind::Bits)]
    {
        assert!(fits(text, kind).is_err(), "{text}");
    }
}

/// An expression, its text, and its truth with `None` for unknown.
#[derive(Clone, Debug)]
enum Model {
    Point(usize),
    Not(Box<Model>),
    And(Box<Model>, Box<Model>),
    Or(Box<Model>, Box<Model>),
}

impl Model {
    fn text(&self) -> String {
        match self {
            Self::Point(place) => format!("p{place} == on"),
            Self::Not(inner) => format!("not ({})", inner.text()),
            Self::And(left, right) => format!("({}) and ({})", left.text(), right.text()),
            Self::Or(left, right) => format!("({}) or ({})", left.text(), right.text()),
        }
    }

    /// Whether it holds in all worlds in which the unknown points have some value.
    fn truth(&self, points: &[bool]) -> bool {
        match self {
            Self::Point(place) => points[*place],
            Self::Not(inner) => !inner.truth(points),
            Self::And(left, right) => left.truth(points) && right.truth(points),
            Self::Or(left, right) => left.truth(points) || right.truth(points),
        }
    }
}

fn model() -> impl Strategy<Value = Model> {
    (0..3_usize).prop_map(Model::Point).prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Model::Not(Box::new(inner))),
            (inner.clone(), inner.clone())
                .prop_map(|(left, right)| Model::And(Box::new(left), Box::new(right))),
            (inner.clone(), inner)
                .prop_map(|(left, right)| Model::Or(Box::new(left), Box::new(right))),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(not |and |or |\\(|\\)|a |==|<|on|0x|1e9|\\PC){0,40}") {
        if let Ok(interlock) = Interlock::parse(&text) {
            drop(interlock.check(look));
        }
    }

    #[test]
    fn it_holds_only_where_it_does_whatever_the_unknown_values_are(
        model in model(),
        points in prop::collection::vec(prop::option::of(any::<bool>()), 3),
    ) {
        let names: BTreeMap<String, Option<bool>> =
            points.iter().enumerate().map(|(place, on)| (format!("p{place}"), *on)).collect();
        let answer = Interlock::parse(&model.text()).unwrap().check(|name| {
            names[name].map(Value::Single).ok_or_else(|| "of a test".to_owned())
        });
        let known = points.iter().all(Option::is_some);
        let worlds = (0..8_usize).map(|world| {
            points.iter().enumerate().map(|(place, on)| on.unwrap_or(world >> place & 1 == 1)).collect::<Vec<_>>()
        });
        if answer.is_ok() {
            for world in worlds {
                prop_assert!(model.truth(&world));
            }
        } else if matches!(answer, Err(NotHeld::False(_))) {
            for world in worlds {
                prop_assert!(!model.truth(&world));
            }
        } else {
            prop_assert!(!known);
        }
    }
}
