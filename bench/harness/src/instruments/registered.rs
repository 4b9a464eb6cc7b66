//! A daemon that knows simulated instruments, and jobs with them.

use serde_json::{Value, json};
use station_instrument::simulate::Model;

use super::hosted::Hosted;
use crate::Result;
use crate::args::Args;
use crate::http::Http;
use crate::station::Station;

/// The daemon goes first.
#[derive(Debug)]
pub(crate) struct Registered {
    /// The daemon.
    pub(crate) station: Station,
    _instruments: Hosted,
}

impl Registered {
    /// Starts both and registers each instrument as `bench_1` and so on.
    pub(crate) fn start(args: &Args, (model, kind): (Model, &str), count: usize) -> Result<Self> {
        let instruments = Hosted::start(model, count)?;
        let station = Station::fresh(args)?;
        let mut http = station.http()?;
        for (n, resource) in instruments.resources.iter().enumerate() {
            let equipment = json!({
                "resource_string": resource,
                "equipment_type": kind,
                "equipment_id": id(n),
            });
            post(&mut http, "/api/equipment/connect", &equipment)?;
        }
        Ok(Self { station, _instruments: instruments })
    }

    /// Makes a job; its id.
    pub(crate) fn create(&self, job: &Value) -> Result<String> {
        let made = post(&mut self.station.http()?, "/api/scheduler/jobs/create", job)?;
        Ok(made["job_id"].as_str().ok_or("no job_id in the answer")?.to_owned())
    }

    /// How the one execution there is has ended; it must have completed.
    pub(crate) fn only_execution(&self) -> Result<Value> {
        let page = self.station.http()?.get("/api/scheduler/executions?limit=2")?;
        match page["executions"].as_array().map(Vec::as_slice) {
            Some([one]) if one["status"] == "completed" => Ok(one.clone()),
            other => Err(format!("the job has not simply completed: {other:?}").into()),
        }
    }
}

/// The id of the n-th instrument.
pub(crate) fn id(n: usize) -> String {
    format!("bench_{}", n + 1)
}

fn post(http: &mut Http, path: &str, body: &Value) -> Result<Value> {
    let (status, answer) = http.call("POST", path, body.to_string().as_bytes())?;
    if !(200..300).contains(&status) {
        return Err(format!("POST {path}: {status} {}", String::from_utf8_lossy(&answer)).into());
    }
    Ok(serde_json::from_slice(&answer)?)
}

/// A number of a result.
pub(crate) fn number(of: &Value, name: &str) -> Result<f64> {
    of[name].as_f64().ok_or_else(|| format!("there is no number {name} in {of}").into())
}
