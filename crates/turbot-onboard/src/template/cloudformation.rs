//! One CloudFormation template for all accounts: what differs between them stands in a mapping by account id, so a stack
//! in an account that is not meant fails before it makes anything.

use onboard_core::TAG_PREFIX;
use serde_json::{Map, Value, json};

use super::blueprint::{Blueprint, RolePart};
use super::{Refusal, keep_external_ids, next_steps, opening, quoting, yaml};

/// CloudFormation's limits (its user guide, 'Understand CloudFormation quotas'): attributes in a mapping, outputs, bytes
/// of a template that is given as it is, and of one that is given by its address.
const MAPPING_LIMIT: usize = 200;
const OUTPUT_LIMIT: usize = 200;
const BODY_LIMIT: usize = 51_200;
const URL_LIMIT: usize = 1_000_000;
/// How many accounts are named in a comment.
const SHOWN: usize = 10;

/// Whether it is for stacks, or for a service-managed StackSet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A stack in each account.
    Stack,
    /// One StackSet of the organization.
    StackSet,
}

/// The template as YAML, with what to do with it in its comments.
///
/// # Errors
/// A value that CloudFormation would not take as text, or more than it takes.
pub(crate) fn render(blueprints: &[Blueprint], form: Form) -> Result<String, Refusal> {
    within("accounts, each with a place under Mappings", blueprints.len(), MAPPING_LIMIT)?;
    let template = template(blueprints, form)?;
    within("outputs", template["Outputs"].as_object().map_or(0, Map::len), OUTPUT_LIMIT)?;
    let body = yaml::document(&template);
    let text = |by_address| quoting::comment(&words(blueprints, form, by_address)) + &body;
    let short = text(false);
    let text = if needs_an_address(&short) { text(true) } else { short };
    within("bytes", text.len(), URL_LIMIT)?;
    Ok(text)
}

/// Whether a template is too long to be given as it is.
pub(crate) fn needs_an_address(text: &str) -> bool {
    text.len() > BODY_LIMIT
}

/// What to say of a template that is.
pub(crate) fn about_its_length(text: &str, form: Form) -> String {
    let how = match form {
        Form::Stack => "`aws cloudformation deploy` needs --s3-bucket",
        Form::StackSet => "put it into a bucket and give its --template-url",
    };
    format!(
        "the template has {} bytes, and CloudFormation takes {BODY_LIMIT} as they are: {how}, as its first lines show",
        text.len()
    )
}

fn within(what: &str, count: usize, limit: usize) -> Result<(), Refusal> {
    if count <= limit {
        return Ok(());
    }
    let message = format!(
        "the template would have {count} {what}, and CloudFormation takes {limit}: split the manifest and make several \
         templates, or use another kind (`template terraform`, `template commands`)"
    );
    Err(Refusal { option: "manifest", message })
}

fn template(blueprints: &[Blueprint], form: Form) -> Result<Map<String, Value>, Refusal> {
    // One account of one stack: the external ID is the parameter's default. Else each account has its own in the mapping.
    let alone = match (blueprints, form) {
        ([only], Form::Stack) => only.external_id().map(ToString::to_string),
        _ => None,
    };
    let roles = blueprints.iter().any(|b| b.role.is_some());
    let (mut kinds, mut mapping) = (Vec::<Value>::new(), Map::new());
    for blueprint in blueprints {
        let resource = resource(blueprint, alone.is_some())?;
        let kind = kinds.iter().position(|known| *known == resource).unwrap_or_else(|| {
            kinds.push(resource);
            kinds.len() - 1
        });
        let mut entry = Map::new();
        entry.insert("TurbotId".into(), json!(blueprint.wanted.turbot_id));
        entry.insert("ClusterUrn".into(), json!(blueprint.wanted.cluster_id.urn()));
        if let Some(role) = &blueprint.role {
            entry.insert("MasterAccountId".into(), json!(role.trust.account));
            if alone.is_none() {
                entry.insert("ExternalId".into(), json!(role.trust.external_id));
            }
        }
        entry.insert("Makes".into(), json!(logical(&kinds[kind], kind)));
        mapping.insert(blueprint.wanted.account_id.to_string(), Value::Object(entry));
    }

    let mut template = Map::new();
    template.insert("AWSTemplateFormatVersion".into(), json!("2010-09-09"));
    template.insert("Description".into(), json!("What Turbot imports the account with; made by turbot-onboard"));
    if roles {
        template.insert("Parameters".into(), json!({"ExternalId": parameter(alone.as_deref())}));
    }
    template.insert("Mappings".into(), json!({"Accounts": mapping}));
    let conditions = conditions(&kinds, roles && alone.is_none());
    if !conditions.is_empty() {
        template.insert("Conditions".into(), Value::Object(conditions));
    }
    let (mut resources, mut outputs) = (Map::new(), Map::new());
    for (n, kind) in kinds.iter().enumerate() {
        let (name, mut resource) = (logical(kind, n), kind.clone());
        let several = kinds.len() > 1;
        if several {
            resource["Condition"] = json!(condition(&name));
        }
        for (output, mut value) in outputs_of(&name, &resource, n, alone.is_some()) {
            if several {
                value["Condition"] = json!(condition(&name));
            }
            outputs.insert(output, value);
        }
        resources.insert(name, resource);
    }
    template.insert("Resources".into(), Value::Object(resources));
    template.insert("Outputs".into(), Value::Object(outputs));
    Ok(template)
}

