//! A small HTTP/1.1 client over a Unix socket: one connection kept alive, one request at a time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::Result;

/// A connection.
#[derive(Debug)]
pub(crate) struct Http(BufReader<UnixStream>);

impl Http {
    /// Connects to the daemon's socket.
    pub(crate) fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(BufReader::with_capacity(64 << 10, stream)))
    }

    /// Sends one request; the status and the body of its answer.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.0.get_mut().write_all(&request)?;
        self.answer()
    }

    /// The JSON of a GET that must succeed.
    pub(crate) fn get(&mut self, path: &str) -> Result<Value> {
        let (status, body) = self.call("GET", path, b"")?;
        if status != 200 {
            return Err(format!("GET {path}: {status} {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| format!("no status in {line:?}"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            match header.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(("transfer-encoding", _)) => chunked = true,
                Some(_) => {}
                None => break,
            }
        }
        if !chunked {
            let mut body = vec![0; length];
            self.0.read_exact(&mut body)?;
            return Ok((status, body));
        }
        let mut body = Vec::new();
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16)?;
            (&mut self.0).take(size).read_to_end(&mut body)?;
            self.0.read_line(&mut line)?;
            if size == 0 {
                return Ok((status, body));
            }
        }
    }
}
