//! An outstation of the wire's own link that answers as a test says, and notes what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use station_wire::iec104::codec::Deframer;
use station_wire::iec104::link::{Link, Params, Received, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is answered to an ASDU: ASDUs.
pub(crate) type Answers = fn(&[u8]) -> Vec<Vec<u8>>;

pub(crate) struct Raw {
    pub(crate) endpoint: String,
    /// Type and cause of all that came.
    heard: Arc<Mutex<Vec<(u8, u8)>>>,
}

/// The same ASDU with another cause.
pub(crate) fn mirror(asdu: &[u8], cause: u8) -> Vec<u8> {
    let mut mirrored = asdu.to_vec();
    mirrored[2] = cause;
    mirrored
}

/// Confirms and ends everything.
pub(crate) fn good(asdu: &[u8]) -> Vec<Vec<u8>> {
    match asdu[0] {
        100 | 45..=64 => vec![mirror(asdu, 7), mirror(asdu, 10)],
        _ => vec![mirror(asdu, 7)],
    }
}

impl Raw {
    pub(crate) async fn listen(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answers, Arc::clone(&noted)));
            }
        });
        Self { endpoint, heard }
    }

    /// How many ASDUs of a type came, with activation as the cause.
    pub(crate) fn heard(&self, type_id: u8) -> usize {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|asdu| **asdu == (type_id, 6)).count()
    }
}

async fn serve(mut stream: TcpStream, answers: Answers, heard: Arc<Mutex<Vec<(u8, u8)>>>) {
    let mut link = Link::new(Role::Controlled, Params::default(), Duration::ZERO);
    let (mut deframer, mut buffer) = (Deframer::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        let (mut octets, mut said) = (&buffer[..count], Vec::new());
        while let Some(frame) = deframer.next_frame(&mut octets).unwrap() {
            if let Received::Asdu(asdu) = link.receive(frame, Duration::ZERO).unwrap() {
                heard.lock().unwrap().push((asdu[0], asdu[2]));
                said.extend(answers(asdu));
            }
        }
        let mut out = Vec::new();
        for asdu in said {
            link.send(&asdu, Duration::ZERO).unwrap();
        }
        while let Some(frame) = link.transmit() {
            out.extend_from_slice(frame);
        }
        // The session may be gone.
        stream.write_all(&out).await.ok();
    }
}
