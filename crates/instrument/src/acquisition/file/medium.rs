//! What a file of samples is written to: a file, and in tests one that fills up.

use std::fs::File;
use std::io::{self, Seek, Write};

pub(in crate::acquisition) trait Medium: Write + Seek {
    /// Cuts it off at a length.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// Makes sure that it is on disk.
    fn settle(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}
