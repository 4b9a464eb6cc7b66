//! Packets as a capture file has them: pcap with nanoseconds, IP and TCP without anything below.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Opens a connection.
pub(super) const SYN: u8 = 0x02;
/// The data is to be handed over.
pub(super) const PSH: u8 = 0x08;
/// The acknowledgment counts.
pub(super) const ACK: u8 = 0x10;

/// The protocol number of TCP.
const TCP: u8 = 6;
/// Packets begin with their IP header (LINKTYPE_RAW).
const RAW: u32 = 101;
const HOPS: u8 = 64;
const TCP_HEADER: u16 = 20;

/// A TCP segment.
pub(super) struct Segment<'p> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) payload: &'p [u8],
}

/// The head of a capture file.
pub(super) fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(&0xa1b2_3c4d_u32.to_le_bytes());
    for half in [2_u16, 4] {
        out.extend_from_slice(&half.to_le_bytes());
    }
    for word in [0, 0, 65_535, RAW] {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

impl Segment<'_> {
    /// Appends it as a packet that was seen at this time.
    pub(super) fn put(&self, t_ns: i64, out: &mut Vec<u8>) {
        let packet = match (self.from.ip().to_canonical(), self.to.ip().to_canonical()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => self.over_v4(from.octets(), to.octets()),
            (from, to) => self.over_v6(wide(from).octets(), wide(to).octets()),
        };
        let (seconds, rest) = (t_ns.div_euclid(1_000_000_000), t_ns.rem_euclid(1_000_000_000));
        let word = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
        let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
        for word in [word(seconds), word(rest), length, length] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&packet);
    }

    fn over_v4(&self, from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
        let length = self.length().saturating_add(20);
        let header = |sum: u16| {
            let mut header = vec![0x45, 0];
            header.extend(length.to_be_bytes());
            // No number, since it may not be cut into fragments.
            header.extend([0, 0, 0x40, 0, HOPS, TCP]);
            header.extend(sum.to_be_bytes());
            header.extend(from.into_iter().chain(to));
            header
        };
        let mut packet = header(checksum(&[&header(0)]));
        let mut pseudo: Vec<u8> = from.into_iter().chain(to).collect();
        pseudo.extend([0, TCP]);
        pseudo.extend(self.length().to_be_bytes());
        packet.extend(self.tcp(&pseudo));
        packet
    }

    fn over_v6(&self, from: [u8; 16], to: [u8; 16]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend(self.length().to_be_bytes());
        packet.extend([TCP, HOPS]);
        packet.extend(from.into_iter().chain(to));
        let mut pseudo: Vec<u8> = from.into_iter().chain(to).collect();
        pseudo.extend(u32::from(self.length()).to_be_bytes());
        pseudo.extend([0, 0, 0, TCP]);
        packet.extend(self.tcp(&pseudo));
        packet
    }

    fn tcp(&self, pseudo: &[u8]) -> Vec<u8> {
        let header = |sum: u16| {
            let mut header = Vec::new();
            header.extend(self.from.port().to_be_bytes());
            header.extend(self.to.port().to_be_bytes());
            header.extend(self.seq.to_be_bytes());
            let ack = if self.flags & ACK == 0 { 0 } else { self.ack };
            header.extend(ack.to_be_bytes());
            header.extend([0x50, self.flags, 0xff, 0xff]);
            header.extend(sum.to_be_bytes());
            header.extend([0, 0]);
            header
        };
        let mut segment = header(checksum(&[pseudo, &header(0), self.payload]));
        segment.extend_from_slice(self.payload);
        segment
    }

    fn length(&self) -> u16 {
        u16::try_from(self.payload.len()).unwrap_or(u16::MAX).saturating_add(TCP_HEADER)
    }
}

fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The Internet checksum (RFC 1071). Each part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let pairs = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u64 = pairs
        .map(|pair| match pair {
            [high, low] => u64::from(u16::from_be_bytes([*high, *low])),
            [high] => u64::from(u16::from_be_bytes([*high, 0])),
            _ => 0,
        })
        .sum();
    let mut sum = sum;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // The example of the RFC's third section; and of an odd length.
        let example = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&[&example]), !0xddf2);
        assert_eq!(checksum(&[&example[..4], &example[4..]]), !0xddf2);
        assert_eq!(checksum(&[&[0x12, 0x34, 0x56]]), !0x6834);
    }
}
