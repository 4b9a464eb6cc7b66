//! The table of a run: to the terminal, and as docs/benchmarks.md.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Result;
use crate::args::Args;
use crate::rows::{Must, ROWS, Row};
use crate::stats::{median, percentile};
use crate::{instruments, outstations, remote};

/// Every value measured, by key.
type Results = BTreeMap<String, Vec<f64>>;

const HEAD: [&str; 6] = ["what", "ours", "peer", "ratio", "target", ""];

pub(crate) fn run(args: &Args) -> Result<()> {
    let results = read(&std::fs::read_to_string(args.path("results")?)?);
    let rows = ROWS.iter().chain(remote::ROWS).chain(instruments::ROWS).chain(outstations::ROWS);
    let lines: Vec<[String; 6]> = rows.filter_map(|row| line(row, &results)).collect();
    let table = table(&lines);
    let missed = lines.iter().filter(|line| line[5] == "MISSED").count();
    println!("\n{table}\n{missed} of {} targets missed", targets(&lines));
    if let Some(out) = args.text("out") {
        let machine = std::fs::read_to_string(args.path("machine")?)?;
        std::fs::write(out, document(&machine, &table, &results, missed, targets(&lines))?)?;
        println!("written to {out}");
    }
    Ok(())
}

fn targets(lines: &[[String; 6]]) -> usize {
    lines.iter().filter(|line| !line[5].is_empty()).count()
}

fn read(text: &str) -> Results {
    let mut results = Results::new();
    for line in text.lines() {
        let mut fields = line.split('\t').skip(1);
        if let (Some(key), Some(Ok(value))) = (fields.next(), fields.next().map(str::parse)) {
            results.entry(key.to_owned()).or_default().push(value);
        }
    }
    results
}

/// The median of a key's values; of several keys the largest.
fn value(results: &Results, keys: &str) -> Option<f64> {
    let medians = keys.split('|').filter_map(|key| {
        let mut values = results.get(key)?.clone();
        Some(median(&mut values))
    });
    medians.max_by(f64::total_cmp)
}

fn line(row: &Row, results: &Results) -> Option<[String; 6]> {
    let ours = value(results, row.ours)?;
    let theirs = value(results, row.theirs);
    let ratio = ratio(row, results);
    let peer = match theirs {
        Some(theirs) => format!("{} ({})", number(theirs), row.peer),
        None if row.peer.is_empty() => "—".to_owned(),
        None => format!("not measured ({})", row.peer),
    };
    let (target, met) = match row.must {
        Must::AtLeast(share) => (format!("≥ {share} ×"), ratio.map(|ratio| ratio >= share)),
        Must::AtMost(share) => (format!("≤ {share} ×"), ratio.map(|ratio| ratio <= share)),
        Must::Reach(least) => (format!("≥ {}", number(least)), Some(ours >= least)),
        Must::Within(most) => (format!("≤ {}", number(most)), Some(ours <= most)),
        Must::Told => ("—".to_owned(), None),
    };
    let verdict = met.map_or("", |met| if met { "met" } else { "MISSED" });
    let ratio = ratio.filter(|ratio| ratio.is_finite()).map(|ratio| format!("{ratio:.2}"));
    let ratio = ratio.unwrap_or_else(|| "—".to_owned());
    Some([row.what.to_owned(), number(ours), peer, ratio, target, verdict.to_owned()])
}

/// Ours over theirs; measured in as many rounds, it is the median of the rounds' own ratios, for a
/// neighbour's load that comes and goes is in both sides of a round.
fn ratio(row: &Row, results: &Results) -> Option<f64> {
    let best = row.theirs.split('|').max_by(|a, b| {
        let of = |key| value(results, key).unwrap_or(f64::NEG_INFINITY);
        of(a).total_cmp(&of(b))
    });
    let (ours, theirs) = (results.get(row.ours)?, results.get(best?)?);
    if ours.len() == theirs.len() {
        let mut ratios: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
        return Some(median(&mut ratios));
    }
    Some(value(results, row.ours)? / value(results, best?)?)
}

