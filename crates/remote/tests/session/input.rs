//! What commands read.

use station_remote::{Input, RexecOptions, channel};

use super::rig::{Rig, options, patient, soon};

#[tokio::test]
async fn bytes_arrive_whole_and_end() {
    let rig = Rig::start();
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| n.to_le_bytes()[0] ^ 0x5A).collect();
    let options = RexecOptions { input: Input::bytes(bytes.clone()), ..options(patient(), vec![]) };
    let session = soon(rig.node("node").rexec("cat", options)).await;
    assert!(session.outcome().unwrap().success());
    assert!(session.results().bytes() == bytes, "{} bytes", session.results().total());
}

#[tokio::test]
async fn without_input_it_is_empty() {
    let rig = Rig::start();
    let session = soon(rig.node("node").rexec("cat; echo end", options(patient(), vec![]))).await;
    assert_eq!(session.results().text(), "end\n");
}

#[tokio::test]
async fn s10_4_what_is_written_goes_out_line_by_line() {
    let rig = Rig::start();
    let (mut writer, input) = Input::pipe();
    let (sink, mut lines) = channel(1);
    let options = RexecOptions { input, ..options(patient(), vec![sink]) };
    let session = rig.node("node").session();
    let command = "while read -r line; do echo \"got $line\"; done; echo over";
    let run = session.post_cmd(command, options);
    let talk = async {
        writer.write(b"on").await.unwrap();
        writer.write(b"e\ntw").await.unwrap();
        assert_eq!(lines.recv().await.unwrap().text, "got one");
        writer.write(b"o\n").await.unwrap();
        assert_eq!(lines.recv().await.unwrap().text, "got two");
        // The end of the input does not end the command.
        writer.finish().await.unwrap();
        assert_eq!(lines.recv().await.unwrap().text, "over");
    };
    let (outcome, ()) = soon(async { tokio::join!(run, talk) }).await;
    assert!(outcome.success(), "{outcome}");
}

#[tokio::test]
async fn a_command_need_not_read_its_input() {
    let rig = Rig::start();
    let input = Input::bytes(vec![b'x'; 1 << 20]);
    let options = RexecOptions { input, ..options(patient(), vec![]) };
    let session = soon(rig.node("node").rexec("exit 5", options)).await;
    assert_eq!(session.outcome().unwrap().code(), Some(5));
}
