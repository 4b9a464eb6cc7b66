//! The clocks: both sampled together, and whether the wall clock can be trusted.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use station_core::audit::Clock;
use station_core::engine::ClockTrust;
use station_core::model::{Micros, Mono, Now};

/// Both clocks now. Between two looks the system may have been busy elsewhere, which would pass for
/// a step of the clock; then it is looked again.
#[must_use]
pub fn sample() -> Now {
    let mut before = mono_now();
    for _ in 0..10 {
        let now = Now { wall: wall_now(), mono: mono_now() };
        if now.mono.since(before) < Duration::from_millis(10) {
            return now;
        }
        before = now.mono;
    }
    Now { wall: wall_now(), mono: mono_now() }
}

fn mono_now() -> Mono {
    let mono = clock_gettime(ClockId::Monotonic);
    let micros = mono.tv_sec.saturating_mul(1_000_000).saturating_add(mono.tv_nsec / 1000);
    Mono(u64::try_from(micros).unwrap_or(0))
}

/// The wall clock now.
#[must_use]
pub fn wall_now() -> Micros {
    let wall = clock_gettime(ClockId::Realtime);
    Micros(wall.tv_sec.saturating_mul(1_000_000).saturating_add(wall.tv_nsec / 1000))
}

/// Whether the wall clock can be believed at start.
///
/// It cannot on a machine without a battery-backed clock (a Raspberry Pi) that has booted within
/// `wait` and has not been synchronised since.
pub(super) fn trust(wait: Duration) -> ClockTrust {
    let uptime = clock_gettime(ClockId::Boottime).tv_sec;
    let long_up = u64::try_from(uptime).is_ok_and(|up| up > wait.as_secs());
    if long_up || has_clock_of_its_own() || is_synchronised() {
        ClockTrust::Trusted
    } else {
        ClockTrust::Unsynchronised
    }
}

/// A battery-backed clock, or a hypervisor's, which gives the time at boot.
fn has_clock_of_its_own() -> bool {
    std::path::Path::new("/sys/class/rtc/rtc0").exists()
        || std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains(" hypervisor"))
}

/// Whether the kernel says that its clock is synchronised (adjtimex(2), `STA_UNSYNC` clear).
pub fn is_synchronised() -> bool {
    quality().synchronised
}

/// How good the wall clock is, as the kernel says.
#[expect(
    unsafe_code,
    reason = "adjtimex has no safe wrapper; it only fills the struct it is given"
)]
pub(super) fn quality() -> Clock {
    // SAFETY: `timex` is plain integers, for which zero is valid; with `modes` 0 nothing is set.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live, exclusively borrowed struct.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    let synchronised = state >= 0 && timex.status & libc::STA_UNSYNC == 0;
    // Without anybody who sets the clock, the estimate is a number that means nothing.
    #[expect(clippy::useless_conversion, reason = "it has 32 bits on machines of 32 bits")]
    let error_us = synchronised.then_some(i64::from(timex.esterror));
    Clock { synchronised, error_us }
}

/// A seed from the kernel's random source, or from the clocks where there is none.
pub(super) fn random_seed() -> u64 {
    let mut bytes = [0_u8; 8];
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
        Ok(8) => u64::from_ne_bytes(bytes),
        _ => sample().mono.0,
    }
}
