//! USBTMC (with USB488): instruments on USB, by the crate `nusb`, without libusb and without a kernel
//! driver's device file.
//!
//! Only with the cargo feature `usbtmc`. The messages are tested in `station-wire`; this file has been
//! compiled and read, but **not tested with hardware**, since the project's machines have none.
//!
//! Transfers are queued at their endpoints, so dropping a future loses none of them: a device clear
//! cancels what is queued before it asks the instrument to forget (USBTMC, 4.2.1.6).

use std::time::Duration;

use nusb::transfer::{
    Buffer, Bulk, Completion, ControlIn, ControlType, Direction, In, Interrupt, Out, Recipient,
};
use nusb::{DeviceInfo, Endpoint, Interface};
use station_wire::usbtmc::{
    ControlRequest, HEADER_LENGTH, Reply, Status, Tag, interrupt_status_byte, message_out,
    request_in, status_byte,
};
use tokio::time::{sleep, timeout};

use super::{Act, Cleared, Transport};
use crate::{Error, ErrorKind};

/// Class and subclass of an interface for test and measurement (USBTMC, table 43).
const CLASS: (u8, u8) = (0xfe, 3);

/// How large a transfer from the instrument may be, in bytes: a multiple of every packet size.
const TRANSFER: u16 = 32 << 10;

/// How much of a message goes in one transfer, in bytes.
const CHUNK: usize = 32 << 10;

/// How long a request on the control endpoint may take.
const CONTROL_LIMIT: Duration = Duration::from_secs(5);

/// How often to ask whether a device clear is done, while the instrument says that it is not.
const CLEAR_PAUSE: Duration = Duration::from_millis(10);

/// A connection to an instrument on USB.
pub struct Usbtmc {
    /// What people know it by.
    name: String,
    interface: Interface,
    output: Endpoint<Bulk, Out>,
    input: Endpoint<Bulk, In>,
    /// Where status bytes come, if there is such an endpoint.
    interrupt: Option<Endpoint<Interrupt, In>>,
    tag: Tag,
    /// The number of the next request for a status byte: 2 to 127.
    status_tag: u8,
}

impl Usbtmc {
    /// Opens the instrument with these numbers and, if given, that serial number and interface, within
    /// `limit`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`] when it is not there or not an instrument, [`ErrorKind::Busy`] when
    /// another program has it.
    pub async fn connect(
        vendor: u16,
        product: u16,
        serial: Option<&str>,
        interface: Option<u8>,
        limit: Duration,
    ) -> Result<Self, Error> {
        let name = match serial {
            Some(serial) => format!("the USB instrument {vendor:04x}:{product:04x} {serial}"),
            None => format!("the USB instrument {vendor:04x}:{product:04x}"),
        };
        let opened = Self::open((vendor, product), serial, interface, &name);
        timeout(limit, opened).await.unwrap_or_else(|_| {
            let text = format!("{name} could not be opened within {limit:?}");
            Err(Error::new(ErrorKind::Unreachable, text))
        })
    }

