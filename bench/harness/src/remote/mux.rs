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
const FAILURE: u32 = 0x8000_0003;
const EXIT: u32 = 0x8000_0004;
const OPENED: u32 = 0x8000_0006;
const VERSION: u32 = 4;
const NO_ESCAPE: u32 = 0xffff_ffff;

/// Runs a command to its end and gives its standard output to `sink`; it must exit with 0. Returns
/// how often the server refused a session before, which it does while it closes another.
pub(crate) fn run(
    socket: &Path,
    command: &str,
    buffer: &mut [u8],
    mut sink: impl FnMut(&[u8]),
) -> Result<usize> {
    let mut refused = 0;
    while !attempt(socket, command, buffer, &mut sink)? {
        refused += 1;
        if refused == 1000 {
            return Err("the server refused a session a thousand times".into());
        }
    }
    Ok(refused)
}

/// Whether the server let it run.
fn attempt(
    socket: &Path,
    command: &str,
    buffer: &mut [u8],
    sink: &mut impl FnMut(&[u8]),
) -> Result<bool> {
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
    match answer(&mut answers)? {
        (HELLO, body) if body.starts_with(&VERSION.to_be_bytes()) => {}
        other => return Err(format!("no hello of version {VERSION}: {other:?}").into()),
    }
    match answer(&mut answers)? {
        (OPENED, _) => {}
        (FAILURE, why) if why.ends_with(b"Session open refused by peer") => return Ok(false),
        (kind, why) => {
            let why = String::from_utf8_lossy(why.get(8..).unwrap_or_default());
            return Err(format!("the master opened no session: {kind:#x} {why}").into());
        }
    }
    drain(stdout, buffer, sink)?;
    drain(stderr, buffer, &mut |_| {})?;
    let (kind, end) = answer(&mut answers)?;
    // The session is over when the master closes the socket.
    let more = answers.read(&mut [0])?;
    match end.get(4..8) {
        Some([0, 0, 0, 0]) if kind == EXIT && more == 0 => Ok(true),
        status => Err(format!("{command}: it ended with {kind:#x} {status:?}").into()),
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

/// The kind and the body of the next answer.
fn answer(answers: &mut BufReader<&UnixStream>) -> Result<(u32, Vec<u8>)> {
    let mut head = [0; 8];
    answers.read_exact(&mut head)?;
    let [length, kind] = [&head[..4], &head[4..]]
        .map(|word| word.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)));
    let body = length.checked_sub(4).ok_or("an answer without a kind")?;
    let mut body = vec![0; body as usize];
    answers.read_exact(&mut body)?;
    Ok((kind, body))
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

#[cfg(test)]
mod tests {
    use super::{BufReader, EXIT, UnixStream, answer, opening};
    use std::io::Write as _;

    #[test]
    fn the_opening_is_a_hello_and_a_request() {
        let all = opening("true").unwrap();
        let (hello, request) = all.split_at(12);
        assert_eq!(hello, [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 4]);
        let (length, body) = request.split_first_chunk().unwrap();
        assert_eq!(u32::from_be_bytes(*length) as usize, body.len());
        assert!(body.starts_with(&[0x10, 0, 0, 2]) && body.ends_with(b"\0\0\0\x04true"));
    }

    #[test]
    fn an_answer_has_a_kind_and_a_body() {
        let (mut master, here) = UnixStream::pair().unwrap();
        master.write_all(&[0, 0, 0, 12, 0x80, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 7]).unwrap();
        master.write_all(&[0, 0, 0, 3, 0, 0, 0, 0]).unwrap();
        let mut answers = BufReader::new(&here);
        assert_eq!(answer(&mut answers).unwrap(), (EXIT, vec![0, 0, 0, 1, 0, 0, 0, 7]));
        assert!(answer(&mut answers).is_err());
    }
}
