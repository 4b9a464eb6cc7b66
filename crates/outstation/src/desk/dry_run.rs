//! Writes that are only looked at: whether they would be sent, and what would be.

use std::time::Duration;

use station_core::audit::to_hex;
use station_wire::iec104::codec::TimeTag;
use station_wire::iec104::command::{Class, Command, Phase, Spec};

use crate::session::stamp;

use super::line::zone;
use super::previous::learn;
use super::spec::spec;
use super::write::{LONGEST_READ, Ready, new};
use super::{Post, Report, Shared};

impl Shared {
    /// Everything but the intent and the frames.
    pub(super) async fn dry_run(&self, post: &Post, ready: &Ready) -> Report {
        let (permit, wish) = (&ready.permit, &ready.wish);
        let limit = self.half(wish.expires).min(LONGEST_READ);
        let previous = learn(self, post, &ready.session, permit.feedback.as_ref(), limit).await;
        let spec = spec(permit, &post.outstation.settings, previous.value, false);
        Report {
            outstation: post.outstation.name.clone(),
            point: Some(wish.write.point.clone()),
            command: "write",
            dry_run: true,
            class: Class::NotSent.name(),
            reason: "dry_run",
            sentence: "it would be sent; nothing was, since this is a dry run".to_owned(),
            previous: Some(previous.sample),
            new: Some(new(permit)),
            octets: self.octets(post, spec),
            started_at: ready.started_at,
            ended_at: self.now().wall,
            ..Report::default()
        }
    }

    /// The ASDUs that would be sent.
    fn octets(&self, post: &Post, spec: Spec) -> Vec<String> {
        let time = match spec.type_id.time_tag() {
            TimeTag::Cp56 => zone(&post.outstation, &self.options)
                .ok()
                .and_then(|zone| stamp(self.now().wall.timestamp(), &zone)),
            TimeTag::None | TimeTag::Cp24 => None,
        };
        let phases: &[Phase] =
            if spec.select { &[Phase::Select, Phase::Execute] } else { &[Phase::Execute] };
        let command = Command::new(spec, Duration::ZERO);
        let octets = phases.iter().filter_map(|phase| {
            let mut octets = Vec::new();
            command.encode(*phase, time, &mut octets).ok()?;
            Some(to_hex(&octets))
        });
        octets.collect()
    }
}
