mod consent;
mod table;

use station_core::model::{ApprovalState, Micros, Outstation, OutstationSettings, Token};
use station_wire::iec104::codec::{Asdu, Cause, Header, Object, Quality, encode};

use super::*;
use crate::points::{Format, read};

const POINTS: &str = "
[[point]]
name = 'position'
ioa = 1
type = 'M_DP_NA_1'
[[point]]
name = 'earth'
ioa = 2
type = 'M_SP_NA_1'
[[point]]
name = 'breaker'
ioa = 10
type = 'C_DC_NA_1'
[point.command]
feedback = 'position'
qualifier = 3
termination = 'required'
per_hour = 2
may = ['user:anna', 'token:night', 'token:anna']
hours = ['Fri 06:00-22:00', 'Sat']
interlock = 'earth == off'
[[point]]
name = 'level'
ioa = 11
type = 'C_SE_NC_1'
ca = 3
[point.command]
range = [0, 5]
may = ['*']
[[point]]
name = 'bits'
ioa = 12
type = 'C_BO_NA_1'
[point.command]
may = ['*']
[[point]]
name = 'both'
ioa = 13
type = 'C_SC_NA_1'
[point.command]
may = ['*']
approval = 600
[[point]]
name = 'nobody'
ioa = 14
type = 'C_SC_NA_1'
[point.command]
";

/// Everything an ask borrows, as it is when nothing speaks against it.
struct World {
    outstation: Outstation,
    write: Write,
    principal: Principal,
    job: Option<JobId>,
    now: Now,
    zone: TimeZone,
    expires: Mono,
    tags: Vec<Tag>,
    switch: Option<ControlSwitch>,
    approval: Option<Approval>,
    rates: Rates,
    cache: Cache,
    synchronised: bool,
    in_doubt: Option<Duration>,
    in_flight: bool,
    link: bool,
}

impl World {
    fn new(point: &str, value: &str) -> Self {
        let mut cache = Cache::new([(7, 1), (7, 2)], 0);
        tell(&mut cache, Value::Single(false), Quality::GOOD);
        Self {
            outstation: Outstation {
                name: "SS1".to_owned(),
                endpoints: vec!["192.0.2.1:2404".to_owned()],
                bind: None,
                ca: 7,
                tls: None,
                settings: OutstationSettings { originator: 5, ..OutstationSettings::default() },
                points: read(POINTS, Format::Toml).expect("is right"),
                created_at: Micros::default(),
                created_by: Principal::Anonymous,
                modified_at: Micros::default(),
            },
            write: Write {
                point: point.to_owned(),
                value: value.to_owned(),
                select: false,
                reason: None,
                ticket: None,
            },
            principal: unix("anna"),
            job: None,
            now: Now { wall: wall("2026-11-20T12:00:00Z"), mono: Mono(10_000_000_000) },
            zone: TimeZone::UTC,
            expires: Mono(10_001_000_000),
            tags: Vec::new(),
            switch: None,
            approval: None,
            rates: Rates::new(),
            cache,
            synchronised: true,
            in_doubt: None,
            in_flight: false,
            link: true,
        }
    }

    fn with<T>(&self, judge: impl Fn(&Ask<'_>) -> T) -> T {
        let table = PointTable::new(&self.outstation).expect("is right");
        judge(&Ask {
            table: &table,
            write: &self.write,
            principal: &self.principal,
            job: self.job,
            now: self.now,
            zone: &self.zone,
            expires: self.expires,
            tags: &self.tags,
            switch: self.switch.as_ref(),
            approval: self.approval.as_ref(),
            rates: &self.rates,
            cache: &self.cache,
            synchronised: self.synchronised,
            glass_broken: false,
            in_doubt: self.in_doubt,
            in_flight: self.in_flight,
            link: self.link,
        })
    }

    fn check(&self) -> Result<Permit, Refusal> {
        self.with(check)
    }

    /// The word and the sentence of the refusal; `permitted` without one.
    fn told(&self) -> String {
        match self.check() {
            Ok(_) => "permitted".to_owned(),
            Err(refusal) => format!("{}: {refusal}", refusal.reason),
        }
    }
}

fn wall(text: &str) -> Micros {
    text.parse::<jiff::Timestamp>().expect("is an instant").into()
}

fn unix(name: &str) -> Principal {
    Principal::Unix { uid: 1000, name: Some(name.to_owned()) }
}

fn by_token(id: &str, name: &str) -> Principal {
    Principal::Token { id: id.to_owned(), name: name.to_owned() }
}

/// The earth switch shows something.
fn tell(cache: &mut Cache, value: Value, quality: Quality) {
    let header = Header::new(TypeId::M_SP_NA_1, Cause::SPONTANEOUS, 7);
    let mut octets = Vec::new();
    encode(&header, &[Object { quality, ..Object::new(2, value) }], &mut octets).unwrap();
    cache.apply(&Asdu::parse(&octets).unwrap(), Now::default(), &mut Vec::new());
}
