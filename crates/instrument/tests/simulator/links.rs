//! Plain sockets and a pseudo-terminal as clients, with every fault of the link.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::*;

const IDENTITY: &str = "Stationmaster,SIM-PSU3,SIM0001,1.0";

#[test]
fn several_clients_share_the_instrument() {
    let running = simulate(Model::Psu, &[]);
    let (mut one, mut two) = (running.connect(), running.connect());
    one.tell("VOLT 5;:OUTP ON");
    assert_eq!(one.ask("*OPC?"), "1");
    assert_eq!(two.ask("VOLT?;:OUTP?"), "5.000000E+00;1");
    assert_eq!(two.ask("*IDN?\r"), IDENTITY);
    let port = running.simulator.address().port();
    assert_eq!(running.simulator.resources(), [format!("TCPIP0::127.0.0.1::{port}::SOCKET")]);
}

#[test]
fn a_second_query_too_early_loses_the_first_reply() {
    let running = simulate(Model::Psu, &[]);
    let mut client = running.connect();
    assert_eq!(client.ask("*IDN?\n*OPC?"), "1");
    assert_eq!(client.ask("SYST:ERR?"), "-410,\"Query INTERRUPTED\"");
    // A command and a query in one write are in order.
    assert_eq!(client.ask("VOLT 3\nVOLT?"), "3.000000E+00");
}

#[test]
fn a_message_that_never_ends_is_thrown_away() {
    let running = simulate(Model::Psu, &[]);
    let mut client = running.connect();
    client.tell(&"x".repeat(3 << 20));
    assert_eq!(client.ask("*IDN?"), IDENTITY);
    assert_eq!(client.ask("SYST:ERR:ALL?"), "-363,\"Input buffer overrun\"");
    client.tell(&format!("DATA #9900000000{}", format!("{:1023}\n", 'x').repeat(2048)));
    assert_eq!(client.ask("*CLS;*IDN?"), IDENTITY);
}

#[test]
fn ten_megabytes_come_as_one_block() {
    let running = simulate(Model::Scope, &[]);
    let mut client = running.connect();
    client.tell("ACQ:MDEP 10000000;:STOP;:WAV:MODE RAW;FORM BYTE;STAR 1;STOP 10000000");
    for _ in 0..2 {
        client.tell("WAV:DATA?");
        let mut header = [0; 11];
        client.reader.read_exact(&mut header).unwrap();
        assert_eq!(&header, b"#9010000000");
        let mut data = vec![0; 10_000_001];
        client.reader.read_exact(&mut data).unwrap();
        assert_eq!(data.pop(), Some(b'\n'));
        assert!(data.iter().all(|byte| (80..180).contains(byte)));
    }
    assert_eq!(client.ask("SYST:ERR?"), "0,\"No error\"");
}

#[test]
fn silence_lasts_until_it_is_switched_off() {
    let running = simulate(Model::Psu, &["silent=2"]);
    let mut client = running.connect();
    assert_eq!(client.ask("*IDN?"), IDENTITY);
    client.tell("VOLT?");
    client.tell("SIM:FAULT NONE");
    assert_eq!(client.ask("*OPC?"), "1", "the reply that was kept back never comes");
}