fn parameter(default: Option<&str>) -> Value {
    let about = "The external ID that Turbot must give to assume the role";
    let about = if default.is_some() {
        about.to_owned()
    } else {
        format!("{about}. Empty: each account's own, under Mappings. A StackSet gives all its accounts the same")
    };
    json!({
        "Type": "String",
        "Default": default.unwrap_or_default(),
        "AllowedPattern": if default.is_some() { r"[\w+=,.@:/-]{2,1224}" } else { r"([\w+=,.@:/-]{2,1224})?" },
        "ConstraintDescription": "2 to 1224 letters, digits or any of _+=,.@:/-",
        "Description": about,
    })
}

fn conditions(kinds: &[Value], given: bool) -> Map<String, Value> {
    let mut conditions = Map::new();
    if given {
        conditions.insert("ExternalIdGiven".into(), json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}));
    }
    if kinds.len() > 1 {
        for (n, kind) in kinds.iter().enumerate() {
            let name = logical(kind, n);
            conditions.insert(condition(&name), json!({"Fn::Equals": [of_account("Makes"), name]}));
        }
    }
    conditions
}

fn condition(logical: &str) -> String {
    format!("Makes{logical}")
}

/// The name of a resource within the template.
fn logical(resource: &Value, n: usize) -> String {
    let kind = if resource["Type"] == "AWS::IAM::Role" { "TurbotRole" } else { "TurbotUser" };
    if n == 0 { kind.to_owned() } else { format!("{kind}{}", n + 1) }
}

/// What the mapping says of the account that the stack is in.
fn of_account(what: &str) -> Value {
    json!({"Fn::FindInMap": ["Accounts", {"Ref": "AWS::AccountId"}, what]})
}

fn external_id(alone: bool) -> Value {
    let given = json!({"Ref": "ExternalId"});
    if alone { given } else { json!({"Fn::If": ["ExternalIdGiven", given, of_account("ExternalId")]}) }
}

/// An ARN in whichever partition the stack is in.
fn anywhere(arn: &str, partition: &str) -> Value {
    match arn.strip_prefix(&format!("arn:{partition}:")) {
        Some(rest) => json!({"Fn::Sub": format!("arn:${{AWS::Partition}}:{rest}")}),
        None => json!(arn),
    }
}

fn resource(blueprint: &Blueprint, alone: bool) -> Result<Value, Refusal> {
    let partition = blueprint.partition.as_str();
    let mut properties = Map::new();
    let (kind, name) = if blueprint.role.is_some() { ("Role", "RoleName") } else { ("User", "UserName") };
    properties.insert(name.into(), json!(blueprint.principal.name()));
    properties.insert("Path".into(), json!(blueprint.path));
    if let Some(role) = &blueprint.role {
        literal("role-description", &role.description)?;
        properties.insert("Description".into(), json!(role.description));
        properties.insert("MaxSessionDuration".into(), json!(role.seconds));
        properties.insert("AssumeRolePolicyDocument".into(), trust(role, alone));
    }
    if let Some(boundary) = &blueprint.boundary {
        properties.insert("PermissionsBoundary".into(), anywhere(boundary.as_str(), partition));
    }
    let policies = blueprint.policies.iter().map(|policy| anywhere(policy.as_str(), partition));
    properties.insert("ManagedPolicyArns".into(), policies.collect());
    let mut tags = Vec::new();
    for (key, value) in &blueprint.tags {
        literal("tag", key)?;
        literal("tag", value)?;
        let value = match key.strip_prefix(TAG_PREFIX) {
            Some("turbot-id") => of_account("TurbotId"),
            Some("cluster") => of_account("ClusterUrn"),
            _ => json!(value),
        };
        tags.push(json!({"Key": key, "Value": value}));
    }
    properties.insert("Tags".into(), Value::Array(tags));
    Ok(json!({"Type": format!("AWS::IAM::{kind}"), "Properties": properties}))
}

