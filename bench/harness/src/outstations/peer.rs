//! A process full of outstations that tell of values by themselves, each value in a frame of its own, as
//! they change one by one. It prints where they are; a line of its input lets them begin, and at the end
//! of its input it prints how many values were told, and how often a full window kept one back.

use std::io::{BufRead as _, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use station_wire::iec104::codec::{
    Apdu, Cause, Deframer, SEQUENCE_MODULUS, TypeId, U, encode_i, encode_u, parse,
};

use super::asdus;
use crate::Result;
use crate::args::Args;

/// How many frames may be under way without an acknowledgement.
const WINDOW: u16 = 12;

/// How many points each outstation has, which change in turns.
pub(crate) const POINTS: u32 = 100;

/// How often they look whether a value is due.
const STEP: Duration = Duration::from_millis(1);

static STARTED: AtomicBool = AtomicBool::new(false);
static OVER: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: usize = args.number("count", 100)?;
    let rate: u32 = args.number("rate", 100)?;
    let listeners: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<std::io::Result<_>>()?;
    for listener in &listeners {
        println!("{}", listener.local_addr()?);
    }
    let mut lines = listeners.iter().map(Line::accept).collect::<Result<Vec<_>>>()?;
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            STARTED.store(true, Ordering::Relaxed);
        }
        OVER.store(true, Ordering::Relaxed);
    });
    let (told, held) = tell(&mut lines, rate)?;
    println!("{told}\n{held}");
    Ok(())
}

/// Tells of one value after the other, spread evenly over all, until it is over.
fn tell(lines: &mut [Line], rate: u32) -> Result<(u64, u64)> {
    let values: Vec<Vec<u8>> =
        (1..=POINTS).map(|ioa| asdus::spontaneous(ioa, 1.0)).collect::<Result<_>>()?;
    let mut interrogation = vec![asdus::interrogation(Cause::ACTIVATION_CON)?];
    interrogation.extend(asdus::floats(POINTS)?);
    interrogation.push(asdus::interrogation(Cause::ACTIVATION_TERM)?);
    let count = lines.len();
    let per_second = f64::from(rate) * count as f64;
    let (mut begun, mut told, mut held) = (None, 0_u64, 0_u64);
    while !OVER.load(Ordering::Relaxed) {
        for line in lines.iter_mut() {
            line.hear(&interrogation)?;
        }
        if STARTED.load(Ordering::Relaxed) {
            let begun = *begun.get_or_insert_with(Instant::now);
            let due = (begun.elapsed().as_secs_f64() * per_second) as u64;
            while told < due {
                let (place, turn) = (told as usize % count, told as usize / count);
                let (Some(line), Some(value)) =
                    (lines.get_mut(place), values.get(turn % values.len()))
                else {
                    return Err("there are no outstations".into());
                };
                if !line.may_send() {
                    held += 1;
                    break;
                }
                line.send_changed(value, turn as f32);
                told += 1;
            }
        }
        for line in lines.iter_mut() {
            line.flush()?;
        }
        std::thread::sleep(STEP);
    }
    Ok((told, held))
}

/// One connection, which never waits.
struct Line {
    stream: TcpStream,
    deframer: Deframer,
    sent: u16,
    received: u16,
    acknowledged: u16,
    out: Vec<u8>,
}

impl Line {
    fn accept(listener: &TcpListener) -> Result<Self> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let (deframer, out) = (Deframer::new(), Vec::new());
        Ok(Self { stream, deframer, sent: 0, received: 0, acknowledged: 0, out })
    }

    fn hear(&mut self, interrogation: &[Vec<u8>]) -> Result<()> {
        let mut buffer = [0; 512];
        let count = match self.stream.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut octets = buffer.get(..count).unwrap_or_default();
        let mut asked = false;
        while let Some(frame) = self.deframer.next_frame(&mut octets)? {
            match parse(frame)? {
                Apdu::U(U::StartDtAct) => encode_u(U::StartDtCon, &mut self.out),
                Apdu::U(U::StopDtAct) => encode_u(U::StopDtCon, &mut self.out),
                Apdu::U(U::TestFrAct) => encode_u(U::TestFrCon, &mut self.out),
                Apdu::U(U::StartDtCon | U::StopDtCon | U::TestFrCon) => {}
                Apdu::S { nr } => self.acknowledged = nr,
                Apdu::I { nr, asdu, .. } => {
                    self.acknowledged = nr;
                    self.received = (self.received + 1) % SEQUENCE_MODULUS;
                    asked |= asdu.first() == Some(&TypeId::C_IC_NA_1.as_u8());
                }
            }
        }
        if asked {
            interrogation.iter().for_each(|asdu| self.send(asdu));
        }
        Ok(())
    }

    fn may_send(&self) -> bool {
        self.sent.wrapping_sub(self.acknowledged) % SEQUENCE_MODULUS < WINDOW
    }

    fn send(&mut self, asdu: &[u8]) {
        encode_i(self.sent, self.received, asdu, &mut self.out);
        self.sent = (self.sent + 1) % SEQUENCE_MODULUS;
    }

    /// Sends a measured value with another number in it.
    fn send_changed(&mut self, asdu: &[u8], value: f32) {
        self.send(asdu);
        // Behind it are its quality and its time tag, 1 and 7 octets.
        let end = self.out.len().saturating_sub(8);
        if let Some(number) = self.out.get_mut(end.saturating_sub(4)..end) {
            number.copy_from_slice(&value.to_le_bytes());
        }
    }

    fn flush(&mut self) -> Result<()> {
        if !self.out.is_empty() {
            // There is room for a hundred times as much in the socket.
            self.stream.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }
}
