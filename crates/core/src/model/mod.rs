//! The vocabulary: jobs, executions, targets, principals and instants, as plain data.

mod action;
mod alarm;
mod bytes;
mod equipment;
mod execution;
mod expiry;
mod id;
mod instrument;
mod job;
mod node;
mod nodefold;
mod nodeset;
mod output;
mod outstation;
mod principal;
mod record;
mod time;
mod trigger;

pub use action::{Action, CommandLine, ContextHash, ShellContext};
pub use alarm::{Alarm, AlarmId, AlarmState, Notice, Severity};
pub use equipment::{Equipment, EquipmentKind, EquipmentSettings, Identity};
pub use execution::{
    Attempt, Cause, End, Execution, ExecutionStatus, ProcessRecord, Reason, Usage,
};
pub use expiry::Expiry;
pub use id::{ExecutionId, JobId, ParseIdError};
pub use instrument::{
    AcquisitionPlan, Call, EquipmentTest, FileFormat, InstrumentAction, Sequence, SequenceStep,
    StepKind, Work,
};
pub use job::{
    Condition, Conflict, Fanned, Grace, Job, JobSpec, JobState, JobStatus, Mail, MailWhen,
    OnInterrupted, Policies, Target,
};
pub use node::{HostKeys, Kill, Node, NodeHealth, NodeKind, Remains};
pub use nodefold::fold;
pub use nodeset::{NodeSet, NodeSetError};
pub use output::{OutputCap, OutputChunk, OutputSummary, Stream};
pub use outstation::{
    Approval, ApprovalState, Control, ControlSwitch, Outstation, OutstationSettings, OutstationTls,
    Point, PointCommand, Tag, Termination, Write,
};
pub use principal::{Principal, Role, Token};
pub use record::{
    Acquisition, AcquisitionState, EquipmentState, Profile, ProfileSettings, Record, RecordKind,
    Wear,
};
pub use time::{Micros, Mono, Now};
pub use trigger::{
    BootTrigger, Bounds, ClockRule, CronTrigger, DailyTrigger, DateTrigger, Exclusion, GapRule,
    Intent, IntentKind, IntervalTrigger, MonthlyTrigger, OverlapRule, Trigger, WeeklyTrigger,
};
