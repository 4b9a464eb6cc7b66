#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| station_fuzz::telecontrol::iec104_apdu(data));
