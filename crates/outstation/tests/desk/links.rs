//! Links as the trail tells of them.

use station_core::audit::Kind;
use station_core::model::Record;

use crate::peer::Peer;
use crate::rig::{Rig, outstation, pair, singles};

#[tokio::test]
async fn a_link_that_comes_and_goes_is_recorded_once_each() {
    let peer = Peer::strict(&[]).await;
    let rig = Rig::up(outstation(&peer.endpoint, singles([4501]))).await;
    drop(peer);
    rig.book.until(Kind::Link, 3).await;
    let link = rig.book.all(Kind::Link);
    let actions: Vec<&str> = link.iter().map(|draft| draft.action.as_str()).collect();
    assert_eq!(actions, ["up", "down", "unreachable"]);
    assert_eq!(link[2].detail["failures"], 1);
    assert!(link[0].detail["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn points_change_without_a_new_connection_and_addresses_with_one() {
    let peer = Peer::strict(&[]).await;
    let rig = Rig::up(outstation(&peer.endpoint, singles([4501]))).await;
    let mut changed = rig.outstation.clone();
    changed.points.extend(pair(9011, "C_SC_NA_1", "M_SP_NA_1"));
    rig.desk.kept(&Record::Outstation(Box::new(changed.clone())));
    assert_eq!(rig.write(9011, "on").await.unwrap().class, "verified");
    assert_eq!(rig.desk.status("SS1").unwrap().counters.connections, 1);
    let other = Peer::strict(&[]).await;
    changed.endpoints = vec![other.endpoint.clone()];
    rig.desk.kept(&Record::Outstation(Box::new(changed)));
    rig.until(|status| status.connection.as_ref().is_some_and(|at| at.peer == other.endpoint))
        .await;
    assert_eq!(rig.write(9011, "on").await.unwrap().class, "verified");
}
