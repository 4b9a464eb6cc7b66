//! Who asks: users of this machine, holders of tokens, or nobody in particular; and what they may do.

use serde::{Deserialize, Serialize};

use super::Micros;

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A user of this machine.
    Unix {
        /// The user id.
        uid: u32,
        /// The user's name, when it could be found.
        name: Option<String>,
    },
    /// The holder of a token.
    Token {
        /// The token.
        id: String,
        /// The name it was given.
        name: String,
    },
    /// Somebody without a token, where the station was told to allow that.
    Anonymous,
}

impl Principal {
    /// The name shown for it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Unix { name: Some(name), .. } => name.clone(),
            Self::Unix { uid, name: None } => format!("uid {uid}"),
            Self::Token { name, .. } => format!("token {name}"),
            Self::Anonymous => "anonymous".to_owned(),
        }
    }
}

/// What somebody may do; each role may do all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Create, change and run jobs, acknowledge alarms.
    Operator,
    /// Everything, tokens and retention included.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// What lets somebody in over the network. The secret itself is nowhere stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What it is called by when it is listed or revoked.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The SHA-256 of the secret, in hexadecimal digits.
    pub hash: String,
    /// When it was made.
    pub created_at: Micros,
    /// By whom.
    pub created_by: Principal,
    /// From when on it lets nobody in.
    pub expires_at: Option<Micros>,
    /// When it was revoked.
    pub revoked_at: Option<Micros>,
}

impl Token {
    /// Whether it lets somebody in at this time.
    #[must_use]
    pub fn is_valid(&self, now: Micros) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
