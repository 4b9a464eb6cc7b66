//! The links of the simulated outstation, frame by frame over a socket of our own, and under TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use station_outstation::simulate::{Config, LinkFault, SimulateError, Simulator, TlsFiles};
use station_wire::iec104::codec::{
    Apdu, Cause, Header, Object, TypeId, U, Value, encode, encode_i, encode_u, parse,
};
use station_wire::iec104::link::Params;

use crate::client::{CA, Client, Rig};

/// A connection without any link of ours.
struct Wire(TcpStream);

impl Wire {
    fn new(rig: &Rig) -> Self {
        let stream = TcpStream::connect(rig.simulator.local_addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(stream)
    }

    fn say(&mut self, u: U) {
        let mut frame = Vec::new();
        encode_u(u, &mut frame);
        self.0.write_all(&frame).unwrap();
    }

    fn started(rig: &Rig) -> Self {
        let mut wire = Self::new(rig);
        wire.say(U::StartDtAct);
        wire.expect(U::StartDtCon);
        wire
    }

    /// Sends an I frame.
    fn send(&mut self, ns: u16, nr: u16, type_id: TypeId, ioa: u32, value: Value) {
        let (mut asdu, mut frame) = (Vec::new(), Vec::new());
        let header = Header::new(type_id, Cause::ACTIVATION, CA);
        encode(&header, &[Object::new(ioa, value)], &mut asdu).unwrap();
        encode_i(ns, nr, &asdu, &mut frame);
        self.0.write_all(&frame).unwrap();
    }

    fn command(&mut self, ns: u16, nr: u16) {
        let value = Value::SingleCommand { on: false, qu: 0, select: false };
        self.send(ns, nr, TypeId::C_SC_NA_1, 4006, value);
    }

    /// The next frame, or nothing once it is closed.
    fn frame(&mut self) -> Option<Vec<u8>> {
        let mut frame = vec![0; 2];
        self.0.read_exact(&mut frame).ok()?;
        frame.resize(2 + usize::from(frame[1]), 0);
        self.0.read_exact(&mut frame[2..]).ok()?;
        Some(frame)
    }

    fn expect(&mut self, u: U) {
        let frame = self.frame().unwrap();
        assert_eq!(parse(&frame), Ok(Apdu::U(u)));
    }

    /// N(S) and the cause of the next I frame.
    fn information(&mut self) -> (u16, u8) {
        let frame = self.frame().unwrap();
        let Ok(Apdu::I { ns, asdu, .. }) = parse(&frame) else { panic!("{frame:02x?}") };
        (ns, Header::decode(asdu).unwrap().cause.0)
    }
}

#[test]
fn nothing_is_taken_before_the_start() {
    let rig = Rig::new(Config::default());
    let mut wire = Wire::new(&rig);
    wire.say(U::TestFrAct);
    wire.expect(U::TestFrCon);
    wire.command(0, 0);
    assert_eq!(wire.frame(), None);
}

#[test]
fn no_more_than_k_frames_are_sent_without_an_acknowledgement() {
    let rig = Rig::new(Config { values: 10_000, ..Config::default() });
    let mut wire = Wire::started(&rig);
    wire.send(0, 0, TypeId::C_IC_NA_1, 0, Value::Interrogation(20));
    let numbers: Vec<u16> = (0..12).map(|_| wire.information().0).collect();
    assert_eq!(numbers, (0..12).collect::<Vec<_>>());
    // Were there more, they would come before the answer to this.
    wire.say(U::TestFrAct);
    wire.expect(U::TestFrCon);
}

#[test]
fn who_starts_takes_over_and_the_other_may_only_test() {
    let rig = Rig::new(Config::default());
    let (mut first, mut second) = (Wire::started(&rig), Wire::started(&rig));
    second.command(0, 0);
    assert_eq!(second.information(), (0, 7));
    first.say(U::TestFrAct);
    first.expect(U::TestFrCon);
    first.command(0, 0);
    assert_eq!(first.frame(), None);
    assert_eq!([second.information().1, second.information().1], [11, 10]);
}

#[test]
fn who_was_taken_over_from_can_start_again() {
    let rig = Rig::new(Config::default());
    let (mut first, _second) = (Wire::started(&rig), Wire::started(&rig));
    first.say(U::StartDtAct);
    first.expect(U::StartDtCon);
    first.command(0, 0);
    assert_eq!(first.information(), (0, 7));
}

#[test]
fn a_stopped_link_hears_nothing_until_it_is_started_again() {
    let rig = Rig::new(Config::default());
    let mut wire = Wire::started(&rig);
    wire.say(U::StopDtAct);
    wire.expect(U::StopDtCon);
    rig.simulator.set("bus-voltage", Value::Float(1.0));
    wire.say(U::StartDtAct);
    wire.expect(U::StartDtCon);
    rig.simulator.set("bus-voltage", Value::Float(2.0));
    assert_eq!(wire.information(), (0, 3));
    wire.say(U::TestFrAct);
    wire.expect(U::TestFrCon);
}

#[test]
fn links_have_the_faults_they_are_given() {
    let rig = Rig::new(Config { link_fault: Some(LinkFault::BadSequence), ..Config::default() });
    let mut wire = Wire::started(&rig);
    wire.send(0, 0, TypeId::C_IC_NA_1, 0, Value::Interrogation(23));
    assert_eq!([(); 3].map(|()| wire.information()), [(0, 7), (1, 23), (2, 10)]);
    wire.command(1, 3);
    assert_eq!(wire.information(), (4, 7));

    let rig = Rig::new(Config { link_fault: Some(LinkFault::NoTestFr), ..Config::default() });
    let mut wire = Wire::new(&rig);
    wire.say(U::TestFrAct);
    wire.say(U::StartDtAct);
    wire.expect(U::StartDtCon);

    let rig = Rig::new(Config { link_fault: Some(LinkFault::Silent), ..Config::default() });
    let mut wire = Wire::new(&rig);
    wire.say(U::StartDtAct);
    wire.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(wire.frame(), None);
}

#[test]
fn values_change_at_a_rate() {
    let rig = Rig::new(Config { spontaneous: 500.0, ..Config::default() });
    let mut client = rig.client();
    let heard = client.ask(&json!({"do": "wait", "messages": 50}));
    assert!(heard.iter().all(|said| said.0 == "data with time" && said.1 == 3), "{heard:?}");
}

#[test]
fn connections_are_closed_and_can_be_made_again() {
    let rig = Rig::new(Config::default());
    let mut wire = Wire::started(&rig);
    rig.simulator.disconnect();
    assert_eq!(wire.frame(), None);
    let mut again = Wire::started(&rig);
    again.command(0, 0);
    assert_eq!(again.information(), (0, 7));
}

#[test]
fn what_cannot_be_simulated_is_told() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = |config: Config| {
        let address = ([127, 0, 0, 1], 0).into();
        let bound: Result<Simulator, SimulateError> =
            runtime.block_on(Simulator::bind(address, config));
        bound.err().unwrap().to_string()
    };
    let link = Params { w: 12, ..Params::default() };
    let said = refused(Config { link, ..Config::default() });
    assert!(said.contains("w is 12 and k 12"), "{said}");
    let said = refused(Config { spontaneous: f64::NAN, ..Config::default() });
    assert!(said.contains("0 to 1000000"), "{said}");
    let tls = Some(TlsFiles::in_directory(Path::new("/nowhere")));
    let said = refused(Config { tls, ..Config::default() });
    assert!(said.contains("/nowhere/ca.pem cannot be read"), "{said}");
}

#[test]
fn under_tls_both_show_certificates() {
    let directory = tempfile::tempdir().unwrap();
    certificates(directory.path());
    let tls = Some(TlsFiles::in_directory(directory.path()));
    let rig = Rig::new(Config { tls, ..Config::default() });
    let port = rig.simulator.local_addr().port();
    let mut client = Client::start(port, Some(directory.path()));
    assert_eq!(client.outline(&json!({"do": "read", "ioa": 2001})), [(5, false)]);
    // In clear nothing is answered but, at most, an alert.
    let mut wire = Wire::new(&rig);
    wire.say(U::StartDtAct);
    let frame = wire.frame();
    assert!(frame.is_none_or(|frame| parse(&frame).is_err()));
}

/// `ca.pem`, and certificates and keys of `outstation` and `station` that it signed.
fn certificates(directory: &Path) {
    let openssl = |arguments: &str| {
        let done = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(directory)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
    std::fs::write(directory.join("v3"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    for name in ["outstation", "station"] {
        openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile v3 -out {name}.pem -days 2"
        ));
    }
}
