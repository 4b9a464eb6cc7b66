//! What holds of frames and ASDUs of IEC 60870-5-104 whatever they are.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "in a test a panic is the report of a fault"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use station_wire::iec104::codec::{
    Apdu, Asdu, AsduError, Cause, Cp16, Cp24, Cp56, Deframer, DoublePoint, EncodeError, FrameError,
    HEADER_LENGTH, Header, Object, Quality, Time, TypeId, Value, encode, encode_i, encode_s,
    encode_u, parse,
};

/// The octets of an ASDU of any type that is known, of the length its header says.
fn valid() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(TypeId::ALL);
    (
        known,
        any::<bool>(),
        1..128_usize,
        any::<[u8; 4]>(),
        0..=0x00ff_ff00_u32,
        vec(any::<u8>(), 243),
    )
        .prop_map(|(type_id, sq, count, rest, first, random)| {
            let count = count.min(type_id.capacity(sq));
            let size = type_id.element_size();
            let length = if sq { 3 + count * size } else { count * (3 + size) };
            let vsq = u8::try_from(count).unwrap() | u8::from(sq) << 7;
            let mut asdu = vec![type_id.as_u8(), vsq];
            asdu.extend(rest);
            asdu.extend(&random[..length]);
            // A sequence that does not go on beyond the largest address.
            asdu[HEADER_LENGTH..HEADER_LENGTH + 3].copy_from_slice(&first.to_le_bytes()[..3]);
            asdu
        })
}

fn written(header: &Header, objects: &[Object]) -> Result<Vec<u8>, EncodeError> {
    let mut out = b"before".to_vec();
    let outcome = encode(header, objects, &mut out);
    assert!(out.starts_with(b"before"));
    let asdu = out.split_off(6);
    assert!(outcome.is_ok() || asdu.is_empty(), "a piece of what cannot be");
    outcome.map(|()| asdu)
}

/// The octets with the one bit cleared that is neither read nor written: the reserved one of SCO.
fn without_reserved(asdu: &[u8]) -> Vec<u8> {
    let mut asdu = asdu.to_vec();
    let header = Header::decode(&asdu).unwrap();
    let type_id = TypeId::from_u8(header.type_id).unwrap();
    if matches!(type_id, TypeId::C_SC_NA_1 | TypeId::C_SC_TA_1) {
        let size = type_id.element_size();
        let stride = if header.sq { size } else { size + 3 };
        asdu[HEADER_LENGTH + 3..].iter_mut().step_by(stride).for_each(|sco| *sco &= !2);
    }
    asdu
}

