//! A simulated instrument on a bench, with a keeper and a transcript.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use station_core::model::{
    Call, CommandLine, Equipment, EquipmentKind, EquipmentSettings, Identity, InstrumentAction,
    Micros, Principal, Work,
};
use station_instrument::bench::{Bench, BenchConfig, Holder, Lease, Transcript};
use station_instrument::simulate::{Model, Simulator, SimulatorOptions};
use station_instrument::transport::Act;
use station_instrument::work::{CommandEnd, Stage, WorkRequest};

use crate::keeper::MemoryKeeper;

/// How long a lease is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A simulated instrument on a bench.
pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    pub(crate) bench: Bench,
    pub(crate) keeper: Arc<MemoryKeeper>,
    pub(crate) equipment: Equipment,
    pub(crate) paper: Arc<Paper>,
    pub(crate) directory: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new(model: Model) -> Self {
        Self::with(model, |_| {})
    }

    /// With another configuration of the bench.
    pub(crate) fn with(model: Model, change: impl FnOnce(&mut BenchConfig)) -> Self {
        let options =
            SimulatorOptions { model, fault_control: true, ..SimulatorOptions::default() };
        let simulator = Simulator::start(options).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut config = BenchConfig {
            directory: directory.path().to_owned(),
            probe_interval: Duration::from_millis(300),
            ..BenchConfig::default()
        };
        change(&mut config);
        let (bench, keeper) = (Bench::new(config), Arc::new(MemoryKeeper::default()));
        bench.attach(keeper.clone());
        let (id, kind) = match model {
            Model::Psu => ("psu", EquipmentKind::PowerSupply),
            Model::Dmm => ("dmm", EquipmentKind::Multimeter),
            Model::Scope => ("scope", EquipmentKind::Oscilloscope),
            Model::Load => ("load", EquipmentKind::ElectronicLoad),
            Model::Generator => ("generator", EquipmentKind::FunctionGenerator),
        };
        let equipment = equipment(id, kind, &simulator.resources()[0]);
        Self { simulator, bench, keeper, equipment, paper: Arc::default(), directory }
    }

    pub(crate) async fn lease(&self) -> Lease {
        let lease = self.bench.lease(&self.equipment, holder("a test"), PATIENCE).await;
        let mut lease = lease.unwrap();
        lease.set_transcript(Some(self.paper.clone()));
        lease
    }

    /// Says something to the instrument beside its links; its reply.
    pub(crate) async fn tell(&self, message: &str) -> Option<String> {
        let instrument = self.simulator.instrument();
        let reply = instrument.lock().await.message(message.as_bytes());
        reply.map(|reply| String::from_utf8(reply).unwrap())
    }

    /// Gives it a fault: `drop,ON,1` for one time.
    pub(crate) async fn fault(&self, fault: &str) {
        assert_eq!(self.tell(&format!("SIM:FAULT {fault}")).await, None);
    }

    pub(crate) fn request(&self, work: Work) -> WorkRequest {
        WorkRequest {
            label: "execution 42.3".to_owned(),
            execution: Some("42.3".parse().unwrap()),
            action: InstrumentAction { work, profile: None, on_release: Vec::new() },
            equipment: vec![self.equipment.clone()],
            profile: None,
        }
    }
}

/// An equipment with short time limits.
pub(crate) fn equipment(id: &str, kind: EquipmentKind, resource: &str) -> Equipment {
    Equipment {
        id: id.to_owned(),
        resource: resource.to_owned(),
        kind,
        driver: None,
        identity: Identity::default(),
        nickname: None,
        settings: EquipmentSettings {
            connect_timeout_ms: Some(1000),
            io_timeout_ms: Some(300),
            opc_timeout_ms: Some(1000),
            ..EquipmentSettings::default()
        },
        created_at: Micros(0),
        created_by: Principal::Anonymous,
    }
}

pub(crate) fn holder(label: &str) -> Holder {
    Holder { label: label.to_owned(), limit: None }
}

pub(crate) fn call(verb: &str, parameters: &[(&str, Value)]) -> Call {
    let parameters: BTreeMap<String, Value> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Call { equipment: None, verb: verb.to_owned(), parameters }
}

pub(crate) fn scpi(text: &str) -> Call {
    call("scpi", &[("text", text.into())])
}

/// Waits until something holds that nobody tells of.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

/// A transcript on paper.
#[derive(Default)]
pub(crate) struct Paper(Mutex<Vec<String>>);

impl Paper {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        let sent =
            self.lines().into_iter().filter_map(|line| line.strip_prefix("> ").map(str::to_owned));
        sent.collect()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Transcript for Paper {
    fn sent(&self, _: &str, text: &str) {
        self.add(format!("> {text}"));
    }

    fn received(&self, _: &str, text: &str) {
        self.add(format!("< {text}"));
    }

    fn note(&self, text: &str) {
        self.add(format!("# {text}"));
    }
}

impl Stage for Paper {
    fn command(&self, on: String, command: CommandLine, _: Duration) -> Act<'static, CommandEnd> {
        self.add(format!("$ {on}: {}", command.summary()));
        let end = CommandEnd { success: true, summary: "exit status 0".to_owned() };
        Box::pin(std::future::ready(Ok(end)))
    }
}
