//! Keeps the head and the tail of a run's output in bounded memory and counts all of it.

use station_core::model::{Micros, OutputCap, OutputChunk, OutputSummary, Stream};

use super::tail::Tail;

/// Reads of one stream this close together become one chunk, in microseconds.
const MERGE_MICROS: i64 = 1_000;
/// A chunk this long is not added to.
const MERGE_BYTES: usize = 64 << 10;
/// Bytes of cap per chunk; a command that writes less at a time gets coarser stamps.
const BYTES_PER_CHUNK: usize = 64;
/// Chunks allowed however small the cap is.
const MIN_CHUNKS: usize = 1024;

/// What is kept of a run's output: head chunks until they are taken, then the last bytes.
///
/// The head is byte-exact unless a command alternates between its streams in tiny writes for so
/// long that the chunks' number reaches its limit: then it ends early and the counts say so.
#[derive(Debug)]
pub(super) struct Capture {
    summary: OutputSummary,
    last_at: Micros,
    head_left: usize,
    head_bytes: u64,
    head_lines: u64,
    head_chunks: usize,
    chunk_limit: usize,
    pending: Vec<OutputChunk>,
    pending_bytes: usize,
    tail: Tail,
}

impl Capture {
    /// An empty capture of that size.
    pub(super) fn new(cap: OutputCap) -> Self {
        Self {
            summary: OutputSummary::default(),
            last_at: Micros(0),
            head_left: cap.head,
            head_bytes: 0,
            head_lines: 0,
            head_chunks: 0,
            chunk_limit: chunk_limit(cap.head),
            pending: Vec::new(),
            pending_bytes: 0,
            tail: Tail::new(cap.tail, chunk_limit(cap.tail)),
        }
    }

    /// Where the next read may append; there is always room.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.tail.room()
    }

    /// Takes note of the last `count` bytes of [`Self::room`], read just now.
    pub(super) fn took(&mut self, stream: Stream, at: Micros, count: usize) {
        self.last_at = at;
        let new = self.tail.newest(count);
        let lines = count_lines(new);
        self.summary.bytes += wide(count);
        self.summary.lines += lines;
        if self.head_left == 0 {
            self.tail.keep(stream, at, count);
            return;
        }
        let fits = count.min(self.head_left);
        let part = new.get(..fits).unwrap_or_default();
        let limit = self.chunk_limit;
        let window = merge_window(self.head_chunks, limit);
        match self.pending.last_mut() {
            Some(last) if may_merge(last.stream, last.at, last.bytes.len(), stream, at, window) => {
                last.bytes.extend_from_slice(part);
            }
            Some(_) | None => {
                if self.head_chunks >= limit {
                    self.head_left = 0;
                    self.tail.keep(stream, at, count);
                    return;
                }
                self.head_chunks += 1;
                self.pending.push(OutputChunk { stream, at, bytes: part.to_vec() });
            }
        }
        self.head_lines += if fits == count { lines } else { count_lines(part) };
        self.head_bytes += wide(fits);
        self.head_left -= fits;
        self.pending_bytes += fits;
        self.tail.discard(count, fits);
        if fits < count {
            self.tail.keep(stream, at, count - fits);
        }
    }

    /// What the chunks not yet taken cost in memory.
    pub(super) fn pending_cost(&self) -> usize {
        self.pending_bytes + self.pending.len() * BYTES_PER_CHUNK
    }

    /// Takes the head chunks collected so far.
    pub(super) fn take_pending(&mut self) -> Vec<OutputChunk> {
        self.pending_bytes = 0;
        std::mem::take(&mut self.pending)
    }

    /// Ends the capture: the counts, and all chunks not taken before, with a remark at the gap.
    pub(super) fn finish(mut self) -> (Vec<OutputChunk>, OutputSummary) {
        let mut chunks = std::mem::take(&mut self.pending);
        let tail = self.tail.into_chunks();
        let kept: u64 = tail.iter().map(|chunk| wide(chunk.bytes.len())).sum();
        let kept_lines: u64 = tail.iter().map(|chunk| count_lines(&chunk.bytes)).sum();
        let summary = &mut self.summary;
        summary.dropped_bytes = summary.bytes - self.head_bytes - kept;
        summary.dropped_lines = summary.lines - self.head_lines - kept_lines;
        if summary.dropped_bytes > 0 {
            let (bytes, lines) = (summary.dropped_bytes, summary.dropped_lines);
            let remark = format!("[… {bytes} bytes, {lines} lines not kept …]\n").into_bytes();
            let at = tail.first().map_or(self.last_at, |chunk| chunk.at);
            chunks.push(OutputChunk { stream: Stream::Station, at, bytes: remark });
        }
        chunks.extend(tail);
        (chunks, self.summary)
    }
}

