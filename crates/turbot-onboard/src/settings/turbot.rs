//! Where Turbot is and with which key, and how it spells its maintenance levels.

use onboard_core::{MaintenanceSpelling, Secret, UpdateVerb};

use super::keys;
use super::profile;
use super::resolver::Resolver;
use super::source::Given;

/// Turbot's address, key and certificates.
#[derive(Debug)]
pub(crate) struct TurbotOptions {
    pub(crate) url: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: Secret,
    pub(crate) ca_bundle: Option<Vec<u8>>,
}

/// Whether a verb can do without Turbot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It cannot.
    Required,
    /// It can, if nothing of Turbot is configured; it then looks at AWS alone.
    Optional,
}

/// Resolves them; half a configuration is a fault even where none is needed.
pub(crate) fn resolve(r: &Resolver<'_>, need: Need) -> Option<TurbotOptions> {
    let profile = profile::resolve(r);
    let keys = keys::resolve(r, profile.as_ref());
    let from_profile = profile.as_ref().and_then(|profile| profile.url.clone());
    let url = r.text("turbot-url").or_else(|| from_profile.clone());
    let ca_bundle = r.layers.find("turbot-ca-bundle").map(|given| {
        std::fs::read(given.text()).map_err(|error| {
            let message = format!("{} cannot be read: {error}", onboard_core::shown(given.text()));
            r.fault(&given.source, message);
        })
    });
    if need == Need::Optional && url.is_none() {
        return None;
    }
    if url.is_none() {
        r.missing("turbot-url");
    }
    if keys.is_none() && !has_key_source(r) {
        r.fault(
            "Turbot's keys",
            "they are missing; set TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY, or give --turbot-key-file, \
             --turbot-key-command or --turbot-profile",
        );
    }
    if let Some(given) = r.layers.find("turbot-url")
        && let Err(message) = onboard_engine::check_turbot_url(given.text())
    {
        r.fault(&given.source, message);
    }
    if r.layers.find("turbot-url").is_none()
        && let Some(url) = &from_profile
        && let Err(message) = onboard_engine::check_turbot_url(url)
    {
        r.fault_of("turbot-profile", message);
    }
    if let Some(keys) = &keys
        && let Err(message) = onboard_engine::check_turbot_key(&keys.access_key, &keys.secret_key)
    {
        r.fault("Turbot's keys", message);
    }
    let (url, keys) = (url?, keys?);
    Some(TurbotOptions {
        url,
        access_key: keys.access_key,
        secret_key: keys.secret_key,
        ca_bundle: ca_bundle.transpose().ok()?,
    })
}

/// Whether the keys were looked for anywhere: then what is wrong with them was said already.
fn has_key_source(r: &Resolver<'_>) -> bool {
    let environment = r.layers.environment;
    environment.access_key.is_some()
        || environment.secret_key.is_some()
        || r.layers.find("turbot-key-file").is_some()
        || r.layers.find("turbot-profile").is_some()
        || r.layers.find("turbot-key-command").is_some()
        || ["access_key_file", "secret_key_file", "key_command"]
            .iter()
            .any(|key| r.layers.in_files(&format!("turbot.{key}")).is_some())
}

/// Resolves how maintenance is spelled.
pub(crate) fn spelling(r: &Resolver<'_>) -> MaintenanceSpelling {
    let default = MaintenanceSpelling::default();
    let value = |key: &str, default: String| {
        let given = r.layers.in_files(&format!("maintenance_values.{key}"));
        given.map_or(default, |given| given.text().to_owned())
    };
    MaintenanceSpelling {
        no_changes: value("no_changes", default.no_changes),
        check: value("check", default.check),
        full: value("full", default.full),
        replaced_with: match r.layers.in_files("maintenance_values.replaced_with").map(Given::text) {
            Some("PUT") => Some(UpdateVerb::Put),
            Some("PATCH") => Some(UpdateVerb::Patch),
            _ => None,
        },
    }
}