proptest! {
    #[test]
    fn every_asdu_is_written_as_it_was_read(asdu in valid()) {
        let read = Asdu::parse(&asdu).unwrap();
        let objects: Vec<Object> = read.objects().collect();
        prop_assert_eq!(objects.len(), usize::from(read.header.count));
        prop_assert_eq!(read.objects().len(), objects.len());
        prop_assert_eq!(written(&read.header, &objects).unwrap(), without_reserved(&asdu));
        let only = read.object().is_some();
        prop_assert_eq!(only, objects.len() == 1);
    }

    #[test]
    fn an_asdu_of_another_length_is_refused(asdu in valid(), change in -9..10_i32) {
        let mut other = asdu.clone();
        let length = i32::try_from(asdu.len()).unwrap() + change;
        other.resize(usize::try_from(length).unwrap(), 0);
        let header = Header::decode(&asdu).unwrap();
        match Asdu::parse(&other) {
            Ok(_) => prop_assert_eq!(change, 0),
            Err(AsduError::Length { header: of, expected, got }) => {
                prop_assert_eq!((of, expected, got), (header, asdu.len(), other.len()));
            }
            Err(error) => prop_assert_eq!(error, AsduError::Short(other.len())),
        }
    }

    #[test]
    fn no_octets_make_a_panic(octets in vec(any::<u8>(), 0..300)) {
        let errors = [
            parse(&octets).err().map(|error| error.to_string()),
            Asdu::parse(&octets).err().map(|error| error.to_string()),
        ];
        prop_assert!(errors.iter().flatten().all(|error| !error.is_empty()));
        if let Ok(read) = Asdu::parse(&octets) {
            prop_assert_eq!(read.objects().count(), usize::from(read.header.count));
        }
    }

    #[test]
    fn frames_come_out_as_they_went_in(
        asdus in vec((valid(), 0..0x8000_u16, 0..0x8000_u16), 0..5),
        cut in 1..300_usize,
    ) {
        let mut stream = Vec::new();
        for (asdu, ns, nr) in &asdus {
            encode_i(*ns, *nr, asdu, &mut stream);
            encode_s(*nr, &mut stream);
        }
        let (mut deframer, mut found) = (Deframer::new(), Vec::new());
        for mut octets in stream.chunks(cut) {
            while let Some(frame) = deframer.next_frame(&mut octets).unwrap() {
                found.push(frame.to_vec());
            }
        }
        prop_assert_eq!(found.len(), asdus.len() * 2);
        for (pair, (asdu, ns, nr)) in found.chunks(2).zip(&asdus) {
            prop_assert_eq!(parse(&pair[0]).unwrap(), Apdu::I { ns: *ns, nr: *nr, asdu });
            prop_assert_eq!(parse(&pair[1]).unwrap(), Apdu::S { nr: *nr });
        }
    }

    #[test]
    fn a_frame_that_is_taken_is_written_the_same(
        control in any::<[u8; 4]>(),
        kind in 0..4_u8,
        asdu in prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..249)],
    ) {
        let [c1, c2, c3, c4] = control;
        let control = [c1 & !3 | kind, c2, c3 & !1, c4];
        let frame = [&[0x68, u8::try_from(asdu.len() + 4).unwrap()][..], &control, &asdu].concat();
        let mut again = Vec::new();
        match parse(&frame) {
            Ok(Apdu::I { ns, nr, asdu }) => encode_i(ns, nr, asdu, &mut again),
            Ok(Apdu::S { nr }) => encode_s(nr, &mut again),
            Ok(Apdu::U(u)) => encode_u(u, &mut again),
            Err(FrameError::Length(length)) => {
                prop_assert_eq!(length, frame[1]);
                return Ok(());
            }
            Err(error) => {
                prop_assert_eq!(error, FrameError::Control(control));
                return Ok(());
            }
        }
        prop_assert_eq!(again, frame);
    }
}

const TIME: Cp56 = Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);

/// An ASDU of one object, by the standard's tables.
fn golden(type_id: TypeId, object: Object, body: &[u8]) {
    let header = Header { originator: 7, ..Header::new(type_id, Cause::ACTIVATION, 0x1234) };
    let octets = [&[type_id.as_u8(), 1, 6, 7, 0x34, 0x12][..], body].concat();
    assert_eq!(written(&header, &[object]).unwrap(), octets, "{type_id:?}");
    let read = Asdu::parse(&octets).unwrap();
    assert_eq!((read.header, read.object()), (header, Some(object)), "{type_id:?}");
}

