//! VISA resource strings: where an instrument is, parsed and shown again (VPP-4.3 section 4.3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind};

/// The port of HiSLIP (IVI-6.1 section 2).
pub const HISLIP_PORT: u16 = 4880;

/// Where an instrument is and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Resource {
    /// Bare TCP: `TCPIP0::host::5025::SOCKET`.
    Socket {
        /// A host name, an IPv4 address, or an IPv6 address without brackets; in lower case.
        host: String,
        /// The TCP port.
        port: u16,
    },
    /// HiSLIP: `TCPIP0::host::hislip0,4881::INSTR`.
    Hislip {
        /// As for a socket.
        host: String,
        /// The sub-address: `hislip0`.
        device: String,
        /// The TCP port, [`HISLIP_PORT`] unless said otherwise.
        port: u16,
    },
    /// VXI-11: `TCPIP0::host::inst0::INSTR`, `TCPIP0::host::INSTR`.
    Vxi11 {
        /// As for a socket.
        host: String,
        /// The device: `inst0`, or `gpib0,5` behind a gateway.
        device: String,
        /// The TCP port of its core channel; None asks the portmapper. `inst0,1024` is our own way
        /// to say it.
        port: Option<u16>,
    },
    /// A serial port: `ASRL/dev/ttyUSB0::INSTR`.
    Serial {
        /// The path of its device.
        path: String,
    },
    /// USBTMC: `USB0::0x1AB1::0x0E11::DP8C000001::INSTR`.
    Usb {
        /// The vendor's id.
        vendor: u16,
        /// The product's id.
        product: u16,
        /// The serial number, as the device gives it.
        serial: String,
        /// The number of its interface; None takes the first that speaks USBTMC.
        interface: Option<u8>,
    },
}

impl Resource {
    /// Reads a resource string, whatever the case of its words.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and how it should look.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let parsed = match Head::of(text) {
            Head::Tcpip(rest) => tcpip(rest),
            Head::Serial(rest) => serial(rest),
            Head::Usb(rest) => usb(rest),
            Head::Unknown => Err("it begins with none of TCPIP, ASRL and USB".to_owned()),
        };
        parsed.map_err(|why| {
            let message = format!(
                "the resource {text:?} cannot be read: {why}; write for example \
                 TCPIP0::192.168.1.5::5025::SOCKET, TCPIP0::host::hislip0::INSTR, \
                 TCPIP0::host::inst0::INSTR or ASRL/dev/ttyUSB0::INSTR"
            );
            Error::new(ErrorKind::Invalid, message)
        })
    }

    /// The kind of connection, as the HTTP API names it: `tcp`, `hislip`, `vxi11`, `serial`, `usb`.
    #[must_use]
    pub fn connection_type(&self) -> &'static str {
        match self {
            Self::Socket { .. } => "tcp",
            Self::Hislip { .. } => "hislip",
            Self::Vxi11 { .. } => "vxi11",
            Self::Serial { .. } => "serial",
            Self::Usb { .. } => "usb",
        }
    }
}

/// The word a resource string begins with, and what follows it and its board number.
enum Head<'a> {
    Tcpip(&'a str),
    Serial(&'a str),
    Usb(&'a str),
    Unknown,
}

impl<'a> Head<'a> {
    fn of(text: &'a str) -> Self {
        let after = |word: &str| {
            let (head, rest) = text.split_at_checked(word.len())?;
            head.eq_ignore_ascii_case(word).then_some(rest)
        };
        // Boards are interfaces of the local machine, of which its routes decide.
        let board = |rest: &'a str| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("::")
        };
        if let Some(rest) = after("TCPIP").and_then(board) {
            Self::Tcpip(rest)
        } else if let Some(rest) = after("USB").and_then(board) {
            Self::Usb(rest)
        } else if let Some(rest) = after("ASRL") {
            Self::Serial(rest)
        } else {
            Self::Unknown
        }
    }
}

fn tcpip(rest: &str) -> Result<Resource, String> {
    let (host, rest) = host(rest)?;
    let parts: Vec<&str> = rest.split("::").collect();
    match parts.as_slice() {
        [port, class] if is(class, "SOCKET") => {
            Ok(Resource::Socket { host, port: read_port(port)? })
        }
        [class] if is(class, "SOCKET") => Err("the port of the socket is missing".to_owned()),
        [class] if is(class, "INSTR") => {
            Ok(Resource::Vxi11 { host, device: "inst0".to_owned(), port: None })
        }
        [device, class] if is(class, "INSTR") => named_device(host, device),
        _ => Err("after the host, PORT::SOCKET, DEVICE::INSTR or INSTR must follow".to_owned()),
    }
}

fn named_device(host: String, device: &str) -> Result<Resource, String> {
    let lower = device.to_ascii_lowercase();
    let (name, port) = match lower.split_once(',') {
        Some((name, port)) => (name, Some(port)),
        None => (lower.as_str(), None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ',' | '_' | '-' | '.');
    if name.is_empty() || !lower.chars().all(plain) {
        return Err(format!("{device:?} is no name of a device, such as inst0 or hislip0"));
    }
    if name.starts_with("hislip") {
        let port = port.map(read_port).transpose()?.unwrap_or(HISLIP_PORT);
        return Ok(Resource::Hislip { host, device: name.to_owned(), port });
    }
    if name.starts_with("inst") {
        let port = port.map(read_port).transpose()?;
        return Ok(Resource::Vxi11 { host, device: name.to_owned(), port });
    }
    // A gateway's devices have commas of their own: gpib0,5.
    Ok(Resource::Vxi11 { host, device: lower, port: None })
}

/// The host at the beginning, which an IPv6 address in brackets may be, and what follows its `::`.
fn host(rest: &str) -> Result<(String, &str), String> {
    if let Some(bracketed) = rest.strip_prefix('[') {
        let (address, rest) = bracketed.split_once("]::").ok_or("the ] of the host is missing")?;
        let bare = address.split('%').next().unwrap_or(address);
        if bare.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("{address:?} is no IPv6 address"));
        }
        return Ok((address.to_ascii_lowercase(), rest));
    }
    let (host, rest) = rest.split_once("::").ok_or("what follows the host is missing")?;
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(named) {
        return Err(format!("{host:?} is no host name or address (IPv6 ones stand in brackets)"));
    }
    Ok((host.to_ascii_lowercase(), rest))
}