#[test]
fn a_late_reply_comes_all_the_same() {
    let running = simulate(Model::Psu, &["late=300*1"]);
    let mut client = running.connect();
    let asked = Instant::now();
    client.tell("VOLT?");
    let stream = client.reader.get_ref();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut byte = [0];
    let early = client.reader.read(&mut byte).unwrap_err();
    assert!(matches!(early.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    client.reader.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The next query is answered by the last one's reply: that is what the fault is for.
    assert_eq!(client.ask("CURR?"), "0.000000E+00");
    assert!(asked.elapsed() >= Duration::from_millis(300), "it is not early");
    assert_eq!(client.line(), "1.000000E+00\n");
}

#[test]
fn half_a_block_is_followed_by_nothing() {
    let running = simulate(Model::Scope, &["half-block*1"]);
    let mut client = running.connect();
    client.tell("STOP;:WAV:DATA?");
    let mut half = [0; 605];
    client.reader.read_exact(&mut half).unwrap();
    assert_eq!(&half[..11], b"#9000001200");
    // What comes next is the next reply.
    assert_eq!(client.ask("*OPC?"), "1");
    client.tell("WAV:DATA?");
    let mut whole = [0; 1212];
    client.reader.read_exact(&mut whole).unwrap();
}

#[test]
fn drops_the_connection_in_the_middle_of_a_reply() {
    let running = simulate(Model::Psu, &["drop*1"]);
    let mut client = running.connect();
    client.tell("*IDN?");
    assert_eq!(client.rest(), &IDENTITY.as_bytes()[..IDENTITY.len() / 2]);
    assert_eq!(running.connect().ask("*IDN?"), IDENTITY);
}

#[test]
fn is_another_one_after_a_reconnect() {
    let running = simulate(Model::Psu, &["wrong-identity"]);
    assert_eq!(running.connect().ask("*IDN?"), IDENTITY);
    assert_eq!(running.connect().ask("*IDN?"), "Stationmaster,SIM-PSU3,SIM0001-OTHER,1.0");
}

#[test]
fn refuses_clients_when_it_is_busy() {
    let running = simulate(Model::Psu, &["busy"]);
    let mut first = running.connect();
    assert_eq!(first.ask("*OPC?"), "1");
    assert_eq!(running.connect().rest(), b"");
    assert_eq!(first.ask("*OPC?"), "1");
    first.tell("SIM:FAULT NONE");
    assert_eq!(first.ask("*OPC?"), "1");
    assert_eq!(running.connect().ask("*OPC?"), "1");

    let never = simulate(Model::Psu, &["busy=all"]);
    assert_eq!(never.connect().rest(), b"");

    let one = start(SimulatorOptions { max_clients: 1, ..options(Model::Psu, &[]) });
    let mut first = one.connect();
    assert_eq!(first.ask("*OPC?"), "1");
    assert_eq!(one.connect().rest(), b"");
}

#[test]
fn ends_lines_oddly_and_says_what_nobody_asked_for() {
    let running = simulate(Model::Psu, &["crlf"]);
    let mut client = running.connect();
    assert_eq!(client.ask("*OPC?"), "1\r");
    client.tell("SIM:FAULT NONE;FAULT chunked");
    assert_eq!(client.ask("*IDN?"), IDENTITY);
    client.tell("SIM:FAULT NONE;FAULT unasked,ON,2");
    assert_eq!(client.line(), "+9.99900000E-01\n");
    assert_eq!(client.ask("*OPC?"), "1");
    assert_eq!(client.line(), "+9.99900000E-01\n");
    assert_eq!(client.ask("SYST:ERR?"), "0,\"No error\"");
}

#[test]
fn is_gone_when_it_is_dropped() {
    let running = simulate(Model::Psu, &[]);
    let mut client = running.connect();
    assert_eq!(client.ask("*OPC?"), "1");
    let address = running.simulator.address();
    drop(running.simulator);
    assert_eq!(client.rest(), b"");
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    drop(running.runtime);
}

#[test]
fn says_why_it_cannot_start() {
    let running = simulate(Model::Psu, &[]);
    let entered = running.runtime.enter();
    let refused = |options| Simulator::start(options).map(|_| ()).unwrap_err().message;
    let address = running.simulator.address();
    let taken = refused(SimulatorOptions { listen: address, ..SimulatorOptions::default() });
    assert!(taken.starts_with(&format!("the simulator cannot listen on {address}: ")), "{taken}");
    let odd = SimulatorOptions { serial_number: "a,b".into(), ..SimulatorOptions::default() };
    assert!(refused(odd).starts_with("the serial number \"a,b\" cannot be one"));
    drop(entered);
    let outside = refused(SimulatorOptions::default());
    assert_eq!(outside, "the simulator was started outside of a tokio runtime");
}

#[test]
fn a_serial_line_carries_the_same() {
    let running = start(SimulatorOptions { serial: true, ..options(Model::Psu, &["drop*1"]) });
    let resource = running.simulator.resources().pop().unwrap();
    let path = resource.strip_prefix("ASRL").unwrap().strip_suffix("::INSTR").unwrap();
    let mut line = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut ask = |message: &str, reply: &str| {
        line.write_all(message.as_bytes()).unwrap();
        let mut bytes = vec![0; reply.len()];
        line.read_exact(&mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), reply);
    };
    // It cannot be closed: half of the reply, and then the next one.
    ask("*IDN?\n", IDENTITY.split_at(IDENTITY.len() / 2).0);
    ask("VOLT 4\nVOLT?\n", "4.000000E+00\n");
    assert_eq!(running.connect().ask("VOLT?"), "4.000000E+00");
}
