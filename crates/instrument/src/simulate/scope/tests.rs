//! Tests of the oscilloscope.

use super::*;
use crate::simulate::device::{Bench, bench};

/// The bytes of a definite block.
fn block(reply: &[u8]) -> &[u8] {
    assert_eq!(&reply[..2], b"#9");
    let length: usize = std::str::from_utf8(&reply[2..11]).unwrap().parse().unwrap();
    assert_eq!(reply.len(), 11 + length);
    &reply[11..]
}

fn volts(scope: &mut Bench<Scope>) -> Vec<f64> {
    let preamble = scope.ask("WAV:PRE?");
    let fields: Vec<f64> = preamble.split(',').map(|field| field.parse().unwrap()).collect();
    assert_eq!(fields.len(), 10);
    let reply = scope.raw("WAV:DATA?").unwrap();
    let to_volts = |byte: &u8| (f64::from(*byte) - fields[8] - fields[9]) * fields[7];
    block(&reply).iter().map(to_volts).collect()
}

#[test]
fn reads_the_screen_as_volts() {
    let mut scope = bench::<Scope>();
    scope.tell("CHAN1:SCAL 0.5;OFFS 0;:TIM:SCAL 1e-4;:WAV:SOUR CHAN1;FORM BYTE;MODE NORM");
    let volts = volts(&mut scope);
    assert_eq!(volts.len(), 1200);
    let most = volts.iter().copied().fold(f64::MIN, f64::max);
    let least = volts.iter().copied().fold(f64::MAX, f64::min);
    assert!((most - 1.0).abs() < 0.05 && (least + 1.0).abs() < 0.05, "{least} {most}");
    // It crosses its middle in the middle of the screen, rising: there the trigger is.
    assert!(volts[600].abs() < 0.05 && volts[650] > volts[600]);
    assert_eq!(scope.errors(), [0_i16; 0]);
}

#[test]
fn a_stopped_record_stays_and_the_memory_is_as_deep_as_set() {
    let mut scope = bench::<Scope>();
    scope.tell("ACQ:MDEP 250000;:TIM:SCAL 1e-3;:WAV:MODE RAW");
    assert_eq!(scope.ask("ACQ:MDEP?"), "250000");
    let rate = scope.number("ACQ:SRAT?");
    assert!((rate - 250_000.0 / 0.012).abs() / rate < 1e-5);
    scope.tell("WAV:DATA?");
    assert_eq!(scope.errors(), [-221], "the memory is read only when stopped");
    scope.tell("STOP;:WAV:STAR 1;STOP 250000");
    let first = scope.raw("WAV:DATA?").unwrap();
    assert_eq!(block(&first).len(), 250_000);
    scope.wait(1000);
    assert_eq!(scope.raw("WAV:DATA?").unwrap(), first);
    scope.tell("WAV:STAR 101;STOP 200");
    let piece = scope.raw("WAV:DATA?").unwrap();
    assert_eq!(block(&piece), &block(&first)[100..200]);
    scope.tell("RUN");
    scope.wait(1000);
    scope.tell("STOP;:WAV:STAR 1;STOP 250000");
    assert_ne!(scope.raw("WAV:DATA?").unwrap(), first);
    assert_eq!(scope.errors(), [0_i16; 0]);
}

#[test]
fn words_and_texts_say_the_same_as_bytes() {
    let mut scope = bench::<Scope>();
    scope.tell("STOP;:CHAN1:OFFS -0.5;:WAV:FORM BYTE");
    let volts = volts(&mut scope);
    scope.tell("WAV:FORM WORD");
    let words = scope.raw("WAV:DATA?").unwrap();
    assert_eq!(block(&words).len(), 2400);
    scope.tell("WAV:FORM ASC");
    let text = scope.raw("WAV:DATA?").unwrap();
    let text = std::str::from_utf8(block(&text)).unwrap();
    for (text, volts) in text.split(',').zip(volts) {
        assert!((text.parse::<f64>().unwrap() - volts).abs() < 1e-5);
    }
}

#[test]
fn a_single_record_waits_for_its_trigger() {
    let mut scope = bench::<Scope>();
    scope.tell("TIM:SCAL 1e-3;:TRIG:SWE NORM;:TRIG:EDG:LEV 9;:SING");
    assert_eq!(scope.ask("TRIG:STAT?"), "RUN");
    scope.wait(500);
    assert_eq!(scope.ask("TRIG:STAT?;:STAT:OPER:COND?"), "WAIT;32");
    scope.tell("TFOR");
    assert_eq!(scope.ask("TRIG:STAT?;:STAT:OPER:COND?"), "STOP;0");
    scope.tell("TRIG:EDG:LEV 0;:SING");
    scope.wait(20);
    assert_eq!(scope.ask("TRIG:STAT?"), "STOP");
    scope.tell("RUN");
    assert_eq!(scope.ask("TRIG:STAT?"), "TD");
}

#[test]
fn measures_and_scales_by_itself() {
    let mut scope = bench::<Scope>();
    scope.tell("AUT");
    for (query, wanted) in [
        ("MEAS:ITEM? VPP,CHAN1", 2.0),
        ("MEAS:ITEM? FREQ,CHAN1", 1000.0),
        ("MEAS:ITEM? VRMS,CHANnel1", std::f64::consts::FRAC_1_SQRT_2),
        ("MEAS:ITEM? VMAX,CHAN2", 3.0),
        ("MEAS:VPP? CHAN3", 4.0),
        ("MEAS:PER? CHAN3", 0.002),
        ("MEAS:ITEM? VPP,CHAN4", INFINITY),
    ] {
        let read = scope.number(query);
        assert!((read - wanted).abs() <= 1e-3 * wanted, "{query} {read}");
    }
    scope.tell("TIM:SCAL 1e-6");
    assert_eq!(scope.number("MEAS:ITEM? FREQ"), INFINITY, "no whole period is on the screen");
    assert_eq!(scope.ask("CHAN4:DISP?;:CHAN1:COUP?;PROB?"), "0;DC;1.000000E+00");
    scope.tell("MEAS:ITEM? SIZE");
    scope.tell("WAV:SOUR CHAN4;DATA?");
    scope.tell("CHAN5:SCAL 1");
    assert_eq!(scope.errors(), [-224, -221, -114]);
}
