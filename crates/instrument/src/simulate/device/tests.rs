//! Tests of what all instruments have in common, and the bench that the models' own tests use.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::simulate::psu::Psu;

/// An instrument on the bench, with a clock that is set by hand.
pub(crate) struct Bench<M> {
    pub(crate) device: Device<M>,
    milliseconds: Arc<AtomicU64>,
}

/// A fresh one, its power-on event read.
pub(crate) fn bench<M: Machine>() -> Bench<M> {
    let mut bench = faulty::<M>(&[]);
    assert_eq!(bench.ask("*ESR?"), "128");
    bench
}

fn faulty<M: Machine>(faults: &[&str]) -> Bench<M> {
    let faults: Vec<_> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let milliseconds = Arc::new(AtomicU64::new(0));
    let hand = Arc::clone(&milliseconds);
    let device = Device::new(Making {
        model: Model::Psu,
        serial_number: "SM0001".to_owned(),
        seed: 1,
        clock: Arc::new(move || std::time::Duration::from_millis(hand.load(Ordering::Relaxed))),
        fault_control: true,
        surroundings: Arc::new(Surroundings::new(&faults)),
    });
    Bench { device, milliseconds }
}

impl<M: Machine> Bench<M> {
    pub(crate) fn raw(&mut self, message: &str) -> Option<Vec<u8>> {
        self.device.message(message.as_bytes())
    }

    pub(crate) fn ask(&mut self, message: &str) -> String {
        let reply = self.raw(message).unwrap_or_else(|| panic!("{message} gets no reply"));
        String::from_utf8(reply).unwrap()
    }

    pub(crate) fn number(&mut self, message: &str) -> f64 {
        self.ask(message).parse().unwrap()
    }

    pub(crate) fn tell(&mut self, message: &str) {
        assert_eq!(self.raw(message), None, "{message}");
    }

    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// The numbers of the errors that wait.
    pub(crate) fn errors(&mut self) -> Vec<i16> {
        std::iter::from_fn(|| {
            let entry = self.ask("SYST:ERR?");
            let code: i16 = entry.split(',').next().unwrap().parse().unwrap();
            (code != 0).then_some(code)
        })
        .collect()
    }
}

#[test]
fn identifies_itself_and_has_been_switched_on() {
    let mut psu = faulty::<Psu>(&[]);
    assert_eq!(psu.ask("*IDN?\r\n"), "Stationmaster,SIM-PSU3,SM0001,1.0");
    assert_eq!(psu.ask("*ESR?;*ESR?"), "128;0");
    assert_eq!(psu.ask("*OPC?;*TST?;SYST:VERS?"), "1;0;1999.0");
    assert_eq!(psu.ask("syst:err?"), "0,\"No error\"");
}

#[test]
fn reports_each_mistake_by_its_number() {
    let mut psu = bench::<Psu>();
    for (message, code, event) in [
        ("FOO:BAR 1", -113, 32),
        ("VOLT 31", -222, 16),
        ("VOLT abc", -104, 32),
        ("VOLT", -109, 32),
        ("VOLT 1,2", -108, 32),
        ("VOLT 5 A", -131, 32),
        ("INST:NSEL 2 V", -138, 32),
        ("VOLT 5..5", -121, 32),
        ("SOUR9:VOLT 1", -114, 32),
        ("OUTP maybe", -224, 16),
        ("VOLT 1,(@7)", -222, 16),
        ("*RCL 5", -290, 16),
        ("*TRG", -211, 16),
        ("*FOO", -113, 32),
        ("VOLT,5", -102, 32),
    ] {
        psu.tell(message);
        assert_eq!(psu.ask("*ESR?"), event.to_string(), "{message}");
        assert_eq!(psu.errors(), [code], "{message}");
    }
    assert_eq!(psu.ask("VOLT?;CURR?"), "0.000000E+00;1.000000E+00");
}

#[test]
fn a_syntax_error_ends_the_message_and_others_only_their_unit() {
    let mut psu = bench::<Psu>();
    assert_eq!(psu.ask("VOLT 99;CURR 2;CURR?"), "2.000000E+00");
    assert_eq!(psu.ask("CURR?;NONSENSE;CURR 0"), "2.000000E+00");
    assert_eq!(psu.ask("CURR?"), "2.000000E+00");
    assert_eq!(psu.errors(), [-222, -113]);
}

