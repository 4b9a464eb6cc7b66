//! Writes metrics in the OpenMetrics text format, which Prometheus reads.

use std::fmt::Write as _;
use std::sync::PoisonError;

use station_core::model::ExecutionStatus;

use super::{Gauges, Histogram, Metrics};

/// The format's media type.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything, as text.
#[must_use]
pub fn render(metrics: &Metrics, gauges: &Gauges) -> String {
    let mut text = Text(String::with_capacity(8 << 10));
    text.family("station_build", "info", "The program that answers.");
    text.sample("station_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    text.family("station_jobs", "gauge", "Jobs by state; deleted ones are not counted.");
    text.sample("station_jobs", &[("state", "active")], gauges.jobs_active);
    text.sample("station_jobs", &[("state", "paused")], gauges.jobs_paused);
    text.sample("station_jobs", &[("state", "done")], gauges.jobs_done);
    text.gauge("station_runs", "Runs under way.", gauges.running);
    let help = "Executions that wait in line or for their next attempt.";
    text.gauge("station_executions_waiting", help, gauges.waiting);
    let help = "Executions that ended since the start, by how.";
    text.family("station_executions", "counter", help);
    for (status, counter) in ExecutionStatus::ALL.into_iter().zip(&metrics.ended) {
        if status.is_final() {
            let labels = [("status", status.name())];
            text.sample("station_executions_total", &labels, counter.get());
        }
    }
    let help = "How long after its planned time a scheduled run was started.";
    text.histogram("station_due_lateness_seconds", help, &metrics.lateness);
    let help = "How long it took to make a round of changes durable; its count is the rounds.";
    text.histogram("station_commit_seconds", help, &metrics.commit);
    text.counter("station_changes", "Changes made durable.", metrics.changes.get());
    let help = "Rounds that could not be made durable.";
    text.counter("station_failed_rounds", help, metrics.failed_rounds.get());
    text.gauge("station_store_bytes", "Bytes of the store's files.", gauges.store_bytes);
    text.gauge("station_output_bytes", "Bytes of stored output.", gauges.output_bytes);
    let help = "Whether the store can be written.";
    text.gauge("station_store_works", help, u64::from(gauges.store_works));
    let help = "Whether firing is held until the clock can be trusted.";
    text.gauge("station_clock_held", help, u64::from(gauges.clock_held));
    text.family("station_alarms", "gauge", "Alarms by state.");
    for (state, count) in &gauges.alarms {
        text.sample("station_alarms", &[("state", state.name())], *count);
    }
    text.family("station_open_alarms", "gauge", "Alarms that are not cleared, by severity.");
    for (severity, count) in &gauges.open_alarms {
        text.sample("station_open_alarms", &[("severity", severity.name())], *count);
    }
    let help = "Notices that are yet to be delivered.";
    text.gauge("station_notices_owed", help, gauges.notices_owed);
    let help = "Tries to deliver a notice that failed.";
    text.counter("station_notice_failures", help, metrics.notice_failures.get());
    text.family("station_http_requests", "counter", "HTTP requests answered.");
    let routes = metrics.http.read().unwrap_or_else(PoisonError::into_inner);
    for (route, counters) in &*routes {
        for ((method, status), counter) in counters {
            let status = status.to_string();
            let labels = [("method", *method), ("route", route.as_str()), ("status", &status)];
            text.sample("station_http_requests_total", &labels, counter.get());
        }
    }
    text.0.push_str("# EOF\n");
    text.0
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# TYPE {name} {kind}\n# HELP {name} {help}\n"));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(&format!("{name}_total"), &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str(name);
        for (n, (label, value)) in labels.iter().enumerate() {
            let open = if n == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            self.line(format_args!("{open}{label}=\"{value}\""));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        self.line(format_args!(" {value}\n"));
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0_u64;
        let bounds = histogram.bounds.iter().map(|micros| seconds(*micros));
        let bounds = bounds.chain([("+Inf").to_owned()]);
        for (bound, count) in bounds.zip(&histogram.counts) {
            below = below.saturating_add(count.get());
            self.sample(&bucket, &[("le", &bound)], below);
        }
        self.line(format_args!("{name}_sum {}\n", seconds(histogram.micros.get())));
        self.sample(&format!("{name}_count"), &[], below);
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let written = self.0.write_fmt(text);
        debug_assert!(written.is_ok(), "a String takes all text");
    }
}

/// Microseconds as a decimal number of seconds, always with a point, as the format wants bounds.
fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use station_core::model::{AlarmState, Severity};
    use std::time::Duration;

    #[test]
    fn numbers_of_seconds_are_exact() {
        for (micros, text) in
            [(0, "0.0"), (100, "0.0001"), (1_000_000, "1.0"), (90_500_001, "90.500001")]
        {
            assert_eq!(seconds(micros), text);
        }
    }

    #[test]
    fn the_text_says_what_was_counted() {
        let metrics = Metrics::default();
        metrics.ended(ExecutionStatus::Failed);
        metrics.ended(ExecutionStatus::Failed);
        metrics.lateness.observe(Duration::from_millis(1));
        metrics.lateness.observe(Duration::from_millis(2));
        metrics.lateness.observe(Duration::from_secs(7200));
        metrics.answered("GET", "/api/a\"b", 200);
        metrics.answered("GET", "/api/a\"b", 200);
        metrics.answered("GET", "/api/a\"b", 404);
        let gauges = Gauges {
            jobs_paused: 7,
            alarms: [(AlarmState::Active, 3)].into(),
            open_alarms: [(Severity::Error, 2)].into(),
            notices_owed: 1,
            ..Gauges::default()
        };
        let text = render(&metrics, &gauges);
        for line in [
            "station_executions_total{status=\"failed\"} 2",
            "station_executions_total{status=\"missed\"} 0",
            "station_due_lateness_seconds_bucket{le=\"0.001\"} 1",
            "station_due_lateness_seconds_bucket{le=\"0.0025\"} 2",
            "station_due_lateness_seconds_bucket{le=\"3600.0\"} 2",
            "station_due_lateness_seconds_bucket{le=\"+Inf\"} 3",
            "station_due_lateness_seconds_sum 7200.003",
            "station_due_lateness_seconds_count 3",
            "station_notices_owed 1",
            "station_jobs{state=\"paused\"} 7",
            "station_alarms{state=\"active\"} 3",
            "station_open_alarms{severity=\"error\"} 2",
            "station_http_requests_total{method=\"GET\",route=\"/api/a\\\"b\",status=\"200\"} 2",
            "station_http_requests_total{method=\"GET\",route=\"/api/a\\\"b\",status=\"404\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        assert!(text.ends_with("\n# EOF\n"));
    }

    #[test]
    fn every_family_is_told_of_once_and_every_sample_belongs_to_one() {
        let metrics = Metrics::default();
        metrics.answered("GET", "/health", 200);
        let alarms = [(AlarmState::Active, 3)].into();
        let text = render(&metrics, &Gauges { alarms, ..Gauges::default() });
        let mut family = ("", "");
        let mut seen = std::collections::BTreeSet::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["#", "TYPE", name, kind] => {
                    assert!(seen.insert(*name), "{name} comes twice");
                    family = (name, kind);
                }
                ["#", "HELP", name, ..] => assert_eq!(*name, family.0),
                [sample, value] => {
                    let name = sample.split('{').next().unwrap();
                    let suffix = name.strip_prefix(family.0).unwrap_or("?");
                    let fits = match family.1 {
                        "counter" => suffix == "_total",
                        "info" => suffix == "_info",
                        "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                        _ => suffix.is_empty(),
                    };
                    assert!(fits, "{line} under {family:?}");
                    assert!(value.parse::<f64>().is_ok(), "{line}");
                }
                _ => panic!("{line}"),
            }
        }
    }
}
