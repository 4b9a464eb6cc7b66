//! The common commands (IEEE 488.2, 10).

use super::super::fault::FaultKind;
use super::super::language::{Call, Complaint, OPERATION_COMPLETE, Outcome, integer};
use super::super::machine::Machine;
use super::Device;

impl<M: Machine> Device<M> {
    /// Carries out the common command of that header.
    pub(super) fn common(&mut self, header: &[u8], call: &mut Call<'_>) -> Outcome {
        let name = header.to_ascii_uppercase();
        match (name.as_slice(), call.query) {
            (b"*IDN", true) => self.identity(call),
            (b"*OPC", true) => self.complete(call),
            (b"*ESR", true) => {
                call.end()?;
                let events = std::mem::take(&mut self.status.events);
                call.word(&events.to_string());
                Ok(())
            }
            (b"*STB", true) => {
                call.end()?;
                // The answer itself is no message yet.
                let available = !call.reply.is_empty();
                call.word(&self.status.byte(available).to_string());
                Ok(())
            }
            (b"*TST" | b"*OPT", true) => {
                call.end()?;
                call.word("0");
                Ok(())
            }
            (b"*ESE", _) => byte(call, &mut self.status.event_enable),
            (b"*SRE", _) => {
                byte(call, &mut self.status.service_enable)?;
                self.status.service_enable &= !(1 << 6);
                Ok(())
            }
            (b"*PSC", true) => call.switch(&mut self.kept.power_on_clears),
            (b"*PSC", false) => {
                call.switch(&mut self.kept.power_on_clears)?;
                self.kept.wear += 1;
                Ok(())
            }
            (b"*RST", false) => {
                call.end()?;
                self.replace(M::default());
                Ok(())
            }
            (b"*CLS", false) => {
                call.end()?;
                self.status.clear();
                Ok(())
            }
            (b"*OPC", false) => {
                call.end()?;
                self.status.events |= OPERATION_COMPLETE;
                Ok(())
            }
            // Every operation here is complete when its command is.
            (b"*WAI", false) => call.end(),
            (b"*TRG", false) => {
                call.end()?;
                self.machine.trigger(call)
            }
            (b"*SAV", false) => self.save(call),
            (b"*RCL", false) => self.recall(call),
            (_, _) => Err(Complaint::UNDEFINED_HEADER),
        }
    }

    fn identity(&self, call: &mut Call<'_>) -> Outcome {
        call.end()?;
        let serial = &self.making.serial_number;
        let other = if self.making.surroundings.is_stranger() { "-OTHER" } else { "" };
        let model = self.making.model.identity();
        call.word(&format!("Stationmaster,{model},{serial}{other},1.0"));
        Ok(())
    }

    fn complete(&self, call: &mut Call<'_>) -> Outcome {
        call.end()?;
        let refused = self.making.surroundings.struck(FaultKind::NoOpc);
        call.word(if refused { "NACK" } else { "1" });
        Ok(())
    }

    fn save(&mut self, call: &mut Call<'_>) -> Outcome {
        let place = integer(call.take()?, 0, 9)?;
        call.end()?;
        let place = usize::try_from(place).map_err(|_| Complaint::RANGE)?;
        *self.kept.saved.get_mut(place).ok_or(Complaint::RANGE)? = Some(self.machine.clone());
        self.kept.wear += 1;
        Ok(())
    }

    fn recall(&mut self, call: &mut Call<'_>) -> Outcome {
        let place = integer(call.take()?, 0, 9)?;
        call.end()?;
        let place = usize::try_from(place).map_err(|_| Complaint::RANGE)?;
        let saved = self.kept.saved.get(place).and_then(Clone::clone).ok_or(Complaint::MEMORY)?;
        self.replace(saved);
        Ok(())
    }
}

fn byte(call: &mut Call<'_>, register: &mut u8) -> Outcome {
    let mut value = u32::from(*register);
    call.whole(&mut value, 0, 255)?;
    *register = u8::try_from(value).map_err(|_| Complaint::RANGE)?;
    Ok(())
}
