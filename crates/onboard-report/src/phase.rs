//! Where the time goes: steps grouped into what a reader tells apart.

/// A phase of an account's way. Each step is of one; what lies between steps is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The claim and what is noted in it.
    Claim,
    /// The role or user, its policies and keys.
    Create,
    /// Reading back, and proving that the credential works as it should.
    Prove,
    /// Turbot's import call.
    Import,
    /// Until Turbot shows the account; its maintenance window.
    Turbot,
    /// Removing what Turbot needs no more, or taking back what was begun.
    Remove,
    /// Looks at both sides, and waits that are no step.
    Waits,
}

impl Phase {
    /// Every phase, in the order of an account's way.
    pub const ALL: [Self; 7] =
        [Self::Claim, Self::Create, Self::Prove, Self::Import, Self::Turbot, Self::Remove, Self::Waits];

    /// The phase of a step. A step that a later version has counts as creating.
    #[must_use]
    pub fn of(step: &str) -> Self {
        match step {
            "claim" | "note" | "release" => Self::Claim,
            "read-back" | "prove-access-key" | "prove-external-id" => Self::Prove,
            "import" => Self::Import,
            "await-visible" | "hand-over" | "set-maintenance-window" => Self::Turbot,
            "await-deletion" | "delete-role" | "delete-user" | "deactivate-access-key" | "delete-access-key" => {
                Self::Remove
            }
            _ => Self::Create,
        }
    }

    /// Its name for readers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Claim => "Claim and journal",
            Self::Create => "Create in AWS",
            Self::Prove => "Prove it works",
            Self::Import => "Turbot's import",
            Self::Turbot => "Visible in Turbot",
            Self::Remove => "Remove",
            Self::Waits => "Looks and waits",
        }
    }

    /// Its name in classes and columns.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Create => "create",
            Self::Prove => "prove",
            Self::Import => "import",
            Self::Turbot => "turbot",
            Self::Remove => "remove",
            Self::Waits => "waits",
        }
    }
}
