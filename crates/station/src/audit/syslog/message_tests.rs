//! Messages to the letter, against the grammar and the rules of RFC 5424.

use super::*;