#[test]
fn types_that_the_corpus_lacks_are_those_of_the_standard() {
    let bad = Quality::INVALID.with(Quality::OVERFLOW);
    let value = |value| Object::new(0x0003_0201, value);
    let rated = |value| Object { quality: bad, ..Object::new(0x0003_0201, value) };
    let tagged = |value| Object { time: Some(Time::Cp56(TIME)), ..Object::new(0x0003_0201, value) };
    let short = |object| Object { time: Some(Time::Cp24(Cp24([0x8b, 0xa4, 0x65]))), ..object };
    let bits = Value::Bits(0xdead_beef);
    golden(TypeId::M_BO_NA_1, rated(bits), &[1, 2, 3, 0xef, 0xbe, 0xad, 0xde, 0x81]);
    golden(TypeId::M_ME_NA_1, rated(Value::Normalized(-32768)), &[1, 2, 3, 0, 0x80, 0x81]);
    golden(TypeId::M_ME_ND_1, value(Value::Normalized(0x1234)), &[1, 2, 3, 0x34, 0x12]);
    golden(TypeId::M_SP_TA_1, short(value(Value::Single(true))), &[1, 2, 3, 1, 0x8b, 0xa4, 0x65]);
    let state = DoublePoint::On;
    let event = Value::ProtectionEvent { state, elapsed: Cp16(0x0102) };
    let quality = Quality::ELAPSED_INVALID;
    golden(
        TypeId::M_EP_TA_1,
        short(Object { quality, ..value(event) }),
        &[1, 2, 3, 0x0a, 2, 1, 0x8b, 0xa4, 0x65],
    );
    let start = Value::ProtectionStart { events: 0x21, elapsed: Cp16(0x0102) };
    golden(
        TypeId::M_EP_TB_1,
        short(Object { quality, ..value(start) }),
        &[1, 2, 3, 0x21, 8, 2, 1, 0x8b, 0xa4, 0x65],
    );
    let [a, b, c, d, e, f, g] = TIME.0;
    let set = Value::SetBits(0xdead_beef);
    golden(TypeId::C_BO_NA_1, value(set), &[1, 2, 3, 0xef, 0xbe, 0xad, 0xde]);
    golden(TypeId::C_BO_TA_1, tagged(set), &[1, 2, 3, 0xef, 0xbe, 0xad, 0xde, a, b, c, d, e, f, g]);
    golden(TypeId::C_RD_NA_1, value(Value::Read), &[1, 2, 3]);
    golden(TypeId::C_CS_NA_1, tagged(Value::ClockSync), &[1, 2, 3, a, b, c, d, e, f, g]);
    golden(TypeId::C_TS_NA_1, value(Value::Test(0x55aa)), &[1, 2, 3, 0xaa, 0x55]);
    let test = Value::TestTagged(0x0102);
    golden(TypeId::C_TS_TA_1, tagged(test), &[1, 2, 3, 2, 1, a, b, c, d, e, f, g]);
    golden(TypeId::C_CD_NA_1, value(Value::Delay(1000)), &[1, 2, 3, 0xe8, 3]);
}

#[test]
fn a_sequence_has_one_address() {
    let header = Header { sq: true, count: 3, ..Header::new(TypeId::M_ST_NA_1, Cause(20), 1) };
    let step = |n: i8| Value::Step { value: n, transient: n < 0 };
    let objects = [(9, -64), (10, -1), (11, 63)].map(|(ioa, n)| Object::new(ioa, step(n)));
    let octets = [5, 0x83, 20, 0, 1, 0, 9, 0, 0, 0xc0, 0, 0xff, 0, 0x3f, 0];
    assert_eq!(written(&header, &objects).unwrap(), octets);
    assert!(Asdu::parse(&octets).unwrap().objects().eq(objects));
    assert_eq!(Asdu::parse(&octets).unwrap().object(), None);
}

#[test]
fn addresses_beyond_the_largest_are_refused() {
    let asdu = |count: u8, first: [u8; 3]| {
        let values = vec![0; usize::from(count)];
        [&[1, 0x80 | count, 3, 0, 1, 0][..], &first, &values].concat()
    };
    let last = asdu(2, [0xfe, 0xff, 0xff]);
    let addresses: Vec<u32> = Asdu::parse(&last).unwrap().objects().map(|one| one.ioa).collect();
    assert_eq!(addresses, [0x00ff_fffe, 0x00ff_ffff]);
    let beyond = asdu(3, [0xfe, 0xff, 0xff]);
    let error = Asdu::parse(&beyond).unwrap_err();
    assert!(matches!(error, AsduError::Addresses { first: 0x00ff_fffe, .. }), "{error}");
    assert_eq!(error.header().map(|header| header.count), Some(3));
}

#[test]
fn an_unknown_type_is_told_with_its_header() {
    let error = Asdu::parse(&[110, 1, 3, 0, 1, 0, 1, 0, 0, 0, 0, 0]).unwrap_err();
    assert_eq!(error.to_string(), "an ASDU has the type 110, which is not supported");
    assert_eq!(error.header().map(|header| header.ca), Some(1));
}

