//! Reads what the kernel tells about processes under `/proc`.

use std::fs;
use std::io::Read as _;
use std::sync::OnceLock;

/// What `/proc/PID/stat` says that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// Whether it has exited and only waits to be reaped.
    pub(super) zombie: bool,
    /// Its parent.
    pub(super) parent: i32,
    /// Its process group.
    pub(super) group: i32,
    /// When it was started, in clock ticks since boot.
    pub(super) start_ticks: u64,
}

/// Reads a process's state; `None` when it is gone.
pub(super) fn stat(pid: i32) -> Option<Stat> {
    let mut buffer = [0_u8; 1024];
    let mut file = fs::File::open(format!("/proc/{pid}/stat")).ok()?;
    let length = file.read(&mut buffer).ok()?;
    parse_stat(buffer.get(..length)?)
}

/// The name in parentheses may hold anything, so fields are counted after the last `)`.
fn parse_stat(text: &[u8]) -> Option<Stat> {
    let name_end = memchr::memrchr(b')', text)?;
    let rest = str::from_utf8(text.get(name_end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    // Field 22 of the whole; state is field 3.
    let start_ticks = fields.nth(16)?.parse().ok()?;
    Some(Stat { zombie: matches!(state, "Z" | "X" | "x"), parent, group, start_ticks })
}

/// All process ids there are.
pub(super) fn pids() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The environment a process was started with; empty when it may not be read.
pub(super) fn environ(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// Whether any process of the group lives.
pub(super) fn group_lives(group: i32) -> bool {
    pids().into_iter().filter_map(stat).any(|found| found.group == group && !found.zombie)
}

/// The kernel's boot id; empty when it cannot be read.
pub(super) fn boot_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        text.trim().to_owned()
    })
}

/// This process's file mode creation mask, without the race of setting it to learn it.
pub(super) fn own_umask() -> Option<u32> {
    u32::from_str_radix(&own_status("Umask:")?, 8).ok()
}

/// This process's peak resident memory in bytes.
pub(super) fn own_peak_rss() -> Option<u64> {
    own_status("VmHWM:")?.strip_suffix("kB")?.trim().parse().ok().map(|kib: u64| kib << 10)
}

fn own_status(key: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Stat, own_peak_rss, own_umask, parse_stat, stat};

    #[test]
    fn odd_names_do_not_confuse_stat() {
        let line = b"77 (a) b) Z 5 6 7 0 -1 4 0 0 0 0 1 2 3 4 20 0 1 0 987654 0 0";
        let want = Stat { zombie: true, parent: 5, group: 6, start_ticks: 987_654 };
        assert_eq!(parse_stat(line), Some(want));
        assert_eq!(parse_stat(b"77 (a) R 5"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn own_figures_are_there() {
        let own = stat(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(!own.zombie && own.start_ticks > 0);
        assert!(own_umask().is_some());
        assert!(own_peak_rss().unwrap() > 100_000);
    }
}