/// A number as people read it: three digits that count, thousands set apart.
fn number(value: f64) -> String {
    if value.abs() < 1.0 && value.fract() != 0.0 {
        return format!("{value:.3}");
    }
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

fn table(lines: &[[String; 6]]) -> String {
    let head = HEAD.map(str::to_owned);
    let width = |column: usize| {
        let cells = std::iter::once(&head).chain(lines).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    let mut push = |cells: &[String]| {
        for (cell, width) in cells.iter().zip(&widths) {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            text.push_str("| ");
            text.push_str(cell);
            text.push_str(&padding);
            text.push(' ');
        }
        text.push_str("|\n");
    };
    push(&head);
    push(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>());
    lines.iter().for_each(|line| push(line));
    text
}

fn document(
    machine: &str,
    table: &str,
    results: &Results,
    missed: usize,
    targets: usize,
) -> Result<String> {
    let mut text = format!(
        "# Benchmarks\n\nWritten by `bench/run`, which measures the station and its peers side by \
         side in one run on one machine. Where a part is measured in several rounds the table has \
         the median, and the ratio is the median of the rounds' ratios. {} of {targets} targets met.\n\n{machine}\n{table}\n",
        targets - missed
    );
    text.push_str(WORDS);
    text.push_str("\n## Every measurement\n\n| key | median | least | most | rounds |\n|---|---|---|---|---|\n");
    for (key, values) in results {
        let mut values = values.clone();
        let median = median(&mut values);
        let (least, most) = (percentile(&mut values, 0.0), percentile(&mut values, 1.0));
        let rounds = values.len();
        writeln!(text, "| {key} | {median:.3} | {least:.3} | {most:.3} | {rounds} |")?;
    }
    Ok(text)
}

const WORDS: &str = "\
## What is compared

- **Durable submit**: a job with a working directory, a umask and thirty environment variables, \
acknowledged after its fsync. *Raw group commit* is one writer thread and as many client threads, \
700-byte rows, SQLite in WAL mode with `synchronous=FULL`, on the same file system. Debian's `at` \
writes a file and does not fsync it; `atd` runs meanwhile, as it does where `at` is used.
- **Late**: the actual start less the planned instant. The station's is what it records, taken \
before the process is spawned; APScheduler's is the entry into the job's function; bare spawning's \
the instant before `posix_spawn`. *As the job itself sees it* is one and the same small program in \
all of them that writes down when it began, so recording and spawning are in it.
- **Bare durable spawning**: eight workers, two group commits a run, nothing else.
- **APScheduler** 3.x: `BackgroundScheduler`, SQLAlchemy store on an SQLite file on the same file \
system, its default thread pool of ten. Its jobs run `subprocess.run([\"true\"])`, save where \
*no-op function* is said; the station's are always processes. It drops by its default \
misfire grace of 1 s; lateness is measured with an unlimited one.
- **Wake-ups** are context switches of all of the daemon's threads.
- **ssh** is a real sshd on loopback with `MaxSessions` as it is by itself and `MaxStartups` raised \
to 500:30:1000, `curve25519-sha256` on both sides, an empty home directory and bash for a login \
shell. All take turns on it; each must exit well, and the server's log must have all of its commands. \
Ours is the remote library on a runtime of one thread. The *bare multiplexing client* speaks to \
OpenSSH's masters itself, blocking, a thread for each session, and does nothing besides: it is the \
limit without a process for each command. It and asyncssh have a connection for every five \
commands at once, which the server never refuses; parallel-ssh has one for each; pdsh and clush run \
`ssh` over ten masters that are there. The cold run has pdsh's own fan-out of 32 for all; of ours, \
pdsh and clush whole processes are timed, of the libraries of Python what comes after the imports.
- **Processor time here** is that of our process and of the masters' processes; the server's is in \
neither. Memory is the proportional share (PSS) of our process and all below it, sampled.
- **`*IDN?`** and blocks are asked of `station simulate instrument`, a process of its own, one question \
after another, all taking turns. Ours is the library's session, which also looks for what came unasked \
before each question, keeps a time limit and checks the reply; *among two workers* it is a task on a \
runtime as the daemon has, else it has a runtime of one thread. The *bare loop* is Rust on blocking \
sockets that sends and reads the same bytes, of HiSLIP the same frames. Each reply must be the \
right one.
- **Blocks**: ours gives each block as a new vector; the copy reads into one buffer that is there. The \
line with a target first has a server with its block in memory; the simulator makes a reply anew for \
each question, which both wait for.
- **Steps, samples and readings** go through a daemon on a new data directory; the simulators are in \
another process. Every other step sets a voltage and checks for errors, those between read it. The \
fifty are due at the same instants. Drift is between the medians of 50 readings' lateness.
- **A direct command** goes to a bare outstation, a thread of this process, which confirms and ends it in \
one write; it is over with its confirmation. Ours is a session that decodes, numbers and times what \
comes, and keeps the frames for the record; the *bare socket* blocks, sends frames made before and looks \
at no more than the type and the cause. c104 misses some confirmations that come very soon; those commands \
are left out. It has its values as objects of Python, ours are in the cache; the *bare reader* counts \
octets and acknowledges.
- **An audited command** goes through a station in this process: permit, durable intent, frames, feedback, \
durable outcome, of which both are in the store's chain. *Bare commits* are those of the raw group commit \
above with one client, measured between the others.
- **Spontaneous values** come from a process of its own, a frame each with a time tag, spread evenly; each \
differs from the one before. Processor time and memory are those of the whole station.
- **The trail** that is verified has the intents and outcomes of commands with four frames each, written by \
the store as a daemon has it; what records are filed under is verified as well.

";

#[cfg(test)]
mod tests {
    use super::{Must, Row, number, ratio, read, value};

    #[test]
    fn the_median_counts_and_of_keys_the_best() {
        let results = read("p\ta\t1\np\ta\t5\np\ta\t2\np\tb\t3\n");
        assert_eq!(value(&results, "a"), Some(2.0));
        assert_eq!(value(&results, "a|b|c"), Some(3.0));
        assert_eq!(value(&results, "c"), None);
    }

    #[test]
    fn rounds_are_compared_with_each_other() {
        let results = read("p\ta\t1\np\ta\t10\np\ta\t3\np\tb\t2\np\tb\t20\np\tb\t5\n");
        let row = Row { what: "", ours: "a", peer: "", theirs: "b", must: Must::Told };
        assert_eq!(ratio(&row, &results), Some(0.5));
    }

    #[test]
    fn numbers_are_for_people() {
        let all = [0.0, 0.0345, 1.25, 99.96, 1234.5, 61_000.0, 1_000_000.0].map(number);
        assert_eq!(all, ["0", "0.035", "1.2", "100.0", "1,234", "61,000", "1,000,000"]);
    }
}
