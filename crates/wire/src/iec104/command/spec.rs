//! What a command is to do, how long each of its answers may take, and what cannot be commanded.

use std::time::Duration;

use super::super::codec::{LARGEST_IOA, TypeId, Value};
use super::feedback::Feedback;

/// A command to one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The common address of the outstation.
    pub ca: u16,
    /// The address of the point.
    pub ioa: u32,
    /// The type of the command.
    pub type_id: TypeId,
    /// What to do. Whether it is a selection is of no matter here.
    pub value: Value,
    /// The originator address, 0 for none.
    pub originator: u8,
    /// Whether the point is selected before it is operated.
    pub select: bool,
    /// Whether the outstation says when the operation is over.
    pub termination: Termination,
    /// How long each answer may take.
    pub limits: Limits,
    /// From when on it must not be sent any more, on the same clock as every `now`.
    pub expires: Option<Duration>,
    /// Where its effect shows.
    pub feedback: Option<Feedback>,
}

/// Whether an outstation says when the operation is over (ACT_TERM).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// It must: without it the outcome is unknown.
    Required,
    /// It may: waited for no longer than [`Limits::optional_term`].
    Optional,
    /// It does not. If it does nevertheless, it is heard.
    None,
}

/// How long answers may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The confirmation of the selection, and of its withdrawal.
    pub select_con: Duration,
    /// The confirmation of the execution.
    pub execute_con: Duration,
    /// The end of the operation, after the confirmation.
    pub term: Duration,
    /// The same where the outstation need not say it.
    pub optional_term: Duration,
    /// How long the outstation keeps a selection.
    pub window: Duration,
    /// The feedback, after the confirmation.
    pub feedback: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            select_con: Duration::from_secs(5),
            execute_con: Duration::from_secs(10),
            term: Duration::from_secs(60),
            optional_term: Duration::ZERO,
            window: Duration::from_secs(10),
            feedback: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// How long after the selection was sent the execution may be: four fifths of the window, so that
    /// it arrives well inside of what the outstation counts from the arrival of the selection.
    #[must_use]
    pub fn execute_within(&self) -> Duration {
        self.window.saturating_sub(self.window / 5)
    }
}

/// Why something is not commanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The type is none of a command, or the value none of the type.
    #[error("{} does not carry such a value as a command", .0.name())]
    Value(TypeId),
    /// The address is nobody's or everybody's.
    #[error("the common address {0} is not that of one outstation, 1 to 65534")]
    Ca(u16),
    /// The address is no point's.
    #[error("the address {0} is not that of a point, 1 to 16777215 (0 for a reset)")]
    Ioa(u32),
    /// The position is not permitted: 0 and 3 are neither on nor off, neither up nor down.
    #[error("the position {0} is not permitted; it is 1 or 2")]
    Position(u8),
    /// The setpoint is no number.
    #[error("the setpoint is not a finite number")]
    NotFinite,
    /// The qualifier does not fit into its field.
    #[error("the qualifier {got} is larger than {most}")]
    Qualifier {
        /// What it is.
        got: u8,
        /// What it may be.
        most: u8,
    },
    /// The type has no select bit.
    #[error("{} cannot be selected: it has no select bit", .0.name())]
    Select(TypeId),
}

impl Spec {
    /// Checks that this can be commanded at all.
    ///
    /// # Errors
    ///
    /// The first reason why it cannot.
    pub fn check(&self) -> Result<(), SpecError> {
        let reset = self.type_id == TypeId::C_RP_NA_1;
        self.check_value()?;
        if !(1..=65_534).contains(&self.ca) {
            return Err(SpecError::Ca(self.ca));
        }
        if (self.ioa == 0) != reset || self.ioa > LARGEST_IOA {
            return Err(SpecError::Ioa(self.ioa));
        }
        if self.select && !self.type_id.is_selectable() {
            return Err(SpecError::Select(self.type_id));
        }
        Ok(())
    }

