//! HiSLIP and VXI-11 over real sockets: our clients against our servers, against servers that go wrong,
//! and an independent client against our servers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a fault"
)]

mod bench;
mod hislip;
mod hislip_faults;
mod pyvisa;
mod vxi11;
mod vxi11_faults;
