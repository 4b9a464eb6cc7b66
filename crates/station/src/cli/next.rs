//! `station next`: when a job runs next.

use clap::Args;
use serde_json::{Value, json};
use station_core::model::JobId;

use super::error::CliError;
use super::{Cx, api, fires, plan, shown};

/// Options of `station next`.
#[derive(Args, Clone, Debug)]
pub struct NextArgs {
    /// The job
    #[arg(value_name = "ID", value_parser = api::job_id)]
    pub(crate) id: JobId,
    /// So many
    #[arg(short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub n: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints it, one instant a line; nothing when the job does not run by itself, and why.
pub(crate) fn run(args: &NextArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut station = cx.connect()?;
    let path = format!("/api/scheduler/jobs/{}", args.id);
    let answer = api::get(&mut station, &path)?;
    let job = api::part(&answer, "job");
    let next = api::text(job, "next_run");
    if next.is_empty() {
        let id = args.id;
        if args.json {
            return cx.world.screen.json(&json!({"count": 0, "fires": []}));
        }
        cx.world.screen.note(&if plan::is_paused(job) {
            format!("job {id} is paused: `station resume {id}` lets it fire")
        } else if api::text(job, "trigger_type") == "boot" && api::text(job, "status") == "pending"
        {
            format!("job {id} runs when the machine is started the next time")
        } else {
            let status = super::plain(api::text(job, "status"));
            format!("job {id} does not run by itself any more: it is {status}")
        });
        return Ok(());
    }
    // What comes next may be put off, by jitter for one; what follows is as the schedule says.
    let mut all = vec![shown::rfc3339(next)];
    if args.n > 1 {
        let query = format!("{path}/fires?n={}", args.n);
        let answer = api::get(&mut station, &query)?;
        let planned = api::list(&answer, "fires").iter().filter_map(Value::as_str);
        all.extend(planned.skip(1).map(shown::rfc3339));
    }
    fires::show(&all, args.json, cx)
}
