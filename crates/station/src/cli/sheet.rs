//! The table of executions, and the cells that other pages share with it.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::table::{Sheet, command_cell};
use super::{api, shown};

/// A table of executions; what is remarked on them has a column when there is anything.
pub(crate) fn executions(executions: &[Value], zone: &TimeZone, colour: bool) -> String {
    let mut columns = vec![
        "Run", "Status", "Planned", "Late", "Duration", "Try", "Exit", "CPU", "Memory", "Output",
    ];
    let on_nodes = executions.iter().any(|execution| !api::text(execution, "node").is_empty());
    if on_nodes {
        columns.insert(1, "Node");
    }
    let remarks: Vec<String> = executions.iter().map(remark).collect();
    let remarked = remarks.iter().any(|remark| !remark.is_empty());
    if remarked {
        columns.push("Note");
    }
    let mut sheet = Sheet::new(&columns, colour);
    for (execution, remark) in executions.iter().zip(remarks) {
        let mut row = vec![
            api::text(execution, "execution_id").to_owned(),
            api::text(execution, "status").to_owned(),
            shown::cell(api::text(execution, "scheduled_time"), zone),
            shown::span_of(execution, "late_seconds"),
            shown::span_of(execution, "duration_seconds"),
            api::number(execution, "attempt").unwrap_or_default().to_string(),
            shown::exit(execution),
            cpu(execution),
            memory(execution),
            shown::size(api::number(execution, "output_bytes").unwrap_or_default()),
        ];
        if on_nodes {
            row.insert(1, api::text(execution, "node").to_owned());
        }
        if remarked {
            row.push(remark);
        }
        sheet.row(row);
    }
    sheet.render()
}

/// What a row alone does not tell: that it stands for several firings, and why it did not run.
fn remark(execution: &Value) -> String {
    let mut remark = firings(execution).unwrap_or_default();
    let status = api::text(execution, "status");
    if matches!(status, "skipped" | "missed" | "interrupted") {
        let error = api::text(execution, "error");
        // The status stands in its own column.
        let rest = error.strip_prefix(status).and_then(|rest| rest.strip_prefix(": "));
        let error = rest.unwrap_or(error);
        if !remark.is_empty() && !error.is_empty() {
            remark.push_str(": ");
        }
        remark.push_str(error);
    }
    command_cell(&remark)
}

/// How many firings an execution stands for, if more than one.
pub(crate) fn firings(execution: &Value) -> Option<String> {
    let count = api::number(api::part(execution, "trigger_info"), "firings")?;
    let ran = !matches!(api::text(execution, "status"), "skipped" | "missed");
    let how = if ran { " in one" } else { "" };
    (count > 1).then(|| format!("{count} firings{how}"))
}

/// The processor time an execution or attempt has used.
pub(crate) fn cpu(document: &Value) -> String {
    let part = |key| document.get(key).and_then(Value::as_f64);
    match (part("cpu_user_seconds"), part("cpu_system_seconds")) {
        (None, None) => "-".to_owned(),
        (user, system) => shown::span(user.unwrap_or_default() + system.unwrap_or_default()),
    }
}

/// The memory an execution or attempt has used at most.
pub(crate) fn memory(document: &Value) -> String {
    api::number(document, "max_rss_bytes").map_or_else(|| "-".to_owned(), shown::size)
}
