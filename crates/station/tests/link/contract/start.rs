//! How runs start, get their input and end.

use station_core::model::End;

use crate::bench::{Bench, end_process, lives};

pub(crate) async fn exit_codes_and_signals(bench: Bench) {
    for (text, want) in [
        ("true", End::Exit(0)),
        ("false", End::Exit(1)),
        ("exit 3", End::Exit(3)),
        ("exit 255", End::Exit(255)),
        ("kill -TERM $$", End::Signal(15)),
        ("kill -SEGV $$", End::Signal(11)),
        // Ignored in the daemon; the default again in commands.
        ("kill -PIPE $$", End::Signal(13)),
        ("", End::Exit(0)),
    ] {
        let over = bench.run_shell(text).await;
        assert_eq!(over.end.end, want, "{text}");
        assert_eq!(over.end.error, None);
    }
}

pub(crate) async fn standard_input_is_given_or_empty(bench: Bench) {
    assert_eq!(bench.run_shell("cat; echo empty").await.out(), "empty\n");
    for text in ["", "x", "two\nlines"] {
        let mut request = bench.shell("cat");
        request.stdin = Some(text.as_bytes().to_vec());
        assert_eq!(bench.run(request).await.out(), text);
    }
    let mut request = bench.shell("wc -c; head -c 0");
    request.stdin = Some(vec![0; 5_000_000]);
    assert_eq!(bench.run(request).await.out(), "5000000\n");
    // Not reading it is no fault.
    let mut request = bench.shell("true");
    request.stdin = Some(vec![b'x'; 1_000_000]);
    assert_eq!(bench.run(request).await.end.end, End::Exit(0));
    // Scripts may be read by the shell itself, as `at` gives them, and commands share the rest.
    let mut request = bench.argv(&["/bin/bash"]);
    request.stdin = Some(b"echo one\nread line\nthis is data\necho got $line\n".to_vec());
    assert_eq!(bench.run(request).await.out(), "one\ngot this is data\n");
}

pub(crate) async fn a_child_that_lets_go_of_its_output_is_not_awaited(bench: Bench) {
    let over = bench.run_shell("sleep 20 >/dev/null 2>&1 & echo $!").await;
    let pid: i32 = over.out().trim().parse().unwrap();
    assert!(!over.end.leaked && lives(pid));
    end_process(pid);
}

pub(crate) async fn what_is_left_behind_does_not_hang_the_run(bench: Bench) {
    let over = bench.run_shell("sleep 60 & echo $!").await;
    assert!(over.end.leaked);
    assert_eq!((over.end.end, over.end.kill), (End::Exit(0), None));
    let pid: i32 = over.out().trim().parse().unwrap();
    assert!(lives(pid), "left alone");
    end_process(pid);
}

pub(crate) async fn words_are_given_as_they_are(bench: Bench) {
    let words =
        ["", " ", "a b", "it's", "\"$HOME\"", "*", "~", "x=1", "-n", "\\", "new\nline", "ä"];
    let mut all = vec!["printf", "%s\\0"];
    all.extend(words);
    let over = bench.run(bench.argv(&all)).await;
    let want: String = words.iter().map(|word| format!("{word}\0")).collect();
    assert_eq!((over.out(), over.err(), over.end.end), (want, String::new(), End::Exit(0)));
}

pub(crate) async fn commands_know_their_run(bench: Bench) {
    let text = "echo $STATION_JOB $STATION_EXECUTION $STATION_ATTEMPT $STATION_INSTANCE";
    let mut request = bench.shell(text);
    request.attempt = 7;
    let (execution, instance) = (request.execution, &bench.config.instance);
    let want = format!("{} {execution} 7 {instance}\n", execution.job);
    assert_eq!(bench.run(request).await.out(), want);
}

pub(crate) async fn what_is_no_command_says_why(bench: Bench) {
    let texts = ["echo a\0b"].map(|text| bench.shell(text));
    let lists = [&[][..], &["echo", "a\0b"]].map(|words| bench.argv(words));
    for (request, want) in texts.into_iter().chain(lists).zip(["NUL", "empty list", "NUL"]) {
        let over = bench.run(request).await;
        assert_eq!((over.end.end, over.end.unreachable), (End::NotStarted, false));
        assert!(over.error().contains(want) && over.error().ends_with('.'), "{}", over.error());
        assert!(over.seen.record.is_none());
    }
}

pub(crate) async fn an_execution_starts_again_after_its_end(bench: Bench) {
    let request = bench.shell("echo $STATION_ATTEMPT");
    for attempt in 1..4 {
        let mut again = request.clone();
        again.attempt = attempt;
        assert_eq!(bench.run(again).await.out(), format!("{attempt}\n"));
    }
}