    async fn open(
        ids: (u16, u16),
        serial: Option<&str>,
        interface: Option<u8>,
        name: &str,
    ) -> Result<Self, Error> {
        let unreachable = |why: String| {
            Error::new(ErrorKind::Unreachable, format!("{name} cannot be opened: {why}"))
        };
        let devices = nusb::list_devices().await.map_err(|error| unreachable(error.to_string()))?;
        let device = devices
            .filter(|device| (device.vendor_id(), device.product_id()) == ids)
            .find(|device| serial.is_none_or(|serial| device.serial_number() == Some(serial)))
            .ok_or_else(|| unreachable("it is not plugged in, or not switched on".to_owned()))?;
        let number = instrument_interface(&device, interface)
            .ok_or_else(|| unreachable("it has no USBTMC interface of that number".to_owned()))?;
        let device = device.open().await.map_err(|error| {
            unreachable(format!("{error}; may this user write to USB devices?"))
        })?;
        // The kernel's own driver for instruments has it otherwise, where there is one.
        let claimed = device.detach_and_claim_interface(number).await;
        let interface = claimed.map_err(|error| {
            let text = format!("{name} is in use by another program: {error}");
            Error::new(ErrorKind::Busy, text)
        })?;
        let bulk_out = endpoint_address(&interface, Direction::Out, false);
        let bulk_in = endpoint_address(&interface, Direction::In, false);
        let (Some(bulk_out), Some(bulk_in)) = (bulk_out, bulk_in) else {
            return Err(unreachable("its interface has not both bulk endpoints".to_owned()));
        };
        let failed = |error: nusb::Error| unreachable(error.to_string());
        let output = interface.endpoint(bulk_out).map_err(failed)?;
        let input = interface.endpoint(bulk_in).map_err(failed)?;
        let interrupt = match endpoint_address(&interface, Direction::In, true) {
            Some(address) => Some(interface.endpoint(address).map_err(failed)?),
            None => None,
        };
        let (name, tag, status_tag) = (name.to_owned(), Tag::default(), 2);
        Ok(Self { name, interface, output, input, interrupt, tag, status_tag })
    }

