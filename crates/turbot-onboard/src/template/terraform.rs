//! One Terraform module for all accounts: it finds its account in a map by the caller's, and plans nothing elsewhere.

use std::fmt::Write as _;

use onboard_core::{Principal, TAG_PREFIX};

use super::blueprint::Blueprint;
use super::{keep_external_ids, next_steps, opening, quoting};

const VARIABLES: &str = r#"terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags beside those that turbot-onboard was given"
}
"#;

const EXTERNAL_ID: &str = r#"
variable "external_id" {
  type        = string
  default     = null
  description = "The external ID that Turbot must give to assume the role; null is the account's own, in the map below"

  validation {
    condition     = var.external_id == null || can(regex("^[\\w+=,.@:/-]{2,1224}$", var.external_id))
    error_message = "STS accepts 2 to 1224 letters, digits or any of _+=,.@:/- and no spaces."
  }
}
"#;

const LOCALS: &str = r#"  }
  account  = local.accounts[data.aws_caller_identity.current.account_id]
  arn      = "arn:${data.aws_partition.current.partition}:"
  policies = [for policy in local.account.policies : replace(policy, "/^arn:[^:]+:/", local.arn)]
"#;

const GUARD: &str = r#"
data "aws_partition" "current" {}

data "aws_caller_identity" "current" {
  lifecycle {
    postcondition {
      condition     = contains(keys(local.accounts), self.account_id)
      error_message = "This module is not for account ${self.account_id}: check the provider's credentials."
    }
  }
}
"#;

/// The module, with what to do with it in its comments.
pub(crate) fn render(blueprints: &[Blueprint]) -> String {
    let roles = blueprints.iter().any(|b| matches!(b.principal, Principal::Role(_)));
    let users = blueprints.iter().any(|b| matches!(b.principal, Principal::User(_)));
    let mut words = opening(blueprints, "as a Terraform module");
    words.push_str(
        "\n  terraform init\n  terraform apply\n\nOne state for each account. With the credentials of an account that is not in the map the plan fails.\n",
    );
    words.push_str(&keep_external_ids(blueprints, "module"));
    let mut out = quoting::comment(&(words + &next_steps(blueprints, "Terraform state"))) + VARIABLES;
    if roles {
        out.push_str(EXTERNAL_ID);
    }
    out.push_str("\nlocals {\n  accounts = {\n");
    for blueprint in blueprints {
        account(&mut out, blueprint);
    }
    out.push_str(LOCALS);
    if roles {
        out.push_str("\n  external_id = var.external_id != null ? var.external_id : local.account.external_id\n");
    }
    out.push_str("}\n");
    out.push_str(GUARD);
    let several = roles && users;
    if roles {
        role(&mut out, several);
    }
    if users {
        user(&mut out, several);
    }
    out
}

/// What is to be in one account. Every entry has every attribute, so that all are of one type.
fn account(out: &mut String, blueprint: &Blueprint) {
    let boundary = blueprint.boundary.as_ref().map_or("null".to_owned(), |arn| quoting::hcl(arn.as_str()));
    let role = blueprint.role.as_ref();
    let text = |value: Option<&str>| value.map_or("null".to_owned(), quoting::hcl);
    let _ = writeln!(out, "    {} = {{", quoting::hcl(blueprint.wanted.account_id.as_str()));
    for (name, value) in [
        ("makes               ", quoting::hcl(blueprint.principal.kind())),
        ("name                ", quoting::hcl(blueprint.principal.name())),
        ("path                ", quoting::hcl(blueprint.path.as_str())),
        ("description         ", text(role.map(|r| r.description.as_str()))),
        ("max_session_duration", role.map_or("null".to_owned(), |r| r.seconds.to_string())),
        ("permissions_boundary", boundary),
        ("master_account_id   ", text(role.map(|r| r.trust.account.as_str()))),
        ("external_id         ", text(role.map(|r| r.trust.external_id.as_str()))),
    ] {
        let _ = writeln!(out, "      {name} = {value}");
    }
    let policies = blueprint.policies.iter().map(|arn| quoting::hcl(arn.as_str())).collect::<Vec<_>>();
    let _ = writeln!(out, "      policies             = [{}]", policies.join(", "));
    out.push_str("      tags = {\n");
    // In columns, as `terraform fmt` has them.
    let keys: Vec<String> = blueprint.tags.keys().map(|key| quoting::hcl(key)).collect();
    let width = keys.iter().map(|key| key.chars().count()).max().unwrap_or_default();
    for (key, value) in keys.iter().zip(blueprint.tags.values()) {
        let _ = writeln!(out, "        {key:width$} = {}", quoting::hcl(value));
    }
    out.push_str("      }\n    }\n");
}

/// The attributes that a role and a user have alike. The version of the tool that adopted it last is written by that
/// tool: it is no drift.
fn alike(out: &mut String) {
    let version = quoting::hcl(&format!("{TAG_PREFIX}version"));
    let _ = write!(
        out,
        "  permissions_boundary = local.account.permissions_boundary
  tags                 = merge(var.tags, local.account.tags)

  lifecycle {{
    # The tool's version is written anew by `apply`; that is no drift.
    ignore_changes = [tags[{version}], tags_all[{version}]]
  }}
}}
"
    );
}

fn count(out: &mut String, several: bool, kind: &str) {
    if several {
        let _ = writeln!(out, "  count                = local.account.makes == \"{kind}\" ? 1 : 0");
    }
}

fn attachments(out: &mut String, several: bool, kind: &str) {
    let policies = if several {
        format!("local.account.makes == \"{kind}\" ? toset(local.policies) : toset([])")
    } else {
        "toset(local.policies)".to_owned()
    };
    let whose = if several { format!("aws_iam_{kind}.turbot[0].name") } else { format!("aws_iam_{kind}.turbot.name") };
    let _ = write!(
        out,
        "
resource \"aws_iam_{kind}_policy_attachment\" \"turbot\" {{
  for_each   = {policies}
  {kind}       = {whose}
  policy_arn = each.value
}}
"
    );
}

fn role(out: &mut String, several: bool) {
    out.push_str("\nresource \"aws_iam_role\" \"turbot\" {\n");
    count(out, several, "role");
    out.push_str(
        r#"  name                 = local.account.name
  path                 = local.account.path
  description          = local.account.description
  max_session_duration = local.account.max_session_duration
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TurbotMasterAssumesWithExternalId"
      Effect    = "Allow"
      Principal = { AWS = "${local.arn}iam::${local.account.master_account_id}:root" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = local.external_id } }
    }]
  })
"#,
    );
    alike(out);
    attachments(out, several, "role");
    out.push_str(
        r#"
output "role_arn" {
  value       = one(aws_iam_role.turbot[*].arn)
  description = "What Turbot assumes"
}

output "external_id" {
  value       = local.external_id
  description = "The external ID that Turbot must give"
}
"#,
    );
}

fn user(out: &mut String, several: bool) {
    out.push_str("\nresource \"aws_iam_user\" \"turbot\" {\n");
    count(out, several, "user");
    out.push_str("  name                 = local.account.name\n  path                 = local.account.path\n");
    alike(out);
    attachments(out, several, "user");
    out.push_str(
        "\noutput \"user_arn\" {\n  value       = one(aws_iam_user.turbot[*].arn)\n  description = \"Whose access key Turbot gets\"\n}\n",
    );
}
