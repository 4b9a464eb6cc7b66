//! Captures: what tshark makes of them, and that each frame is in them once.

use std::process::Command;

use super::*;

/// The frames of another stack that the codec is tested with.
const VECTORS: &str = include_str!("../../../wire/tests/fixtures/iec104-vectors.jsonl");

fn vectors() -> Vec<String> {
    let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let good = VECTORS.lines().map(read).filter(|vector| vector["malformed"] == false);
    good.map(|vector| vector["hex"].as_str().unwrap().to_owned()).collect()
}

fn tshark(file: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("tshark")
        .args(["-n", "-r", file.to_str().unwrap(), "-d", "tcp.port==2404,iec60870_104"])
        .args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"])
        .args(arguments)
        .output()
        .expect("tshark is needed: ./test installs it, or `apt-get install tshark`");
    let says = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{says}");
    String::from_utf8(ran.stdout).unwrap()
}

/// How many APDUs tshark sees.
fn apdus(file: &Path) -> usize {
    let arguments = [
        ["-Y", "iec60870_104"],
        ["-T", "fields"],
        ["-E", "occurrence=a"],
        ["-E", "aggregator=,"],
        ["-e", "iec60870_104.type"],
    ];
    let seen = tshark(file, arguments.as_flattened());
    seen.split(['\n', ',']).filter(|token| !token.is_empty()).count()
}

fn assert_well_formed(file: &Path) {
    let filter = "_ws.malformed || _ws.expert.severity >= 0x00800000";
    let fields = ["-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message"];
    let mut arguments = vec!["-Y", filter];
    arguments.extend(fields);
    assert_eq!(tshark(file, &arguments), "");
    // No packet that TCP would take for lost, repeated or out of order.
    let odd = "tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0";
    assert_eq!(tshark(file, &["-Y", odd]), "");
}

#[test]
fn tshark_reads_every_frame_and_finds_nothing_wrong() {
    let vectors = vectors();
    assert!(vectors.len() > 50);
    for (local, peer) in [
        ("10.0.0.5:50123", "10.0.0.9:2404"),
        ("[fd00::5]:50123", "[fd00::9]:2404"),
        ("[::ffff:10.0.0.5]:50123", "10.0.0.9:2404"),
    ] {
        let mut trail = Trail::new();
        let mut n = 0;
        for part in vectors.chunks(9) {
            let frames: Vec<_> = part
                .iter()
                .map(|hex| {
                    n += 1;
                    let sent = n % 3 == 0;
                    (n, sent, 1_700_000_000_123_456_789 + i64::try_from(n).unwrap(), hex.as_str())
                })
                .collect();
            let mut told = told(&frames);
            (told.local, told.peer) = (Some(local.to_owned()), Some(peer.to_owned()));
            trail.put(command(i64::try_from(n).unwrap(), told));
        }
        let file = trail.path().join("audit.pcap");
        std::fs::write(&file, trail.export(AuditFilter::default(), Format::Pcap)).unwrap();
        assert_well_formed(&file);
        assert_eq!(apdus(&file), vectors.len(), "{local}");
        let first = tshark(&file, &["-T", "fields", "-e", "frame.time_epoch", "-c", "1"]);
        assert_eq!(first.trim(), "1700000000.123456790");
    }
}

/// The times of all packets that carry something, in the order of the file: they tell frames apart.
fn times(octets: &[u8]) -> Vec<u32> {
    let word = |at: usize| u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
    assert_eq!(word(0), 0xa1b2_3c4d);
    let (mut at, mut times) = (24, Vec::new());
    while at < octets.len() {
        let length = usize::try_from(word(at + 8)).unwrap();
        if length > 40 {
            times.push(word(at + 4));
        }
        at += 16 + length;
    }
    times
}

#[test]
fn frames_of_commands_that_overlap_are_written_once_and_in_order() {
    const U: &str = "680443000000";
    let mut trail = Trail::new();
    let frames = |from: u64, to: u64| {
        (from..=to).map(|n| (n, true, i64::try_from(n).unwrap(), U)).collect::<Vec<_>>()
    };
    // The one that was begun first is over last.
    trail.put(command(2, told(&frames(5, 7))));
    trail.put(command(3, told(&frames(6, 9))));
    trail.put(command(4, told(&frames(1, 12))));
    // Long after, the same connection goes on; and what was written long ago is told again.
    trail.put(command(5000, told(&frames(20, 21))));
    trail.put(command(9000, told(&frames(11, 22))));
    let written = times(&trail.export(AuditFilter::default(), Format::Pcap));
    assert_eq!(written[..12], (1..=12).collect::<Vec<_>>());
    let mut all = written.clone();
    all.sort_unstable();
    assert_eq!(all, (1..=22).collect::<Vec<_>>(), "{written:?}");
}

#[test]
fn connections_are_told_apart_and_those_without_frames_left_out() {
    const U: &str = "680443000000";
    let mut trail = Trail::new();
    let other = Telecontrol {
        connection: Some("c2".to_owned()),
        local: Some("10.0.0.5:50124".to_owned()),
        ..told(&[(0, true, 15, U), (1, false, 25, U)])
    };
    trail.put(plain(1));
    trail.put(command(2, told(&[(0, true, 10, U), (1, false, 20, U)])));
    trail.put(command(3, other));
    trail.put(command(4, told(&[])));
    let file = trail.path().join("audit.pcap");
    let capture = trail.export(AuditFilter::default(), Format::Pcap);
    assert_eq!(times(&capture), [10, 15, 20, 25]);
    std::fs::write(&file, capture).unwrap();
    assert_well_formed(&file);
    let streams = tshark(&file, &["-Y", "tcp.flags.syn == 1", "-T", "fields", "-e", "tcp.stream"]);
    assert_eq!(streams, "0\n0\n1\n1\n");
}
