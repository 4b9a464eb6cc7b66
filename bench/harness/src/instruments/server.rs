//! A server that has its one block in memory: what a transfer costs without what an instrument does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use crate::Result;

/// Serves a definite block of that many bytes, and a line feed, for every line that comes; its thread
/// goes with this process.
pub(crate) fn serve(length: usize) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut reply = super::block::head(length).into_bytes();
    reply.extend((0..length).map(|n| n.to_le_bytes()[0]));
    reply.push(b'\n');
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // One after another; whoever leaves makes room for the next.
            if let Err(error) = answer(client, &reply) {
                eprintln!("station-bench: the block server lost a client: {error}");
            }
        }
    });
    Ok(address)
}

fn answer(client: TcpStream, reply: &[u8]) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = BufReader::new(client);
    let mut line = Vec::new();
    loop {
        line.clear();
        if client.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        client.get_mut().write_all(reply)?;
    }
}
