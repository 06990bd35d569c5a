//! Organizations, JSON 1.1.

use serde_json::{Value, json};

use crate::authorize;
use crate::identity::Identity;
use crate::policy_document::Document;
use crate::wire::ApiError;
use crate::world::{Entry, MANAGEMENT, Place, World};

/// AWS's longest page for the lists of Organizations.
const PAGE: usize = 20;

/// Carries out an action of Organizations.
pub(crate) fn serve(
    world: &mut World,
    caller: &Identity,
    action: &str,
    input: &Value,
    region: &str,
) -> Result<Value, ApiError> {
    const KNOWN: [&str; 8] = [
        "DescribeOrganization",
        "ListAccounts",
        "DescribeAccount",
        "ListRoots",
        "ListOrganizationalUnitsForParent",
        "ListAccountsForParent",
        "ListTagsForResource",
        "ListPoliciesForTarget",
    ];
    if !KNOWN.contains(&action) {
        return Err(ApiError::new(400, "UnknownOperationException", action));
    }
    let context = authorize::context(world, caller, region);
    authorize::authorize(world, caller, &format!("organizations:{action}"), "*", &context)
        .map_err(|denied| ApiError::new(400, "AccessDeniedException", denied.message))?;
    if world.directory.get(&caller.account).is_none_or(|entry| entry.place.is_none()) {
        return Err(ApiError::new(
            400,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        ));
    }
    let trusted = caller.account == MANAGEMENT || world.delegated_administrators.contains(&caller.account);
    if !trusted && action != "DescribeOrganization" {
        return Err(ApiError::new(400, "AccessDeniedException", "You don't have permissions to access this resource."));
    }
    match action {
        "DescribeOrganization" => Ok(describe(world)),
        "ListAccounts" => {
            let all: Vec<Value> = members(world).map(|(id, entry)| account(world, id, entry)).collect();
            page(input, "Accounts", all)
        }
        "DescribeAccount" => {
            let id = text(input, "AccountId")?;
            let found = members(world).find(|(member, _)| *member == id);
            let (id, entry) = found.ok_or_else(|| {
                ApiError::new(400, "AccountNotFoundException", "You specified an account that doesn't exist.")
            })?;
            Ok(json!({"Account": account(world, id, entry)}))
        }
        "ListRoots" => {
            let root = json!({
                "Id": world.root_id,
                "Arn": arn(world, &format!("root/{}/{}", world.organization_id, world.root_id)),
                "Name": "Root",
                "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"},
                                {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"}],
            });
            page(input, "Roots", vec![root])
        }
        "ListOrganizationalUnitsForParent" => {
            let parent = parent(world, input)?;
            let units: Vec<Value> = world
                .units
                .iter()
                .filter(|unit| unit.parent == parent)
                .map(|unit| {
                    json!({"Id": unit.id, "Arn": arn(world, &format!("ou/{}/{}", world.organization_id, unit.id)),
                           "Name": unit.name})
                })
                .collect();
            page(input, "OrganizationalUnits", units)
        }
        "ListAccountsForParent" => {
            let parent = parent(world, input)?;
            let accounts: Vec<Value> = members(world)
                .filter(|(_, entry)| entry.place == Some(parent))
                .map(|(id, entry)| account(world, id, entry))
                .collect();
            page(input, "Accounts", accounts)
        }
        "ListTagsForResource" => {
            let id = text(input, "ResourceId")?;
            let entry = world.directory.get(id).filter(|entry| entry.place.is_some());
            let known = entry.is_some() || id == world.root_id || world.units.iter().any(|unit| unit.id == id);
            if !known {
                return Err(ApiError::new(
                    400,
                    "TargetNotFoundException",
                    "You specified a target that doesn't exist.",
                ));
            }
            let tags = entry.map(|entry| entry.tags.as_slice()).unwrap_or_default();
            let tags = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            page(input, "Tags", tags)
        }
        _ => policies(world, input),
    }
}

fn members(world: &World) -> impl Iterator<Item = (&String, &Entry)> {
    world.directory.iter().filter(|(_, entry)| entry.place.is_some())
}

fn arn(world: &World, resource: &str) -> String {
    format!("arn:{}:organizations::{MANAGEMENT}:{resource}", world.partition)
}

fn describe(world: &World) -> Value {
    json!({"Organization": {
        "Id": world.organization_id,
        "Arn": arn(world, &format!("organization/{}", world.organization_id)),
        "FeatureSet": "ALL",
        "MasterAccountArn": arn(world, &format!("account/{}/{MANAGEMENT}", world.organization_id)),
        "MasterAccountId": MANAGEMENT,
        "MasterAccountEmail": world.directory.get(MANAGEMENT).map(|entry| entry.email.clone()),
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }})
}

