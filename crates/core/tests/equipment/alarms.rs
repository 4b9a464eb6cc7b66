//! What alarms tell of equipment.

use station_core::engine::Input;
use station_core::model::{End, Policies, Remains};

use crate::rig::{Rig, at, capture, first, having};

#[test]
fn an_alarm_names_the_equipment_and_the_kind_of_job() {
    let alarm = |policies: &mut Policies| policies.alarm = true;
    let mut rig = Rig::with(vec![having(capture(10, &["psu"]), alarm)], 10);
    rig.end(11, first(1), End::Failed);
    let raised = rig.alarms.last().unwrap();
    assert_eq!(raised.equipment_id.as_deref(), Some("psu"));
    assert_eq!(raised.schedule_type, "state_capture");
    assert_eq!((raised.job_name.as_str(), raised.execution), ("capture", Some(first(1))));
    assert_eq!(raised.error.as_deref(), Some("failed"));
    assert_eq!(raised.scheduled, at(10).wall);
    assert_eq!(raised.message, "Scheduled job 'capture' failed");
}

#[test]
fn an_alarm_names_all_equipment_of_a_sequence_and_none_of_a_command() {
    let alarm = |policies: &mut Policies| policies.alarm = true;
    let jobs = vec![having(capture(10, &["dmm", "psu"]), alarm), having(capture(10, &[]), alarm)];
    let mut rig = Rig::with(jobs, 10);
    rig.end(11, first(2), End::Failed);
    assert_eq!(rig.alarms.last().unwrap().equipment_id, None);
    rig.crash(20);
    rig.handle(21, Input::SurvivorsEnded { runs: vec![(first(1), Remains::Ended)] });
    let raised = rig.alarms.last().unwrap();
    assert_eq!(raised.equipment_id.as_deref(), Some("dmm,psu"));
    assert_eq!(raised.message, "Scheduled job 'capture' was interrupted");
}
