//! What AWS gives to Turbot: the only bridge between the two halves.

use crate::{AccessKeyId, Arn, ExternalId, Secret};

/// The credential that the import call carries. Not `Clone`, not `Serialize`; its `Debug` shows no secret.
#[derive(Debug)]
pub enum Credential {
    /// A role that Turbot's master account may assume under the external ID.
    Role {
        /// The role's ARN, as AWS returned it (a path is part of it).
        arn: Arn,
        /// The external ID in its trust policy.
        external_id: ExternalId,
    },
    /// An IAM user's access key.
    Keys {
        /// The key's id.
        id: AccessKeyId,
        /// Its secret; it exists in memory only.
        secret: Secret,
    },
}

/// Which of the two kinds of credential an account is imported with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum With {
    /// An IAM role with an external ID.
    Role,
    /// An IAM user with one access key.
    Keys,
}

impl With {
    /// `role` or `keys`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Keys => "keys",
        }
    }
}

impl Credential {
    /// Its kind.
    #[must_use]
    pub fn with(&self) -> With {
        match self {
            Self::Role { .. } => With::Role,
            Self::Keys { .. } => With::Keys,
        }
    }
}
