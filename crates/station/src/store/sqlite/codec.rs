//! Codes: how enums, output chunks and contexts are written into columns. None ever changes.

use station_core::model::{
    Action, AlarmState, Cause, End, ExecutionStatus, JobState, Kill, Micros, OutputChunk, Reason,
    Severity, ShellContext, Stream, Work,
};

use super::fault::Fault;

/// The code of a status, of an execution or a job.
pub(super) fn status_code(status: ExecutionStatus) -> i64 {
    match status {
        ExecutionStatus::Pending => 0,
        ExecutionStatus::Running => 1,
        ExecutionStatus::Completed => 2,
        ExecutionStatus::Failed => 3,
        ExecutionStatus::Cancelled => 4,
        ExecutionStatus::Skipped => 5,
        ExecutionStatus::Missed => 6,
        ExecutionStatus::Interrupted => 7,
    }
}

/// The status of a code.
pub(super) fn status_of(code: i64) -> Option<ExecutionStatus> {
    ExecutionStatus::ALL.into_iter().find(|status| status_code(*status) == code)
}

/// A bit for each status: all of them when none is named.
pub(super) fn status_mask(statuses: &[ExecutionStatus]) -> i64 {
    let all: &[ExecutionStatus] =
        if statuses.is_empty() { &ExecutionStatus::ALL } else { statuses };
    all.iter().fold(0, |mask, status| mask | (1 << status_code(*status)))
}

/// The code of a cause.
pub(super) fn cause_code(cause: Cause) -> i64 {
    match cause {
        Cause::Scheduled => 0,
        Cause::Manual => 1,
    }
}

/// The cause of a code.
pub(super) fn cause_of(code: i64) -> Option<Cause> {
    [Cause::Scheduled, Cause::Manual].into_iter().find(|cause| cause_code(*cause) == code)
}

/// The code of a reason.
pub(super) fn reason_code(reason: Reason) -> i64 {
    match reason {
        Reason::Cancel => 0,
        Reason::Timeout => 1,
        Reason::IdleTimeout => 2,
        Reason::Shutdown => 3,
        Reason::Replaced => 4,
    }
}

/// The reason of a code.
pub(super) fn reason_of(code: i64) -> Option<Reason> {
    [Reason::Cancel, Reason::Timeout, Reason::IdleTimeout, Reason::Shutdown, Reason::Replaced]
        .into_iter()
        .find(|reason| reason_code(*reason) == code)
}

/// The code of what became of a run's processes.
pub(super) fn kill_code(kill: Kill) -> i64 {
    match kill {
        Kill::Killed => 0,
        Kill::KillFailed => 1,
        Kill::Unknown => 2,
        Kill::Unsupported => 3,
    }
}

/// What became of a run's processes, by its code.
pub(super) fn kill_of(code: i64) -> Option<Kill> {
    Kill::ALL.into_iter().find(|kill| kill_code(*kill) == code)
}

/// The code of where a job is filed: the column `done`.
pub(super) fn filed_code(state: &JobState) -> i64 {
    if state.deleted {
        DELETED
    } else if state.paused {
        PAUSED
    } else if state.status.is_final() && state.next_due.is_none() {
        ENDED
    } else {
        ACTIVE
    }
}

/// Filed with what goes on or will.
pub(super) const ACTIVE: i64 = 0;
/// Filed with what has ended and will not fire again.
pub(super) const ENDED: i64 = 1;
/// Filed away, for the sake of its executions.
pub(super) const DELETED: i64 = 2;
/// Filed with what waits to be resumed.
pub(super) const PAUSED: i64 = 3;

/// The code of what kind of job does this; a new one is added here and to [`KINDS`].
pub(super) fn kind_code(action: &Action) -> i64 {
    match action {
        Action::Command { .. } => 0,
        Action::Instrument(action) => match action.work {
            Work::Acquisition(_) => 1,
            Work::StateCapture => 2,
            Work::Measurement(_) => 3,
            Work::Command(_) => 4,
            Work::EquipmentTest { .. } => 5,
            Work::Sequence(_) => 6,
        },
        Action::Outstation(_) => 7,
    }
}

/// The kinds of jobs by their codes, as the API names them.
const KINDS: [(i64, &str); 8] = [
    (0, "script"),
    (1, "acquisition"),
    (2, "state_capture"),
    (3, "measurement"),
    (4, "command"),
    (5, "equipment_test"),
    (6, "sequence"),
    (7, "outstation_command"),
];

/// The kind of a code.
pub(super) fn kind_of(code: i64) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// The code of an alarm's state.
pub(super) fn alarm_code(state: AlarmState) -> i64 {
    match state {
        AlarmState::Active => 0,
        AlarmState::Acknowledged => 1,
        AlarmState::Cleared => 2,
    }
}

/// The alarm state of a code.
pub(super) fn alarm_state_of(code: i64) -> Option<AlarmState> {
    AlarmState::ALL.into_iter().find(|state| alarm_code(*state) == code)
}

/// The code of a severity.
pub(super) fn severity_code(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
        Severity::Critical => 3,
    }
}

/// The severity of a code.
pub(super) fn severity_of(code: i64) -> Option<Severity> {
    Severity::ALL.into_iter().find(|severity| severity_code(*severity) == code)
}

/// An end as its kind and its code.
pub(super) fn end_codes(end: End) -> (i64, Option<i32>) {
    match end {
        End::Exit(code) => (0, Some(code)),
        End::Signal(signal) => (1, Some(signal)),
        End::NotStarted => (2, None),
        End::Unknown => (3, None),
        End::Done => (4, None),
        End::Failed => (5, None),
    }
}