fn account(world: &World, id: &str, entry: &Entry) -> Value {
    let mut value = json!({
        "Id": id,
        "Arn": arn(world, &format!("account/{}/{id}", world.organization_id)),
        "Email": entry.email,
        "Name": entry.name,
        "State": entry.state.state(),
        "JoinedMethod": if id == MANAGEMENT { "INVITED" } else { "CREATED" },
        "JoinedTimestamp": entry.joined.as_second(),
        "Paths": entry.place.map(|place| vec![world.path_of(id, place)]),
    });
    if let Some(status) = entry.state.status() {
        value["Status"] = Value::from(status);
    }
    value
}

fn text<'a>(input: &'a Value, field: &str) -> Result<&'a str, ApiError> {
    input.get(field).and_then(Value::as_str).ok_or_else(|| {
        ApiError::new(
            400,
            "InvalidInputException",
            format!("You provided a value that does not match the required pattern: {field}"),
        )
    })
}

fn parent(world: &World, input: &Value) -> Result<Place, ApiError> {
    let id = text(input, "ParentId")?;
    if id == world.root_id {
        return Ok(Place::Root);
    }
    let unit = world.units.iter().position(|unit| unit.id == id);
    unit.map(Place::Unit)
        .ok_or_else(|| ApiError::new(400, "ParentNotFoundException", "You specified a parent that doesn't exist."))
}

fn page(input: &Value, name: &str, items: Vec<Value>) -> Result<Value, ApiError> {
    let invalid = |what: &str| ApiError::new(400, "InvalidInputException", what);
    let most = match input.get("MaxResults") {
        None | Some(Value::Null) => PAGE,
        Some(value) => value
            .as_u64()
            .and_then(|most| usize::try_from(most).ok())
            .filter(|most| (1..=PAGE).contains(most))
            .ok_or_else(|| invalid("MaxResults must be between 1 and 20."))?,
    };
    let from = match input.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => token
            .strip_prefix("h6tTokenFrom")
            .and_then(|offset| offset.parse().ok())
            .ok_or_else(|| invalid("INVALID_NEXT_TOKEN: You provided a value for the NextToken that is not valid."))?,
    };
    let total = items.len();
    let items: Vec<Value> = items.into_iter().skip(from).take(most).collect();
    let next = from + items.len();
    let mut answer = json!({name: items});
    if next < total {
        answer["NextToken"] = Value::from(format!("h6tTokenFrom{next}"));
    }
    Ok(answer)
}

fn policies(world: &World, input: &Value) -> Result<Value, ApiError> {
    let filter = text(input, "Filter")?;
    let target = text(input, "TargetId")?;
    let entry = world.directory.get(target).filter(|entry| entry.place.is_some());
    let is_unit = target == world.root_id || world.units.iter().any(|unit| unit.id == target);
    if entry.is_none() && !is_unit {
        return Err(ApiError::new(400, "TargetNotFoundException", "You specified a target that doesn't exist."));
    }
    let aws = |id: &str, name: &str| {
        json!({"Id": id, "Name": name, "Type": filter, "AwsManaged": true,
               "Description": "Allows access to every operation",
               "Arn": format!("arn:{}:organizations::aws:policy/{}/{id}", world.partition, filter.to_lowercase())})
    };
    let mut listed = match filter {
        "SERVICE_CONTROL_POLICY" => vec![aws("p-FullAWSAccess", "FullAWSAccess")],
        "RESOURCE_CONTROL_POLICY" => vec![aws("p-RCPFullAWSAccess", "RCPFullAWSAccess")],
        "TAG_POLICY" | "BACKUP_POLICY" | "AISERVICES_OPT_OUT_POLICY" => Vec::new(),
        _ => return Err(ApiError::new(400, "InvalidInputException", "INVALID_ENUM: Filter")),
    };
    let own: &[(String, std::sync::Arc<Document>)] = match (entry, filter) {
        (Some(entry), "SERVICE_CONTROL_POLICY") => &entry.service_control,
        (Some(entry), "RESOURCE_CONTROL_POLICY") => &entry.resource_control,
        _ => &[],
    };
    for (_, document) in own {
        let arn = document.arn.clone().unwrap_or_default();
        let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
        listed.push(json!({"Id": id, "Arn": arn, "Name": id, "Type": filter, "AwsManaged": false}));
    }
    page(input, "Policies", listed)
}
