//! What is wanted of one account, from the options.

use std::collections::BTreeMap;

use onboard_core::{
    Arn, AwsAccountId, ClusterId, DEFAULT_NAME, IamPath, MaintenanceLevel, Partition, PolicyArn, RoleName,
    TurbotAccountId, UserName, Wanted, With, shown,
};
use onboard_engine::AwsAccess;

use super::resolver::{Resolver, truth};

/// Resolves the account's options; `None` if something is missing or wrong, which the resolver has noted. With `base`,
/// the account of a saved plan, what is not given is as it says.
pub(crate) fn resolve(r: &Resolver<'_>, base: Option<&Wanted>) -> Option<Wanted> {
    let account_id = required(r, "account-id", base.map(|b| &b.account_id), str::parse);
    let turbot_id = required(r, "turbot-id", base.map(|b| &b.turbot_id), str::parse);
    let cluster_id = required(r, "cluster-id", base.map(|b| &b.cluster_id), str::parse);
    let base_master = base.map(|b| (b.master_account_id.clone(), b.master_partition.clone()));
    let master = required(r, "master-account-id", base_master.as_ref(), master_account);
    let partition = likely_partition(r, master.as_ref());
    let role_name = r.parsed("role-name", str::parse);
    let user_name = r.parsed("user-name", str::parse);
    let role_path = r.parsed("role-path", str::parse);
    let policies = r.list("policy-arn", |text| policy(text, &partition));
    let permissions_boundary = r.parsed("permissions-boundary", |text| policy(text, &partition));
    let external_id = r.parsed("external-id", str::parse);
    let tags = tags(r);
    let check_mode = r.parsed("check-mode", truth);
    let delete_credential = r.parsed("delete-credential", truth);
    let seconds = r.number("max-session-duration", 0, u64::from(u32::MAX)).and_then(|n| u32::try_from(n).ok());
    let maintenance = r.choice("maintenance").map(|word| match word {
        "no-changes" => Some(MaintenanceLevel::NoChanges),
        "check" => Some(MaintenanceLevel::Check),
        "full" => Some(MaintenanceLevel::Full),
        _ => None,
    });
    let with = r.choice("with").map(|word| if word == "keys" { With::Keys } else { With::Role });
    let adopt = r.given_flag("adopt");
    let allow_management_account = r.given_flag("allow-management-account");
    let (allow_root, allow_master_account) = (r.given_flag("allow-root"), r.given_flag("allow-master-account"));
    let (master_account_id, master_partition) = master?;
    let base = match base {
        Some(base) => base.clone(),
        None => default(account_id.clone()?, turbot_id.clone()?, cluster_id.clone()?, master_account_id.clone()),
    };
    let wanted = Wanted {
        account_id: account_id?,
        turbot_id: turbot_id?,
        cluster_id: cluster_id?,
        // An id without its partition says nothing against the partition that the plan knows.
        master_partition: master_partition.or_else(|| base.master_partition.clone()),
        master_account_id,
        title: r.text("title").unwrap_or(base.title),
        description: r.text("description").unwrap_or(base.description),
        with: with.unwrap_or(base.with),
        role_name: role_name.unwrap_or(base.role_name),
        user_name: user_name.unwrap_or(base.user_name),
        role_path: role_path.unwrap_or(base.role_path),
        role_description: r.text("role-description").unwrap_or(base.role_description),
        max_session_duration: seconds.unwrap_or(base.max_session_duration),
        policies: policies.unwrap_or(base.policies),
        permissions_boundary: permissions_boundary.or(base.permissions_boundary),
        external_id: external_id.or(base.external_id),
        tags: tags.unwrap_or(base.tags),
        check_mode: check_mode.unwrap_or(base.check_mode),
        delete_credential: delete_credential.or(base.delete_credential),
        maintenance: maintenance.unwrap_or(base.maintenance),
        verify_as: r.text("verify-as").or(base.verify_as),
        adopt: adopt.unwrap_or(base.adopt),
        allow_management_account: allow_management_account.unwrap_or(base.allow_management_account),
        allow_root: allow_root.unwrap_or(base.allow_root),
        allow_master_account: allow_master_account.unwrap_or(base.allow_master_account),
    };
    let faults = wanted.faults();
    for fault in &faults {
        r.fault_of(fault.option, fault.message.clone());
    }
    faults.is_empty().then_some(wanted)
}

/// What is wanted where nothing but the four ids is said.
pub(crate) fn default(
    account_id: AwsAccountId,
    turbot_id: TurbotAccountId,
    cluster_id: ClusterId,
    master_account_id: AwsAccountId,
) -> Wanted {
    let default_name = "the default name is a valid one";
    Wanted {
        title: turbot_id.to_string(),
        description: format!("AWS account {account_id}, imported by turbot-onboard"),
        account_id,
        turbot_id,
        cluster_id,
        master_account_id,
        master_partition: None,
        with: With::Role,
        role_name: RoleName::new(DEFAULT_NAME).expect(default_name),
        user_name: UserName::new(DEFAULT_NAME).expect(default_name),
        role_path: IamPath::new("/").expect("'/' is an IAM path"),
        role_description: "Turbot imports this account with it; made by turbot-onboard".to_owned(),
        max_session_duration: 3600,
        policies: vec![],
        permissions_boundary: None,
        external_id: None,
        tags: BTreeMap::new(),
        check_mode: true,
        delete_credential: None,
        maintenance: None,
        verify_as: None,
        adopt: false,
        allow_management_account: false,
        allow_root: false,
        allow_master_account: false,
    }
}

