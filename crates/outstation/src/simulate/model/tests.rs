//! The outstation as its controlling station sees it, without clock and socket.

use station_wire::iec104::codec::{Cp56, DoublePoint, Time, encode};

use super::*;

mod commands;
mod faults;
mod questions;

const CA: u16 = 47;

/// An outstation and a link that is started, in virtual time.
struct World {
    model: Model,
    link: LinkId,
    mono: Duration,
}

/// An answer, in short: type, cause, negative, and its objects.
#[derive(Clone, Debug, PartialEq)]
struct Heard {
    type_id: TypeId,
    cause: u8,
    negative: bool,
    header: Header,
    objects: Vec<Object>,
}

impl World {
    fn new(config: Config) -> Self {
        let mut model = Model::new(&Config { ca: CA, ..config }).unwrap();
        let link = model.connected();
        model.started(link);
        Self { model, link, mono: Duration::from_secs(100) }
    }

    fn now(&self) -> Now {
        // 2026-11-20T13:37:42.123Z at the beginning.
        let begun = Micros(1_795_181_862_123_000);
        Now { mono: self.mono, wall: begun.plus(self.mono - Duration::from_secs(100)) }
    }

    /// Everything there is to hear, and then nothing.
    fn heard(&mut self) -> Vec<Heard> {
        let (mut all, link) = (Vec::new(), self.link);
        let mut octets = Vec::new();
        while self.model.next_asdu(link, &mut octets) {
            let asdu = Asdu::parse(&octets).unwrap();
            all.push(Heard {
                type_id: asdu.type_id(),
                cause: asdu.header.cause.0,
                negative: asdu.header.negative,
                header: asdu.header,
                objects: asdu.objects().collect(),
            });
            octets.clear();
        }
        all
    }

    fn tell(&mut self, header: Header, object: Object) -> Vec<Heard> {
        let mut octets = Vec::new();
        encode(&header, &[object], &mut octets).unwrap();
        self.model.receive(self.link, &octets, self.now());
        self.heard()
    }

    /// What is answered to one object with a cause.
    fn ask(&mut self, type_id: TypeId, cause: Cause, ioa: u32, value: Value) -> Vec<Heard> {
        self.tell(Header::new(type_id, cause, CA), Object::new(ioa, value))
    }

    fn act(&mut self, type_id: TypeId, ioa: u32, value: Value) -> Vec<Heard> {
        self.ask(type_id, Cause::ACTIVATION, ioa, value)
    }

    /// Causes and whether they were negative.
    fn outline(heard: &[Heard]) -> Vec<(u8, bool)> {
        heard.iter().map(|one| (one.cause, one.negative)).collect()
    }

    fn operated(&mut self) -> Vec<(String, String)> {
        let operated = self.model.take_operated().into_iter();
        operated.map(|one| (one.point, one.value)).collect()
    }
}

fn single(on: bool, select: bool) -> Value {
    Value::SingleCommand { on, qu: 0, select }
}

fn double(state: u8, select: bool) -> Value {
    Value::DoubleCommand { state, qu: 0, select }
}

const YES: bool = false;
const NO: bool = true;

#[test]
fn one_link_is_started_and_another_takes_over_from_it() {
    let mut world = World::new(Config::default());
    let first = world.link;
    world.act(TypeId::C_IC_NA_1, 0, Value::Interrogation(20));
    let second = world.model.connected();
    assert!(!world.model.next_asdu(second, &mut Vec::new()));
    world.model.set("bus-voltage", Value::Float(1.0), world.now());
    world.model.started(second);
    assert!(!world.model.is_active(first));
    // What waited for the first is not the second's.
    assert!(!world.model.next_asdu(first, &mut Vec::new()));
    assert!(!world.model.next_asdu(second, &mut Vec::new()));
    world.model.set("bus-voltage", Value::Float(2.0), world.now());
    world.link = second;
    assert_eq!(world.heard().len(), 1);
    world.model.stopped(second);
    world.model.set("bus-voltage", Value::Float(3.0), world.now());
    assert_eq!(world.heard(), []);
}

#[test]
fn values_that_change_are_told_with_the_time_and_packed() {
    let mut world = World::new(Config { values: 40, ..Config::default() });
    world.model.tick(45, world.now());
    let heard = world.heard();
    // Those of the substation first: six measurements of three types.
    let types: Vec<_> = heard.iter().map(|one| (one.type_id, one.objects.len())).collect();
    let tagged = TypeId::M_ME_TF_1;
    assert_eq!(types[..2], [(TypeId::M_ME_TD_1, 1), (TypeId::M_ME_TE_1, 1)]);
    assert_eq!(types[2..], [(tagged, 16), (tagged, 16), (tagged, 11)]);
    assert!(heard.iter().all(|one| one.cause == 3 && one.objects[0].time.is_some()));
    let time = Time::Cp56(Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]));
    assert_eq!(heard[0].objects[0].time, Some(time));
    let Value::Float(voltage) = heard[2].objects[0].value else { panic!() };
    assert!(voltage != 110.4 && (voltage - 110.4).abs() < 1.0, "{voltage}");
}

#[test]
fn values_that_nobody_takes_do_not_pile_up() {
    let mut world = World::new(Config::default());
    world.model.tick(100_000, world.now());
    let values: usize = world.heard().iter().map(|one| one.objects.len()).sum();
    assert_eq!(values, 20_000);
}

#[test]
fn a_value_of_another_kind_is_not_set() {
    let mut world = World::new(Config::default());
    assert!(!world.model.set("bus-voltage", Value::Single(true), world.now()));
    assert!(!world.model.set("nothing", Value::Float(1.0), world.now()));
    assert_eq!(world.heard(), []);
}

#[test]
fn points_that_cannot_be_are_told() {
    let refused = |change: &dyn Fn(&mut Vec<station_core::model::Point>)| {
        let mut points = super::super::built_in();
        change(&mut points);
        Model::new(&Config { points, ..Config::default() }).unwrap_err().to_string()
    };
    let said = refused(&|points| points[1].ioa = 1001);
    assert_eq!(
        said,
        "the point breaker-2-state has the address 1001 of station 1, which another point has as well"
    );
    let said = refused(&|points| points[0].kind = "M_XX_NA_1".to_owned());
    assert_eq!(said, "the point breaker-1-state has the type M_XX_NA_1, which no point has");
    let said = refused(&|points| points[0].ioa = 1 << 24);
    assert!(said.contains("1 to 16777215"), "{said}");
    let said = refused(&|points| points[0].ca = Some(65_535));
    assert!(said.contains("1 to 65534"), "{said}");
    let said = refused(&|points| {
        points[20].command.as_mut().unwrap().feedback = Some("bus-voltage".to_owned());
    });
    assert!(said.starts_with("the point breaker-1 has the feedback bus-voltage"), "{said}");
}
