//! A connection to a master's socket: packets in and out, descriptors out.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::net::{
    MMsgHdr, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmmsg, sendmsg,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::UnixStream;

use super::wire::{self, Reply};

/// A connection to a master's socket.
#[derive(Debug)]
pub(super) struct Control {
    stream: UnixStream,
    /// What has been read and not yet been understood.
    unread: Vec<u8>,
}

impl Control {
    /// Connects, says hello, and waits for the master's hello.
    pub(super) async fn connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket).await?;
        let mut control = Self { stream, unread: Vec::with_capacity(128) };
        control.request(&wire::hello()).await?;
        match control.reply().await? {
            Some(Reply::Hello(wire::VERSION)) => Ok(control),
            Some(other) => Err(io::Error::other(format!(
                "it does not speak version {} of OpenSSH's protocol, but says {other:?}",
                wire::VERSION
            ))),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Sends a packet.
    pub(super) async fn request(&mut self, packet: &[u8]) -> io::Result<()> {
        self.stream.write_all(packet).await
    }

    /// Passes the descriptors, each in a message of its own, as the master reads them.
    pub(super) async fn pass(&self, descriptors: &[OwnedFd; 3]) -> io::Result<()> {
        let mut passed = 0;
        while let Some(left) = descriptors.get(passed..)
            && !left.is_empty()
        {
            passed += self
                .stream
                .async_io(Interest::WRITABLE, || send(self.stream.as_fd(), left))
                .await?;
        }
        Ok(())
    }

    /// The next reply; `None`: the master has closed the socket. May be cancelled.
    pub(super) async fn reply(&mut self) -> io::Result<Option<Reply>> {
        loop {
            let found = wire::decode(&self.unread).map_err(|wire::Malformed| {
                io::Error::new(ErrorKind::InvalidData, "it does not speak OpenSSH's protocol")
            })?;
            if let Some((reply, length)) = found {
                self.unread.drain(..length);
                return Ok(Some(reply));
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// Sends as many as go; at least one. All three cost one call of the kernel, if it has such a call.
fn send(socket: BorrowedFd<'_>, descriptors: &[OwnedFd]) -> io::Result<usize> {
    let byte = [IoSlice::new(&[0])];
    let borrowed: Vec<[BorrowedFd<'_>; 1]> = descriptors.iter().map(|fd| [fd.as_fd()]).collect();
    let mut spaces = [[MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]; 3];
    let mut controls: Vec<SendAncillaryBuffer<'_, '_, '_>> = Vec::with_capacity(3);
    for (fd, space) in borrowed.iter().zip(&mut spaces) {
        let mut control = SendAncillaryBuffer::new(space);
        if !control.push(SendAncillaryMessage::ScmRights(fd)) {
            return Err(ErrorKind::InvalidInput.into());
        }
        controls.push(control);
    }
    let mut messages: Vec<MMsgHdr<'_>> =
        controls.iter_mut().map(|control| MMsgHdr::new(&byte, control)).collect();
    match sendmmsg(socket, &mut messages, SendFlags::NOSIGNAL) {
        Err(rustix::io::Errno::NOSYS) => {}
        sent => return Ok(sent?),
    }
    drop(messages);
    let Some(first) = controls.first_mut() else { return Ok(0) };
    sendmsg(socket, &byte, first, SendFlags::NOSIGNAL)?;
    Ok(1)
}