#[test]
fn what_cannot_be_is_not_written() {
    let header = Header::new(TypeId::C_SC_NA_1, Cause::ACTIVATION, 1);
    let command = |qu| Object::new(1, Value::SingleCommand { on: true, qu, select: false });
    let refused = |header: &Header, objects: &[Object]| written(header, objects).unwrap_err();
    let unknown = Header { type_id: 110, ..header };
    assert_eq!(refused(&unknown, &[command(0)]), EncodeError::UnknownType(110));
    for (count, given) in [(0, 0), (1, 0), (2, 1), (128, 1)] {
        let objects = vec![command(0); given];
        let error = refused(&Header { count, ..header }, &objects);
        assert_eq!(error, EncodeError::Count { announced: count, given });
    }
    let range = |error| match error {
        EncodeError::Range { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(range(refused(&header, &[command(32)])), "QU");
    assert_eq!(range(refused(&Header { cause: Cause(64), ..header }, &[command(0)])), "the cause");
    let far = Object { ioa: 1 << 24, ..command(0) };
    assert_eq!(range(refused(&header, &[far])), "the address of an object");
    let type_id = TypeId::C_SC_NA_1;
    let error = refused(&header, &[Object::new(1, Value::Single(true))]);
    assert_eq!(error, EncodeError::Value { ioa: 1, type_id });
    assert_eq!(error.to_string(), "the object 1 has a value that C_SC_NA_1 has not");
    let stamped = Object { time: Some(Time::Cp56(TIME)), ..command(0) };
    assert_eq!(refused(&header, &[stamped]), EncodeError::Time { ioa: 1, type_id });
    let rated = Object { quality: Quality::INVALID, ..command(0) };
    assert_eq!(refused(&header, &[rated]), EncodeError::Quality { ioa: 1, quality: 0x80, type_id });
}

#[test]
fn objects_that_do_not_fit_or_follow_are_not_written() {
    let type_id = TypeId::M_ME_NC_1;
    let objects: Vec<Object> = (1..50).map(|ioa| Object::new(ioa, Value::Float(1.5))).collect();
    for (sq, capacity) in [(true, 48), (false, 30)] {
        let write = |given: usize| {
            let count = u8::try_from(given).unwrap();
            let header = Header { sq, count, ..Header::new(type_id, Cause(20), 1) };
            written(&header, &objects[..given])
        };
        assert!(write(capacity).unwrap().len() <= 249);
        let error = EncodeError::TooMany { given: capacity + 1, capacity, type_id };
        assert_eq!(write(capacity + 1), Err(error));
    }
    let header = Header { sq: true, count: 2, ..Header::new(type_id, Cause(20), 1) };
    let error = written(&header, &[objects[0], objects[2]]).unwrap_err();
    assert_eq!(error, EncodeError::NotConsecutive { expected: 2, got: 3 });
    let apart = Header { sq: false, ..header };
    assert!(written(&apart, &[objects[0], objects[2]]).is_ok());
}

#[test]
fn raw_octets_are_those_of_the_value_alone() {
    let raw = |value: Value| value.raw().to_vec();
    assert_eq!(raw(Value::Bits(0xdead_beef)), [0xef, 0xbe, 0xad, 0xde]);
    assert_eq!(raw(Value::Normalized(-32767)), [0x01, 0x80]);
    assert_eq!(raw(Value::Step { value: -1, transient: true }), [0xff]);
    assert_eq!(raw(Value::SingleCommand { on: true, qu: 1, select: true }), [0x85]);
    assert_eq!(raw(Value::DoubleCommand { state: 3, qu: 3, select: true }), [0x8f]);
    assert_eq!(raw(Value::Read), []);
    let counter =
        Value::Counter { value: -2, sequence: 5, carry: true, adjusted: false, invalid: true };
    assert_eq!(raw(counter), [0xfe, 0xff, 0xff, 0xff, 0xa5]);
    assert_eq!(format!("{:?}", counter.raw()), "feffffffa5");
}
