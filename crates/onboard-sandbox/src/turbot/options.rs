//! How the simulated Turbot behaves.

use std::time::Duration;

use super::keys::TurbotKey;

/// What the simulated Turbot is started with; most of it may be changed while it runs.
#[derive(Clone, Debug)]
pub struct TurbotOptions {
    /// The cluster's id.
    pub cluster_id: String,
    /// `X-Turbot-Version`.
    pub version: String,
    /// How long the work of an import takes, after the credential was tried.
    pub import_time: Duration,
    /// How long a credential that works may be without administrator rights before it is refused: attaching a policy
    /// takes time to spread.
    pub rights_patience: Duration,
    /// Whether the import answers as soon as the credential was tried, and works on after that.
    pub asynchronous: bool,
    /// The status of a successful import; without one 200, or 202 if it is asynchronous.
    pub status: Option<u16>,
    /// The body of a successful import.
    pub body: ImportBody,
    /// How long after its acceptance an account is not shown yet (and never before the work is done).
    pub visible_after: Duration,
    /// Removes an imported account again so long after it became visible.
    pub vanish_after: Option<Duration>,
    /// When the role or key is deleted, where the import asks for it.
    pub delete: Deletion,
    /// Imports in work at the same time; those beyond are answered with 429.
    pub max_imports: Option<usize>,
    /// The `Retry-After` of that 429.
    pub retry_after: Duration,
    /// The AWS account that imported accounts show in place of their own.
    pub wrong_aws_account: Option<String>,
    /// Writes `awsAccountId` as a number, so that leading zeros are lost.
    pub account_id_as_number: bool,
    /// Leaves `awsAccountId` out of `GET /accounts/{id}`.
    pub account_without_aws_id: bool,
    /// Accounts that the list does not show, by Turbot id; `*` hides all.
    pub list_hides: Vec<String>,
    /// Cuts the list after so many items and says that there are more.
    pub list_page: Option<usize>,
    /// Whether the maintenance window can be read back; if not, reading it is a 404.
    pub maintenance_readable: bool,
    /// The maintenance window of an account without a setting of its own.
    pub inherited_window: String,
    /// Whether an import in check mode leaves a setting `Forced changes` on the account, so that setting the window
    /// is a 409.
    pub check_mode_sets_window: bool,
    /// The verbs that replace a standing maintenance window, such as `PUT`. None is documented.
    pub update_verbs: Vec<String>,
    /// Writes `code` in errors as the number of the status.
    pub numeric_codes: bool,
    /// The parts of the health check that fail; with any, it answers 503.
    pub failing_health: Vec<String>,
    /// API keys besides those that exist always.
    pub keys: Vec<TurbotKey>,
}

impl Default for TurbotOptions {
    fn default() -> Self {
        Self {
            cluster_id: "mhe".to_owned(),
            version: "3.52.0".to_owned(),
            import_time: Duration::ZERO,
            rights_patience: Duration::from_secs(3),
            asynchronous: false,
            status: None,
            body: ImportBody::Json,
            visible_after: Duration::ZERO,
            vanish_after: None,
            delete: Deletion::BeforeVisible,
            max_imports: None,
            retry_after: Duration::from_secs(1),
            wrong_aws_account: None,
            account_id_as_number: false,
            account_without_aws_id: false,
            list_hides: Vec::new(),
            list_page: None,
            maintenance_readable: true,
            inherited_window: "No changes".to_owned(),
            check_mode_sets_window: false,
            update_verbs: Vec::new(),
            numeric_codes: false,
            failing_health: Vec::new(),
            keys: Vec::new(),
        }
    }
}

/// The body of a successful import. Turbot's own is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportBody {
    /// The account.
    Json,
    /// Nothing.
    Empty,
    /// A page.
    Html,
    /// A line of text that claims to be JSON.
    NotJson,
}

/// When Turbot deletes the credential it imported with, if it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Before the account becomes visible.
    BeforeVisible,
    /// So long after the account became visible.
    AfterVisible {
        /// How long.
        after: Duration,
    },
    /// Not at all, whatever was asked.
    Never,
}
