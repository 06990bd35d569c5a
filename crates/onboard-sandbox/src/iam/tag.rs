use std::collections::BTreeSet;
use std::time::Duration;

use crate::wire::{ApiError, Params};
use crate::world::{self, Tags};
use crate::xml::Xml;

use super::principal::{Kind, change_grants, seen_grants};
use super::{Answered, Ctx, naming, paging, policy};

/// The tags of a request, checked by IAM's rules.
pub(crate) fn requested(params: &Params, quota: u32) -> Result<Tags, ApiError> {
    let tags = params.tags();
    if tags.len() > quota as usize {
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less \
             than or equal to {quota}"
        )));
    }
    let mut keys = BTreeSet::new();
    for (i, (key, value)) in tags.iter().enumerate() {
        check_text(key, &format!("tags.{}.member.key", i + 1), 1, 128)?;
        check_text(value, &format!("tags.{}.member.value", i + 1), 0, 256)?;
        if key.to_lowercase().starts_with("aws:") {
            return Err(ApiError::invalid_input("Tag keys may not start with the reserved prefix 'aws:'."));
        }
        if !keys.insert(key.to_lowercase()) {
            return Err(ApiError::invalid_input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(tags)
}

fn check_text(text: &str, member: &str, least: usize, most: usize) -> Result<(), ApiError> {
    let refuse = |constraint: String| {
        Err(ApiError::validation(format!(
            "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must \
             {constraint}"
        )))
    };
    let length = text.chars().count();
    if length < least {
        return refuse(format!("have length greater than or equal to {least}"));
    }
    if length > most {
        return refuse(format!("have length less than or equal to {most}"));
    }
    let allowed = |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
    if !text.chars().all(allowed) {
        return refuse("satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+".to_owned());
    }
    Ok(())
}

/// Adds tags; one whose key differs in case alone is replaced.
pub(crate) fn merge(tags: &mut Tags, new: Tags, quota: u32) -> Result<(), ApiError> {
    for (key, value) in new {
        let lower = key.to_lowercase();
        match tags.iter_mut().find(|(known, _)| known.to_lowercase() == lower) {
            Some(known) => *known = (key, value),
            None => tags.push((key, value)),
        }
    }
    if tags.len() > quota as usize {
        return Err(ApiError::new(409, "LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    Ok(())
}

fn remove(tags: &mut Tags, params: &Params) {
    let gone: Vec<String> = params.values("TagKeys").iter().map(|key| key.to_lowercase()).collect();
    tags.retain(|(key, _)| !gone.contains(&key.to_lowercase()));
}

/// Writes the `Tags` element.
pub(crate) fn write(xml: &mut Xml, tags: &Tags) {
    xml.list("Tags", tags, |xml, (key, value)| {
        xml.leaf("Key", key);
        xml.leaf("Value", value);
    });
}

fn list(ctx: &Ctx<'_>, tags: Tags) -> Answered {
    let page = paging::page(tags, ctx.params)?;
    let mut xml = Xml::default();
    write(&mut xml, &page.items);
    page.write_end(&mut xml);
    Ok(Some(xml))
}

fn tag(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let quota = ctx.world.quotas.tags_per_entity;
    let tags = requested(ctx.params, quota)?;
    change_grants(ctx, kind, |_, grants| merge(&mut grants.tags, tags, quota))?;
    Ok(None)
}

fn untag(ctx: &mut Ctx<'_>, kind: Kind) -> Answered {
    let params = ctx.params;
    change_grants(ctx, kind, |_, grants| {
        remove(&mut grants.tags, params);
        Ok(())
    })?;
    Ok(None)
}

pub(super) fn tag_role(ctx: &mut Ctx<'_>) -> Answered {
    tag(ctx, Kind::Role)
}

pub(super) fn untag_role(ctx: &mut Ctx<'_>) -> Answered {
    untag(ctx, Kind::Role)
}

pub(super) fn list_role(ctx: &mut Ctx<'_>) -> Answered {
    let tags = seen_grants(ctx, Kind::Role, "ListRoleTags")?.tags;
    list(ctx, tags)
}

pub(super) fn tag_user(ctx: &mut Ctx<'_>) -> Answered {
    tag(ctx, Kind::User)
}

pub(super) fn untag_user(ctx: &mut Ctx<'_>) -> Answered {
    untag(ctx, Kind::User)
}

pub(super) fn list_user(ctx: &mut Ctx<'_>) -> Answered {
    let tags = seen_grants(ctx, Kind::User, "ListUserTags")?.tags;
    list(ctx, tags)
}

pub(super) fn tag_policy(ctx: &mut Ctx<'_>) -> Answered {
    let quota = ctx.world.quotas.tags_per_entity;
    let tags = requested(ctx.params, quota)?;
    let mut policy = policy::to_change(ctx)?;
    merge(&mut policy.tags, tags, quota)?;
    store_policy(ctx, policy)
}

pub(super) fn untag_policy(ctx: &mut Ctx<'_>) -> Answered {
    let mut policy = policy::to_change(ctx)?;
    remove(&mut policy.tags, ctx.params);
    store_policy(ctx, policy)
}

fn store_policy(ctx: &mut Ctx<'_>, policy: world::Policy) -> Answered {
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.policies.put(&world::key(&policy.name.clone()), policy, lag);
    Ok(None)
}

pub(super) fn list_policy(ctx: &mut Ctx<'_>) -> Answered {
    naming::arn(ctx.params, "PolicyArn")?;
    let tags = policy::seen(ctx, "ListPolicyTags")?.tags.clone();
    list(ctx, tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Tags, ApiError> {
        let form: Vec<String> = pairs
            .iter()
            .enumerate()
            .map(|(i, (key, value))| {
                let encode = |text: &str| {
                    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
                };
                format!("Tags.member.{0}.Key={1}&Tags.member.{0}.Value={2}", i + 1, encode(key), encode(value))
            })
            .collect();
        requested(&Params::parse(&form.join("&")), 50)
    }

    #[test]
    fn rules() {
        assert!(parse(&[("turbot-onboard:turbot-id", "aab"), ("Straße 1", "ä @=+-_./:")]).is_ok());
        assert_eq!(parse(&[("a", "1"), ("A", "2")]).unwrap_err().code, "InvalidInput");
        for bad in [("", "x"), ("a;b", "x"), ("a", "<x>"), ("a\nb", "x")] {
            assert_eq!(parse(&[bad]).unwrap_err().code, "ValidationError", "{bad:?}");
        }
        assert_eq!(parse(&[("aws:x", "1")]).unwrap_err().code, "InvalidInput");
        let long = "x".repeat(129);
        assert!(parse(&[(&long, "")]).is_err());
        let many: Vec<(String, String)> = (0..51).map(|i| (format!("k{i}"), String::new())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert!(parse(&many).is_err());
        assert!(parse(&many[..50]).is_ok());
    }

    #[test]
    fn a_key_of_another_case_is_replaced() {
        let mut tags = vec![("Department".to_owned(), "a".to_owned())];
        merge(&mut tags, vec![("department".to_owned(), "b".to_owned())], 50).unwrap();
        assert_eq!(tags, [("department".to_owned(), "b".to_owned())]);
        assert_eq!(merge(&mut tags, vec![("x".to_owned(), String::new())], 1).unwrap_err().code, "LimitExceeded");
    }
}
