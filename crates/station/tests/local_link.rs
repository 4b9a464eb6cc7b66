//! Runs real processes through the local link and looks at everything it reports.

#[cfg(test)]
mod local_link {
    mod bench;
    mod environment;
    mod output;
    mod shell;
    mod signals;
    mod start;
    mod survivors;
}
