//! The bare multiplexing client: one command over a master's socket, blocking, with nothing besides.
//!
//! It is the limit that ours is held against, so it shares nothing with it; the words of the
//! protocol are those of OpenSSH's PROTOCOL.mux.

use std::io::{BufReader, IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::Result;

const HELLO: u32 = 0x0000_0001;
const NEW_SESSION: u32 = 0x1000_0002;
const DENIED: u32 = 0x8000_0002;
const FAILURE: u32 = 0x8000_0003;
const EXIT: u32 = 0x8000_0004;
const OPENED: u32 = 0x8000_0006;
const VERSION: u32 = 4;
const NO_ESCAPE: u32 = 0xffff_ffff;

/// Runs a command to its end and gives its standard output to `sink`; it must exit with 0.
pub(crate) fn run(
    socket: &Path,
    command: &str,
    buffer: &mut [u8],
    mut sink: impl FnMut(&[u8]),
) -> Result<()> {
    let stream = UnixStream::connect(socket)?;
    (&stream).write_all(&opening(command)?)?;
    let (stdin, stdin_here) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stdout, stdout_there) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stderr, stderr_there) = pipe_with(PipeFlags::CLOEXEC)?;
    if buffer.len() > 1 << 16 {
        fcntl_setpipe_size(&stdout, buffer.len())?;
    }
    for there in [stdin, stdout_there, stderr_there] {
        pass(&stream, there.as_fd())?;
    }
    drop(stdin_here);
    let mut answers = BufReader::with_capacity(256, &stream);
    if !matches!(answer(&mut answers, HELLO)?.as_slice(), [0, 0, 0, 4, ..]) {
        return Err("the master speaks another version".into());
    }
    answer(&mut answers, OPENED)?;
    drain(stdout, buffer, &mut sink)?;
    drain(stderr, buffer, &mut |_| {})?;
    let end = answer(&mut answers, EXIT)?;
    // The slot is free when the master closes the socket.
    let more = answers.read(&mut [0])?;
    match end.get(4..8) {
        Some([0, 0, 0, 0]) if more == 0 => Ok(()),
        status => Err(format!("{command}: it ended with {status:?}").into()),
    }
}

/// The hello and the request, in one write.
fn opening(command: &str) -> Result<Vec<u8>> {
    let mut request = Vec::with_capacity(64 + command.len());
    // Request 0, the reserved text, then neither terminal, X11, agent nor subsystem.
    for word in [NEW_SESSION, 0, 0, 0, 0, 0, 0, NO_ESCAPE, 0] {
        request.extend_from_slice(&word.to_be_bytes());
    }
    request.extend_from_slice(&u32::try_from(command.len())?.to_be_bytes());
    request.extend_from_slice(command.as_bytes());
    let mut all = Vec::with_capacity(16 + request.len());
    for word in [8, HELLO, VERSION, u32::try_from(request.len())?] {
        all.extend_from_slice(&word.to_be_bytes());
    }
    all.extend_from_slice(&request);
    Ok(all)
}

/// Passes one descriptor, with the one byte that carries it.
fn pass(stream: &UnixStream, fd: BorrowedFd<'_>) -> Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    if !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err("no room for a descriptor".into());
    }
    sendmsg(stream, &[IoSlice::new(&[0])], &mut control, SendFlags::empty())?;
    Ok(())
}

/// The body of the next answer, which must be of that kind.
fn answer(answers: &mut BufReader<&UnixStream>, kind: u32) -> Result<Vec<u8>> {
    let mut head = [0; 4];
    answers.read_exact(&mut head)?;
    let mut packet = vec![0; u32::from_be_bytes(head) as usize];
    answers.read_exact(&mut packet)?;
    let (head, body) = packet.split_first_chunk().ok_or("an answer without a kind")?;
    let told = u32::from_be_bytes(*head);
    if told == kind {
        return Ok(body.to_vec());
    }
    let why = String::from_utf8_lossy(body.get(8..).unwrap_or_default());
    match told {
        DENIED | FAILURE => Err(format!("the master refused: {why}").into()),
        other => Err(format!("answer {other:#x} instead of {kind:#x}").into()),
    }
}

fn drain(pipe: OwnedFd, buffer: &mut [u8], sink: &mut impl FnMut(&[u8])) -> Result<()> {
    loop {
        let read = rustix::io::read(&pipe, &mut *buffer)?;
        if read == 0 {
            return Ok(());
        }
        sink(buffer.get(..read).unwrap_or_default());
    }
}
