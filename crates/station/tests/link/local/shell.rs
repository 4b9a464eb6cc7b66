//! Commands without shell syntax run directly, and nobody can tell the difference.

use proptest::prelude::*;
use station::port::Link as _;
use station_core::model::{CommandLine, End};

use crate::bench::Bench;

/// The shell itself called for the text: what the link's answer must equal.
fn by_shell(bench: &Bench, text: &str) -> CommandLine {
    let shell = bench.config.shell.to_str().unwrap().to_owned();
    CommandLine::Argv(vec![shell, "-c".into(), text.into()])
}

#[tokio::test]
async fn plain_calls_need_no_shell() {
    let bench = Bench::local();
    // Argument 0 of the parent would be the shell's; a direct call is the group's leader itself.
    for (text, direct) in [("sleep 30", true), ("sleep 30; :", false), ("sleep 30 && :", false)] {
        let mut run = bench.start(bench.shell(text));
        let pid = run.started().await.pid;
        let command = || std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        // It is empty for a moment while the program is being loaded.
        crate::bench::until("its arguments are there", || !command().is_empty()).await;
        assert_eq!(command().starts_with(b"sleep\0"), direct, "{text}");
        bench.link.kill_all();
        assert_eq!(run.over().await.end.end, End::Signal(9));
    }
}

#[tokio::test]
async fn what_is_not_found_is_the_shells_error() {
    let bench = Bench::local();
    for text in ["no-such-command-x a b", "/no/such/program", "/tmp", "/etc/passwd"] {
        let over = bench.run_shell(text).await;
        let shell = bench.run(bench.request(by_shell(&bench, text))).await;
        assert!(matches!(over.end.end, End::Exit(126 | 127)), "{text}");
        assert_eq!((over.end.end, over.err()), (shell.end.end, shell.err()), "{text}");
    }
    let over = bench.run_shell("no-such-command-x").await;
    assert!(over.err().contains("command not found"), "{}", over.err());
}

#[tokio::test]
async fn scripts_without_a_first_line_are_run_by_the_shell() {
    let bench = Bench::local();
    let (_guard, path) = crate::bench::file("script", "echo from script $1\n", 0o755);
    let over = bench.run_shell(&format!("{} arg", path.display())).await;
    assert_eq!(over.out(), "from script arg\n", "{}", over.err());
    let (_guard, path) = crate::bench::file("script", "#!/no/interpreter\n", 0o755);
    let over = bench.run_shell(&path.display().to_string()).await;
    assert_eq!(over.end.end, End::Exit(127), "{}", over.err());
    assert!(over.err().contains("line 1: "), "{}", over.err());
}

#[tokio::test]
async fn texts_like_options_are_texts() {
    let bench = Bench::local();
    for text in ["-x", "+e", "--version", "-c true"] {
        let over = bench.run_shell(text).await;
        assert_eq!(over.end.end, End::Exit(127), "{text} {}", over.err());
    }
}

#[test]
fn simple_words_mean_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let first = prop_oneof![
        Just("echo"),
        Just("/bin/echo"),
        Just("true"),
        Just("false"),
        Just("printf"),
        Just("test"),
        Just("expr"),
        Just("seq"),
        Just("basename"),
        Just("umask"),
        Just("pwd"),
        Just("type"),
        Just("no-such-x"),
        Just("command"),
        Just("exec"),
        Just(":"),
        Just("exit"),
        Just("if"),
    ];
    let word = prop_oneof![
        "[-a-z0-9%+,./:@_^~!#äß]{1,6}",
        Just("--help".to_owned()),
        Just("-n".to_owned()),
        Just("-e".to_owned()),
        Just("%s".to_owned()),
        Just("1".to_owned()),
        Just("*".to_owned()),
        Just("\u{a0}".to_owned()),
        Just("\u{b}".to_owned()),
        Just("{1..3}".to_owned()),
        Just("'q'".to_owned()),
    ];
    let gap = prop_oneof![Just(" "), Just("  "), Just("\t")];
    let text = (first, prop::collection::vec((gap, word), 0..4)).prop_map(|(first, rest)| {
        rest.iter().fold(first.to_owned(), |text, (gap, word)| text + gap + word)
    });
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) }, |(text in text)| {
        runtime.block_on(async {
            let bench = Bench::local();
            let ours = bench.run_shell(&text).await;
            let shells = bench.run(bench.request(by_shell(&bench, &text))).await;
            prop_assert_eq!(ours.end.end, shells.end.end);
            prop_assert_eq!(ours.out(), shells.out());
            prop_assert_eq!(ours.err(), shells.err());
            Ok(())
        })?;
    });
}