/// The end of a kind and a code.
pub(super) fn end_of(kind: i64, code: Option<i32>) -> Option<End> {
    match (kind, code) {
        (0, Some(code)) => Some(End::Exit(code)),
        (1, Some(signal)) => Some(End::Signal(signal)),
        (2, None) => Some(End::NotStarted),
        (3, None) => Some(End::Unknown),
        (4, None) => Some(End::Done),
        (5, None) => Some(End::Failed),
        _ => None,
    }
}

/// The bytes that chunks hold: what the output budget counts.
pub(super) fn payload(chunks: &[OutputChunk]) -> u64 {
    chunks.iter().map(|chunk| u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX)).sum()
}

/// Chunks as a blob: for each the stream (1 byte), the time since the last chunk's (zigzag
/// varint; the first since 0), the length (varint) and the bytes.
pub(super) fn pack(chunks: &[OutputChunk]) -> Vec<u8> {
    let room: usize = chunks.iter().map(|chunk| chunk.bytes.len().saturating_add(8)).sum();
    let mut blob = Vec::with_capacity(room.saturating_add(8));
    let mut last = 0_i64;
    for chunk in chunks {
        blob.push(match chunk.stream {
            Stream::Stdout => 0,
            Stream::Stderr => 1,
            Stream::Station => 2,
        });
        let step = chunk.at.0.wrapping_sub(last);
        last = chunk.at.0;
        put_varint(&mut blob, step.wrapping_shl(1).cast_unsigned() ^ (step >> 63).cast_unsigned());
        put_varint(&mut blob, u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX));
        blob.extend_from_slice(&chunk.bytes);
    }
    blob
}

/// The chunks of a blob; `None` when it is none of ours.
pub(super) fn unpack(mut blob: &[u8]) -> Option<Vec<OutputChunk>> {
    let mut chunks = Vec::new();
    let mut last = 0_i64;
    while let Some((stream, rest)) = blob.split_first() {
        let stream = match stream {
            0 => Stream::Stdout,
            1 => Stream::Stderr,
            2 => Stream::Station,
            _ => return None,
        };
        let (zigzag, rest) = take_varint(rest)?;
        let step = (zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg();
        last = last.wrapping_add(step);
        let (length, rest) = take_varint(rest)?;
        let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        chunks.push(OutputChunk { stream, at: Micros(last), bytes: bytes.to_vec() });
        blob = rest;
    }
    Some(chunks)
}

fn put_varint(blob: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        blob.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    blob.push(u8::try_from(value).unwrap_or(0));
}

fn take_varint(mut bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, bytes));
        }
    }
    None
}

/// A context as JSON.
pub(super) fn context_text(context: &ShellContext) -> Result<String, Fault> {
    serde_json::to_string(context).map_err(|error| Fault::invalid(format!("a context: {error}")))
}

/// The context of a JSON text.
pub(super) fn context_of(text: &str) -> Result<ShellContext, serde_json::Error> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for status in ExecutionStatus::ALL {
            assert_eq!(status_of(status_code(status)), Some(status));
        }
        assert_eq!(status_of(8), None);
        assert_eq!(status_mask(&[]), 0xff);
        let ended = [End::NotStarted, End::Unknown, End::Done, End::Failed];
        for end in [End::Exit(-1), End::Signal(9)].into_iter().chain(ended) {
            let (kind, code) = end_codes(end);
            assert_eq!(end_of(kind, code), Some(end));
        }
        for code in 0..4 {
            assert_eq!(kill_of(code).map(kill_code), Some(code));
        }
        for code in 0..5 {
            assert_eq!(reason_of(code).map(reason_code), Some(code));
        }
        for state in AlarmState::ALL {
            assert_eq!(alarm_state_of(alarm_code(state)), Some(state));
        }
        for severity in Severity::ALL {
            assert_eq!(severity_of(severity_code(severity)), Some(severity));
        }
        assert_eq!(kind_of(0), Some("script"));
        assert_eq!((kind_of(6), kind_of(7)), (Some("sequence"), Some("outstation_command")));
        assert_eq!(kind_of(8), None);
        for cause in [Cause::Scheduled, Cause::Manual] {
            assert_eq!(cause_of(cause_code(cause)), Some(cause));
        }
    }

    #[test]
    fn chunks_come_back_and_cut_blobs_do_not() {
        let times = [0, 1, -1, i64::MAX, i64::MIN, 1_700_000_000_000_000, 5];
        let chunks: Vec<_> = times
            .into_iter()
            .zip([0_usize, 1, 127, 128, 20_000, 3, 0])
            .map(|(at, length)| OutputChunk {
                stream: if length % 2 == 0 { Stream::Stdout } else { Stream::Station },
                at: Micros(at),
                bytes: vec![0xfe; length],
            })
            .collect();
        let blob = pack(&chunks);
        assert_eq!(unpack(&blob), Some(chunks.clone()));
        assert_eq!(payload(&chunks), 20_259);
        assert_eq!(unpack(&blob[..blob.len() - 1]), None);
        assert_eq!(unpack(&[9]), None);
        assert_eq!(unpack(&[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]), None);
    }

    #[test]
    fn contexts_come_back() {
        let context = ShellContext {
            cwd: Some(b"/tmp/\xff".to_vec()),
            umask: Some(0o22),
            env: Some(vec![(b"A".to_vec(), b"b\n\"".to_vec()), (b"B\xfe".to_vec(), vec![])]),
            nice: 3,
        };
        let text = context_text(&context).unwrap();
        assert_eq!(context_of(&text).unwrap(), context);
        let bare = ShellContext::default();
        assert_eq!(context_of(&context_text(&bare).unwrap()).unwrap(), bare);
    }
}
