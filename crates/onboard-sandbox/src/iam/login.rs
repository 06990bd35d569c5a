//! A user's other ways in: password, multi-factor devices, SSH keys, service credentials, certificates.

use crate::clock::iso;
use crate::wire::ApiError;
use crate::world::User;
use crate::xml::Xml;

use super::principal::{store_user, user_to_change};
use super::{Answered, Ctx};

fn missing(name: &str) -> ApiError {
    ApiError::no_such(format!("Login Profile for User {name} cannot be found."))
}

fn profile(user: &User) -> Answered {
    let created = user.login_profile.ok_or_else(|| missing(&user.name))?;
    let mut xml = Xml::default();
    xml.node("LoginProfile", |xml| {
        xml.leaf("UserName", &user.name);
        xml.leaf("CreateDate", iso(created));
        xml.leaf("PasswordResetRequired", "false");
    });
    Ok(Some(xml))
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> Answered {
    ctx.params.required("Password")?;
    let mut user = user_to_change(ctx)?;
    if user.login_profile.is_some() {
        return Err(ApiError::exists(format!("Login Profile for user {} already exists.", user.name)));
    }
    user.login_profile = Some(ctx.time());
    store_user(ctx, user.clone())?;
    profile(&user)
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Answered {
    profile(&user_to_change(ctx)?)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Answered {
    let mut user = user_to_change(ctx)?;
    if user.login_profile.take().is_none() {
        return Err(missing(&user.name));
    }
    store_user(ctx, user)?;
    Ok(None)
}

/// A list that is never long; each of its items is written by `each`.
fn list(
    ctx: &mut Ctx<'_>,
    name: &str,
    items: fn(&User) -> &Vec<String>,
    each: fn(&mut Xml, &str),
    truncated: bool,
) -> Answered {
    let user = user_to_change(ctx)?;
    let now = iso(user.created);
    let mut xml = Xml::default();
    xml.list(name, items(&user), |xml, item| {
        xml.leaf("UserName", &user.name);
        each(xml, item);
        let date = match name {
            "MFADevices" => "EnableDate",
            "ServiceSpecificCredentials" => "CreateDate",
            _ => "UploadDate",
        };
        xml.leaf(date, &now);
    });
    if truncated {
        xml.leaf("IsTruncated", "false");
    }
    Ok(Some(xml))
}

pub(super) fn mfa_devices(ctx: &mut Ctx<'_>) -> Answered {
    list(ctx, "MFADevices", |user| &user.mfa_devices, |xml, id| xml.leaf("SerialNumber", id), true)
}

pub(super) fn ssh_keys(ctx: &mut Ctx<'_>) -> Answered {
    let each = |xml: &mut Xml, id: &str| {
        xml.leaf("SSHPublicKeyId", id);
        xml.leaf("Status", "Active");
    };
    list(ctx, "SSHPublicKeys", |user| &user.ssh_keys, each, true)
}

pub(super) fn service_credentials(ctx: &mut Ctx<'_>) -> Answered {
    let each = |xml: &mut Xml, id: &str| {
        xml.leaf("ServiceSpecificCredentialId", id);
        xml.leaf("Status", "Active");
        xml.leaf("ServiceName", "codecommit.amazonaws.com");
        xml.leaf("ServiceUserName", id.to_lowercase());
    };
    list(ctx, "ServiceSpecificCredentials", |user| &user.service_credentials, each, false)
}

pub(super) fn certificates(ctx: &mut Ctx<'_>) -> Answered {
    let each = |xml: &mut Xml, id: &str| {
        xml.leaf("CertificateId", id);
        xml.leaf("CertificateBody", "-----BEGIN CERTIFICATE-----");
        xml.leaf("Status", "Active");
    };
    list(ctx, "Certificates", |user| &user.certificates, each, true)
}
