//! How waveforms are fetched and scaled.

use super::super::{Memory, Sampling};
use super::driver;

fn memory(name: &str) -> Memory {
    match driver(name).sampling() {
        Sampling::Memory(memory) => (**memory).clone(),
        Sampling::None | Sampling::Poll(_) => panic!("{name} has no memory"),
    }
}

#[test]
fn messages_name_channel_and_points() {
    let memory = memory("rigol_ds1000z");
    assert_eq!(memory.select(3), [":WAV:SOUR CHAN3", ":WAV:FORM BYTE"]);
    assert_eq!(memory.enable(2), [":CHAN2:DISP 1"]);
    assert_eq!(memory.range(1, 250_000), [":WAV:STAR 1", ":WAV:STOP 250000"]);
    assert_eq!(memory.scale(1.2e-6).unwrap(), ":TIM:MAIN:SCAL 1E-7");
    assert_eq!(memory.stop, [":STOP", ":WAV:MODE RAW"]);
}

#[test]
fn bytes_become_volts_and_seconds() {
    // A preamble as the DS1000Z guide shows one: format, type, points, count, x…, y….
    let waveform = memory("rigol_ds1000z")
        .waveform("0,0,1200,1,1.000000e-06,-6.000000e-04,0,4.132813e-01,-5,122")
        .unwrap();
    assert_eq!(waveform.points, 1200);
    let values: Vec<f64> = waveform.values(&[117, 118, 116]).collect();
    assert_eq!(values, [0.0, 0.413_281_3, -0.413_281_3]);
    assert!((waveform.time(600) - 0.0).abs() < 1e-12);
}

#[test]
fn preambles_that_cannot_be_meant_are_refused() {
    let memory = memory("generic_oscilloscope");
    for (reply, sentence) in [
        ("0,0,1200", "the preamble '0,0,1200' has no time between points as its field 5"),
        (
            "0,0,x,1,1,0,0,1,0,0",
            "the preamble '0,0,x,1,1,0,0,1,0,0' has no number of points as its field 3",
        ),
        (
            "0,0,9,1,0,0,0,1,0,0",
            "the preamble '0,0,9,1,0,0,0,1,0,0' has an increment that cannot be meant",
        ),
    ] {
        assert_eq!(memory.waveform(reply).unwrap_err().message, sentence);
    }
}
