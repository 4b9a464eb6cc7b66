use std::io::{Cursor, ErrorKind, Seek, Write};

use proptest::prelude::*;

use super::*;

/// A medium with so much room.
#[derive(Debug, Default)]
struct Small {
    bytes: Cursor<Vec<u8>>,
    room: usize,
}

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let at = usize::try_from(self.bytes.position()).expect("fits");
        let fits = self.room.saturating_sub(at).min(bytes.len());
        if fits == 0 && !bytes.is_empty() {
            return Err(ErrorKind::StorageFull.into());
        }
        self.bytes.write(&bytes[..fits])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Small {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Medium for Small {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.bytes.get_mut().truncate(usize::try_from(length).expect("fits"));
        Ok(())
    }

    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn batch(columns: &[String], times: impl IntoIterator<Item = f64>) -> SampleBatch {
    let mut batch = SampleBatch::new(0, columns);
    for time in times {
        batch.push(
            time,
            columns.iter().enumerate().map(|(place, _)| match place {
                0 => time * -2.5e-7,
                _ => f64::NAN,
            }),
        );
    }
    batch
}

fn written(writing: &Writing<Small>) -> Vec<u8> {
    writing.medium.bytes.get_ref().clone()
}

fn read(bytes: Vec<u8>, format: FileFormat) -> io::Result<SampleBatch> {
    let mut reader = Reader::of(Cursor::new(bytes), format)?;
    let mut all = SampleBatch::new(0, reader.columns());
    while let Some([time, row @ ..]) = reader.next()? {
        all.push(*time, row.iter().copied());
    }
    Ok(all)
}

/// As text, where NaN equals NaN.
fn shown(batch: &SampleBatch) -> String {
    format!("{batch:?}")
}

fn on(room: usize, format: FileFormat, columns: &[String]) -> Writing<Small> {
    Writing::begin(Small { room, ..Small::default() }, format, columns).expect("has room")
}

#[test]
fn all_forms_are_whole_after_each_batch_and_read_back() {
    for format in FileFormat::ALL {
        let columns = names(&["CH1", "CH2 \"quoted\", with comma"]);
        let mut writing = on(100_000, format, &columns);
        let none = read(written(&writing), format).expect("is whole");
        assert!(none.is_empty());
        let mut all = Vec::new();
        for times in [vec![], vec![0.0], vec![0.1, 1e-9, 12345.678901], vec![1e20]] {
            writing.append(&batch(&columns, times.clone())).expect("has room");
            all.extend(times);
            let mut expected = batch(&columns, all.clone());
            let back = read(written(&writing), format).expect("is whole");
            // NumPy's names cannot have all signs.
            expected.columns.clone_from(&back.columns);
            assert_eq!(shown(&back), shown(&expected), "{format:?}");
        }
        assert_eq!(writing.rows(), 5);
    }
}

#[test]
fn the_forms_are_what_they_should_be() {
    let columns = names(&["CH1", "CH2"]);
    let write = |format| {
        let mut writing = on(10_000, format, &columns);
        writing.append(&batch(&columns, [0.0, 2.0])).expect("has room");
        written(&writing)
    };
    assert_eq!(
        String::from_utf8_lossy(&write(FileFormat::Csv)),
        "time,CH1,CH2\r\n0.0,-0.0,\r\n2.0,-5e-7,\r\n"
    );
    let json: serde_json::Value =
        serde_json::from_slice(&write(FileFormat::Json)).expect("a document");
    let expected = serde_json::json!({
        "columns": ["time", "CH1", "CH2"], "samples": [[0.0, -0.0, null], [2.0, -5e-7, null]],
    });
    assert_eq!(json, expected);
    let npy = write(FileFormat::Npy);
    assert_eq!(&npy[..8], b"\x93NUMPY\x01\x00");
    let head = usize::from(npy[8]) + usize::from(npy[9]) * 256 + 10;
    assert_eq!((head % 64, npy[head - 1], npy.len()), (0, b'\n', head + 2 * 3 * 8));
}

#[test]
fn a_full_disk_leaves_whole_batches() {
    for format in FileFormat::ALL {
        let columns = names(&["CH1", "CH2"]);
        let mut writing = on(2000, format, &columns);
        let one = batch(&columns, [0.5, 1.5, 2.5]);
        let mut batches = 0;
        let error = loop {
            match writing.append(&one) {
                Ok(()) => batches += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(batches > 10, "{format:?}");
        let back = read(written(&writing), format).expect("is whole");
        assert_eq!((back.len(), writing.rows()), (batches * 3, back.len() as u64), "{format:?}");
        if format == FileFormat::Json {
            let document: serde_json::Value =
                serde_json::from_slice(&written(&writing)).expect("a document");
            assert_eq!(document["samples"].as_array().map(Vec::len), Some(batches * 3));
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_gives_its_whole_rows() {
    for format in FileFormat::ALL {
        let columns = names(&["CH1"]);
        let mut writing = on(10_000, format, &columns);
        let head = written(&writing).len();
        writing.append(&batch(&columns, [0.5, 1.5, 2.5, 3.5])).expect("has room");
        let whole = written(&writing);
        for length in head..whole.len() {
            let back = read(whole[..length].to_vec(), format).expect("can be read");
            assert!(
                back.len() <= 4 && back.times.iter().zip([0.5, 1.5, 2.5]).all(|(a, b)| *a == b)
            );
        }
    }
}

#[test]
fn files_are_their_owners_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("new").join("a.csv");
    let mut writing = Writing::create(&path, FileFormat::Csv, &names(&["CH1"])).expect("is made");
    writing.finish().expect("is on disk");
    let mode = path.metadata().expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = Writing::create(&path, FileFormat::Csv, &names(&["CH1"]));
    assert_eq!(again.expect_err("is there already").kind(), ErrorKind::AlreadyExists);
}

#[test]
fn the_last_rows_of_npy_are_found_without_reading_the_others() {
    let columns = names(&["CH1"]);
    let mut writing = on(10_000, FileFormat::Npy, &columns);
    writing.append(&batch(&columns, (0_u32..100).map(f64::from))).expect("has room");
    let mut reader = Reader::of(Cursor::new(written(&writing)), FileFormat::Npy).expect("is whole");
    assert_eq!(reader.skip_to_last(3).expect("skips"), 97);
    let row = reader.next().expect("reads").expect("is there");
    assert_eq!(row[0], 97.0);
}

proptest! {
    #[test]
    fn no_file_makes_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..300, flip in any::<(usize, u8)>()) {
        for format in FileFormat::ALL {
            drop(read(bytes.clone(), format));
            let columns = names(&["CH1"]);
            let mut writing = on(10_000, format, &columns);
            writing.append(&batch(&columns, [0.5, 1.5])).expect("has room");
            let mut bytes = written(&writing);
            let place = flip.0 % bytes.len();
            bytes[place] = flip.1;
            bytes.truncate(cut.max(1));
            drop(read(bytes, format));
        }
    }
}