    async fn send_message(&mut self, message: &[u8]) -> Result<(), Error> {
        let mut rest = message;
        loop {
            let (data, after) = rest.split_at(CHUNK.min(rest.len()));
            rest = after;
            let transfer = message_out(self.tag.take(), data, rest.is_empty());
            self.write(transfer).await?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn write(&mut self, transfer: Vec<u8>) -> Result<(), Error> {
        self.output.submit(transfer.into());
        let done = self.output.next_complete().await;
        done.status.map_err(|error| self.lost(&error))
    }

    async fn receive_reply(&mut self, reply: &mut Vec<u8>) -> Result<bool, Error> {
        let tag = self.tag.take();
        let room = usize::from(TRANSFER) - HEADER_LENGTH - 4;
        let most = u32::try_from(room).unwrap_or(u32::MAX);
        self.write(request_in(tag, most, None)).await?;
        let transfer = self.read().await?;
        let header = Reply::decode(&transfer, tag, most)
            .map_err(|why| Error::new(ErrorKind::Reply, format!("{}: {why}", self.name)))?;
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let data = transfer.get(HEADER_LENGTH..).and_then(|rest| rest.get(..length));
        let Some(data) = data else {
            let there = transfer.len();
            let text = format!("{}: {length} bytes announced, a transfer of {there}", self.name);
            return Err(Error::new(ErrorKind::Reply, text));
        };
        reply.extend_from_slice(data);
        Ok(header.end)
    }

    async fn read(&mut self) -> Result<Vec<u8>, Error> {
        self.input.submit(Buffer::new(usize::from(TRANSFER)));
        let Completion { buffer, status, .. } = self.input.next_complete().await;
        status.map_err(|error| self.lost(&error))?;
        Ok(buffer.into_vec())
    }

    /// Device clear, which may begin again when it was dropped before its end.
    async fn clear_all(&mut self) -> Result<Cleared, Error> {
        self.output.cancel_all();
        while self.output.pending() > 0 {
            self.output.next_complete().await;
        }
        self.input.cancel_all();
        while self.input.pending() > 0 {
            self.input.next_complete().await;
        }
        let answer = self.control(ControlRequest::INITIATE_CLEAR, 0, 1).await?;
        self.accepted(answer.first().copied())?;
        loop {
            let answer = self.control(ControlRequest::CHECK_CLEAR_STATUS, 0, 2).await?;
            let status = answer.first().copied().map(Status);
            if status != Some(Status::PENDING) {
                self.accepted(status.map(|status| status.0))?;
                break;
            }
            if answer.get(1).is_some_and(|flags| flags & 1 == 1) {
                // It still has something to be read before it can forget it.
                self.read().await?;
            }
            sleep(CLEAR_PAUSE).await;
        }
        let halted = self.output.clear_halt().await;
        halted.map_err(|error| {
            let text = format!("{} did not come back from a device clear: {error}", self.name);
            Error::new(ErrorKind::Lost, text)
        })?;
        Ok(Cleared::Done)
    }

    fn accepted(&self, status: Option<u8>) -> Result<(), Error> {
        match status.map(Status) {
            Some(Status::SUCCESS) => Ok(()),
            Some(other) => {
                let text = format!("{} refused a device clear: {other}", self.name);
                Err(Error::new(ErrorKind::Reply, text))
            }
            None => {
                let text = format!("{} did not say whether it does a device clear", self.name);
                Err(Error::new(ErrorKind::Reply, text))
            }
        }
    }

    async fn read_status(&mut self) -> Result<Option<u8>, Error> {
        let tag = self.status_tag;
        self.status_tag = if tag >= 127 { 2 } else { tag + 1 };
        let answer = self.control(ControlRequest::READ_STATUS_BYTE, u16::from(tag), 3).await?;
        let Some(interrupt) = self.interrupt.as_mut() else {
            return Ok(status_byte(&answer, tag));
        };
        loop {
            if interrupt.pending() == 0 {
                let size = interrupt.max_packet_size();
                interrupt.submit(Buffer::new(size));
            }
            let done = interrupt.next_complete().await;
            if let Err(error) = done.status {
                return Err(self.lost(&error));
            }
            if let Some(byte) = interrupt_status_byte(&done.buffer, tag) {
                return Ok(Some(byte));
            }
        }
    }

    async fn control(
        &self,
        request: ControlRequest,
        value: u16,
        length: u16,
    ) -> Result<Vec<u8>, Error> {
        let setup = ControlIn {
            control_type: ControlType::Class,
            recipient: Recipient::Interface,
            request: request.0,
            value,
            index: u16::from(self.interface.interface_number()),
            length,
        };
        let answer = self.interface.control_in(setup, CONTROL_LIMIT).await;
        answer.map_err(|error| self.lost(&error))
    }

    fn lost(&self, error: &nusb::transfer::TransferError) -> Error {
        Error::new(ErrorKind::Lost, format!("a transfer of {} failed: {error}", self.name))
    }
}

/// The number of the device's USBTMC interface: the wanted one, or the first.
fn instrument_interface(device: &DeviceInfo, wanted: Option<u8>) -> Option<u8> {
    device
        .interfaces()
        .filter(|interface| (interface.class(), interface.subclass()) == CLASS)
        .map(nusb::InterfaceInfo::interface_number)
        .find(|number| wanted.is_none_or(|wanted| wanted == *number))
}

/// The address of the interface's first endpoint of that direction, bulk or interrupt.
fn endpoint_address(interface: &Interface, direction: Direction, interrupt: bool) -> Option<u8> {
    use nusb::descriptors::TransferType::{Bulk, Interrupt};
    let kind = if interrupt { Interrupt } else { Bulk };
    let descriptor = interface.descriptor()?;
    let mut endpoints = descriptor.endpoints();
    let found = endpoints
        .find(|endpoint| endpoint.direction() == direction && endpoint.transfer_type() == kind)?;
    Some(found.address())
}

impl Transport for Usbtmc {
    fn send<'a>(&'a mut self, message: &'a [u8]) -> Act<'a, ()> {
        Box::pin(self.send_message(message))
    }

    fn receive<'a>(&'a mut self, reply: &'a mut Vec<u8>) -> Act<'a, bool> {
        Box::pin(self.receive_reply(reply))
    }

    fn clear(&mut self) -> Act<'_, Cleared> {
        Box::pin(self.clear_all())
    }

    fn status_byte(&mut self) -> Act<'_, Option<u8>> {
        Box::pin(self.read_status())
    }

    /// Nothing comes unasked here: a reply waits in the instrument until it is asked for.
    fn discard(&mut self) -> usize {
        0
    }

    fn has_end(&self) -> bool {
        true
    }
}
