//! Reading IAM's access-denied texts: AWS tells the kinds of policy apart by words alone, so one function does it.

use std::fmt;

/// The kind of policy that denied a call, as far as AWS's text says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeniedBy {
    /// A service control policy of the organization.
    ServiceControl,
    /// A resource control policy of the organization.
    ResourceControl,
    /// The caller's permissions boundary.
    Boundary,
    /// The policy of the caller's session.
    Session,
    /// The caller's own policies: a missing permission, or an explicit deny there.
    Identity,
    /// A policy of the resource.
    ResourceBased,
    /// The policy of the VPC endpoint on the way.
    VpcEndpoint,
    /// The role's trust policy.
    Trust,
    /// The text has none of the documented forms.
    Unclassified,
}

impl DeniedBy {
    /// The policy's kind in AWS's own words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Identity => "identity-based policy",
            Self::ResourceBased => "resource-based policy",
            Self::VpcEndpoint => "VPC endpoint policy",
            Self::Trust => "role trust policy",
            Self::Unclassified => "policy of an unknown kind",
        }
    }
}

impl fmt::Display for DeniedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an access-denied text says. Where several policies deny, AWS names one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The kind of policy that denied.
    pub policy: DeniedBy,
    /// Whether a statement denies it (`true`), or none allows it.
    pub explicit: bool,
    /// The denying policy's ARN, where AWS says it.
    pub arn: Option<String>,
    /// The action refused, such as `iam:CreateRole`.
    pub action: Option<String>,
    /// The id with which `GetRequestAuthorizationDetails` explains the decision for 24 hours.
    pub authorization_id: Option<String>,
}

// The types are enumerated, never 'any words': a looser pattern misreads most of the documented texts.
const TYPES: [(&str, DeniedBy); 10] = [
    ("service control policy", DeniedBy::ServiceControl),
    ("resource control policy", DeniedBy::ResourceControl),
    ("permissions boundary", DeniedBy::Boundary),
    ("session policy", DeniedBy::Session),
    ("sessions policy", DeniedBy::Session),
    ("identity-based policy", DeniedBy::Identity),
    ("resource-based policy", DeniedBy::ResourceBased),
    ("vpc endpoint policy", DeniedBy::VpcEndpoint),
    ("role trust policy", DeniedBy::Trust),
    ("trust policy", DeniedBy::Trust),
];

impl Denial {
    /// Reads an access-denied text, by the forms that the IAM User Guide documents ("Troubleshoot access denied error
    /// messages"). Any text has a reading; white space, line ends included, is folded first.
    #[must_use]
    pub fn of(message: &str) -> Self {
        let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
        // ASCII lower case keeps every byte offset.
        let lower = text.to_ascii_lowercase();
        let action = after(&lower, "is not authorized to perform: ").map(|at| word(&text[at..]));
        let authorization_id = after(&lower, "authorization id: ")
            .map(|at| text[at..].chars().take_while(char::is_ascii_alphanumeric).collect::<String>())
            .filter(|id| !id.is_empty());
        let explicit_at = after(&lower, "explicit deny in ");
        let mut denial = Self {
            policy: DeniedBy::Unclassified,
            explicit: lower.contains("explicit deny"),
            arn: None,
            action,
            authorization_id,
        };
        if let Some(at) = explicit_at {
            let skip = ["an ", "a ", "the "].iter().find(|a| lower[at..].starts_with(**a)).map_or(0, |a| a.len());
            if let Some((name, policy)) = kind(&lower[at + skip..]) {
                denial.policy = policy;
                let rest = &text[at + skip + name.len()..];
                denial.arn = rest.strip_prefix(": ").map(word).filter(|arn| arn.starts_with("arn:"));
                return denial;
            }
        }
        if let Some(at) = after(&lower, "because no ")
            && let Some((name, policy)) = kind(&lower[at..])
            && lower[at + name.len()..].starts_with(" allows ")
        {
            denial.policy = policy;
            denial.explicit = false;
        }
        denial
    }
}

fn after(text: &str, what: &str) -> Option<usize> {
    text.find(what).map(|at| at + what.len())
}

fn kind(text: &str) -> Option<(&'static str, DeniedBy)> {
    TYPES.into_iter().find(|(name, _)| text.starts_with(name))
}