fn read_port(text: &str) -> Result<u16, String> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    let port = if digits { text.parse().ok() } else { None };
    port.filter(|port| *port > 0).ok_or_else(|| format!("{text:?} is no port from 1 to 65535"))
}

fn serial(rest: &str) -> Result<Resource, String> {
    let path = match rest.rsplit_once("::") {
        Some((path, class)) if is(class, "INSTR") => path,
        _ => return Err("a serial port ends in ::INSTR".to_owned()),
    };
    let path = path.strip_prefix("::").unwrap_or(path);
    if !path.starts_with('/') || path.chars().any(char::is_control) {
        return Err(format!(
            "{path:?} is no absolute path of a device; numbers of serial ports mean something else \
             on every machine"
        ));
    }
    Ok(Resource::Serial { path: path.to_owned() })
}

fn usb(rest: &str) -> Result<Resource, String> {
    let parts: Vec<&str> = rest.split("::").collect();
    let (ids, interface) = match parts.as_slice() {
        [vendor, product, serial, class] if is(class, "INSTR") => ((vendor, product, serial), None),
        [vendor, product, serial, interface, class] if is(class, "INSTR") => {
            let number = interface.parse().map_err(|_| format!("{interface:?} is no interface"))?;
            ((vendor, product, serial), Some(number))
        }
        _ => return Err("after USB0, VENDOR::PRODUCT::SERIAL::INSTR must follow".to_owned()),
    };
    let (vendor, product, serial) = ids;
    if serial.is_empty() || serial.chars().any(char::is_control) {
        return Err("the serial number is missing".to_owned());
    }
    let (vendor, product) = (usb_id(vendor)?, usb_id(product)?);
    Ok(Resource::Usb { vendor, product, serial: (*serial).to_owned(), interface })
}

fn usb_id(text: &str) -> Result<u16, String> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((text, 10), |digits| (digits, 16));
    // from_str_radix would take a sign.
    let plain = digits.chars().all(|c| c.is_digit(radix));
    let read = if plain { u16::from_str_radix(digits, radix).ok() } else { None };
    read.ok_or_else(|| format!("{text:?} is no USB id such as 0x1AB1"))
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { host, port } => write!(f, "TCPIP0::{}::{port}::SOCKET", Host(host)),
            Self::Hislip { host, device, port: HISLIP_PORT } => {
                write!(f, "TCPIP0::{}::{device}::INSTR", Host(host))
            }
            Self::Hislip { host, device, port }
            | Self::Vxi11 { host, device, port: Some(port) } => {
                write!(f, "TCPIP0::{}::{device},{port}::INSTR", Host(host))
            }
            Self::Vxi11 { host, device, port: None } => {
                write!(f, "TCPIP0::{}::{device}::INSTR", Host(host))
            }
            Self::Serial { path } => write!(f, "ASRL{path}::INSTR"),
            Self::Usb { vendor, product, serial, interface } => {
                write!(f, "USB0::0x{vendor:04X}::0x{product:04X}::{serial}")?;
                if let Some(interface) = interface {
                    write!(f, "::{interface}")?;
                }
                write!(f, "::INSTR")
            }
        }
    }
}

/// A host as a resource string has it.
struct Host<'a>(&'a str);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

impl FromStr for Resource {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Resource {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.to_string()
    }
}

#[cfg(test)]
mod tests;
