//! Frames cut from a stream of octets, however the network cut it.
//!
//! ```text
//!  whole frames ──────────────▶ handed on where they lie in what was read
//!  the beginning of one ──────▶ held, at most 255 octets ──rest of it──▶ handed on
//!  no frame ──────────────────▶ failed: the same error for ever
//! ```

use super::apci::{FrameError, LONGEST_FRAME, announced};

/// What is left of the stream between two reads.
#[derive(Clone, Debug)]
pub struct Deframer {
    held: [u8; LONGEST_FRAME],
    length: usize,
    /// Whether what is held was a whole frame and handed on.
    taken: bool,
    failed: Option<FrameError>,
}

impl Default for Deframer {
    fn default() -> Self {
        Self::new()
    }
}

impl Deframer {
    /// At the beginning of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self { held: [0; LONGEST_FRAME], length: 0, taken: false, failed: None }
    }

    /// Takes the next whole frame off `octets`, which are what the stream went on with; without one it
    /// takes all of them and keeps the beginning of a frame. To be called until it yields nothing.
    ///
    /// # Errors
    ///
    /// The stream is not made of frames. The error comes again at every call.
    pub fn next_frame<'s, 'o: 's>(
        &'s mut self,
        octets: &mut &'o [u8],
    ) -> Result<Option<&'s [u8]>, FrameError> {
        if std::mem::take(&mut self.taken) {
            self.length = 0;
        }
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.length > 0 {
            return self.go_on(octets);
        }
        match announced(octets) {
            Err(error) => self.fail(error),
            Ok(Some(whole)) if whole <= octets.len() => {
                let (frame, rest) = octets.split_at(whole);
                *octets = rest;
                Ok(Some(frame))
            }
            // Less than a frame, so it fits.
            Ok(_) => {
                self.hold(octets, LONGEST_FRAME);
                Ok(None)
            }
        }
    }

    /// How many octets of a frame that is not whole are held.
    #[must_use]
    pub const fn held(&self) -> usize {
        if self.taken { 0 } else { self.length }
    }

    /// Goes on with the frame whose beginning is held: first to its length octet, then to its end.
    fn go_on(&mut self, octets: &mut &[u8]) -> Result<Option<&[u8]>, FrameError> {
        if self.length < 2 {
            self.hold(octets, 2);
        }
        match announced(self.held.get(..self.length).unwrap_or_default()) {
            Err(error) => self.fail(error),
            Ok(None) => Ok(None),
            Ok(Some(whole)) => {
                self.hold(octets, whole);
                self.taken = self.length == whole;
                Ok(self.held.get(..whole).filter(|_| self.taken))
            }
        }
    }

    /// Moves octets over until `until` of them are held, or there are no more.
    fn hold(&mut self, octets: &mut &[u8], until: usize) {
        let (moved, rest) = octets.split_at(until.saturating_sub(self.length).min(octets.len()));
        if let Some(room) = self.held.get_mut(self.length..self.length + moved.len()) {
            room.copy_from_slice(moved);
            self.length += moved.len();
        }
        *octets = rest;
    }

    fn fail<T>(&mut self, error: FrameError) -> Result<T, FrameError> {
        self.failed = Some(error);
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTDT: &[u8] = &[0x68, 4, 7, 0, 0, 0];
    const S: &[u8] = &[0x68, 4, 1, 0, 0x10, 0];

    /// The frames of a stream whose octets come so many at a time, and how it ended.
    fn frames(stream: &[u8], cut: usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
        let (mut deframer, mut found) = (Deframer::new(), Vec::new());
        for mut octets in stream.chunks(cut) {
            loop {
                match deframer.next_frame(&mut octets) {
                    Ok(Some(frame)) => found.push(frame.to_vec()),
                    Ok(None) => break,
                    Err(error) => return (found, Some(error)),
                }
            }
            assert!(octets.is_empty());
        }
        (found, None)
    }

    #[test]
    fn frames_are_the_same_however_they_are_cut() {
        let longest = [&[0x68, 253][..], &[0; 253]].concat();
        let stream = [STARTDT, S, &longest, S].concat();
        let expected = vec![STARTDT.to_vec(), S.to_vec(), longest, S.to_vec()];
        for cut in 1..=stream.len() {
            assert_eq!(frames(&stream, cut), (expected.clone(), None), "cut into {cut}");
        }
    }

    #[test]
    fn a_frame_that_is_whole_is_not_copied() {
        let stream = [STARTDT, S].concat();
        let (mut deframer, mut octets) = (Deframer::new(), stream.as_slice());
        for expected in [0, 6] {
            let frame = deframer.next_frame(&mut octets).unwrap().unwrap();
            assert_eq!(frame.as_ptr(), stream[expected..].as_ptr());
        }
        assert_eq!(deframer.held(), 0);
    }

    #[test]
    fn the_beginning_of_a_frame_is_held_until_it_is_whole() {
        let mut deframer = Deframer::new();
        for n in 1..6 {
            assert_eq!(deframer.next_frame(&mut &S[n - 1..n]), Ok(None));
            assert_eq!(deframer.held(), n);
        }
        let mut rest = &[0, 0x68][..];
        assert_eq!(deframer.next_frame(&mut rest), Ok(Some(S)));
        assert_eq!((deframer.held(), rest), (0, &[0x68][..]));
    }

    #[test]
    fn what_is_no_frame_ends_the_stream_for_good() {
        let wrong: [(&[u8], FrameError); 5] = [
            (b"GET", FrameError::Start(b'G')),
            (&[0x68, 3], FrameError::Length(3)),
            (&[0x68, 0], FrameError::Length(0)),
            (&[0x68, 254], FrameError::Length(254)),
            (&[0x68, 255], FrameError::Length(255)),
        ];
        for (octets, error) in wrong {
            for cut in [1, 100] {
                let stream = [STARTDT, octets].concat();
                assert_eq!(frames(&stream, cut), (vec![STARTDT.to_vec()], Some(error)));
            }
        }
        let mut deframer = Deframer::new();
        assert_eq!(deframer.next_frame(&mut &b"x"[..]), Err(FrameError::Start(b'x')));
        assert_eq!(deframer.next_frame(&mut &S[..]), Err(FrameError::Start(b'x')));
    }
}
