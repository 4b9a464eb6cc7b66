//! What is told when the equipment of an example fails.

use serde_json::json;

use crate::lablink::{instant, renewed, rows};
use crate::laboratory::{Laboratory, PACE};
use crate::rig::Lab;
use station_instrument::simulate::Model;

#[test]
fn an_instrument_that_is_off_raises_an_alarm_with_all_its_details() {
    let mut lab = Lab::with(|options| options.pace = PACE);
    let resource = lab.simulate(Model::Dmm, &[]);
    lab.connect("sensor_1", "multimeter", &resource);
    drop(lab.simulators.pop().unwrap());
    let laboratory = Laboratory::with(lab);
    let example = rows().into_iter().find(|row| row.at == "Alarm Integration").unwrap();
    let job = laboratory.create(&renewed(&example.body));
    let execution = laboratory.end(&laboratory.run(&job));
    assert_eq!(execution["status"], "failed", "{execution}");
    let error = execution["error"].as_str().unwrap();
    assert!(error.contains("equipment 'sensor_1'"), "{error}");

    let told = laboratory.lab.get("/api/alarms/events/active");
    let [alarm] = told["events"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(alarm["message"], "Scheduled job 'Critical Measurement' failed");
    assert_eq!((&alarm["severity"], &alarm["equipment_id"]), (&json!("error"), &json!("sensor_1")));
    let details = &alarm["additional_data"];
    for (detail, value) in [
        ("job_id", json!(job)),
        ("job_name", json!("Critical Measurement")),
        ("execution_id", execution["execution_id"].clone()),
        ("error", json!(error)),
        ("equipment_id", json!("sensor_1")),
        ("schedule_type", json!("measurement")),
    ] {
        assert_eq!(details[detail], value, "{detail}: {alarm}");
    }
    assert_eq!(instant(&details["scheduled_time"]), instant(&execution["scheduled_time"]));
}
