//! Equipment and profiles that are registered without being asked anything.

use station_core::engine::{Expect, Reply, Request};
use station_core::model::{
    Equipment, EquipmentKind, EquipmentSettings, Identity, Micros, Principal, Profile,
    ProfileSettings, Record,
};

use super::Site;

impl Site {
    /// Registers an equipment that nobody will reach.
    pub(crate) fn register(&self, id: &str, kind: EquipmentKind) {
        self.keep(Record::Equipment(Box::new(Equipment {
            id: id.to_owned(),
            resource: "TCPIP0::127.0.0.1::1::SOCKET".to_owned(),
            kind,
            driver: None,
            identity: Identity::default(),
            nickname: None,
            settings: EquipmentSettings::default(),
            created_at: Micros(0),
            created_by: Principal::Unix { uid: 0, name: None },
        })));
    }

    /// Makes a profile without any setting.
    pub(crate) fn make_profile(&self, name: &str, kind: EquipmentKind) {
        self.keep(Record::Profile(Box::new(Profile {
            name: name.to_owned(),
            description: String::new(),
            kind,
            model: String::new(),
            settings: ProfileSettings::Calls(Vec::new()),
            commit: None,
            tags: Vec::new(),
            created_at: Micros(0),
            modified_at: Micros(0),
        })));
    }

    fn keep(&self, record: Record) {
        let request = Request::Keep { record: Box::new(record), expect: Expect::New, there: false };
        let reply = self.runtime.block_on(self.station.handle.request(request)).unwrap();
        assert_eq!(reply, Reply::RecordKept);
    }
}
