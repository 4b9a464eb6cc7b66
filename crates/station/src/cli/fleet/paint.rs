//! The look of a node's lines: its name before each, in a colour of its own on a terminal.

use super::super::plain;
use super::super::world::Screen;

/// Colours that are legible on dark and light; red is for failures.
const COLOURS: [u8; 10] = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96];

/// How lines are dressed for the two streams of a screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    out: Surface,
    err: Surface,
}

/// What one stream leads to.
#[derive(Clone, Copy, Debug)]
struct Surface {
    terminal: bool,
    colour: bool,
}

impl Paint {
    /// For a screen.
    pub(crate) fn of(screen: &Screen<'_>) -> Self {
        Self {
            out: Surface { terminal: screen.out_is_terminal, colour: screen.colour },
            err: Surface { terminal: screen.err_is_terminal, colour: screen.err_colour },
        }
    }

    /// Appends a line of a node, and its end. What steers a terminal is made visible on one, and is
    /// passed on as it is elsewhere.
    pub(crate) fn line(self, to_err: bool, node: &str, line: &[u8], out: &mut Vec<u8>) {
        let surface = if to_err { self.err } else { self.out };
        let node = plain(node);
        if surface.colour {
            out.extend_from_slice(format!("\x1b[{}m{node}:\x1b[0m ", colour(&node)).as_bytes());
        } else {
            out.extend_from_slice(node.as_bytes());
            out.extend_from_slice(b": ");
        }
        self.bare(to_err, line, out);
    }

    /// Appends a line that belongs to no single node.
    pub(crate) fn bare(self, to_err: bool, line: &[u8], out: &mut Vec<u8>) {
        let surface = if to_err { self.err } else { self.out };
        if surface.terminal {
            out.extend_from_slice(clean(line).as_bytes());
        } else {
            out.extend_from_slice(line);
        }
        out.push(b'\n');
    }
}

/// A line as a terminal may be shown it; tabs stay, and so the carriage return of a line end goes.
fn clean(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    text.split('\t').map(plain).collect::<Vec<_>>().join("\t")
}

/// The same for the same name each time (FNV-1a).
fn colour(node: &str) -> u8 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    let hash = node.bytes().fold(2_166_136_261, mix);
    let count = u32::try_from(COLOURS.len()).unwrap_or(1);
    let at = usize::try_from(hash % count).unwrap_or(0);
    COLOURS.get(at).copied().unwrap_or(36)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(terminal: bool, colour: bool, text: &[u8]) -> String {
        let plain = Surface { terminal: false, colour: false };
        let paint = Paint { out: plain, err: Surface { terminal, colour } };
        let mut out = Vec::new();
        paint.line(true, "rack1", text, &mut out);
        paint.line(false, "rack1", b"\x1b", &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn hostile_lines_are_cleaned_on_a_terminal_alone() {
        assert_eq!(line(false, false, b"a\x1b[2J\r"), "rack1: a\x1b[2J\r\nrack1: \x1b\n");
        assert_eq!(
            line(true, false, b"a\t\x1b[2J\xff\r"),
            "rack1: a\t\\x1b[2J\u{fffd}\nrack1: \x1b\n"
        );
        let coloured = line(true, true, b"a");
        assert!(
            coloured.starts_with("\x1b[") && coloured.contains("mrack1:\x1b[0m a\n"),
            "{coloured:?}"
        );
    }

    #[test]
    fn nodes_have_different_colours() {
        let colours: std::collections::BTreeSet<u8> =
            (1..=16).map(|n| colour(&format!("rack{n}"))).collect();
        assert!(colours.len() > 4, "{colours:?}");
    }
}
