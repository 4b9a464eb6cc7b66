//! Transports: connections to instruments as bytes and ends of messages, one file each.

mod buffered;
pub mod hislip;
mod serial;
mod socket;
#[cfg(feature = "usbtmc")]
pub mod usbtmc;
pub mod vxi11;

use std::pin::Pin;

use crate::session::Settings;
use crate::{Error, Resource};

pub(crate) use buffered::Buffered;
pub use serial::Serial;
pub use socket::Socket;

/// Connects to what a resource string names. One line for each kind of link.
///
/// # Errors
///
/// Nothing is there within [`Settings::connect_timeout`], or it is taken.
pub async fn connect(
    resource: &Resource,
    settings: &Settings,
) -> Result<Box<dyn Transport>, Error> {
    let timeout = settings.connect_timeout;
    Ok(match resource {
        Resource::Socket { host, port } => Box::new(Socket::connect(host, *port, timeout).await?),
        Resource::Serial { path } => Box::new(Serial::open(path, settings)?),
        Resource::Hislip { host, device, port } => {
            Box::new(hislip::Hislip::connect(host, *port, device, timeout).await?)
        }
        Resource::Vxi11 { host, device, port } => {
            Box::new(vxi11::Vxi11::connect(host, *port, device, timeout).await?)
        }
        #[cfg(feature = "usbtmc")]
        Resource::Usb { vendor, product, serial, interface } => {
            let (serial, interface) = (Some(serial.as_str()), *interface);
            Box::new(usbtmc::Usbtmc::connect(*vendor, *product, serial, interface, timeout).await?)
        }
        #[cfg(not(feature = "usbtmc"))]
        Resource::Usb { .. } => {
            let message =
                format!("{resource} cannot be reached: this program was built without USBTMC");
            return Err(Error::new(crate::ErrorKind::Invalid, message));
        }
    })
}

/// Something a transport does: a future that owns its way back.
pub type Act<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A connection to one instrument. Time limits are the caller's: every future may be dropped, after
/// which only [`Transport::clear`] and dropping it are allowed; where clear is unsupported, also
/// [`Transport::receive`], to drain what still comes.
pub trait Transport: Send {
    /// Sends one whole program message, in one write where the link allows. The terminator is in it
    /// already; a link with message ends (HiSLIP, VXI-11, USBTMC) marks its last byte.
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()>;

    /// Appends what has come of the reply, at least one byte, and says whether that was its end.
    /// Always false on links without message ends. Waits while nothing is there.
    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool>;

    /// Makes both sides forget all messages (device clear), so that the next query is answered by its
    /// own reply; [`Cleared::Unsupported`] where the link has none: then one has to connect anew.
    fn clear(&mut self) -> Act<'_, Cleared>;

    /// The status byte, where the link can ask for it beside the messages.
    fn status_byte(&mut self) -> Act<'_, Option<u8>>;

    /// Throws away what has come unasked and lies in buffers here; how many bytes that was,
    /// line ends not counted. Never waits.
    fn discard(&mut self) -> usize;

    /// Whether the link marks the ends of messages.
    fn has_end(&self) -> bool;
}

/// What a device clear came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// Both sides are in step again.
    Done,
    /// The link has no such thing.
    Unsupported,
}

/// How many of the first `read` bytes are something else than line ends, which stray behind blocks.
fn data(bytes: &[u8], read: usize) -> usize {
    let bytes = bytes.get(..read).unwrap_or_default();
    bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')).count()
}
