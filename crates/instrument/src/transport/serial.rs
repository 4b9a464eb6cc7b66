//! Instruments on a serial port: bytes both ways, no ends of messages, no device clear.

use std::os::fd::OwnedFd;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use serial2_tokio as serial2;
use tokio::io::AsyncReadExt as _;

use super::{Act, Cleared, Transport};
use crate::session::{FlowControl, Parity, Settings};
use crate::{Error, ErrorKind};

/// An open serial port.
#[derive(Debug)]
pub struct Serial {
    port: serial2::SerialPort,
    /// The same device once more: holds the lock, and reads without waiting.
    device: OwnedFd,
    path: String,
}

impl Serial {
    /// Opens a port, takes its advisory lock (as minicom, picocom and others do) and sets it up.
    ///
    /// # Errors
    ///
    /// It is not there, may not be opened, is no serial port, or somebody else holds it.
    pub fn open(path: &str, settings: &Settings) -> Result<Self, Error> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let device =
            rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| refused(path, errno))?;
        flock(&device, FlockOperation::NonBlockingLockExclusive)
            .map_err(|errno| refused(path, errno))?;
        let port = serial2::SerialPort::open(path, |port| configure(port, settings));
        let port = port.map_err(|error| {
            let message = format!("cannot set {path} up as a serial port: {error}");
            Error::new(ErrorKind::Local, message)
        })?;
        Ok(Self { port, device, path: path.to_owned() })
    }

    fn lost(&self, why: &str) -> Error {
        Error::new(ErrorKind::Lost, format!("the serial port {} was lost: {why}", self.path))
    }
}

fn refused(path: &str, errno: Errno) -> Error {
    let (kind, why) = match errno {
        Errno::NOENT | Errno::NXIO | Errno::NODEV => {
            (ErrorKind::Unreachable, "there is no such device; is it plugged in?".to_owned())
        }
        Errno::WOULDBLOCK | Errno::BUSY => (ErrorKind::Busy, "another program holds it".to_owned()),
        Errno::ACCESS | Errno::PERM => {
            let why = "this user may not; serial ports commonly belong to the group dialout";
            (ErrorKind::Local, why.to_owned())
        }
        _ => (ErrorKind::Local, std::io::Error::from(errno).to_string()),
    };
    Error::new(kind, format!("cannot open the serial port {path}: {why}"))
}

fn configure(
    mut port: serial2::Settings,
    settings: &Settings,
) -> std::io::Result<serial2::Settings> {
    let invalid = |what: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, what);
    port.set_raw();
    port.set_baud_rate(settings.baud)?;
    port.set_char_size(
        settings
            .data_bits
            .try_into()
            .map_err(|_| invalid(format!("{} data bits; 5 to 8 there are", settings.data_bits)))?,
    );
    port.set_stop_bits(
        settings
            .stop_bits
            .try_into()
            .map_err(|_| invalid(format!("{} stop bits; 1 or 2 there are", settings.stop_bits)))?,
    );
    port.set_parity(match settings.parity {
        Parity::None => serial2::Parity::None,
        Parity::Odd => serial2::Parity::Odd,
        Parity::Even => serial2::Parity::Even,
    });
    port.set_flow_control(match settings.flow_control {
        FlowControl::None => serial2::FlowControl::None,
        FlowControl::Software => serial2::FlowControl::XonXoff,
        FlowControl::Hardware => serial2::FlowControl::RtsCts,
    });
    Ok(port)
}

impl Transport for Serial {
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()> {
        Box::pin(async move {
            self.port.write_all(message).await.map_err(|error| self.lost(&error.to_string()))
        })
    }

    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool> {
        Box::pin(async move {
            if reply.capacity() - reply.len() < 1024 {
                reply.reserve(4096);
            }
            match self.port.read_buf(reply).await {
                Ok(0) => Err(self.lost("the device hung up")),
                Ok(_) => Ok(false),
                Err(error) => Err(self.lost(&error.to_string())),
            }
        })
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        Box::pin(std::future::ready(Ok(Cleared::Unsupported)))
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn discard(&mut self) -> usize {
        let mut scratch = [0; 4096];
        let mut discarded = 0;
        for _ in 0..1024 {
            match rustix::io::read(&self.device, &mut scratch) {
                Ok(read) if read > 0 => discarded += super::data(&scratch, read),
                // Nothing there, or hung up, which the next operation reports.
                Ok(_) | Err(_) => break,
            }
        }
        discarded
    }

    fn has_end(&self) -> bool {
        false
    }
}
