//! A bench with simulated instruments.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Number;
use station_core::model::{
    Acquisition, AcquisitionPlan, AcquisitionState, CommandLine, Equipment, EquipmentKind,
    EquipmentSettings, FileFormat, Micros, Principal, Record, RecordKind,
};
use station_instrument::bench::{Bench, BenchConfig, Holder, Lease, Transcript};
use station_instrument::simulate::{Fault, Model, Simulator, SimulatorOptions};
use station_instrument::transport::Act;
use station_instrument::work::{CommandEnd, Stage};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::keeper::MemoryKeeper;

/// The threads of simulators apart.
pub(crate) const SIMULATOR: &str = "simulator";

pub(crate) struct Rig {
    pub(crate) bench: Bench,
    pub(crate) keeper: Arc<MemoryKeeper>,
    directory: TempDir,
    simulators: Vec<Simulator>,
    /// Where the simulators live, if not here.
    apart: Option<Runtime>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with_pace(1)
    }

    /// On which the durations of acquisitions pass so many times faster.
    pub(crate) fn with_pace(pace: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = BenchConfig {
            directory: directory.path().join("samples"),
            pace,
            ..BenchConfig::default()
        };
        let (bench, keeper) = (Bench::new(config), Arc::new(MemoryKeeper::default()));
        bench.attach(keeper.clone());
        Self { bench, keeper, directory, simulators: Vec::new(), apart: None }
    }

    /// Whose simulators have a thread of their own, named [`SIMULATOR`], so that what is measured of
    /// the others is not theirs.
    pub(crate) fn with_simulators_apart() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let apart = builder.worker_threads(1).thread_name(SIMULATOR).enable_all().build();
        let mut rig = Self::new();
        rig.apart = Some(apart.unwrap());
        rig
    }

    pub(crate) fn directory(&self) -> std::path::PathBuf {
        self.directory.path().join("samples")
    }

    pub(crate) fn under(&self) -> &Path {
        self.directory.path()
    }

    /// Switches an instrument on, with faults as the command line has them, and leases it.
    pub(crate) async fn lease(&mut self, model: Model, faults: &[&str]) -> Lease {
        let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let options = SimulatorOptions { model, faults, ..SimulatorOptions::default() };
        let simulator = {
            let _there = self.apart.as_ref().map(Runtime::enter);
            Simulator::start(options).unwrap()
        };
        let resource = simulator.resources().remove(0);
        self.simulators.push(simulator);
        let (id, kind) = match model {
            Model::Psu => ("psu", EquipmentKind::PowerSupply),
            Model::Dmm => ("dmm", EquipmentKind::Multimeter),
            Model::Scope => ("scope", EquipmentKind::Oscilloscope),
            Model::Load => ("load", EquipmentKind::ElectronicLoad),
            Model::Generator => ("generator", EquipmentKind::FunctionGenerator),
        };
        let equipment = Equipment {
            id: id.to_owned(),
            resource,
            kind,
            driver: Some(format!("generic_{}", kind.name())),
            identity: station_core::model::Identity::default(),
            nickname: None,
            settings: EquipmentSettings {
                io_timeout_ms: Some(300),
                ..EquipmentSettings::default()
            },
            created_at: Micros(0),
            created_by: Principal::Anonymous,
        };
        let holder = Holder { label: "a test".to_owned(), limit: None };
        self.bench.lease(&equipment, holder, Duration::from_secs(5)).await.unwrap()
    }

    /// The record of an acquisition as it was kept last.
    pub(crate) fn kept(&self, id: &str) -> Acquisition {
        let records = self.keeper.all(RecordKind::Acquisition);
        let found = records.into_iter().find(|record| record.key() == id);
        let Some(Record::Acquisition(acquisition)) = found else { panic!("{id} was not kept") };
        *acquisition
    }
}

/// An acquisition that has not begun.
pub(crate) fn acquisition(
    id: &str,
    equipment: &str,
    rate: u32,
    duration: Option<Duration>,
    format: FileFormat,
) -> Acquisition {
    Acquisition {
        id: id.to_owned(),
        equipment: equipment.to_owned(),
        execution: None,
        plan: AcquisitionPlan {
            duration,
            sample_rate: Some(Number::from(rate)),
            channels: Vec::new(),
            verb: None,
            format,
            detached: false,
        },
        state: AcquisitionState::Idle,
        created_at: Micros(0),
        started_at: None,
        ended_at: None,
        file: None,
        samples: 0,
        lost: 0,
        achieved_rate: None,
        error: None,
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.simulators.clear();
        if let Some(apart) = self.apart.take() {
            apart.shutdown_background();
        }
    }
}

/// Notes the commands; `false` fails, all others succeed.
#[derive(Default)]
pub(crate) struct Commands {
    pub(crate) run: Mutex<Vec<String>>,
}

impl Transcript for Commands {
    fn sent(&self, _: &str, _: &str) {}
    fn received(&self, _: &str, _: &str) {}
    fn note(&self, _: &str) {}
}

impl Stage for Commands {
    fn command(&self, on: String, command: CommandLine, _: Duration) -> Act<'static, CommandEnd> {
        let text = command.summary();
        self.run.lock().unwrap().push(format!("{on}: {text}"));
        let success = text != "false";
        Box::pin(std::future::ready(Ok(CommandEnd {
            success,
            summary: "exit status 1".to_owned(),
        })))
    }
}
