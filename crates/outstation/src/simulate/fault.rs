//! What can be wrong with a point: eleven faults, each on points of its own.

/// What an outstation does wrong with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PointFault {
    /// It refuses.
    Refuse,
    /// It answers late, and operates late.
    Late,
    /// It never answers, nor operates.
    Never,
    /// It does not say that it has finished.
    NoTerm,
    /// It confirms, and closes the connection instead of operating.
    Close,
    /// It confirms, then says that operating failed.
    NegativeTerm,
    /// All is well but for the feedback, which never moves.
    Stuck,
    /// It says everything twice, having operated once.
    Doubled,
    /// It says that it has finished before it confirms.
    Early,
    /// It confirms another value than was sent, and does not operate.
    WrongEcho,
    /// Its answers name another originator.
    WrongOriginator,
}

impl PointFault {
    /// All of them, in the order of their addresses.
    pub const ALL: [Self; 11] = [
        Self::Refuse,
        Self::Late,
        Self::Never,
        Self::NoTerm,
        Self::Close,
        Self::NegativeTerm,
        Self::Stuck,
        Self::Doubled,
        Self::Early,
        Self::WrongEcho,
        Self::WrongOriginator,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Late => "late",
            Self::Never => "never",
            Self::NoTerm => "no-term",
            Self::Close => "close",
            Self::NegativeTerm => "negative-term",
            Self::Stuck => "stuck",
            Self::Doubled => "doubled",
            Self::Early => "early",
            Self::WrongEcho => "wrong-echo",
            Self::WrongOriginator => "wrong-originator",
        }
    }

    /// What it does.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Refuse => "refuses",
            Self::Late => "answers and operates late",
            Self::Never => "never answers, nor operates",
            Self::NoTerm => "does not say that it has finished",
            Self::Close => "confirms, then closes the connection and does not operate",
            Self::NegativeTerm => "confirms, then says that it failed",
            Self::Stuck => "says that all is well, and the feedback never moves",
            Self::Doubled => "says everything twice",
            Self::Early => "says that it has finished before it confirms",
            Self::WrongEcho => "confirms another value and does not operate",
            Self::WrongOriginator => "names another originator",
        }
    }

    /// Whether a selection can have it too, and not an execution alone.
    #[must_use]
    pub const fn strikes_selections(self) -> bool {
        !matches!(self, Self::NoTerm | Self::NegativeTerm | Self::Stuck | Self::Early)
    }

    /// Whether the point moves all the same.
    pub(super) const fn operates(self) -> bool {
        !matches!(self, Self::NegativeTerm | Self::Stuck | Self::WrongEcho)
    }
}
