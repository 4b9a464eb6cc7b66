//! Tests of at's options.

use std::ffi::OsString;

use proptest::prelude::*;

use super::{Mail, Mode, Options, Program};

fn parse(program: Program, line: &str) -> Result<Options, String> {
    Options::parse(program, line.split_whitespace().map(OsString::from))
}

fn at(line: &str) -> Options {
    parse(Program::At, line).unwrap()
}

#[test]
fn options_stand_anywhere_and_together() {
    let options = at("-mf job now -vqb + 5 -ujoe minutes");
    assert_eq!(options.mode, Mode::Submit { batch: false });
    assert_eq!(options.mail, Mail::Always);
    assert_eq!(options.file, Some(OsString::from("job")));
    assert_eq!((options.queue, options.verbose), (Some('b'), true));
    assert_eq!(options.user.as_deref(), Some("joe"));
    assert_eq!(options.words, ["now", "+", "5", "minutes"]);
    assert_eq!(options.command, None);
    assert_eq!(at("-M now").mail, Mail::Never);
    assert_eq!(at("now - 5 minutes").words, ["now", "-", "5", "minutes"]);
    assert_eq!(at("now -5 minutes").words, ["now", "-5", "minutes"]);
}

#[test]
fn a_command_follows_the_time() {
    let words = |words: &[&str]| Some(words.iter().map(OsString::from).collect::<Vec<_>>());
    assert_eq!(at("14:30 -- backup.sh -f x").command, words(&["backup.sh", "-f", "x"]));
    assert_eq!(at("-t 202701311022 -- x").command, words(&["x"]));
    assert_eq!(at("now --").command, None);
    let ended = at("-f x -- now");
    assert_eq!((ended.words, ended.command), (vec!["now".to_owned()], None));
    let both = at("-- now -- x -- y");
    assert_eq!(both.command, words(&["x", "--", "y"]));
}

#[test]
fn modes_are_chosen_by_option_or_name() {
    assert_eq!(at("-l").mode, Mode::List);
    assert_eq!(at("-b").mode, Mode::Submit { batch: true });
    assert_eq!(at("-r 1").mode, Mode::Remove);
    assert_eq!((at("-d 1 2").mode, at("-d 1 2").words.len()), (Mode::Remove, 2));
    assert_eq!(at("-c 1").mode, Mode::Print);
    assert_eq!(at("-lo %F 3").format.as_deref(), Some("%F"));
    assert!(at("-V").version);
    assert!(at("--help").help && at("-h").help);
    assert_eq!(parse(Program::Atq, "-q = 1").unwrap().queue, Some('='));
    assert_eq!(parse(Program::Atrm, "1").unwrap().mode, Mode::Remove);
    assert_eq!(parse(Program::Batch, "").unwrap().mode, Mode::Submit { batch: true });
}

#[test]
fn mistakes_are_refused() {
    for bad in [
        "",
        "-x now",
        "-q now",
        "-q",
        "-q 1 now",
        "-q = now",
        "-c",
        "-d",
        "-u -x now",
        "-t 1 now",
        "-: now",
    ] {
        assert!(parse(Program::At, bad).is_err(), "{bad:?}");
    }
    assert!(parse(Program::Atrm, "").is_err());
    assert!(parse(Program::Atrm, "-f 1").is_err());
    assert!(parse(Program::Atq, "-m").is_err());
}

proptest! {
    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec("[-a-zA-Z0-9:= ]{0,6}", 0..8)) {
        for program in [Program::At, Program::Atq, Program::Atrm, Program::Batch] {
            Options::parse(program, words.iter().map(OsString::from)).ok();
        }
    }
}
