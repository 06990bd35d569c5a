//! The state of the simulated AWS: its accounts, made when they are first touched.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::identity::Identity;
use crate::minting::Mint;
use crate::options::{Consistency, Options, Quotas};
use crate::policy_document::Document;
use crate::slot::{Lag, Table};
use crate::view::AccountState;
use crate::wire::ApiError;

pub(crate) const MANAGEMENT: &str = "999988887777";
pub(crate) const MASTER: &str = "210987654321";
/// The first members; further ones are counted up from [`LATER_MEMBERS`].
const MEMBERS: [&str; 3] = ["111122223333", "012345678901", "444455556666"];
const LATER_MEMBERS: u64 = 300_000_000_000;
const SUSPENDED: &str = "555566667777";
const PENDING: &str = "666677778888";
/// The user with administrator rights that every account starts with.
pub(crate) const ADMIN: &str = "admin";
/// The role by which the simulated Turbot acts from the master account.
pub(crate) const TURBOT_ROLE: &str = "turbot_cluster";
pub(crate) const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";

/// Tags by key in the spelling of the first use.
pub(crate) type Tags = Vec<(String, String)>;

/// What roles and users have in common: policies and tags.
#[derive(Clone, Default)]
pub(crate) struct Grants {
    /// ARNs in the order of attachment.
    pub(crate) attached: Vec<String>,
    pub(crate) inline: BTreeMap<String, String>,
    pub(crate) boundary: Option<String>,
    pub(crate) tags: Tags,
}

#[derive(Clone)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) unique_id: String,
    pub(crate) created: Timestamp,
    pub(crate) description: Option<String>,
    /// The document as IAM keeps it, principals rewritten.
    pub(crate) trust: String,
    /// The unique ids of the users and roles that the document names by ARN.
    pub(crate) trust_ids: Vec<(String, String)>,
    pub(crate) max_session: u32,
    pub(crate) grants: Grants,
    /// Until then, writes to it do not find it either.
    pub(crate) visible_at: Instant,
}

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) unique_id: String,
    pub(crate) created: Timestamp,
    pub(crate) grants: Grants,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) login_profile: Option<Timestamp>,
    pub(crate) mfa_devices: Vec<String>,
    pub(crate) ssh_keys: Vec<String>,
    pub(crate) service_credentials: Vec<String>,
    pub(crate) certificates: Vec<String>,
    /// Until then, writes to it do not find it either.
    pub(crate) visible_at: Instant,
}

#[derive(Clone)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) unique_id: String,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) description: Option<String>,
    pub(crate) versions: Vec<PolicyVersion>,
    pub(crate) default_version: u32,
    pub(crate) tags: Tags,
    /// Until then, writes to it do not find it either.
    pub(crate) visible_at: Instant,
}

#[derive(Clone)]
pub(crate) struct PolicyVersion {
    pub(crate) number: u32,
    pub(crate) document: String,
    pub(crate) created: Timestamp,
}

impl Policy {
    pub(crate) fn default_document(&self) -> &str {
        self.versions.iter().find(|v| v.number == self.default_version).map_or("", |v| v.document.as_str())
    }
}

pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// The user's key in the table; none for the root user.
    pub(crate) user: Option<String>,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    pub(crate) usable_at: Instant,
    pub(crate) refusals_left: u32,
    /// From when on, and after how many lists, a list shows it.
    pub(crate) listed_at: Instant,
    pub(crate) lists_without: u32,
    pub(crate) last_used: Option<(Timestamp, String, String)>,
}

pub(crate) struct TemporaryKey {
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
    pub(crate) identity: Identity,
}

pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) unique_id: String,
    pub(crate) created: Timestamp,
}

pub(crate) struct InstanceProfile {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) unique_id: String,
    pub(crate) created: Timestamp,
    /// The table key of its role.
    pub(crate) role: Option<String>,
}

/// The IAM of one account.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) roles: Table<Role>,
    pub(crate) users: Table<User>,
    pub(crate) policies: Table<Policy>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) profiles: BTreeMap<String, InstanceProfile>,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) temporary_keys: HashMap<String, TemporaryKey>,
    pub(crate) alias: Option<String>,
    /// By the table key of the role.
    pub(crate) role_last_used: HashMap<String, Timestamp>,
    /// GetRole answers so far, by unique id, while they may show an odd ARN.
    pub(crate) role_arn_reads: HashMap<String, u32>,
}

