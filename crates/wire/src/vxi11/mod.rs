//! VXI-11, the older protocol of LAN instruments: ONC remote procedure calls over TCP, without I/O.
//!
//! ```text
//!  xdr     numbers and strings as ONC writes them (RFC 4506)
//!  record  calls and answers within a stream: record marking (RFC 5531, 11)
//!  rpc     what stands before every call and answer
//!  core    the procedures of the core and abort channels (VXI-11, B.6)    codes  their errors
//!  portmap on which port a program is (RFC 1833, 3)
//! ```

mod codes;
mod core;
mod portmap;
mod record;
mod rpc;
mod xdr;

pub use self::core::{
    CreateLink, Generic, Link, Lock, Read, ReadReply, Reason, Write, flags, procedure,
};
pub use codes::DeviceError;
pub use portmap::{GetPort, PORTMAPPER_PORT};
pub use record::{LONGEST_RECORD, Malformed, mark, record};
pub use rpc::{Accepted, Call, Denied, Reply, program};
pub use xdr::{Reader, Writer};
