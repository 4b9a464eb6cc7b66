//! Writes HTTP/1.1 requests and reads the answers, bounded in every length.

use std::io::{self, BufRead, Read};

use super::{Answer, ClientError};

/// The longest answer head.
const MAX_HEAD: u64 = 64 * 1024;
/// The longest line that announces a chunk.
const MAX_CHUNK_LINE: u64 = 4 * 1024;
/// The longest whole body.
const MAX_BODY: u64 = 256 * 1024 * 1024;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes are left.
    Sized(u64),
    /// In chunks: bytes left in this one.
    Chunk(u64),
    /// Between chunks.
    BetweenChunks {
        /// Whether one came before, whose line end is still to be read.
        after_one: bool,
    },
    /// When the connection closes.
    UntilClose,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The status.
    pub(crate) status: u16,
    /// How the end of the body is told.
    pub(crate) framing: Framing,
    /// Whether the connection ends with this answer.
    pub(crate) close: bool,
}

/// Writes a request as bytes, to be sent in one piece.
pub(crate) fn request(
    method: &str,
    host: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&serde_json::Value>,
) -> Result<Vec<u8>, ClientError> {
    let body = match body {
        Some(value) => serde_json::to_vec(value)
            .map_err(|e| ClientError::Protocol(format!("the request cannot be written: {e}")))?,
        None => Vec::new(),
    };
    let mut out = Vec::with_capacity(body.len() + path.len() + 160);
    for part in [method, " ", path, " HTTP/1.1\r\nhost: ", host, "\r\naccept: */*\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(token) = token {
        out.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
    }
    if !body.is_empty() {
        out.extend_from_slice(b"content-type: application/json\r\n");
    }
    if !body.is_empty() || method != "GET" {
        out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    Ok(out)
}

/// Reads an answer's head; interim answers (1xx) are passed over.
pub(crate) fn read_head(reader: &mut impl BufRead) -> io::Result<Head> {
    let mut budget = MAX_HEAD;
    loop {
        let status = status_line(&read_line(reader, &mut budget)?)?;
        let head = read_fields(reader, status, &mut budget)?;
        if !(100..200).contains(&status) {
            return Ok(head);
        }
    }
}

/// Reads a whole answer.
pub(crate) fn read_answer(reader: &mut impl BufRead) -> io::Result<(Answer, bool)> {
    let head = read_head(reader)?;
    let body = read_body(reader, head)?;
    Ok((Answer { status: head.status, body }, head.close))
}

/// Reads the body that follows `head`.
pub(crate) fn read_body(reader: &mut impl BufRead, head: Head) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let read = Body { reader, framing: head.framing }.take(MAX_BODY + 1).read_to_end(&mut body)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_BODY {
        return Err(bad("the answer is longer than 256 MiB"));
    }
    Ok(body)
}

/// A body as a reader: chunk marks are taken out, a cut-off body is an error.
pub(crate) struct Body<'a, R> {
    /// The connection.
    pub(crate) reader: &'a mut R,
    /// What is left.
    pub(crate) framing: Framing,
}

impl<R: BufRead> Body<'_, R> {
    fn next_chunk(&mut self, after_one: bool) -> io::Result<()> {
        let mut budget = MAX_CHUNK_LINE;
        if after_one && !read_line(self.reader, &mut budget)?.is_empty() {
            return Err(bad("a chunk is longer than announced"));
        }
        let line = read_line(self.reader, &mut budget)?;
        let size = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(size)
            .ok()
            .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|text| u64::from_str_radix(text, 16).ok())
            .ok_or_else(|| bad("a chunk has no size"))?;
        if size > 0 {
            self.framing = Framing::Chunk(size);
            return Ok(());
        }
        while !read_line(self.reader, &mut budget)?.is_empty() {}
        self.framing = Framing::Sized(0);
        Ok(())
    }
}

impl<R: BufRead> BufRead for Body<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Framing::BetweenChunks { after_one } = self.framing {
            self.next_chunk(after_one)?;
        }
        let left = match self.framing {
            Framing::Sized(0) => return Ok(&[]),
            Framing::Sized(left) | Framing::Chunk(left) => left,
            Framing::UntilClose | Framing::BetweenChunks { .. } => u64::MAX,
        };
        let until_close = self.framing == Framing::UntilClose;
        let bytes = self.reader.fill_buf()?;
        if bytes.is_empty() && !until_close {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off"));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
        let amount = u64::try_from(amount).unwrap_or(u64::MAX);
        self.framing = match self.framing {
            Framing::Sized(left) => Framing::Sized(left.saturating_sub(amount)),
            Framing::Chunk(left) if left <= amount => Framing::BetweenChunks { after_one: true },
            Framing::Chunk(left) => Framing::Chunk(left - amount),
            Framing::BetweenChunks { after_one } => Framing::BetweenChunks { after_one },
            Framing::UntilClose => Framing::UntilClose,
        };
    }
}

impl<R: BufRead> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = {
            let mut bytes = self.fill_buf()?;
            bytes.read(buffer)?
        };
        self.consume(read);
        Ok(read)
    }
}

fn read_fields(reader: &mut impl BufRead, status: u16, budget: &mut u64) -> io::Result<Head> {
    let empty = (100..200).contains(&status) || status == 204 || status == 304;
    let mut framing = if empty { Framing::Sized(0) } else { Framing::UntilClose };
    let mut close = false;
    loop {
        let line = read_line(reader, budget)?;
        if line.is_empty() {
            return Ok(Head { status, framing, close: close || framing == Framing::UntilClose });
        }
        let mut halves = line.splitn(2, |b| *b == b':');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().ok_or_else(|| bad("a header has no colon"))?.trim_ascii();
        if name.eq_ignore_ascii_case(b"connection") {
            close = value.eq_ignore_ascii_case(b"close");
        } else if empty {
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(bad("the answer is encoded in an unknown way"));
            }
            framing = Framing::BetweenChunks { after_one: false };
        } else if name.eq_ignore_ascii_case(b"content-length")
            && !matches!(framing, Framing::BetweenChunks { .. })
        {
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            framing = Framing::Sized(length.ok_or_else(|| bad("a length is not a number"))?);
        }
    }
}

fn status_line(line: &[u8]) -> io::Result<u16> {
    let rest = line
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| line.strip_prefix(b"HTTP/1.0 "))
        .ok_or_else(|| bad("it is not HTTP"))?;
    rest.get(..3)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .filter(|status| (100..600).contains(status))
        .ok_or_else(|| bad("the HTTP status is not a number"))
}

fn read_line(reader: &mut impl BufRead, budget: &mut u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(*budget).read_until(b'\n', &mut line)?;
    *budget = budget.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
    if line.pop() != Some(b'\n') {
        return Err(if *budget == 0 {
            bad("a head is too long")
        } else {
            io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off")
        });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
