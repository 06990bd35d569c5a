//! An organization as a fleet: what is asked of it, and the manifest that it makes.

use std::sync::Arc;

use onboard_core::{ErrorReport, escaped};
use onboard_engine::{
    AwsAccess, Discovered, Discovering, Session, SessionSettings, StopSignal, TurbotAccess, discover as find,
};

use super::manifest::{Manifest, Row};
use super::resolver::Resolver;
use super::session::{SessionPart, new_run};
use super::wanted;

/// The roles by which the accounts of an organization are entered where nobody says otherwise, in this order.
pub(crate) const ROLES: &[&str] = &["OrganizationAccountAccessRole", "AWSControlTowerExecution"];

/// Lists the organization. `None` if something is wrong with the settings, which the resolver has noted.
///
/// # Errors
/// It cannot be listed.
pub(crate) fn discover(r: &Resolver<'_>, part: &SessionPart) -> Result<Option<Discovered>, ErrorReport> {
    let template = r.parsed("turbot-id-template", |text| {
        let varies = ["{name}", "{account_id}", "{number}"].iter().any(|part| text.contains(part));
        if varies { Ok(text.to_owned()) } else { Err("it needs {name}, {account_id} or {number} in it") }
    });
    if template.is_none() && r.layers.find("turbot-id-template").is_some() {
        return Ok(None);
    }
    let list = |name| r.layers.find(name).map(|given| given.values).unwrap_or_default();
    let master = r.text("master-account-id").and_then(|text| text.rsplit(':').find_map(|part| part.parse().ok()));
    let wanted = Discovering {
        units: list("ou"),
        exclude: list("exclude"),
        tags: r.flag("tags"),
        template: template.unwrap_or_else(|| "{name}".to_owned()),
        management: r.flag("allow-management-account"),
        master,
        master_too: r.flag("allow-master-account"),
    };
    // The role is that of the accounts; the organization is asked by whoever calls.
    let access = AwsAccess { assume_role: None, or_roles: vec![], ..wanted::resolve_aws(r) };
    let session = session(part)?;
    let runtime = crate::run::runtime()
        .map_err(|_| ErrorReport::new(onboard_core::ErrorKind::Bug, "the system gives no threads or sockets"))?;
    let found = runtime.block_on(find(&session, &access, &wanted));
    runtime.shutdown_background();
    found.map(Some)
}

/// A session that only looks: it has no audit log, and nobody watches.
fn session(part: &SessionPart) -> Result<Session, ErrorReport> {
    Session::new(SessionSettings {
        run: new_run(),
        times: part.times,
        spelling: part.spelling.clone(),
        turbot: part.turbot.as_ref().map(|turbot| TurbotAccess {
            url: turbot.url.clone(),
            access_key: turbot.access_key.clone(),
            secret_key: turbot.secret_key.duplicate(),
            ca_bundle: turbot.ca_bundle.clone(),
        }),
        audit_log: None,
        take_over: false,
        quick: false,
        keep_on_failure: false,
        assume_not_sent: false,
        allowed_endpoint: part.allowed_endpoint.clone(),
        events: Arc::new(|_| {}),
        stop: StopSignal::new(),
    })
}

/// The manifest of what was found. The management account is entered by nobody but its own caller.
pub(crate) fn manifest(r: &Resolver<'_>, found: &Discovered) -> Manifest {
    let roles = r.text("assume-role").unwrap_or_else(|| ROLES.join(";"));
    let row = |account: &onboard_engine::FoundAccount| {
        let mut values = vec![
            ("account-id", vec![account.account_id.to_string()]),
            ("turbot-id", vec![account.turbot_id.to_string()]),
            ("title", vec![account.name.clone()]),
        ];
        if !account.own {
            values.push(("assume-role", vec![roles.clone()]));
        }
        if !account.tags.is_empty() {
            values.push(("tag", account.tags.iter().map(|(key, value)| format!("{key}={value}")).collect()));
        }
        Row::made(&format!("account {} ({})", account.account_id, escaped(&account.name)), values)
    };
    Manifest { defaults: Row::default(), rows: found.accounts.iter().map(row).collect() }
}
