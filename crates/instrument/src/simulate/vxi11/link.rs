//! One link of a simulated instrument: its message so far, and what was not read of the reply.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use station_wire::vxi11::{DeviceError, Generic, Read, ReadReply, Reason, Write, flags, procedure};
use tokio::sync::Notify;

use super::{CHUNK, Shared};
use crate::simulate::without_terminator;

/// How long a message may be, in bytes.
const LONGEST_MESSAGE: usize = 64 << 20;

/// The message-available bit of the status byte (IEEE 488.2, 11.2.1.2).
const MAV: u8 = 0x10;

/// A link of a connection. Dropping it gives back its place and its lock.
pub(super) struct OpenLink {
    pub(super) number: i32,
    shared: Shared,
    aborted: Arc<Notify>,
    /// The message so far, while its END has not come.
    input: Vec<u8>,
    /// What has not been read of the reply.
    output: Vec<u8>,
    read: usize,
}

impl Drop for OpenLink {
    fn drop(&mut self) {
        self.shared.lock.release(self.number.unsigned_abs());
        let mut links = self.shared.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.remove(&self.number);
    }
}

impl OpenLink {
    pub(super) fn new(number: i32, shared: Shared, aborted: Arc<Notify>) -> Self {
        Self { number, shared, aborted, input: Vec::new(), output: Vec::new(), read: 0 }
    }

    fn client(&self) -> u32 {
        self.number.unsigned_abs()
    }

    /// Waits for another link's lock, if the call wants that.
    async fn free(&self, call_flags: u32, lock_timeout: u32) -> Result<(), DeviceError> {
        let waits = call_flags & flags::WAIT_LOCK != 0;
        let limit = Duration::from_millis(if waits { u64::from(lock_timeout) } else { 0 });
        let lock = &self.shared.lock;
        let free = lock.lets(self.client()) || lock.wait(self.client(), limit).await;
        if free { Ok(()) } else { Err(DeviceError::LOCKED) }
    }

    pub(super) async fn lock(&self, call_flags: u32, lock_timeout: u32) -> Result<(), DeviceError> {
        let waits = call_flags & flags::WAIT_LOCK != 0;
        let limit = Duration::from_millis(if waits { u64::from(lock_timeout) } else { 0 });
        let lock = &self.shared.lock;
        let taken = lock.is_held_by(self.client()) || lock.wait_to_take(self.client(), limit).await;
        if taken { Ok(()) } else { Err(DeviceError::LOCKED) }
    }

    pub(super) async fn write(&mut self, write: &Write<'_>) -> Result<u32, DeviceError> {
        self.free(write.flags, write.lock_timeout).await?;
        if self.input.len().saturating_add(write.data.len()) > LONGEST_MESSAGE {
            self.input = Vec::new();
            return Err(DeviceError::OUT_OF_RESOURCES);
        }
        self.input.extend_from_slice(write.data);
        if write.flags & flags::END != 0 {
            let message = std::mem::take(&mut self.input);
            self.carry_out(&message).await;
        }
        u32::try_from(write.data.len()).map_err(|_| DeviceError::PARAMETER)
    }

    /// Hands a message to the instrument. A reply that was not read is interrupted by it (IEEE 488.2,
    /// 6.3.2.3).
    async fn carry_out(&mut self, message: &[u8]) {
        self.output.clear();
        self.read = 0;
        let reply = self.shared.instrument.lock().await.message(without_terminator(message));
        if let Some(mut reply) = reply {
            reply.push(b'\n');
            self.output = reply;
        }
    }

    pub(super) async fn read(&mut self, read: &Read) -> Vec<u8> {
        if let Err(error) = self.free(read.flags, read.lock_timeout).await {
            return failed_read(error);
        }
        let rest = self.output.get(self.read..).unwrap_or_default();
        if rest.is_empty() {
            let limit = Duration::from_millis(u64::from(read.io_timeout));
            let aborted = tokio::time::timeout(limit, self.aborted.notified()).await;
            return failed_read(aborted.map_or(DeviceError::IO_TIMEOUT, |()| DeviceError::ABORT));
        }
        let most = usize::try_from(read.most.min(CHUNK)).unwrap_or(1);
        let mut data = rest.get(..most).unwrap_or(rest);
        let mut reason = Reason(0);
        if let Some(character) = read.term_char
            && let Some(at) = data.iter().position(|byte| *byte == character)
        {
            data = data.get(..=at).unwrap_or(data);
            reason = reason.with(Reason::CHARACTER);
        }
        if data.len() == rest.len() {
            reason = reason.with(Reason::END);
        }
        if data.len() == most {
            reason = reason.with(Reason::COUNT);
        }
        let results = ReadReply { error: None, reason, data }.encode();
        self.read += data.len();
        results
    }

    /// Carries out what has no arguments of its own; the status byte.
    pub(super) async fn generic(&mut self, wanted: u32, call: &Generic) -> Result<u8, DeviceError> {
        self.free(call.flags, call.lock_timeout).await?;
        match wanted {
            procedure::DEVICE_CLEAR => {
                self.input.clear();
                self.output.clear();
                self.read = 0;
                self.shared.instrument.lock().await.clear();
            }
            procedure::DEVICE_TRIGGER => self.carry_out(b"*TRG").await,
            procedure::DEVICE_READSTB => {
                let byte = self.shared.instrument.lock().await.status_byte();
                let available = self.read < self.output.len();
                return Ok(if available { byte | MAV } else { byte });
            }
            // Remote and local are all one to a simulator.
            _ => {}
        }
        Ok(0)
    }
}

pub(super) fn failed_read(error: DeviceError) -> Vec<u8> {
    ReadReply { error: Some(error), reason: Reason(0), data: b"" }.encode()
}