/// A place in the directory of accounts.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) state: AccountState,
    pub(crate) joined: Timestamp,
    /// The organizational unit, by its place in [`World::units`]; none is the root. Accounts outside of the
    /// organization have no place at all.
    pub(crate) place: Option<Place>,
    pub(crate) tags: Tags,
    pub(crate) service_control: Vec<(String, Arc<Document>)>,
    pub(crate) resource_control: Vec<(String, Arc<Document>)>,
    account: Option<Box<Account>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Root,
    Unit(usize),
}

pub(crate) struct Unit {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent: Place,
}

pub(crate) struct World {
    pub(crate) partition: String,
    pub(crate) consistency: Consistency,
    pub(crate) quotas: Quotas,
    pub(crate) authorization: bool,
    pub(crate) clock: Arc<Clock>,
    pub(crate) mint: Arc<Mint>,
    pub(crate) organization_id: String,
    pub(crate) root_id: String,
    pub(crate) units: Vec<Unit>,
    pub(crate) delegated_administrators: BTreeSet<String>,
    pub(crate) directory: BTreeMap<String, Entry>,
    /// Accounts that exist at AWS, outside of this world: principals may name them.
    pub(crate) foreign: BTreeSet<String>,
}

impl World {
    pub(crate) fn new(options: &Options, clock: Arc<Clock>, mint: Arc<Mint>) -> Self {
        let units = ["Workloads", "Sandboxes", "Production"].iter().enumerate().map(|(i, name)| Unit {
            id: format!("ou-a1b2-{:08}", 10_000_001 + i),
            name: (*name).to_owned(),
            parent: if i == 2 { Place::Unit(0) } else { Place::Root },
        });
        let mut world = Self {
            partition: options.partition.clone(),
            consistency: options.consistency.clone(),
            quotas: options.quotas.clone(),
            authorization: options.authorization,
            clock,
            mint,
            organization_id: "o-aa111bb222".to_owned(),
            root_id: "r-a1b2".to_owned(),
            units: units.collect(),
            delegated_administrators: BTreeSet::new(),
            directory: BTreeMap::new(),
            foreign: BTreeSet::new(),
        };
        world.register(MANAGEMENT, "management", AccountState::Active, Some(Place::Root));
        let place = options.master_in_organization.then_some(Place::Root);
        world.register(MASTER, "turbot-master", AccountState::Active, place);
        for i in 0..options.accounts {
            let place = match i % 4 {
                0 => Place::Unit(0),
                1 => Place::Unit(1),
                2 => Place::Unit(2),
                _ => Place::Root,
            };
            world.register(&member_id(i), &format!("member-{}", i + 1), AccountState::Active, Some(place));
        }
        if options.organization_extras {
            world.register(SUSPENDED, "suspended", AccountState::Suspended, Some(Place::Unit(0)));
            world.register(PENDING, "pending", AccountState::PendingActivation, Some(Place::Root));
        }
        world
    }

    fn register(&mut self, id: &str, name: &str, state: AccountState, place: Option<Place>) {
        let entry = Entry {
            name: name.to_owned(),
            email: format!("{name}@example.com"),
            state,
            joined: self.clock.now(),
            place,
            tags: Vec::new(),
            service_control: Vec::new(),
            resource_control: Vec::new(),
            account: None,
        };
        self.directory.insert(id.to_owned(), entry);
    }

    /// The directory's entry of an account that must exist.
    pub(crate) fn entry(&mut self, id: &str) -> Result<&mut Entry, ApiError> {
        self.directory.get_mut(id).ok_or_else(|| unknown_account(id))
    }

    /// The IAM of an account, made now if nothing has touched it yet.
    pub(crate) fn account(&mut self, id: &str) -> Result<&mut Account, ApiError> {
        let entry = self.directory.get(id).ok_or_else(|| unknown_account(id))?;
        if entry.account.is_none() {
            let in_organization = entry.place.is_some();
            let account = self.fresh_account(id, in_organization);
            self.entry(id)?.account = Some(Box::new(account));
        }
        self.entry(id)?.account.as_deref_mut().ok_or_else(|| unknown_account(id))
    }

