//! Answers compared with what was sent: an outstation repeats a command to answer it.

use super::super::codec::{Raw, Value};

/// How a command is to be carried out: its qualifier and its select bit, for those that have them.
const fn manner(value: &mut Value) -> Option<(&mut u8, &mut bool)> {
    if let Value::SingleCommand { qu: how, select, .. }
    | Value::DoubleCommand { qu: how, select, .. }
    | Value::StepCommand { qu: how, select, .. }
    | Value::SetNormalized { ql: how, select, .. }
    | Value::SetScaled { ql: how, select, .. }
    | Value::SetFloat { ql: how, select, .. } = value
    {
        Some((how, select))
    } else {
        None
    }
}

/// The same command as a selection, or as none.
pub(super) const fn with_select(mut value: Value, selected: bool) -> Value {
    if let Some((_, select)) = manner(&mut value) {
        *select = selected;
    }
    value
}

/// Whether it is a selection.
pub(super) const fn is_selection(mut value: Value) -> bool {
    matches!(manner(&mut value), Some((_, true)))
}

/// Without what says how, so that only what is to be done is left.
const fn bare(mut value: Value) -> Value {
    if let Some((how, select)) = manner(&mut value) {
        (*how, *select) = (0, false);
    }
    value
}

/// Whether both command the same in the same way. By octets: a number may have two.
pub(super) fn same(sent: Value, got: Value) -> bool {
    octets(with_select(sent, false)) == octets(with_select(got, false))
}

/// Whether both command the same, in whatever way: ends of operations repeat it less exactly.
pub(super) fn same_but_for_the_qualifier(sent: Value, got: Value) -> bool {
    octets(bare(sent)) == octets(bare(got))
}

fn octets(value: Value) -> (std::mem::Discriminant<Value>, Raw) {
    (std::mem::discriminant(&value), value.raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_select_bit_never_matters_and_the_qualifier_only_at_first() {
        let sent = Value::SingleCommand { on: true, qu: 1, select: false };
        let selected = Value::SingleCommand { on: true, qu: 1, select: true };
        let other_way = Value::SingleCommand { on: true, qu: 2, select: true };
        let off = Value::SingleCommand { on: false, qu: 1, select: false };
        assert!(same(sent, selected) && !same(sent, other_way) && !same(sent, off));
        assert!(same_but_for_the_qualifier(sent, other_way));
        assert!(!same_but_for_the_qualifier(sent, off));
    }

    #[test]
    fn numbers_are_compared_by_their_octets() {
        let float = |value| Value::SetFloat { value, ql: 3, select: false };
        assert!(same(float(0.5), float(0.5)));
        assert!(!same(float(0.0), float(-0.0)));
        assert!(!same(Value::SetBits(1), Value::SetBits(3)));
        assert!(!same(Value::SetBits(1), Value::Bits(1)));
    }
}
