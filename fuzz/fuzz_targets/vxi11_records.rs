#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| station_fuzz::links::vxi11_records(data));