/// Whether a read may be added to the chunk before it.
pub(super) fn may_merge(
    last_stream: Stream,
    last_at: Micros,
    last_bytes: usize,
    stream: Stream,
    at: Micros,
    window: i64,
) -> bool {
    let apart = at.0.saturating_sub(last_at.0);
    last_stream == stream && last_bytes < MERGE_BYTES && (0..=window).contains(&apart)
}

/// How close together reads are merged: the wider, the nearer the chunks' number is to its limit.
pub(super) fn merge_window(count: usize, limit: usize) -> i64 {
    match count.saturating_mul(4) / limit.max(1) {
        0 => MERGE_MICROS,
        1 => 10 * MERGE_MICROS,
        2 => 100 * MERGE_MICROS,
        3 => 1_000 * MERGE_MICROS,
        _ => i64::MAX,
    }
}

fn chunk_limit(cap: usize) -> usize {
    (cap / BYTES_PER_CHUNK).max(MIN_CHUNKS)
}

fn count_lines(bytes: &[u8]) -> u64 {
    wide(memchr::memchr_iter(b'\n', bytes).count())
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn feed(capture: &mut Capture, stream: Stream, at: i64, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = capture.room();
            let count = rest.len().min(room.capacity() - room.len());
            assert!(count > 0, "there is always room");
            room.extend_from_slice(&rest[..count]);
            capture.took(stream, Micros(at), count);
            rest = &rest[count..];
        }
    }

    fn stream() -> impl Strategy<Value = Stream> {
        prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr)]
    }

    fn reads() -> impl Strategy<Value = Vec<(Stream, usize, i64)>> {
        let length = prop_oneof![1..10_usize, 1..5_000_usize, 1..400_000_usize];
        prop::collection::vec((stream(), length, 0..5_000_i64), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        /// Against the plain way: remember everything, cut at the end.
        #[test]
        fn head_and_tail_are_exact(
            reads in reads(),
            head in prop_oneof![Just(0), 0..2_000_usize, 0..900_000_usize],
            tail in prop_oneof![Just(0), 0..2_000_usize, 0..900_000_usize],
            take in any::<bool>(),
        ) {
            let mut capture = Capture::new(OutputCap { head, tail });
            let (mut all, mut chunks, mut at) = (Vec::new(), Vec::new(), 0);
            for (n, (stream, length, later)) in reads.iter().enumerate() {
                at += later;
                let bytes: Vec<u8> = (0..*length).map(|i| b'\n' + u8::try_from((i * 7 + n) % 90).unwrap()).collect();
                feed(&mut capture, *stream, at, &bytes);
                all.extend(bytes.iter().map(|byte| (*stream, *byte)));
                if take {
                    chunks.extend(capture.take_pending());
                }
            }
            let (rest, summary) = capture.finish();
            chunks.extend(rest);
            let flat = |chunks: &[OutputChunk]| -> Vec<(Stream, u8)> {
                let kept = chunks.iter().filter(|chunk| chunk.stream != Stream::Station);
                kept.flat_map(|chunk| chunk.bytes.iter().map(|byte| (chunk.stream, *byte))).collect()
            };
            let end = head.min(all.len());
            let begin = all.len().saturating_sub(tail).max(end);
            let lines = |part: &[(Stream, u8)]| part.iter().filter(|(_, b)| *b == b'\n').count() as u64;
            let gap = &all[end..begin];
            prop_assert!(flat(&chunks) == [&all[..end], &all[begin..]].concat());
            prop_assert!(chunks.is_sorted_by_key(|chunk| chunk.at));
            prop_assert_eq!(summary.bytes, all.len() as u64);
            prop_assert_eq!(summary.lines, lines(&all));
            prop_assert_eq!(summary.dropped_bytes, gap.len() as u64);
            prop_assert_eq!(summary.dropped_lines, lines(gap));
        }
    }

    #[test]
    fn tiny_reads_stay_few_chunks() {
        let mut capture = Capture::new(OutputCap { head: 10_000, tail: 10_000 });
        for n in 0..100_000 {
            let stream = if n % 2 == 0 { Stream::Stdout } else { Stream::Stderr };
            feed(&mut capture, stream, n, b"x");
        }
        let (chunks, summary) = capture.finish();
        assert!(chunks.len() <= 2 * MIN_CHUNKS + 1, "{}", chunks.len());
        let kept: usize =
            chunks.iter().filter(|c| c.stream != Stream::Station).map(|c| c.bytes.len()).sum();
        assert_eq!(summary.bytes, 100_000);
        assert_eq!(summary.dropped_bytes, 100_000 - kept as u64);
    }

    #[test]
    fn slow_lines_keep_their_stamps() {
        let mut capture = Capture::new(OutputCap::default());
        for n in 0..30_000 {
            feed(&mut capture, Stream::Stdout, n * 5_000, b"a line\n");
        }
        assert_eq!(capture.take_pending().len(), 30_000);
    }
}