    fn check_value(&self) -> Result<(), SpecError> {
        let type_id = self.type_id.tagged(false).unwrap_or(self.type_id);
        let (qualifier, most) = match (type_id, self.value) {
            (TypeId::C_SC_NA_1, Value::SingleCommand { qu, .. }) => (qu, 31),
            (TypeId::C_DC_NA_1, Value::DoubleCommand { state: position, qu, .. })
            | (TypeId::C_RC_NA_1, Value::StepCommand { step: position, qu, .. }) => {
                if !(1..=2).contains(&position) {
                    return Err(SpecError::Position(position));
                }
                (qu, 31)
            }
            (TypeId::C_SE_NA_1, Value::SetNormalized { ql, .. })
            | (TypeId::C_SE_NB_1, Value::SetScaled { ql, .. }) => (ql, 127),
            (TypeId::C_SE_NC_1, Value::SetFloat { value, ql, .. }) => {
                if !value.is_finite() {
                    return Err(SpecError::NotFinite);
                }
                (ql, 127)
            }
            (TypeId::C_BO_NA_1, Value::SetBits(_))
            | (TypeId::C_RP_NA_1, Value::ResetProcess(_)) => (0, 0),
            _ => return Err(SpecError::Value(self.type_id)),
        };
        if qualifier > most {
            return Err(SpecError::Qualifier { got: qualifier, most });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(type_id: TypeId, value: Value) -> Spec {
        Spec {
            ca: 1,
            ioa: 100,
            type_id,
            value,
            originator: 0,
            select: false,
            termination: Termination::None,
            limits: Limits::default(),
            expires: None,
            feedback: None,
        }
    }

    fn double(state: u8, qu: u8) -> Spec {
        spec(TypeId::C_DC_TA_1, Value::DoubleCommand { state, qu, select: false })
    }

    #[test]
    fn positions_that_are_neither_on_nor_off_are_refused() {
        assert_eq!(
            [0, 1, 2, 3].map(|state| double(state, 0).check().is_ok()),
            [false, true, true, false]
        );
        for (step, allowed) in [(0, false), (1, true), (2, true), (3, false)] {
            let value = Value::StepCommand { step, qu: 0, select: false };
            assert_eq!(spec(TypeId::C_RC_NA_1, value).check().is_ok(), allowed);
        }
        assert_eq!(double(1, 32).check(), Err(SpecError::Qualifier { got: 32, most: 31 }));
    }

    #[test]
    fn setpoints_must_be_numbers() {
        for (value, allowed) in [(1.5, true), (f32::NAN, false), (f32::NEG_INFINITY, false)] {
            let value = Value::SetFloat { value, ql: 0, select: false };
            assert_eq!(spec(TypeId::C_SE_TC_1, value).check().is_ok(), allowed);
        }
        let value = Value::SetNormalized { raw: 1, ql: 128, select: false };
        assert!(spec(TypeId::C_SE_NA_1, value).check().is_err());
    }

    #[test]
    fn bit_strings_cannot_be_selected() {
        let bits = spec(TypeId::C_BO_TA_1, Value::SetBits(7));
        assert_eq!(bits.check(), Ok(()));
        let selected = Spec { select: true, ..bits };
        assert_eq!(selected.check(), Err(SpecError::Select(TypeId::C_BO_TA_1)));
    }

    #[test]
    fn one_point_of_one_outstation_is_commanded() {
        for ca in [0, 65_535] {
            assert_eq!(Spec { ca, ..double(1, 0) }.check(), Err(SpecError::Ca(ca)));
        }
        for ioa in [0, 1 << 24] {
            assert_eq!(Spec { ioa, ..double(1, 0) }.check(), Err(SpecError::Ioa(ioa)));
        }
        let reset = spec(TypeId::C_RP_NA_1, Value::ResetProcess(1));
        assert_eq!(reset.check(), Err(SpecError::Ioa(100)));
        assert_eq!(Spec { ioa: 0, ..reset }.check(), Ok(()));
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let single = Value::SingleCommand { on: true, qu: 0, select: false };
        for type_id in [TypeId::C_DC_NA_1, TypeId::M_SP_NA_1, TypeId::C_IC_NA_1] {
            assert_eq!(spec(type_id, single).check(), Err(SpecError::Value(type_id)));
        }
        let monitored = spec(TypeId::C_SC_NA_1, Value::Single(true));
        assert_eq!(
            monitored.check().unwrap_err().to_string(),
            "C_SC_NA_1 does not carry such a value as a command"
        );
    }
}
