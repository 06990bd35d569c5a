use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

use crate::authenticate::{authenticate, authenticate_key, root_identity, user_identity};
use crate::authorize::{self, Decision};
use crate::clock::Clock;
use crate::fault_answer::Dialect;
use crate::frame::Answer;
use crate::iam;
use crate::identity::{Credentials, Denied, Identity, Principal, Session};
use crate::lock;
use crate::minting::{Mint, account_of_key};
use crate::options::Options;
use crate::organizations;
use crate::sts::{self, Assumption};
use crate::wire::{self, ApiError, HttpRequest, Params};
use crate::world::{self, ADMIN, MANAGEMENT, MASTER, TURBOT_ROLE, World};

/// The simulated AWS, in-process: for the simulated Turbot and for tests. A handle, cheap to clone.
///
/// What is written here is seen at once; what the wire writes is seen as [`crate::Consistency`] has it. Functions
/// that name an account panic if there is none of that id: a test that asks for one is wrong.
#[derive(Clone)]
pub struct Cloud {
    world: Arc<Mutex<World>>,
}

impl Cloud {
    pub(crate) fn new(options: &Options, clock: Arc<Clock>, mint: Arc<Mint>) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(options, clock, mint))) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// The secrets of access keys and sessions made while the sandbox ran (the first ten thousand): what a test searches
    /// for in every place where they must not be.
    #[must_use]
    pub fn drawn_secrets(&self) -> Vec<String> {
        self.lock().mint.drawn_secrets()
    }

    /// The partition of every ARN.
    #[must_use]
    pub fn partition(&self) -> String {
        self.lock().partition.clone()
    }

    /// The region that fits the partition.
    #[must_use]
    pub fn region(&self) -> &'static str {
        match self.lock().partition.as_str() {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            "aws-iso" => "us-iso-east-1",
            "aws-iso-b" => "us-isob-east-1",
            "aws-iso-e" => "eu-isoe-west-1",
            "aws-iso-f" => "us-isof-south-1",
            "aws-eusc" => "eusc-de-east-1",
            _ => "us-east-1",
        }
    }

    /// The id of Turbot's master account.
    #[must_use]
    pub fn master_account(&self) -> &'static str {
        MASTER
    }

    /// The id of the organization's management account.
    #[must_use]
    pub fn management_account(&self) -> &'static str {
        MANAGEMENT
    }

    /// The id of the nth member account, from 0.
    #[must_use]
    pub fn member(&self, n: usize) -> String {
        world::member_id(n)
    }

    /// Has a principal of the caller's account assume a role: from the master account the role by which the simulated
    /// Turbot acts, elsewhere the user `admin`.
    ///
    /// # Errors
    /// What AWS would answer: a missing role, a trust policy that does not fit and a wrong external id are all
    /// `AccessDenied` alike.
    pub fn assume_role(
        &self,
        caller_account: &str,
        role_arn: &str,
        external_id: Option<&str>,
    ) -> Result<Session, Denied> {
        let mut world = self.lock();
        let caller = actor(&mut world, caller_account)?;
        let ask = Assumption::new(role_arn, "turbot", external_id);
        Ok(sts::assume(&mut world, &caller, &ask, "us-east-1")?)
    }

    /// Uses an access key once, as GetCallerIdentity does.
    ///
    /// # Errors
    /// `InvalidClientTokenId` for a key that is unknown, inactive or not visible yet; `SignatureDoesNotMatch` for a
    /// wrong secret.
    pub fn use_key(&self, key_id: &str, secret: &str) -> Result<Identity, Denied> {
        Ok(authenticate_key(&mut self.lock(), key_id, secret)?)
    }

    /// Whether the policies over an identity let it do this to any resource of its account.
    #[must_use]
    pub fn may(&self, identity: &Identity, action: &str) -> bool {
        let mut world = self.lock();
        let context = authorize::context(&world, identity, "us-east-1");
        authorize::decide(&mut world, identity, action, "*", &context) == Ok(Decision::Allowed)
    }

    /// Whether an identity has an administrator's rights: actions of several services, writing ones among them.
    #[must_use]
    pub fn is_administrator(&self, identity: &Identity) -> bool {
        ["iam:CreateRole", "iam:AttachRolePolicy", "iam:DeleteRole", "ec2:RunInstances", "s3:DeleteBucket"]
            .iter()
            .all(|action| self.may(identity, action))
    }

    /// The access key of the user `admin` of an account, as it was at the start.
    #[must_use]
    pub fn admin_credentials(&self, account: &str) -> Credentials {
        self.first_credentials(account, ADMIN)
    }

    /// The access key of the root user of an account, as it was at the start.
    #[must_use]
    pub fn root_credentials(&self, account: &str) -> Credentials {
        self.first_credentials(account, "root")
    }

    /// The access key of `admin` in Turbot's master account.
    #[must_use]
    pub fn master_credentials(&self) -> Credentials {
        self.admin_credentials(MASTER)
    }

    /// The access key of `admin` in the organization's management account.
    #[must_use]
    pub fn management_credentials(&self) -> Credentials {
        self.admin_credentials(MANAGEMENT)
    }

    fn first_credentials(&self, account: &str, label: &str) -> Credentials {
        let world = self.lock();
        let id = world.mint.key_id("AKIA", account, Some(label));
        Credentials { secret_access_key: world.mint.secret(Some(&id)), access_key_id: id, session_token: None }
    }

    /// Serves one AWS request.
    pub(crate) fn serve(&self, dialect: Dialect, action: &str, request: &HttpRequest, request_id: &str) -> Answer {
        let mut world = self.lock();
        let served = match dialect {
            Dialect::Organizations => json_call(&mut world, action, request),
            _ => query_call(&mut world, dialect, action, request),
        };
        match served {
            Ok(Served::Query(xml)) => wire::query_answer(dialect, action, xml, request_id),
            Ok(Served::Json(body)) => wire::json_answer(&body, request_id),
            Err(error) => wire::error_answer(dialect, &error, request_id),
        }
    }

    /// The ARN of the owner of a key, for texts that name the caller before it has proved itself.
    pub(crate) fn owner_of_key(&self, key_id: &str) -> Option<String> {
        let mut world = self.lock();
        let id = account_of_key(key_id).filter(|id| world.directory.contains_key(id))?;
        let account = world.account(&id).ok()?;
        if let Some(temporary) = account.temporary_keys.get(key_id) {
            return Some(temporary.identity.arn.clone());
        }
        let user = account.keys.get(key_id)?.user.clone();
        match user {
            Some(user) => user_identity(&mut world, &id, &user, key_id).map(|identity| identity.arn),
            None => Some(root_identity(&world, &id, key_id).arn),
        }
    }
}

