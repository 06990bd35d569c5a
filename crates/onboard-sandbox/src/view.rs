use serde::Serialize;

/// The state of an account in its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// Signed up, not usable yet.
    PendingActivation,
    /// In use.
    Active,
    /// Restricted by AWS.
    Suspended,
    /// Being closed, still in use.
    PendingClosure,
    /// Closed; shown for 90 days.
    Closed,
}

impl AccountState {
    /// The value of `State`.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
        }
    }

    /// The value of the older `Status`, which has no word for an account that is not activated yet.
    pub(crate) fn status(self) -> Option<&'static str> {
        match self {
            Self::PendingActivation => None,
            Self::Active => Some("ACTIVE"),
            Self::Suspended | Self::Closed => Some("SUSPENDED"),
            Self::PendingClosure => Some("PENDING_CLOSURE"),
        }
    }

    /// Whether credentials of the account work.
    pub(crate) fn works(self) -> bool {
        matches!(self, Self::Active | Self::PendingClosure)
    }
}

/// An account of the simulated AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// Twelve digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// Its state.
    pub state: AccountState,
    /// Whether it belongs to the organization.
    pub in_organization: bool,
    /// The access key id of its user `admin`.
    pub admin_access_key_id: String,
}

/// A role as it is now, whatever reads show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleView {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// `AROA…`
    pub unique_id: String,
    /// Its trust policy, as JSON text.
    pub trust: String,
    /// Its description.
    pub description: Option<String>,
    /// Seconds.
    pub max_session_duration: u32,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The ARNs of its managed policies, in the order of attachment.
    pub attached: Vec<String>,
    /// The names of its inline policies.
    pub inline: Vec<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Whether it has been assumed.
    pub used: bool,
}

/// A user as it is now, whatever reads show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserView {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// `AIDA…`
    pub unique_id: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The ARNs of its managed policies, in the order of attachment.
    pub attached: Vec<String>,
    /// The names of its inline policies.
    pub inline: Vec<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Its groups.
    pub groups: Vec<String>,
    /// Whether it can sign in to the console.
    pub login_profile: bool,
    /// Its access keys.
    pub access_keys: Vec<KeyView>,
}

/// An access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// `AKIA…`
    pub id: String,
    /// The user it belongs to; none for the root user.
    pub user: Option<String>,
    /// Whether it is active.
    pub active: bool,
    /// Whether it has been used.
    pub used: bool,
}

/// A customer managed policy as it is now, whatever reads show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyView {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: String,
    /// `ANPA…`
    pub unique_id: String,
    /// Its default version, as JSON text.
    pub document: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Roles and users it is attached to.
    pub attachments: usize,
}

/// Something of a user that blocks its deletion and that no simulated call makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// A multi-factor device.
    MfaDevice,
    /// An SSH public key.
    SshKey,
    /// A service-specific credential.
    ServiceCredential,
    /// A signing certificate.
    SigningCertificate,
}
