//! The text by which a shell on a node runs a command again and again.

use std::time::Duration;

/// A loop over the command, each run in a subshell, so that its `exit` ends the run and not the
/// loop. It is for POSIX shells. A run that ends because nobody reads its output any more (SIGPIPE)
/// ends the loop: without a guard, nothing else would.
pub(super) fn looped(command: &str, pause: Duration) -> String {
    let quoted = quote(command);
    let mut text = format!("c={quoted}; while :; do (eval \"$c\"); [ $? = 141 ] && exit 141; ");
    if !pause.is_zero() {
        // Whole seconds are POSIX; a fraction of one is known to GNU, BSD and BusyBox.
        let seconds = pause.as_secs();
        match pause.subsec_millis() {
            0 if pause.subsec_nanos() == 0 => text.push_str(&format!("sleep {seconds}; ")),
            millis => text.push_str(&format!("sleep {seconds}.{:03}; ", millis.max(1))),
        }
    }
    text.push_str("done");
    text
}

/// One word for a POSIX shell.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_quotes_its_command() {
        assert_eq!(
            looped("echo 'a'; exit 3", Duration::from_millis(1500)),
            "c='echo '\\''a'\\''; exit 3'; while :; do (eval \"$c\"); [ $? = 141 ] && exit 141; \
             sleep 1.500; done"
        );
        assert!(looped("date", Duration::ZERO).ends_with("exit 141; done"));
        assert!(looped("date", Duration::from_secs(2)).ends_with("sleep 2; done"));
        assert!(looped("date", Duration::from_micros(5)).ends_with("sleep 0.001; done"));
    }
}