enum Served {
    Query(Option<crate::xml::Xml>),
    Json(Value),
}

fn query_call(world: &mut World, dialect: Dialect, action: &str, request: &HttpRequest) -> Result<Served, ApiError> {
    let (caller, region) = authenticate(world, dialect, request)?;
    let params = Params::parse(&String::from_utf8_lossy(&request.body));
    let xml = if dialect == Dialect::Sts {
        sts::serve(world, &caller, action, &params, &region)?
    } else {
        iam::serve(iam::Ctx { world, caller, params: &params, region }, action)?
    };
    Ok(Served::Query(xml))
}

fn json_call(world: &mut World, action: &str, request: &HttpRequest) -> Result<Served, ApiError> {
    let (caller, region) = authenticate(world, Dialect::Organizations, request)?;
    let input: Value = if request.body.is_empty() {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(&request.body)
            .map_err(|_| ApiError::new(400, "SerializationException", "the body is not JSON"))?
    };
    organizations::serve(world, &caller, action, &input, &region).map(Served::Json)
}

/// The principal that acts from an account in-process.
fn actor(world: &mut World, account: &str) -> Result<Identity, ApiError> {
    if account == MASTER {
        let role = world.account(MASTER)?.roles.truth(TURBOT_ROLE).cloned();
        if let Some(role) = role {
            return Ok(Identity {
                account: MASTER.to_owned(),
                arn: format!("arn:{}:sts::{MASTER}:assumed-role/{}/turbot", world.partition, role.name),
                user_id: format!("{}:turbot", role.unique_id),
                access_key_id: String::new(),
                principal: Principal::Role {
                    name: role.name.clone(),
                    arn: world.arn(MASTER, "role", &role.path, &role.name),
                    unique_id: role.unique_id.clone(),
                },
                session_policies: Vec::new(),
                mfa: false,
                temporary: true,
            });
        }
    }
    let admin = user_identity(world, account, ADMIN, "");
    admin.ok_or_else(|| ApiError::new(403, "InvalidClientTokenId", format!("{account} has no user to act by")))
}

/// The IAM of an account that the caller says exists.
pub(crate) fn existing<'a>(world: &'a mut World, account: &str) -> &'a mut world::Account {
    match world.account(account) {
        Ok(state) => state,
        Err(error) => panic!("{}", error.message),
    }
}