/// The trust policy that this tool writes, with the account's own values in it.
fn trust(role: &RolePart, alone: bool) -> Value {
    let mut document: Value = serde_json::from_str(&role.trust.document()).expect("it is written as JSON");
    let statement = &mut document["Statement"][0];
    statement["Principal"]["AWS"] =
        json!({"Fn::Sub": ["arn:${AWS::Partition}:iam::${Master}:root", {"Master": of_account("MasterAccountId")}]});
    statement["Condition"]["StringEquals"]["sts:ExternalId"] = external_id(alone);
    document
}

/// CloudFormation replaces dynamic references wherever they stand in a property, and knows no way to quote them.
fn literal(option: &'static str, text: &str) -> Result<(), Refusal> {
    if text.contains("{{resolve:") {
        let message = "CloudFormation would take '{{resolve:' in it for a dynamic reference".to_owned();
        return Err(Refusal { option, message });
    }
    Ok(())
}

fn outputs_of(name: &str, resource: &Value, n: usize, alone: bool) -> Vec<(String, Value)> {
    let number = if n == 0 { String::new() } else { (n + 1).to_string() };
    let arn = json!({"Fn::GetAtt": [name, "Arn"]});
    if resource["Type"] == "AWS::IAM::Role" {
        vec![
            (format!("RoleArn{number}"), json!({"Description": "What Turbot assumes", "Value": arn})),
            (
                format!("RoleExternalId{number}"),
                json!({"Description": "The external ID it must give", "Value": external_id(alone)}),
            ),
        ]
    } else {
        vec![(format!("UserArn{number}"), json!({"Description": "Whose access key Turbot gets", "Value": arn}))]
    }
}

fn words(blueprints: &[Blueprint], form: Form, by_address: bool) -> String {
    let mut words =
        opening(blueprints, if form == Form::Stack { "as a CloudFormation stack" } else { "as a StackSet" });
    match form {
        Form::Stack => {
            let bucket = if by_address { " --s3-bucket <bucket>" } else { "" };
            words.push_str(&format!(
                "\n  aws cloudformation deploy --stack-name turbot-onboard --template-file turbot-onboard.yaml \\\n      \
                 --capabilities CAPABILITY_NAMED_IAM{bucket}\n\n\
                 IAM is global: one stack in one region of each account. In an account that is not under Mappings it fails\n\
                 before it makes anything.\n",
            ));
        }
        Form::StackSet => words.push_str(&stack_set(blueprints, by_address)),
    }
    words + &keep_external_ids(blueprints, "template") + &next_steps(blueprints, "stack")
}

fn stack_set(blueprints: &[Blueprint], by_address: bool) -> String {
    let accounts: Vec<&str> = blueprints.iter().map(|b| b.wanted.account_id.as_str()).collect();
    let accounts = if accounts.len() > SHOWN { "<those under Mappings>".to_owned() } else { accounts.join(",") };
    let (upload, body) = if by_address {
        (
            "\n  aws s3 cp stackset.yaml s3://<bucket>/stackset.yaml",
            "--template-url https://<bucket>.s3.amazonaws.com/stackset.yaml",
        )
    } else {
        ("", "--template-body file://stackset.yaml")
    };
    format!(
        "{upload}
  aws cloudformation create-stack-set --stack-set-name turbot-onboard \\
      {body} \\
      --permission-model SERVICE_MANAGED --auto-deployment Enabled=false --capabilities CAPABILITY_NAMED_IAM
  aws cloudformation create-stack-instances --stack-set-name turbot-onboard --regions us-east-1 \\
      --deployment-targets OrganizationalUnitIds=<root or OU>,AccountFilterType=INTERSECTION,Accounts={accounts}

Trusted access of StackSets must be on: `aws cloudformation activate-organizations-access` by the management account.
A delegated administrator adds --call-as DELEGATED_ADMIN to each command.
One region: IAM is global. What a service-managed StackSet cannot do:
- reach the organization's management account. Onboard that one with a stack of its own, or with `apply`;
- give each account its own external ID: all its accounts get the same parameters. The external IDs stand under
  Mappings for that reason. Leave the parameter ExternalId empty: one external ID for many accounts lets whoever
  may use it for one of them use it for all;
- serve an account that is not under Mappings: its stack fails. Hence no automatic deployment; make the template
  anew for accounts that come later, with the external IDs of this one, and update the StackSet.
"
    )
}