    fn fresh_account(&self, id: &str, in_organization: bool) -> Account {
        let mut account = Account::default();
        let created = self.directory.get(id).map_or(Timestamp::UNIX_EPOCH, |entry| entry.joined);
        // What an account starts with has long been there when the account is first touched.
        let now = self.clock.started();
        let lag = Lag { now, hidden: Duration::ZERO, reads: 0 };
        let administrator = Grants { attached: vec![self.aws_policy_arn("AdministratorAccess")], ..Grants::default() };
        let role = |name: &str, principal: String| Role {
            name: name.to_owned(),
            path: "/".to_owned(),
            unique_id: self.mint.unique_id("AROA"),
            created,
            description: None,
            trust: format!(
                "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{principal},\
                 \"Action\":\"sts:AssumeRole\"}}]}}"
            ),
            trust_ids: Vec::new(),
            max_session: 3600,
            grants: administrator.clone(),
            visible_at: now,
        };
        if in_organization && id != MANAGEMENT {
            let principal = format!("{{\"AWS\":\"arn:{}:iam::{MANAGEMENT}:root\"}}", self.partition);
            account.roles.put(&key(ACCESS_ROLE), role(ACCESS_ROLE, principal), lag);
        }
        if id == MASTER {
            let principal = "{\"Service\":\"ec2.amazonaws.com\"}".to_owned();
            account.roles.put(TURBOT_ROLE, role(TURBOT_ROLE, principal), lag);
        }
        let user = User {
            name: ADMIN.to_owned(),
            path: "/".to_owned(),
            unique_id: self.mint.unique_id("AIDA"),
            created,
            grants: administrator,
            groups: BTreeSet::new(),
            login_profile: None,
            mfa_devices: Vec::new(),
            ssh_keys: Vec::new(),
            service_credentials: Vec::new(),
            certificates: Vec::new(),
            visible_at: now,
        };
        account.users.put(ADMIN, user, lag);
        for user in [Some(ADMIN), None] {
            let label = user.unwrap_or("root");
            let id = self.mint.key_id("AKIA", id, Some(label));
            let key = Key {
                secret: self.mint.secret(Some(&id)),
                id: id.clone(),
                user: user.map(str::to_owned),
                active: true,
                created,
                usable_at: now,
                refusals_left: 0,
                listed_at: now,
                lists_without: 0,
                last_used: None,
            };
            account.keys.insert(id, key);
        }
        account
    }

    /// What is certain of an account id: that it names an account at AWS.
    pub(crate) fn account_exists(&self, id: &str) -> bool {
        self.directory.contains_key(id) || self.foreign.contains(id)
    }

    pub(crate) fn arn(&self, account: &str, kind: &str, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{account}:{kind}{path}{name}", self.partition)
    }

    pub(crate) fn aws_policy_arn(&self, name: &str) -> String {
        format!("arn:{}:iam::aws:policy/{name}", self.partition)
    }

    /// The lag of a write to something that may be new, and is then hidden for `hidden` at least.
    pub(crate) fn lag(&self, hidden: Duration) -> Lag {
        Lag {
            now: self.clock.monotonic(),
            hidden: hidden.max(self.consistency.stale_reads),
            reads: self.consistency.invisible_reads,
        }
    }

    /// A member's ids from the root down, as `Account.Paths` has them.
    pub(crate) fn path_of(&self, id: &str, place: Place) -> String {
        let mut units = Vec::new();
        let mut at = place;
        while let Place::Unit(i) = at {
            units.push(self.units[i].id.as_str());
            at = self.units[i].parent;
        }
        units.reverse();
        let mut path = format!("{}/{}/", self.organization_id, self.root_id);
        for unit in units {
            path.push_str(unit);
            path.push('/');
        }
        format!("{path}{id}/")
    }
}

/// The key of a table for a name: IAM's names are unique irrespective of case.
pub(crate) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The id of the nth member account, from 0.
pub(crate) fn member_id(n: usize) -> String {
    MEMBERS.get(n).map_or_else(|| format!("{:012}", LATER_MEMBERS + n as u64 * 10_000_019), |id| (*id).to_owned())
}

fn unknown_account(id: &str) -> ApiError {
    ApiError::new(403, "InvalidClientTokenId", format!("the account {id} does not exist"))
}
