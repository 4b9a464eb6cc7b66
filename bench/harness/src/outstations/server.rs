//! A bare outstation: a thread for each connection on blocking sockets, which answers with what was made
//! before, as many frames as may be under way in one write.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use station_wire::iec104::codec::{
    Apdu, Asdu, Cause, Deframer, SEQUENCE_MODULUS, TypeId, U, encode_i, encode_u, parse,
};

use super::{FEEDBACK, POINT, asdus};
use crate::Result;

/// How many frames may be under way without an acknowledgement (the standard's k).
const WINDOW: u16 = 12;

/// What it answers.
#[derive(Debug)]
pub(crate) struct Answers {
    /// To a command to the point.
    command: Vec<Vec<u8>>,
    /// To a general interrogation.
    interrogation: Vec<Vec<u8>>,
    /// To the question for one value.
    read: Vec<Vec<u8>>,
}

impl Answers {
    /// Confirms commands and ends them, and has so many measured values.
    pub(crate) fn of_values(count: u32) -> Result<Self> {
        let command = vec![
            asdus::command(Cause::ACTIVATION_CON, POINT)?,
            asdus::command(Cause::ACTIVATION_TERM, POINT)?,
        ];
        Self::with(command, asdus::floats(count)?)
    }

    /// The same with one value: the feedback of the point, which is told between both.
    pub(crate) fn of_feedback() -> Result<Self> {
        let feedback = POINT + FEEDBACK;
        let command = vec![
            asdus::command(Cause::ACTIVATION_CON, POINT)?,
            asdus::single(Cause::RETURN_REMOTE, feedback, true)?,
            asdus::command(Cause::ACTIVATION_TERM, POINT)?,
        ];
        Self::with(command, vec![asdus::single(Cause::INTERROGATED, feedback, false)?])
    }

    fn with(command: Vec<Vec<u8>>, values: Vec<Vec<u8>>) -> Result<Self> {
        let mut interrogation = vec![asdus::interrogation(Cause::ACTIVATION_CON)?];
        interrogation.extend(values);
        interrogation.push(asdus::interrogation(Cause::ACTIVATION_TERM)?);
        let read = vec![asdus::single(Cause::REQUEST, POINT + FEEDBACK, true)?];
        Ok(Self { command, interrogation, read })
    }

    fn to(&self, asdu: &[u8]) -> Result<&[Vec<u8>]> {
        let asdu = Asdu::parse(asdu)?;
        match (asdu.type_id(), asdu.header.cause) {
            (TypeId::C_SC_NA_1, Cause::ACTIVATION) => Ok(&self.command),
            (TypeId::C_IC_NA_1, Cause::ACTIVATION) => Ok(&self.interrogation),
            (TypeId::C_RD_NA_1, _) => Ok(&self.read),
            (other, cause) => Err(format!("{} with {cause:?} came", other.name()).into()),
        }
    }
}

/// Serves it; its threads go with this process.
pub(crate) fn serve(answers: Answers) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let answers = Arc::new(answers);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || {
                if let Err(error) = Line::serve(client, &answers) {
                    eprintln!("station-bench: the bare outstation lost a client: {error}");
                }
            });
        }
    });
    Ok(address)
}

/// One connection.
struct Line<'a> {
    answers: &'a Answers,
    /// The numbers of the next frame to be sent, of the next that will come, and of the first that was
    /// not acknowledged.
    sent: u16,
    received: u16,
    acknowledged: u16,
    waiting: VecDeque<&'a [u8]>,
    out: Vec<u8>,
}

impl Line<'_> {
    fn serve(mut client: TcpStream, answers: &Answers) -> Result<()> {
        client.set_nodelay(true)?;
        let mut line = Line {
            answers,
            sent: 0,
            received: 0,
            acknowledged: 0,
            waiting: VecDeque::new(),
            out: Vec::with_capacity(8192),
        };
        let (mut buffer, mut deframer) = ([0; 4096], Deframer::new());
        loop {
            let count = match client.read(&mut buffer) {
                Ok(count) => count,
                // Whoever was measured may go without a farewell.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(error.into()),
            };
            if count == 0 {
                return Ok(());
            }
            let mut octets = buffer.get(..count).unwrap_or_default();
            while let Some(frame) = deframer.next_frame(&mut octets)? {
                line.take(parse(frame)?)?;
            }
            line.send();
            if !line.out.is_empty() {
                client.write_all(&line.out)?;
                line.out.clear();
            }
        }
    }

    fn take(&mut self, frame: Apdu<'_>) -> Result<()> {
        match frame {
            Apdu::U(U::StartDtAct) => encode_u(U::StartDtCon, &mut self.out),
            Apdu::U(U::StopDtAct) => encode_u(U::StopDtCon, &mut self.out),
            Apdu::U(U::TestFrAct) => encode_u(U::TestFrCon, &mut self.out),
            Apdu::U(U::StartDtCon | U::StopDtCon | U::TestFrCon) => {}
            Apdu::S { nr } => self.acknowledged = nr,
            Apdu::I { nr, asdu, .. } => {
                self.acknowledged = nr;
                self.received = (self.received + 1) % SEQUENCE_MODULUS;
                self.waiting.extend(self.answers.to(asdu)?.iter().map(Vec::as_slice));
            }
        }
        Ok(())
    }

    fn send(&mut self) {
        while self.sent.wrapping_sub(self.acknowledged) % SEQUENCE_MODULUS < WINDOW {
            let Some(asdu) = self.waiting.pop_front() else { return };
            encode_i(self.sent, self.received, asdu, &mut self.out);
            self.sent = (self.sent + 1) % SEQUENCE_MODULUS;
        }
    }
}
