//! The commands all instruments have: SYSTem, STATus, and SIMulate for the simulator itself.

use std::borrow::Cow;

use super::super::fault::{Fault, FaultKind};
use super::super::language::{Access, Call, Complaint, Group, Outcome};
use super::super::machine::Machine;
use super::Device;

#[derive(Clone, Copy)]
enum System {
    NextError,
    CountErrors,
    AllErrors,
    Version,
    /// Beeps and locks that nobody hears or feels here.
    Nothing,
    Preset,
    Operation(Register),
    Questionable(Register),
    Fault,
    Wear,
}

#[derive(Clone, Copy)]
enum Register {
    Event,
    Condition,
    Enable,
}

const COMMANDS: [(&str, Access, System); 18] = [
    (":SYSTem:ERRor[:NEXT]", Access::Query, System::NextError),
    (":SYSTem:ERRor:COUNt", Access::Query, System::CountErrors),
    (":SYSTem:ERRor:ALL", Access::Query, System::AllErrors),
    (":SYSTem:VERSion", Access::Query, System::Version),
    (":SYSTem:BEEPer[:IMMediate]", Access::Command, System::Nothing),
    (":SYSTem:REMote", Access::Command, System::Nothing),
    (":SYSTem:LOCal", Access::Command, System::Nothing),
    (":SYSTem:RWLock", Access::Command, System::Nothing),
    (":STATus:PRESet", Access::Command, System::Preset),
    (":STATus:OPERation[:EVENt]", Access::Query, System::Operation(Register::Event)),
    (":STATus:OPERation:CONDition", Access::Query, System::Operation(Register::Condition)),
    (":STATus:OPERation:ENABle", Access::Both, System::Operation(Register::Enable)),
    (":STATus:QUEStionable[:EVENt]", Access::Query, System::Questionable(Register::Event)),
    (":STATus:QUEStionable:CONDition", Access::Query, System::Questionable(Register::Condition)),
    (":STATus:QUEStionable:ENABle", Access::Both, System::Questionable(Register::Enable)),
    (":SIMulate:FAULt", Access::Both, System::Fault),
    (":SIMulate:WEAR", Access::Query, System::Wear),
    (":SYSTem:ERRor:CLEar", Access::Command, System::AllErrors),
];

/// How many they are: they come before the machine's own.
pub(super) const COUNT: usize = COMMANDS.len();

/// Their headers.
pub(super) fn patterns() -> impl Iterator<Item = (&'static str, Access)> {
    COMMANDS.iter().map(|(pattern, access, _)| (*pattern, *access))
}

impl<M: Machine> Device<M> {
    /// Carries out the command of that number.
    pub(super) fn system(&mut self, command: usize, call: &mut Call<'_>) -> Outcome {
        let (_, _, what) = COMMANDS.get(command).ok_or(Complaint::UNDEFINED_HEADER)?;
        match what {
            System::Operation(register) => {
                return group(&mut self.status.operation, *register, call);
            }
            System::Questionable(register) => {
                return group(&mut self.status.questionable, *register, call);
            }
            System::Fault => return self.fault(call),
            System::NextError
            | System::CountErrors
            | System::AllErrors
            | System::Version
            | System::Nothing
            | System::Preset
            | System::Wear => call.end()?,
        }
        match what {
            System::NextError => {
                let complaint = self.status.next_error();
                tell(call, complaint);
            }
            System::CountErrors => call.word(&self.status.errors().to_string()),
            System::AllErrors => loop {
                let complaint = self.status.next_error();
                let done = self.status.errors() == 0;
                if call.query {
                    tell(call, complaint);
                }
                if done {
                    break;
                }
            },
            System::Version => call.word("1999.0"),
            System::Preset => {
                self.status.operation.enable = 0;
                self.status.questionable.enable = 0;
            }
            System::Wear => call.word(&self.kept.wear.to_string()),
            System::Nothing | System::Operation(_) | System::Questionable(_) | System::Fault => {}
        }
        Ok(())
    }

    /// `SIM:FAULT NAME[,VALUE[,TIMES]]`, `SIM:FAULT NAME,OFF`, `SIM:FAULT NONE`, `SIM:FAULT?`.
    fn fault(&mut self, call: &mut Call<'_>) -> Outcome {
        let surroundings = &self.making.surroundings;
        if !self.making.fault_control {
            return Err(Complaint::UNDEFINED_HEADER);
        }
        if call.query {
            call.end()?;
            let faults: Vec<String> = surroundings.faults().iter().map(Fault::to_string).collect();
            call.word(&if faults.is_empty() { "NONE".to_owned() } else { faults.join(",") });
            return Ok(());
        }
        let words: Vec<Cow<'_, str>> =
            call.parameters.drain(..).map(|word| String::from_utf8_lossy(word)).collect();
        let mut words = words.iter().map(|word| word.trim_matches('"').to_ascii_lowercase());
        let name = words.next().ok_or(Complaint::MISSING)?;
        let (value, times) = (words.next(), words.next());
        if words.next().is_some() {
            return Err(Complaint::NOT_ALLOWED);
        }
        if name == "none" {
            surroundings.unset(None);
            return Ok(());
        }
        if value.as_deref() == Some("off") {
            if !FaultKind::NAMES.contains(&name.as_str()) {
                return Err(Complaint::ILLEGAL_VALUE);
            }
            surroundings.unset(Some(&name));
            return Ok(());
        }
        let value = value.filter(|value| value != "on");
        let kind =
            FaultKind::named(&name, value.as_deref()).map_err(|_| Complaint::ILLEGAL_VALUE)?;
        let times = match times {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| Complaint::DATA_TYPE)?),
        };
        surroundings.set(Fault { kind, times });
        Ok(())
    }
}

fn tell(call: &mut Call<'_>, complaint: Complaint) {
    call.word(&complaint.code.to_string());
    call.quoted(complaint.text);
}

fn group(group: &mut Group, register: Register, call: &mut Call<'_>) -> Outcome {
    match register {
        Register::Event => {
            call.end()?;
            call.word(&std::mem::take(&mut group.event).to_string());
        }
        Register::Condition => {
            call.end()?;
            call.word(&group.condition.to_string());
        }
        Register::Enable => {
            let mut value = u32::from(group.enable);
            call.whole(&mut value, 0, 65535)?;
            // Bit 15 is never used (SCPI-1999 volume 1, 9.2).
            group.enable = u16::try_from(value & 0x7fff).map_err(|_| Complaint::RANGE)?;
        }
    }
    Ok(())
}
