//! Sessions with instruments that others wrote: sinstruments over TCP and a serial line, and scpipy.
#![cfg(test)]

#[path = "support/peers.rs"]
mod peers;

use std::time::Duration;

use peers::Peers;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use station_instrument::session::{Session, Settings};
use station_instrument::{ErrorKind, Resource};
use station_wire::scpi;

/// A pressure controller (its replies echo the header) and a temperature controller.
fn laboratory(dir: &tempfile::TempDir) -> Peers {
    let config = dir.path().join("laboratory.yml");
    let line = dir.path().join("pace");
    let text = format!(
        "devices:\n\
         - {{class: Pace, package: gepace.simulator, name: pace, transports: [\
         {{type: tcp, url: '127.0.0.1:0'}}, {{type: serial, url: {}}}]}}\n\
         - {{class: CryoCon, package: cryocon.simulator, name: cryo, transports: [\
         {{type: tcp, url: '127.0.0.1:0'}}]}}\n",
        line.display()
    );
    std::fs::write(&config, text).unwrap();
    Peers::sinstruments(&config)
}

async fn session(peers: &Peers, device: &str, transport: &str, settings: Settings) -> Session {
    let resource = Resource::parse(peers.resource(device, transport)).unwrap();
    Session::open(&resource, settings).await.unwrap()
}

fn short() -> Settings {
    Settings { io_timeout: Duration::from_millis(200), ..Settings::default() }
}

/// What the pressure controller does over either of its links.
/// `arrived` comes back when what the instrument has sent unasked has arrived.
async fn pressure_controller(mut session: Session, arrived: impl AsyncFnOnce()) {
    let identity = session.identify().await.unwrap();
    assert_eq!((identity.manufacturer.as_str(), identity.model.as_str()), ("GE Druck", "PACE5000"));
    assert!(session.ask("*IDN?").await.unwrap().starts_with("*IDN GE"));
    session.send("SOUR1:PRES:SLEW 3.5").await.unwrap();
    assert_eq!(session.ask("SOUR1:PRES:SLEW?").await.unwrap(), "SOUR1:PRES:SLEW 3.5");
    assert_eq!(session.errors().await.unwrap(), []);
    let error = session.operation_complete().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply);
    assert!(error.message.ends_with("answered \"NACK\" to *OPC?, not 1"), "{error}");
    assert!(!session.is_in_doubt() && session.desyncs() == 0);

    // A setting that it does not know is answered, though nobody asked: told so, that is no desync.
    let reply = session.exchange("NONSENSE 1", Some(true)).await.unwrap();
    assert_eq!(reply.as_deref(), Some("NACK"));
    // Not told so, it is, and yet the next query gets its own reply.
    session.send("NONSENSE 1").await.unwrap();
    arrived().await;
    assert_eq!(session.ask("OUTP1:STAT?").await.unwrap(), "OUTP1:STAT 0");
    assert_eq!(session.desyncs(), 1);
    session.resynchronise().await.unwrap();
    assert_eq!(session.ask("OUTP1:STAT?").await.unwrap(), "OUTP1:STAT 0");
}

#[tokio::test]
async fn a_pressure_controller_over_tcp() {
    let dir = tempfile::tempdir().unwrap();
    let peers = laboratory(&dir);
    let mut other = session(&peers, "pace", "tcp", Settings::default()).await;
    // One thread serves all connections: after these answers it has given the other too.
    let arrived = async || {
        for _ in 0..3 {
            other.identify().await.unwrap();
        }
    };
    let session = session(&peers, "pace", "tcp", Settings::default()).await;
    pressure_controller(session, arrived).await;
}

#[tokio::test]
async fn a_pressure_controller_over_a_serial_line() {
    let dir = tempfile::tempdir().unwrap();
    let peers = laboratory(&dir);
    let resource = Resource::parse(peers.resource("pace", "serial")).unwrap();
    let serial = Session::open(&resource, Settings::default()).await.unwrap();
    // Whoever holds a serial line holds it alone.
    let second = Session::open(&resource, Settings::default()).await.unwrap_err();
    assert_eq!(second.kind, ErrorKind::Busy);
    assert!(second.message.ends_with("another program holds it"), "{second}");
    let Resource::Serial { path } = &resource else { panic!("{resource}") };
    let line = std::fs::File::open(path).unwrap();
    let arrived = async || {
        let mut readable = [PollFd::new(&line, PollFlags::IN)];
        let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
        assert_eq!(poll(&mut readable, Some(&limit)), Ok(1));
    };
    pressure_controller(serial, arrived).await;
    Session::open(&resource, Settings::default()).await.unwrap();
}

#[tokio::test]
async fn a_serial_line_that_is_unplugged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let peers = laboratory(&dir);
    let mut session = session(&peers, "pace", "serial", short()).await;
    session.identify().await.unwrap();
    drop(peers);
    let error = session.ask("*IDN?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lost, "{error}");
    let error = session.ask("*IDN?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.contains("there is no such device; is it plugged in?"), "{error}");
}

#[tokio::test]
async fn what_is_no_serial_port_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let resource = Resource::parse(&format!("ASRL{}::INSTR", file.display())).unwrap();
    let error = Session::open(&resource, short()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Local);
    assert!(error.message.contains("as a serial port: "), "{error}");
    let peers = laboratory(&dir);
    let resource = Resource::parse(peers.resource("pace", "serial")).unwrap();
    let error = Session::open(&resource, Settings { data_bits: 9, ..short() }).await.unwrap_err();
    assert!(error.message.ends_with("9 data bits; 5 to 8 there are"), "{error}");
}

#[tokio::test]
async fn a_temperature_controller_that_takes_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let peers = laboratory(&dir);
    let mut session = session(&peers, "cryo", "tcp", Settings::default()).await;
    assert_eq!(session.identify().await.unwrap().model, "24C");
    let parts = session.ask("INP? A;INP? B").await.unwrap();
    assert_eq!(scpi::parts(&parts).len(), 2, "{parts}");
    assert_eq!(session.ask("*OPC?").await.unwrap(), "NACK");
    assert_eq!(session.desyncs(), 0);
}

#[tokio::test]
async fn a_late_reply_is_not_taken_for_the_next() {
    let peers = Peers::scpipy();
    // A client that does not know of this takes the late reply for that to its next query.
    let resource = Resource::parse(peers.resource("scpipy", "tcp")).unwrap();
    let mut session = Session::open(&resource, short()).await.unwrap();
    session.identify().await.unwrap();
    let late = session.ask("SLOW?").await.unwrap_err();
    assert_eq!(late.kind, ErrorKind::Timeout);
    assert!(session.is_in_doubt());
    assert_eq!(session.ask("*ESE?").await.unwrap(), "0");
    assert!(!session.is_in_doubt());

    // Without a way to connect anew, it reads until it is quiet and asks who is there.
    let transport = station_instrument::transport::connect(&resource, &short()).await.unwrap();
    let mut session = Session::over(transport, short());
    assert_eq!(session.ask("SLOW?").await.unwrap_err().kind, ErrorKind::Timeout);
    assert_eq!(session.ask("*ESE?").await.unwrap(), "0");
    assert!(session.desyncs() > 0);
    // What it does not know it does not answer; its queue says why.
    assert_eq!(session.ask("NONSENSE?").await.unwrap_err().kind, ErrorKind::Timeout);
    let errors = session.errors().await.unwrap();
    assert!(matches!(errors[..], [scpi::ErrorEntry { code: -199..=-100, .. }]), "{errors:?}");
    assert!(session.event_status().await.unwrap().command_error());
    session.operation_complete().await.unwrap();
}
