//! Sessions over HiSLIP and VXI-11, by resource strings, with our own servers.
#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use station_instrument::session::{Session, Settings};
use station_instrument::simulate::{Instrument, SharedInstrument, hislip, vxi11};
use station_instrument::{ErrorKind, Resource};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

/// Answers what it knows; `SILENT?` is not answered.
struct Scripted(mpsc::UnboundedSender<String>);

impl Instrument for Scripted {
    fn message(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let message = String::from_utf8_lossy(message).into_owned();
        let reply = match message.as_str() {
            "*IDN?" => Some(b"ACME,X,17,1.0".to_vec()),
            "VOLT?" => Some(b"5".to_vec()),
            "DATA?" => Some(b"#0ab\ncd".to_vec()),
            _ => None,
        };
        self.0.send(message).ok();
        reply
    }

    fn clear(&mut self) {}

    fn status_byte(&mut self) -> u8 {
        4
    }
}

#[tokio::test]
async fn sessions_over_links_with_device_clear() {
    for kind in ["hislip", "vxi11"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hear, mut heard) = mpsc::unbounded_channel();
        let instrument: SharedInstrument = Arc::new(Mutex::new(Scripted(hear)));
        let (serving, device) = match kind {
            "hislip" => (tokio::spawn(hislip::serve(listener, instrument, 4)), "hislip0"),
            _ => (tokio::spawn(vxi11::serve(listener, instrument, 4)), "inst0"),
        };
        let resource =
            Resource::parse(&format!("TCPIP::127.0.0.1::{device},{port}::INSTR")).unwrap();
        assert_eq!(resource.connection_type(), kind);
        let settings = Settings { io_timeout: Duration::from_millis(300), ..Settings::default() };
        let mut session = Session::open(&resource, settings).await.unwrap();
        assert_eq!(session.identify().await.unwrap().model, "X");
        assert_eq!(session.ask_block("DATA?").await.unwrap(), b"ab\ncd");
        assert!(session.status_byte().await.unwrap().unwrap().has_errors());

        assert_eq!(session.ask("SILENT?").await.unwrap_err().kind, ErrorKind::Timeout, "{kind}");
        assert!(session.is_in_doubt());
        assert_eq!(session.ask("VOLT?").await.unwrap(), "5", "{kind}");

        while heard.try_recv().is_ok() {}
        tokio::select! {
            reply = session.ask("SILENT?") => panic!("{reply:?}"),
            message = heard.recv() => assert_eq!(message.as_deref(), Some("SILENT?")),
        }
        assert!(session.is_in_doubt());
        assert_eq!(session.ask("VOLT?").await.unwrap(), "5", "{kind}");
        assert_eq!((session.desyncs(), session.is_in_doubt()), (0, false));
        serving.abort();
    }
}
