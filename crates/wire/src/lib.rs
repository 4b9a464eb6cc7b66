//! Pure codecs and sans-I/O protocol sessions (IEC 60870-5-104, SCPI, HiSLIP, VXI-11, USBTMC).
//!
//! Nothing in here opens a socket or reads a clock, and nothing knows of `station-core`.

pub mod hislip;
pub mod iec104;
pub mod scpi;
pub mod usbtmc;
pub mod vxi11;
