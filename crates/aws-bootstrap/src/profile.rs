//! What the profile in force says of its credentials, beside what the SDK makes of it.

use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

/// What the SDK does not tell by itself about the profile in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProfileSeen {
    /// Whether it, or one it takes its credentials from, names a multi-factor device, which the SDK leaves out of the
    /// role's assumption.
    pub(crate) needs_mfa: bool,
    /// That it is nowhere, and where it was looked for: the SDK only says that it found no credentials.
    pub(crate) missing: Option<String>,
}

impl ProfileSeen {
    /// Looks at the profile of that name, or else at the one that the environment names.
    pub(crate) async fn look(named: Option<&str>) -> Self {
        let files = EnvConfigFiles::default();
        let (fs, env) = (Fs::real(), Env::real());
        let Ok(set) = aws_config::profile::load(&fs, &env, &files, named.map(|n| n.to_owned().into())).await else {
            return Self::default();
        };
        let selected = set.selected_profile();
        // That nobody wrote a default profile says nothing, unless it is asked for.
        if set.get_profile(selected).is_none() && (named.is_some() || selected != "default") {
            return Self { needs_mfa: false, missing: Some(missing(selected, &env)) };
        }
        let mut name = selected;
        for _ in 0..8 {
            let Some(profile) = set.get_profile(name) else { break };
            if profile.get("mfa_serial").is_some() {
                return Self { needs_mfa: true, missing: None };
            }
            match profile.get("source_profile") {
                Some(source) if source != name => name = source,
                _ => break,
            }
        }
        Self::default()
    }
}

fn missing(profile: &str, env: &Env) -> String {
    let home = env.get("HOME").unwrap_or_else(|_| "~".to_owned());
    let file = |variable, name| env.get(variable).unwrap_or_else(|_| format!("{home}/.aws/{name}"));
    let (config, credentials) = (file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
    format!("the profile '{profile}' is neither in {config} (as [profile {profile}]) nor in {credentials}")
}
