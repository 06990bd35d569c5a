//! What roles and users have in common.

use std::sync::Arc;
use std::time::Duration;

use crate::wire::ApiError;
use crate::world::{self, Grants, Role, User};

use super::{Ctx, naming};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Role,
    User,
}

impl Kind {
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
        }
    }
}

pub(crate) fn missing(kind: Kind, name: &str) -> ApiError {
    ApiError::no_such(format!("The {} with name {name} cannot be found.", kind.noun()))
}

/// The name that the request gives for an existing role or user.
pub(crate) fn requested<'a>(ctx: &Ctx<'a>, kind: Kind) -> Result<&'a str, ApiError> {
    let longest = if kind == Kind::Role { naming::NAME } else { naming::LONG_NAME };
    naming::name(ctx.params, kind.field(), longest)
}

/// A role as this kind of read shows it. Names must be spelled as they were created.
pub(crate) fn seen_role(ctx: &mut Ctx<'_>, reader: &str) -> Result<Arc<Role>, ApiError> {
    let name = requested(ctx, Kind::Role)?;
    let now = ctx.now();
    let role = ctx.account()?.roles.seen(&world::key(name), reader, now).filter(|role| role.name == name);
    role.ok_or_else(|| missing(Kind::Role, name))
}

/// A user as this kind of read shows it.
pub(crate) fn seen_user(ctx: &mut Ctx<'_>, reader: &str) -> Result<Arc<User>, ApiError> {
    let name = requested(ctx, Kind::User)?;
    let now = ctx.now();
    let user = ctx.account()?.users.seen(&world::key(name), reader, now).filter(|user| user.name == name);
    user.ok_or_else(|| missing(Kind::User, name))
}

/// The grants of the role or user in the request, as this kind of read shows them.
pub(crate) fn seen_grants(ctx: &mut Ctx<'_>, kind: Kind, reader: &str) -> Result<Grants, ApiError> {
    match kind {
        Kind::Role => seen_role(ctx, reader).map(|role| role.grants.clone()),
        Kind::User => seen_user(ctx, reader).map(|user| user.grants.clone()),
    }
}

/// The role itself, for a write to it.
pub(crate) fn role_to_change(ctx: &mut Ctx<'_>) -> Result<Role, ApiError> {
    let name = requested(ctx, Kind::Role)?;
    let now = ctx.now();
    let role = ctx.account()?.roles.truth(&world::key(name)).filter(|role| role.name == name && role.visible_at <= now);
    role.map(|role| Role::clone(role)).ok_or_else(|| missing(Kind::Role, name))
}

/// The user itself, for a write to it.
pub(crate) fn user_to_change(ctx: &mut Ctx<'_>) -> Result<User, ApiError> {
    let name = requested(ctx, Kind::User)?;
    user_named(ctx, name)
}

pub(crate) fn user_named(ctx: &mut Ctx<'_>, name: &str) -> Result<User, ApiError> {
    let now = ctx.now();
    let user = ctx.account()?.users.truth(&world::key(name)).filter(|user| user.name == name && user.visible_at <= now);
    user.map(|user| User::clone(user)).ok_or_else(|| missing(Kind::User, name))
}

pub(crate) fn store_role(ctx: &mut Ctx<'_>, role: Role) -> Result<(), ApiError> {
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.roles.put(&world::key(&role.name.clone()), role, lag);
    Ok(())
}

pub(crate) fn store_user(ctx: &mut Ctx<'_>, user: User) -> Result<(), ApiError> {
    let lag = ctx.world.lag(Duration::ZERO);
    ctx.account()?.users.put(&world::key(&user.name.clone()), user, lag);
    Ok(())
}

/// Changes the grants of the role or user in the request, if the change succeeds.
pub(crate) fn change_grants(
    ctx: &mut Ctx<'_>,
    kind: Kind,
    change: impl FnOnce(&mut Ctx<'_>, &mut Grants) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    match kind {
        Kind::Role => {
            let mut role = role_to_change(ctx)?;
            change(ctx, &mut role.grants)?;
            store_role(ctx, role)
        }
        Kind::User => {
            let mut user = user_to_change(ctx)?;
            change(ctx, &mut user.grants)?;
            store_user(ctx, user)
        }
    }
}
