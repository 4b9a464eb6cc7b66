#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| station_fuzz::checks::scpi::reply(data));