/// An option that must be given, unless a saved plan says it.
fn required<T: Clone, E: std::fmt::Display>(
    r: &Resolver<'_>,
    name: &'static str,
    base: Option<&T>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    match base {
        Some(base) if r.layers.find(name).is_none() => Some(base.clone()),
        _ => r.required(name, parse),
    }
}

/// Resolves whose AWS credentials are used.
pub(crate) fn resolve_aws(r: &Resolver<'_>) -> AwsAccess {
    let mut roles = r
        .parsed("assume-role", |text| {
            let roles = text.split(';').map(str::trim).filter(|role| !role.is_empty());
            roles.map(|role| role_to_assume(role).map(|()| role.to_owned())).collect::<Result<Vec<_>, _>>()
        })
        .unwrap_or_default()
        .into_iter();
    AwsAccess {
        given: None,
        profile: r.text("profile"),
        region: r.parsed("region", |text| {
            let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let right = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(shape);
            if right {
                Ok(text.to_owned())
            } else {
                Err(format!("{} is not an AWS region, such as us-east-1", shown(text)))
            }
        }),
        assume_role: roles.next(),
        or_roles: roles.collect(),
    }
}

/// 12 digits, or the ARN of the account's root, which says the partition as well.
pub(super) fn master_account(text: &str) -> Result<(AwsAccountId, Option<Partition>), String> {
    if !text.starts_with("arn:") {
        return AwsAccountId::new(text).map(|id| (id, None)).map_err(|e| e.to_string());
    }
    let arn = Arn::new(text).map_err(|e| e.to_string())?;
    if !arn.is_root() {
        return Err(format!(
            "{} is not the ARN of an account: arn:<partition>:iam::<12 digits>:root is right",
            shown(text)
        ));
    }
    let id = AwsAccountId::new(arn.account()).map_err(|e| e.to_string())?;
    Ok((id, Some(arn.partition().clone())))
}

/// A policy's ARN. A bare name is no ARN; the ARN it most likely stands for is in the message.
fn policy(text: &str, partition: &str) -> Result<PolicyArn, String> {
    let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b));
    PolicyArn::new(text).map_err(|error| {
        if bare {
            format!("{} is a policy's name, not its ARN: write arn:{partition}:iam::aws:policy/{text}", shown(text))
        } else {
            error.to_string()
        }
    })
}

/// The partition for an example in a message: what the settings let expect, before anybody asked AWS.
fn likely_partition(r: &Resolver<'_>, master: Option<&(AwsAccountId, Option<Partition>)>) -> String {
    if let Some((_, Some(partition))) = master {
        return partition.to_string();
    }
    let region = r.text("region").unwrap_or_default();
    of_region(&region).to_owned()
}

fn of_region(region: &str) -> &'static str {
    let partitions = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")];
    partitions.into_iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, name)| name)
}

/// The account's partition where nobody is asked: by the master account's or a policy's ARN, else by the region.
pub(crate) fn partition(r: &Resolver<'_>, wanted: &Wanted) -> Partition {
    let named = wanted.policies.iter().chain(&wanted.permissions_boundary).map(PolicyArn::partition).next();
    let named = wanted.master_partition.as_ref().map(Partition::as_str).or(named);
    let environment = r.layers.environment;
    let region = r.text("region");
    let region = region.as_deref().or_else(|| environment.get("AWS_REGION"));
    let region = region.or_else(|| environment.get("AWS_DEFAULT_REGION")).unwrap_or_default();
    Partition::new(named.unwrap_or_else(|| of_region(region))).expect("an ARN's partition, or a known one")
}

fn role_to_assume(text: &str) -> Result<(), String> {
    if !text.starts_with("arn:") {
        return RoleName::new(text).map(drop).map_err(|e| e.to_string());
    }
    let arn = Arn::new(text).map_err(|e| e.to_string())?;
    if arn.service() == "iam" && arn.resource().starts_with("role/") {
        Ok(())
    } else {
        Err(format!("{} is not a role's ARN: arn:aws:iam::<12 digits>:role/<name> is right", shown(text)))
    }
}

fn tags(r: &Resolver<'_>) -> Option<BTreeMap<String, String>> {
    let pairs = r.list("tag", |text| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{} is not KEY=VALUE", shown(text))),
    })?;
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        if tags.contains_key(&key) {
            r.fault_of("tag", format!("the tag {} is given twice", shown(&key)));
        }
        tags.insert(key, value);
    }
    Some(tags)
}
