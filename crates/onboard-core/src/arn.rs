//! Partitions and ARNs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AwsAccountId, IdError, identifier};

identifier! {
    /// An AWS partition, as the second part of an ARN has it: `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`, `aws-iso`, ...
    ///
    /// Any name of that shape is accepted: AWS adds partitions, and the caller's own ARN says which one this is.
    Partition, |value| {
        let ok = value == "aws" || (value.starts_with("aws-") && value.len() <= 32 && value[4..].bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') && value.len() > 4);
        if ok { Ok(()) } else { Err(IdError::new(value, "an AWS partition", "it is aws, aws-cn, aws-us-gov, aws-eusc or another name that begins with aws-")) }
    }
}

impl Partition {
    /// The ARN of an AWS managed policy in this partition.
    #[must_use]
    pub fn managed_policy(&self, name: &str) -> PolicyArn {
        PolicyArn(format!("arn:{self}:iam::aws:policy/{name}"))
    }

    /// `AdministratorAccess` of this partition.
    #[must_use]
    pub fn administrator_access(&self) -> PolicyArn {
        self.managed_policy("AdministratorAccess")
    }

    /// The principal that stands for a whole account, `arn:<partition>:iam::<account>:root`.
    #[must_use]
    pub fn account_principal(&self, account: &AwsAccountId) -> String {
        format!("arn:{self}:iam::{account}:root")
    }
}

/// An ARN, taken apart: `arn:partition:service:region:account:resource`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    text: String,
    partition: Partition,
}

impl Arn {
    /// Parses an ARN.
    ///
    /// # Errors
    /// Fewer than six parts, a partition that is none, or an empty resource.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let wrong = |right: &str| IdError::new(&text, "an ARN", right);
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if parts.len() != 6 || parts[0] != "arn" || parts[2].is_empty() || parts[5].is_empty() {
            return Err(wrong("it has the form arn:partition:service:region:account:resource"));
        }
        // What IAM's names and paths are made of is printable ASCII, and so is every ARN that is read here.
        if text.len() > 2048 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong("it is of printable ASCII without spaces and has at most 2048 characters"));
        }
        let partition = Partition::new(parts[1])?;
        Ok(Self { partition, text })
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its partition.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Its service, such as `iam` or `sts`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Its account part: 12 digits, `aws`, or empty.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// Everything behind the account, such as `role/path/name`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The last segment of the resource: a role's or user's or policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.resource().rsplit('/').next().unwrap_or_default()
    }

    /// Whether it stands for the account's root user.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.service() == "iam" && self.resource() == "root"
    }

    fn part(&self, n: usize) -> &str {
        self.text.splitn(6, ':').nth(n).unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl std::str::FromStr for Arn {
    type Err = IdError;
    fn from_str(value: &str) -> Result<Self, IdError> {
        Self::new(value)
    }
}

impl TryFrom<String> for Arn {
    type Error = IdError;
    fn try_from(value: String) -> Result<Self, IdError> {
        Self::new(value)
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.text
    }
}

identifier! {
    /// The ARN of an IAM managed policy, AWS's (`arn:aws:iam::aws:policy/...`) or the account's own.
    PolicyArn, |value| {
        let arn = Arn::new(value)?;
        let whose = arn.account() == "aws" || AwsAccountId::new(arn.account()).is_ok();
        if arn.service() == "iam" && whose && arn.resource().starts_with("policy/") && arn.resource().len() > 7 {
            Ok(())
        } else {
            Err(IdError::new(value, "an IAM policy ARN", "it has the form arn:aws:iam::aws:policy/AdministratorAccess or arn:aws:iam::<account>:policy/<name>"))
        }
    }
}

impl PolicyArn {
    /// The policy's partition.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.as_str().split(':').nth(1).unwrap_or_default()
    }

    /// The account that owns the policy, or `aws`.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.as_str().split(':').nth(4).unwrap_or_default()
    }

    /// The policy's name without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_come_apart() {
        let arn = Arn::new("arn:aws-us-gov:sts::111122223333:assumed-role/Admin/me:x").unwrap();
        assert_eq!((arn.partition().as_str(), arn.service(), arn.account()), ("aws-us-gov", "sts", "111122223333"));
        assert_eq!(arn.resource(), "assumed-role/Admin/me:x");
        assert!(Arn::new("arn:aws:iam::111122223333:root").unwrap().is_root());
        for bad in [
            "",
            "arn",
            "arn:aws:iam::1",
            "arn:gcp:iam::1:x",
            "AROAEXAMPLE",
            "arn:aws:iam::1:",
            "arn:aws:iam::1:x\u{feff}",
        ] {
            assert!(Arn::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn policies_follow_their_partition() {
        let cn = Partition::new("aws-cn").unwrap();
        assert_eq!(cn.administrator_access().as_str(), "arn:aws-cn:iam::aws:policy/AdministratorAccess");
        assert!(PolicyArn::new("arn:aws:iam::111122223333:policy/path/x").is_ok());
        assert!(PolicyArn::new("arn:aws:iam::111122223333:role/x").is_err());
        assert!(PolicyArn::new("AdministratorAccess").is_err());
    }
}
