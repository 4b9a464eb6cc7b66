//! Resource strings in all their forms, and what is said about wrong ones.

use proptest::prelude::*;

use super::*;

#[test]
fn every_form_is_read_and_shown_canonically() {
    for (text, shown, kind) in [
        ("TCPIP0::host::5025::SOCKET", "TCPIP0::host::5025::SOCKET", "tcp"),
        (" tcpip::192.168.1.5::5555::socket ", "TCPIP0::192.168.1.5::5555::SOCKET", "tcp"),
        ("TCPIP1::[FE80::1%eth0]::5025::SOCKET", "TCPIP0::[fe80::1%eth0]::5025::SOCKET", "tcp"),
        ("TCPIP::[::1]::5025::SOCKET", "TCPIP0::[::1]::5025::SOCKET", "tcp"),
        ("TCPIP::Host::HISLIP0::INSTR", "TCPIP0::host::hislip0::INSTR", "hislip"),
        ("TCPIP::host::hislip0,4880::INSTR", "TCPIP0::host::hislip0::INSTR", "hislip"),
        ("TCPIP::host::hislip0,4881::INSTR", "TCPIP0::host::hislip0,4881::INSTR", "hislip"),
        ("TCPIP0::host::INSTR", "TCPIP0::host::inst0::INSTR", "vxi11"),
        ("TCPIP0::[::1]::INSTR", "TCPIP0::[::1]::inst0::INSTR", "vxi11"),
        ("TCPIP0::host::inst1::INSTR", "TCPIP0::host::inst1::INSTR", "vxi11"),
        ("TCPIP0::host::inst0,1024::INSTR", "TCPIP0::host::inst0,1024::INSTR", "vxi11"),
        ("TCPIP0::host::gpib0,5::INSTR", "TCPIP0::host::gpib0,5::INSTR", "vxi11"),
        ("ASRL/dev/ttyUSB0::INSTR", "ASRL/dev/ttyUSB0::INSTR", "serial"),
        ("asrl::/dev/pts/3::instr", "ASRL/dev/pts/3::INSTR", "serial"),
        ("USB0::0x1AB1::0x0E11::DP8C1::INSTR", "USB0::0x1AB1::0x0E11::DP8C1::INSTR", "usb"),
        ("USB::6833::3601::DP8C1::0::INSTR", "USB0::0x1AB1::0x0E11::DP8C1::0::INSTR", "usb"),
    ] {
        let resource = Resource::parse(text).unwrap();
        assert_eq!((resource.to_string().as_str(), resource.connection_type()), (shown, kind));
        assert_eq!(Resource::parse(shown), Ok(resource.clone()));
        let stored = serde_json::to_string(&resource).unwrap();
        assert_eq!(serde_json::from_str::<Resource>(&stored).unwrap(), resource);
    }
}

#[test]
fn a_wrong_one_is_told_what_is_wrong() {
    for (text, why) in [
        ("", "none of TCPIP, ASRL and USB"),
        ("GPIB0::5::INSTR", "none of TCPIP, ASRL and USB"),
        ("TCPIP0", "none of TCPIP, ASRL and USB"),
        ("TCPIP0::host", "what follows the host is missing"),
        ("TCPIP0::host::SOCKET", "the port of the socket is missing"),
        ("TCPIP0::host::0::SOCKET", "\"0\" is no port"),
        ("TCPIP0::host::65536::SOCKET", "\"65536\" is no port"),
        ("TCPIP0::host::+25::SOCKET", "\"+25\" is no port"),
        ("TCPIP0::::5025::SOCKET", "\"\" is no host"),
        ("TCPIP0::a b::5025::SOCKET", "\"a b\" is no host"),
        ("TCPIP0::[::1::5025::SOCKET", "] of the host"),
        ("TCPIP0::[nope]::5025::SOCKET", "\"nope\" is no IPv6 address"),
        ("TCPIP0::host::5025::INSTR::X", "must follow"),
        ("TCPIP0::host::hislip0,x::INSTR", "\"x\" is no port"),
        ("TCPIP0::host::a b::INSTR", "no name of a device"),
        ("ASRL1::INSTR", "no absolute path"),
        ("ASRL/dev/ttyS0", "ends in ::INSTR"),
        ("USB0::1::2::INSTR", "must follow"),
        ("USB0::0xFFFFF::2::S::INSTR", "no USB id"),
        ("USB0::1::2::S::x::INSTR", "no interface"),
    ] {
        let error = Resource::parse(text).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains(why), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn what_is_read_is_shown_and_read_again(
        head in prop::sample::select(vec!["TCPIP0::", "TCPIP::", "USB::", "ASRL", "tcpip3::[::1]::", ""]),
        rest in "([a-z0-9./,\\[\\]]{0,8}(::)?){0,4}",
        tail in prop::sample::select(vec!["::SOCKET", "::INSTR", "::1::2::S::INSTR", "INSTR", ""]),
    ) {
        if let Ok(resource) = Resource::parse(&format!("{head}{rest}{tail}")) {
            prop_assert_eq!(Resource::parse(&resource.to_string()), Ok(resource));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(resource) = Resource::parse(&text) {
            prop_assert_eq!(Resource::parse(&resource.to_string()), Ok(resource));
        }
    }
}
