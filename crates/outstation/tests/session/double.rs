//! An outstation of the wire's own link, which does nothing by itself: for faults of time alone.

use std::time::Duration;

use station_wire::iec104::codec::{Asdu, Cause, Deframer, Header, Object, TypeId, Value, encode};
use station_wire::iec104::link::{Link, Params, Received, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::setup::CA;

/// Where a double listens.
pub(crate) struct Double {
    listener: TcpListener,
}

impl Double {
    pub(crate) async fn listen() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        // What waits for an acknowledgement in the kernel would be overtaken by virtual time.
        stream.set_nodelay(true).unwrap();
        let link = Link::new(Role::Controlled, Params::default(), Duration::ZERO);
        Peer {
            stream,
            link,
            deframer: Deframer::new(),
            heard: Vec::new(),
            said: 0,
            acknowledges: true,
        }
    }

    /// A connection whose data transfer is started.
    pub(crate) async fn started(&self) -> Peer {
        let mut peer = self.accept().await;
        assert_eq!(peer.next().await, Some(Said::Started));
        peer
    }
}

/// What a session said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Started,
    Stopped,
    /// A type, a cause, an address, a value.
    Asked(TypeId, Cause, u32, Value),
}

/// One connection of a double.
pub(crate) struct Peer {
    stream: TcpStream,
    link: Link,
    deframer: Deframer,
    heard: Vec<Said>,
    /// How many ASDUs it said.
    said: u16,
    /// Whether it acknowledges at all, and answers tests.
    pub(crate) acknowledges: bool,
}

impl Peer {
    /// What the session says next but interrogations, which are confirmed and ended; nothing once it has
    /// closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Said> {
        loop {
            if !self.heard.is_empty() {
                let said = self.heard.remove(0);
                if let Said::Asked(TypeId::C_IC_NA_1, _, _, value) = said {
                    if self.acknowledges && self.link.can_send() {
                        self.say(TypeId::C_IC_NA_1, Cause::ACTIVATION_CON, 0, value).await;
                        self.say(TypeId::C_IC_NA_1, Cause::ACTIVATION_TERM, 0, value).await;
                    }
                    continue;
                }
                return Some(said);
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.take(&buffer[..count]);
            self.flush().await;
        }
    }

    fn take(&mut self, mut octets: &[u8]) {
        while let Some(frame) = self.deframer.next_frame(&mut octets).unwrap() {
            let said = match self.link.receive(frame, Duration::ZERO).unwrap() {
                Received::Asdu(octets) => {
                    let asdu = Asdu::parse(octets).unwrap();
                    let object = asdu.objects().next().unwrap();
                    Said::Asked(asdu.type_id(), asdu.header.cause, object.ioa, object.value)
                }
                Received::Started => Said::Started,
                Received::Stopped => Said::Stopped,
                Received::Nothing => continue,
            };
            self.heard.push(said);
        }
    }

    async fn flush(&mut self) {
        let mut octets = Vec::new();
        while let Some(frame) = self.link.transmit() {
            octets.extend_from_slice(frame);
        }
        if self.acknowledges {
            // The session may be gone.
            self.stream.write_all(&octets).await.ok();
        }
    }

    /// Says something with one object.
    pub(crate) async fn say(&mut self, type_id: TypeId, cause: Cause, ioa: u32, value: Value) {
        let mut asdu = Vec::new();
        encode(&Header::new(type_id, cause, CA), &[Object::new(ioa, value)], &mut asdu).unwrap();
        self.link.send(&asdu, Duration::ZERO).unwrap();
        self.said += 1;
        self.flush().await;
    }

    /// Counts as acknowledged all that it said, whatever the session says: to say more at once than k.
    pub(crate) fn take_acknowledgements(&mut self) {
        let [low, high] = (self.said << 1).to_le_bytes();
        let octets = [0x68, 4, 1, 0, low, high];
        self.link.receive(&octets, Duration::ZERO).unwrap();
    }

    /// Confirms a command to switch a point on.
    pub(crate) async fn confirm(&mut self, ioa: u32, select: bool) {
        let value = Value::SingleCommand { on: true, qu: 0, select };
        self.say(TypeId::C_SC_NA_1, Cause::ACTIVATION_CON, ioa, value).await;
    }

    /// Acknowledges what came.
    pub(crate) async fn acknowledge(&mut self) {
        self.acknowledges = true;
        self.link.on_deadline(Duration::from_secs(11)).unwrap();
        self.flush().await;
    }
}

/// A command as it is said.
pub(crate) fn asked(cause: Cause, ioa: u32, select: bool) -> Said {
    let value = Value::SingleCommand { on: true, qu: 0, select };
    Said::Asked(TypeId::C_SC_NA_1, cause, ioa, value)
}