/// The first word, without the punctuation that ends a sentence.
fn word(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().trim_end_matches(['.', ',', ';']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/x";

    #[test]
    fn documented_texts() {
        use DeniedBy::*;
        let scp =
            "arn:aws:organizations::777788889999:policy/o-exampleorgid/service_control_policy/p-examplepolicyid123";
        let rcp = "arn:aws:organizations::777788889999:policy/o-exampleorgid/resource_control_policy/p-abc";
        let boundary = "arn:aws:iam::123456789012:policy/boundary";
        let samples = [
            ("with an explicit deny in a service control policy".to_owned(), ServiceControl, true, None),
            (format!("with an explicit deny in a service control policy: {scp}"), ServiceControl, true, Some(scp)),
            (format!("with an explicit deny in a service control policy: {scp}."), ServiceControl, true, Some(scp)),
            (
                "because no service control policy allows the iam:CreateRole action".to_owned(),
                ServiceControl,
                false,
                None,
            ),
            (format!("with an explicit deny in a resource control policy: {rcp}"), ResourceControl, true, Some(rcp)),
            ("with an explicit deny in a resource control policy".to_owned(), ResourceControl, true, None),
            ("because no permissions boundary allows the iam:CreateRole action".to_owned(), Boundary, false, None),
            (format!("with an explicit deny in a permissions boundary: {boundary}"), Boundary, true, Some(boundary)),
            ("because no session policy allows the iam:CreateRole action".to_owned(), Session, false, None),
            ("with an explicit deny in a session policy".to_owned(), Session, true, None),
            ("with an explicit deny in a sessions policy".to_owned(), Session, true, None),
            ("because no identity-based policy allows the iam:CreateRole action".to_owned(), Identity, false, None),
            ("with an explicit deny in an identity-based policy".to_owned(), Identity, true, None),
            ("because no role trust policy allows the sts:AssumeRole action".to_owned(), Trust, false, None),
            ("with an explicit deny in the role trust policy".to_owned(), Trust, true, None),
            (
                "because no resource-based policy allows the iam:CreateRole action".to_owned(),
                ResourceBased,
                false,
                None,
            ),
            ("because no VPC endpoint policy allows the iam:CreateRole action".to_owned(), VpcEndpoint, false, None),
            ("with an explicit deny in a VPC endpoint policy".to_owned(), VpcEndpoint, true, None),
            ("with an explicit deny".to_owned(), Unclassified, true, None),
            (String::new(), Unclassified, false, None),
            ("because no other policy allows the iam:CreateRole action".to_owned(), Unclassified, false, None),
            ("with an explicit deny in a future policy kind".to_owned(), Unclassified, true, None),
        ];
        for (context, policy, explicit, arn) in samples {
            let denial = Denial::of(&format!("{WHO} {context}"));
            assert_eq!((denial.policy, denial.explicit, denial.arn.as_deref()), (policy, explicit, arn), "{context}");
            assert_eq!(denial.action.as_deref(), Some("iam:CreateRole"), "{context}");
        }
    }

    #[test]
    fn white_space_is_folded_and_the_authorization_id_found() {
        let text = "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform:\n  iam:TagRole on resource: x\n because no\tidentity-based\n policy allows the iam:TagRole action. \
            Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/AbC123 to learn more, or call \
            the GetRequestAuthorizationDetails API with the following authorization id:  AbC123.";
        let denial = Denial::of(text);
        assert_eq!(denial.policy, DeniedBy::Identity);
        assert_eq!(denial.action.as_deref(), Some("iam:TagRole"));
        assert_eq!(denial.authorization_id.as_deref(), Some("AbC123"));
        assert!(!denial.explicit);
    }

    #[test]
    fn a_resource_that_bears_a_kind_in_its_name_does_not_mislead() {
        let denial = Denial::of(
            "User: u is not authorized to perform: iam:CreateRole on resource: role/service-control-policy with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/p,",
        );
        assert_eq!((denial.policy, denial.arn.as_deref()), (DeniedBy::Identity, Some("arn:aws:iam::1:policy/p")));
    }

    #[test]
    fn any_text_has_a_reading() {
        for text in [
            "",
            "é",
            "explicit deny in ",
            "because no ",
            "explicit deny in a é",
            "authorization id: ",
            "İİ explicit deny in a session policy: ",
        ] {
            let _ = Denial::of(text);
        }
    }
}
