//! Keeps the last bytes of a run's output in blocks that are read into directly and reused.

use std::collections::VecDeque;

use station_core::model::{Micros, OutputChunk, Stream};

use super::capture::{may_merge, merge_window};

/// The first buffer of a run; most commands say little.
const FIRST_BLOCK: usize = 8 << 10;
/// The size blocks grow to once reads fill them.
const FULL_BLOCK: usize = 256 << 10;

/// The last `limit` bytes kept, with who wrote them when.
///
/// Bytes lie in `full` and then `current`, in the order read; `notes` describe the last `covered`
/// of them. Blocks that hold nothing of the last `limit` bytes are reused.
#[derive(Debug)]
pub(super) struct Tail {
    limit: usize,
    note_limit: usize,
    full: VecDeque<Vec<u8>>,
    current: Vec<u8>,
    /// Bytes in all blocks.
    stored: usize,
    notes: VecDeque<Note>,
    /// Bytes the notes describe.
    covered: usize,
}

#[derive(Debug)]
struct Note {
    stream: Stream,
    at: Micros,
    bytes: usize,
}

impl Tail {
    /// An empty tail; nothing is allocated before the first read.
    pub(super) fn new(limit: usize, note_limit: usize) -> Self {
        Self {
            limit,
            note_limit,
            full: VecDeque::new(),
            current: Vec::new(),
            stored: 0,
            notes: VecDeque::new(),
            covered: 0,
        }
    }

    /// Where the next read may append; there is always room.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        let capacity = self.current.capacity();
        if capacity == 0 {
            self.current = Vec::with_capacity(FIRST_BLOCK);
        } else if capacity - self.current.len() < capacity / 4 {
            self.rotate(capacity);
        }
        &mut self.current
    }

    /// The last `count` bytes read.
    pub(super) fn newest(&self, count: usize) -> &[u8] {
        let start = self.current.len().saturating_sub(count);
        self.current.get(start..).unwrap_or_default()
    }

    /// Forgets the first `fits` of the last `count` bytes read, which found place in the head.
    pub(super) fn discard(&mut self, count: usize, fits: usize) {
        let filled = self.current.len() == self.current.capacity();
        let start = self.current.len().saturating_sub(count);
        self.current.drain(start..start + fits);
        if filled && self.current.is_empty() && self.current.capacity() < FULL_BLOCK {
            self.current = Vec::with_capacity(FULL_BLOCK.min(self.current.capacity() * 8));
        }
    }

    /// Keeps the last `count` bytes read.
    pub(super) fn keep(&mut self, stream: Stream, at: Micros, count: usize) {
        self.stored += count;
        self.covered += count;
        let window = merge_window(self.notes.len(), self.note_limit);
        match self.notes.back_mut() {
            Some(last) if may_merge(last.stream, last.at, last.bytes, stream, at, window) => {
                last.bytes += count;
            }
            Some(_) | None => self.notes.push_back(Note { stream, at, bytes: count }),
        }
        if self.notes.len() > self.note_limit {
            self.forget_first();
        }
    }

    /// The kept bytes as chunks, exactly the last `limit` of them.
    pub(super) fn into_chunks(mut self) -> Vec<OutputChunk> {
        self.cover_at_most(self.limit);
        let mut skip = self.stored - self.covered;
        self.full.push_back(std::mem::take(&mut self.current));
        let mut blocks = self.full.into_iter();
        let mut block: &[u8] = &[];
        let mut owner;
        let mut chunks = Vec::with_capacity(self.notes.len());
        for note in self.notes {
            let mut bytes = Vec::with_capacity(note.bytes);
            while bytes.len() < note.bytes {
                let (part, rest) = block.split_at(block.len().min(note.bytes - bytes.len()));
                bytes.extend_from_slice(part);
                block = rest;
                if bytes.len() < note.bytes {
                    let Some(next) = blocks.next() else { break };
                    owner = next;
                    let passed = skip.min(owner.len());
                    skip -= passed;
                    block = owner.get(passed..).unwrap_or_default();
                }
            }
            chunks.push(OutputChunk { stream: note.stream, at: note.at, bytes });
        }
        chunks
    }

    /// Seals the current block and goes on in a reused or new one.
    fn rotate(&mut self, capacity: usize) {
        self.full.push_back(std::mem::take(&mut self.current));
        let wanted = FULL_BLOCK.min(capacity * 8);
        let mut free = None;
        while let Some(first) = self.full.front()
            && self.stored - first.len() >= self.limit
        {
            self.stored -= first.len();
            free = self.full.pop_front();
        }
        self.cover_at_most(self.stored);
        self.current = match free {
            Some(mut block) if block.capacity() >= wanted => {
                block.clear();
                block
            }
            Some(_) | None => Vec::with_capacity(wanted),
        };
    }

    fn cover_at_most(&mut self, bytes: usize) {
        while self.covered > bytes {
            let excess = self.covered - bytes;
            match self.notes.front_mut() {
                Some(first) if first.bytes > excess => {
                    first.bytes -= excess;
                    self.covered -= excess;
                }
                Some(_) => self.forget_first(),
                None => self.covered = 0,
            }
        }
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.notes.pop_front() {
            self.covered -= first.bytes;
        }
    }
}
