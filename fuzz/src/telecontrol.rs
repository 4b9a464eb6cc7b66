//! What must hold for every input on the links to outstations. `crates/station/tests/corpora.rs` includes
//! this file too, so it uses nothing of cargo-fuzz.

use station_wire::iec104::codec::{
    Apdu, Asdu, Deframer, FrameError, HEADER_LENGTH, Header, LONGEST_FRAME, Object, TypeId, encode,
    encode_i, encode_s, encode_u, parse,
};

/// A stream is the same frames however it is cut; frames, and ASDUs with their objects, are written as
/// they were read.
pub fn iec104_apdu(data: &[u8]) {
    // The first byte says how the rest is cut.
    let Some((cut, data)) = data.split_first() else { return };
    let at_once = deframed(data, data.len().max(1));
    let cut = usize::from(*cut).max(1);
    assert_eq!(at_once, deframed(data, cut), "cut into pieces of {cut}");
    let (frames, error) = at_once;
    assert!(data.starts_with(&frames.concat()));
    if let Some(error) = error {
        sentence(&error.to_string());
    }
    for whole in &frames {
        frame(whole);
    }
    // Octets that no length was right for.
    asdu(data);
}

/// The frames of a stream, and why it ended if it did.
fn deframed(stream: &[u8], cut: usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let (mut deframer, mut frames) = (Deframer::new(), Vec::new());
    for mut octets in stream.chunks(cut) {
        loop {
            match deframer.next_frame(&mut octets) {
                Ok(Some(frame)) => frames.push(frame.to_vec()),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(octets.is_empty() && deframer.held() < LONGEST_FRAME);
    }
    (frames, None)
}

fn frame(frame: &[u8]) {
    let mut again = Vec::new();
    match parse(frame) {
        Ok(Apdu::I { ns, nr, asdu: octets }) => {
            encode_i(ns, nr, octets, &mut again);
            asdu(octets);
        }
        Ok(Apdu::S { nr }) => encode_s(nr, &mut again),
        Ok(Apdu::U(u)) => encode_u(u, &mut again),
        Err(error) => return sentence(&error.to_string()),
    }
    assert_eq!(again, frame);
}

fn asdu(octets: &[u8]) {
    let read = match Asdu::parse(octets) {
        Ok(read) => read,
        Err(error) => return sentence(&error.to_string()),
    };
    let header = read.header;
    assert!(octets.starts_with(&header.encode()));
    let objects: Vec<Object> = read.objects().collect();
    assert_eq!(objects.len(), usize::from(header.count));
    let mut again = Vec::new();
    match encode(&header, &objects, &mut again) {
        Ok(()) => assert_eq!(again, without_reserved(octets, &header)),
        // None at all, or more than a frame can carry.
        Err(error) => {
            assert!(objects.is_empty() || octets.len() > 249, "{error}");
            sentence(&error.to_string());
        }
    }
    for object in &objects {
        assert!(object.value.raw().len() <= 5);
    }
}

/// The octets without the one bit that is neither read nor written, which SCO reserves.
fn without_reserved(octets: &[u8], header: &Header) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let single = [TypeId::C_SC_NA_1, TypeId::C_SC_TA_1];
    if let Some(type_id) = single.iter().find(|single| single.as_u8() == header.type_id) {
        let stride = type_id.element_size() + if header.sq { 0 } else { 3 };
        octets.iter_mut().skip(HEADER_LENGTH + 3).step_by(stride).for_each(|sco| *sco &= !2);
    }
    octets
}

fn sentence(text: &str) {
    assert!(text.len() > 10 && text.chars().all(|char| !char.is_control()), "{text:?}");
}