#[test]
fn status_bytes_and_registers_work() {
    let mut psu = bench::<Psu>();
    psu.tell("*ESE 32;*SRE 96");
    assert_eq!(psu.ask("*ESE?;*SRE?"), "32;32");
    psu.tell("NONSENSE");
    assert_eq!(psu.device.status_byte(), 4 + 32 + 64);
    assert_eq!(psu.ask("*STB?"), "100");
    assert_eq!(psu.ask("*OPC?;*STB?"), "1;116");
    psu.tell("*CLS");
    assert_eq!(psu.device.status_byte(), 0);
    psu.tell("*OPC");
    assert_eq!(psu.ask("*ESR?"), "1");
    psu.tell("*ESE 256");
    assert_eq!(psu.errors(), [-222]);
}

#[test]
fn saves_recalls_and_counts_the_wear() {
    let mut psu = bench::<Psu>();
    psu.tell("VOLT 5;*SAV 3;*RST");
    assert_eq!(psu.number("VOLT?"), 0.0);
    psu.tell("*RCL 3");
    assert_eq!(psu.number("VOLT?"), 5.0);
    psu.tell("*PSC 0;*ESE 4");
    assert_eq!(psu.ask("SIM:WEAR?"), "2");
    psu.tell("SIM:FAULT POWER-CYCLE");
    assert_eq!(psu.ask("*ESR?;*ESE?;VOLT?"), "128;4;0.000000E+00");
    psu.tell("*RCL 3");
    assert_eq!(psu.number("VOLT?"), 5.0, "what was saved survives");
}

#[test]
fn faults_of_the_instrument_strike() {
    let mut psu = faulty::<Psu>(&["silent=2"]);
    assert_eq!(psu.number("VOLT?"), 0.0);
    assert_eq!(psu.raw("VOLT?"), None);
    psu.tell("SIM:FAULT NONE");
    assert_eq!(psu.ask("SIM:FAULT?"), "NONE");

    psu.tell("SIM:FAULT echo-header");
    assert_eq!(psu.ask("*idn?"), "*idn? Stationmaster,SIM-PSU3,SM0001,1.0");
    psu.tell("SIM:FAULT echo-header,OFF;:SIM:FAULT no-opc");
    assert_eq!(psu.ask("*OPC?"), "NACK");

    psu.tell("SIM:FAULT error-flood,ON,1");
    psu.tell("VOLT 5");
    let errors = psu.errors();
    assert_eq!((errors.len(), errors.last()), (16, Some(&-350)));

    psu.tell("SIM:FAULT nonsense");
    psu.tell("SIM:FAULT late,soon");
    assert_eq!(psu.errors(), [-224, -224]);

    let mut cycled = faulty::<Psu>(&["power-cycle=3"]);
    cycled.tell("VOLT 5");
    assert_eq!(cycled.ask("*ESR?"), "128");
    assert_eq!(cycled.ask("VOLT?;*ESR?"), "0.000000E+00;128");
    assert_eq!(cycled.ask("*ESR?"), "0");
}

#[test]
fn faults_are_switched_only_where_that_is_allowed() {
    let mut psu = bench::<Psu>();
    psu.device.making.fault_control = false;
    psu.tell("SIM:FAULT drop");
    assert_eq!(psu.errors(), [-113]);
    assert!(psu.device.making.surroundings.faults().is_empty());
}

#[test]
fn what_the_links_saw_becomes_errors() {
    let mut psu = bench::<Psu>();
    psu.device.making.surroundings.interrupt();
    psu.device.making.surroundings.overrun();
    assert_eq!(psu.ask("*ESR?"), "12");
    assert_eq!(psu.errors(), [-410, -363]);
}

proptest::proptest! {
    #[test]
    fn no_message_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60)) {
        let mut psu = bench::<Psu>();
        psu.device.message(&bytes);
        proptest::prop_assert_eq!(psu.ask("*IDN?"), "Stationmaster,SIM-PSU3,SM0001,1.0");
    }

    #[test]
    fn no_parameter_panics(text in "[-+0-9A-Ze#@(),:\"'. ]{0,16}") {
        let mut psu = bench::<Psu>();
        for header in ["VOLT", "APPL", "OUTP", "INST", "*SAV", "SIM:FAULT", "MEAS:VOLT?"] {
            psu.raw(&format!("{header} {text}"));
        }
        psu.tell("*CLS");
        proptest::prop_assert_eq!(psu.ask("SYST:ERR?"), "0,\"No error\"");
    }
}
