//! Who is calling: keys, signatures and tokens.

use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::fault_answer::Dialect;
use crate::identity::{Identity, Principal};
use crate::minting::account_of_key;
use crate::sigv4::{self, Authorization};
use crate::wire::{ApiError, HttpRequest};
use crate::world::World;

/// How far a request's time may be from AWS's.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

pub(crate) fn service_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Iam => "iam",
        Dialect::Sts => "sts",
        Dialect::Organizations => "organizations",
        Dialect::Turbot => "turbot",
    }
}

/// The access key id that a request names, unproved.
pub(crate) fn claimed_key(request: &HttpRequest) -> Option<String> {
    Authorization::parse(request.header("authorization")?).map(|authorization| authorization.access_key_id)
}

/// Proves who made a request. `region` is the one it was signed for.
pub(crate) fn authenticate(
    world: &mut World,
    dialect: Dialect,
    request: &HttpRequest,
) -> Result<(Identity, String), ApiError> {
    let header = request
        .header("authorization")
        .ok_or_else(|| fault(dialect, 403, "MissingAuthenticationToken", "Request is missing Authentication Token"))?;
    let authorization = Authorization::parse(header).ok_or_else(|| {
        fault(dialect, 400, "IncompleteSignature", "Authorization header is not of the form that AWS4 requires.")
    })?;
    let incomplete = |what: &str| {
        fault(dialect, 400, "IncompleteSignature", &format!("Authorization header requires existence of {what}."))
    };
    if !authorization.signed_headers.iter().any(|name| name == "host") {
        return Err(incomplete("a signed 'Host' header"));
    }
    let time = request.header("x-amz-date").ok_or_else(|| incomplete("either a 'X-Amz-Date' or a 'Date' header"))?;
    let expected = service_name(dialect);
    if authorization.service != expected {
        let text = format!("Credential should be scoped to correct service: '{expected}'. ");
        return Err(fault(dialect, 403, "SignatureDoesNotMatch", &text));
    }
    check_skew(dialect, time, &authorization.date, world.clock.now())?;

    let token = request.header("x-amz-security-token");
    let secret = secret_of(world, dialect, &authorization.access_key_id, token)?;
    if !sigv4::verify(request, &authorization, &secret, time) {
        return Err(fault(
            dialect,
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    let identity = settle(world, dialect, &authorization.access_key_id, &authorization.region)?;
    Ok((identity, authorization.region))
}

/// Proves a key by its secret alone, as a service inside AWS would see it.
pub(crate) fn authenticate_key(world: &mut World, key_id: &str, secret: &str) -> Result<Identity, ApiError> {
    if secret_of(world, Dialect::Sts, key_id, None)? != secret {
        return Err(fault(
            Dialect::Sts,
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        ));
    }
    settle(world, Dialect::Sts, key_id, "us-east-1")
}

fn check_skew(dialect: Dialect, time: &str, scope_date: &str, now: Timestamp) -> Result<(), ApiError> {
    let refuse = |text: String| Err(fault(dialect, 403, "SignatureDoesNotMatch", &text));
    let Some(signed) = clock::parse_compact(time) else {
        return Err(fault(
            dialect,
            400,
            "IncompleteSignature",
            &format!("Date must be in ISO-8601 'basic format'. Got '{time}'."),
        ));
    };
    if !time.starts_with(scope_date) {
        return refuse(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '{scope_date}' != '{}', from '{time}'.",
            &time[..8]
        ));
    }
    let text = |verdict: &str, limit: Timestamp, sign: char| {
        format!("Signature {verdict} {} ({} {sign} 15 min.)", clock::compact(limit), clock::compact(now))
    };
    let earliest = now.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let latest = now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
    if signed < earliest {
        return refuse(text(&format!("expired: {time} is now earlier than"), earliest, '-'));
    }
    if signed > latest {
        return refuse(text(&format!("not yet current: {time} is still later than"), latest, '+'));
    }
    Ok(())
}

/// The secret that a key's signatures are checked with, if the key may be used at all.
fn secret_of(world: &mut World, dialect: Dialect, key_id: &str, token: Option<&str>) -> Result<String, ApiError> {
    let invalid =
        || fault(dialect, 403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let account_id = account_of_key(key_id).filter(|id| world.directory.contains_key(id)).ok_or_else(invalid)?;
    if !world.entry(&account_id)?.state.works() {
        return Err(invalid());
    }
    let (now, time) = (world.clock.monotonic(), world.clock.now());
    let account = world.account(&account_id)?;
    if let Some(temporary) = account.temporary_keys.get(key_id) {
        if token != Some(temporary.token.as_str()) {
            return Err(invalid());
        }
        if temporary.expires <= time {
            return Err(fault(dialect, 403, "ExpiredToken", "The security token included in the request is expired"));
        }
        return Ok(temporary.secret.clone());
    }
    let key = account.keys.get_mut(key_id).filter(|key| key.active && token.is_none()).ok_or_else(invalid)?;
    if key.refusals_left > 0 {
        key.refusals_left -= 1;
        return Err(invalid());
    }
    if now < key.usable_at {
        return Err(invalid());
    }
    Ok(key.secret.clone())
}

/// Whom a proved key acts for; notes its use.
fn settle(world: &mut World, dialect: Dialect, key_id: &str, region: &str) -> Result<Identity, ApiError> {
    let invalid =
        || fault(dialect, 403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let account_id = account_of_key(key_id).ok_or_else(invalid)?;
    let time = world.clock.now();
    let account = world.account(&account_id)?;
    if let Some(temporary) = account.temporary_keys.get(key_id) {
        return Ok(temporary.identity.clone());
    }
    let key = account.keys.get_mut(key_id).ok_or_else(invalid)?;
    key.last_used = Some((time, service_name(dialect).to_owned(), region.to_owned()));
    let Some(user) = key.user.clone() else {
        return Ok(root_identity(world, &account_id, key_id));
    };
    user_identity(world, &account_id, &user, key_id).ok_or_else(invalid)
}

pub(crate) fn root_identity(world: &World, account: &str, key_id: &str) -> Identity {
    Identity {
        account: account.to_owned(),
        arn: format!("arn:{}:iam::{account}:root", world.partition),
        user_id: account.to_owned(),
        access_key_id: key_id.to_owned(),
        principal: Principal::Root,
        session_policies: Vec::new(),
        mfa: false,
        temporary: false,
    }
}

pub(crate) fn user_identity(world: &mut World, account: &str, user_key: &str, key_id: &str) -> Option<Identity> {
    let user = world.account(account).ok()?.users.truth(user_key)?.clone();
    let arn = world.arn(account, "user", &user.path, &user.name);
    Some(Identity {
        account: account.to_owned(),
        arn: arn.clone(),
        user_id: user.unique_id.clone(),
        access_key_id: key_id.to_owned(),
        principal: Principal::User { name: user.name.clone(), arn, unique_id: user.unique_id.clone() },
        session_policies: Vec::new(),
        mfa: false,
        temporary: false,
    })
}

/// An authentication failure, with the status and the code that the service's protocol uses.
fn fault(dialect: Dialect, status: u16, code: &str, message: &str) -> ApiError {
    if dialect != Dialect::Organizations {
        return ApiError::new(status, code, message);
    }
    let code = match code {
        "InvalidClientTokenId" => "UnrecognizedClientException",
        "SignatureDoesNotMatch" => "InvalidSignatureException",
        "ExpiredToken" => "ExpiredTokenException",
        "IncompleteSignature" => "IncompleteSignatureException",
        _ => "MissingAuthenticationTokenException",
    };
    ApiError::new(400, code, message)
}
