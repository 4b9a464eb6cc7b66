//! Reads who an instrument says it is (IEEE 488.2 10.14).

use station_core::model::Identity;
use station_wire::scpi;

/// The most characters of a field that are kept; IEEE 488.2 10.14 allows 72 for all of them.
const LONGEST: usize = 255;

/// Reads an answer to `*IDN?`: four fields, or fewer, also quoted, padded, or after an echoed
/// header; all is the model if there are no commas, and further commas belong to the firmware. None
/// if it says nothing.
pub(super) fn parse(reply: &str) -> Option<Identity> {
    let bare = scpi::unquote(scpi::strip_header(reply));
    // Whatever it sends is kept and shown to people.
    let clean = |field: &str| -> String {
        let letters = field.trim().chars().take(LONGEST);
        letters.map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
    };
    let mut fields = bare.splitn(4, ',').map(clean);
    let mut next = || fields.next().unwrap_or_default();
    let (first, second, serial, firmware) = (next(), next(), next(), next());
    let is_echo = second.is_empty() && first.starts_with('*');
    if (first.is_empty() && second.is_empty()) || is_echo || is_of_a_server(&bare) {
        return None;
    }
    let (manufacturer, model) =
        if bare.contains(',') { (first, second) } else { (String::new(), first) };
    Some(Identity { manufacturer, model, serial, firmware })
}

/// Whether something else than an instrument greets, or complains: a web server, SSH.
fn is_of_a_server(reply: &str) -> bool {
    ["HTTP/", "SSH-"].iter().any(|greeting| reply.starts_with(greeting))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(manufacturer: &str, model: &str, serial: &str, firmware: &str) -> Identity {
        Identity {
            manufacturer: manufacturer.to_owned(),
            model: model.to_owned(),
            serial: serial.to_owned(),
            firmware: firmware.to_owned(),
        }
    }

    #[test]
    fn answers_of_all_kinds_are_read() {
        let rigol = identity("RIGOL TECHNOLOGIES", "DP832", "DP8C1", "00.01.16");
        for reply in [
            "RIGOL TECHNOLOGIES,DP832,DP8C1,00.01.16",
            "*IDN? RIGOL TECHNOLOGIES, DP832 , DP8C1,00.01.16 ",
            "\"RIGOL TECHNOLOGIES,DP832,DP8C1,00.01.16\"",
        ] {
            assert_eq!(parse(reply).as_ref(), Some(&rigol), "{reply}");
        }
        assert_eq!(parse("ACME,X"), Some(identity("ACME", "X", "", "")));
        assert_eq!(parse("X 1000 V2"), Some(identity("", "X 1000 V2", "", "")));
        assert_eq!(parse("A,B,C,1,2"), Some(identity("A", "B", "C", "1,2")));
        let odd = parse("A\u{1b}[2J,B\u{7}").expect("says something");
        assert_eq!(odd, identity("A\u{fffd}[2J", "B\u{fffd}", "", ""));
        let long = parse(&format!("A,{}", "x".repeat(70_000))).expect("says something");
        assert_eq!(long.model.len(), LONGEST);
        let web = "HTTP/1.1 400 Bad Request";
        for reply in ["", "  ", ",", "*IDN? ", ",,1,2", web, "SSH-2.0-OpenSSH_9.2"] {
            assert_eq!(parse(reply), None, "{reply:?}");
        }
    }

    #[test]
    fn new_firmware_makes_no_other_instrument() {
        let one = identity("Acme", "X", "17", "1.0");
        assert!(one.is_same(&identity("ACME", "X", "17", "2.0")));
        assert!(!one.is_same(&identity("ACME", "X", "18", "1.0")));
        assert_eq!(one.to_string(), "Acme,X,17,1.0");
    }
}
