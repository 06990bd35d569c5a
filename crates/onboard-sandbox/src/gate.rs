use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

/// One call to a simulated service, as faults, gates and the log see it. It carries no secret.
#[derive(Clone, Debug, Serialize)]
pub struct CallInfo {
    /// Position among all calls to this sandbox, from 1.
    pub seq: u64,
    /// `iam`, `sts`, `organizations` or `turbot`.
    pub service: String,
    /// The operation alone: `CreateRole`, or `POST /accounts` for Turbot.
    pub operation: String,
    /// Service and operation: `iam:CreateRole`, `turbot:POST /accounts`.
    pub name: String,
    /// Position among the calls of that name, from 1.
    pub nth: u64,
    /// The account whose credentials made the call; for Turbot the AWS account the call is about, where it says so.
    pub account: Option<String>,
    /// The account the call reaches into where that is another one (`AssumeRole`), or Turbot's account id.
    pub target: Option<String>,
    /// The id of the access key that signed the call.
    pub access_key_id: Option<String>,
    /// The parameters, in the order of the request, without those that hold secrets.
    pub params: Vec<(String, String)>,
}

/// Where in the life of a call a [`Gate`] is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// The request has arrived; nothing has happened yet.
    Before,
    /// What the call does has happened; no byte of the answer has left.
    AfterEffect,
    /// The last byte of the answer has been handed to the socket.
    AfterAnswer,
}

/// Something that is awaited at every moment of every call: a harness stops or kills the client inside it.
///
/// A call goes on to its end although its client is gone, as at AWS: a request that has arrived is carried out.
pub trait Gate: Send + Sync {
    /// Holds the call at this moment until the future is done.
    fn at<'a>(&'a self, call: &'a CallInfo, moment: Moment) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}
