//! Tests of whole schedules.
