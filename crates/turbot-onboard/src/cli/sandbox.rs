//! `sandbox`: a simulated AWS and a simulated Turbot, to try things out.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use onboard_core::{Partition, escaped, shown};
use onboard_sandbox::{Consistency, Fault, Options, Sandbox, TurbotOptions};
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

use super::groups::SandboxOptions;
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::json;
use crate::run;
use crate::settings::duration;
use crate::settings::global::{Global, Output};
use crate::settings::resolver::Resolver;
use crate::signal::either;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard sandbox > sandbox.env &
  . ./sandbox.env && turbot-onboard apply --account-id ... --turbot-id aab
  turbot-onboard sandbox --accounts 200 > sandbox.env &   # an organization: see SANDBOX_MANAGEMENT_...
  turbot-onboard sandbox --accounts 100 --import-time 5s --aws-lag 2s --faults faults.json

A fault: {\"call\": \"iam:CreateRole\", \"nth\": 1, \"when\": \"after\", \"what\": \"reset\"}";

/// Serve a simulated AWS and a simulated Turbot until interrupted, and print the environment to use them
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SandboxCommand {
    #[command(flatten)]
    options: SandboxOptions,
}

impl SandboxCommand {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let (global, options) = edge.settle("sandbox", &[&self.options.0], resolve)?;
        let runtime = run::runtime()?;
        let exit = runtime.block_on(async {
            match serve(options, &global).await {
                Ok(exit) => exit,
                Err(error) => {
                    console::say(&format!("error: the sandbox cannot be served: {error}"));
                    Exit::FAILED
                }
            }
        });
        runtime.shutdown_background();
        Ok(exit)
    }
}

fn resolve(r: &Resolver<'_>) -> Option<Options> {
    let default = Options::default();
    let time = |name, default| r.parsed(name, duration::parse).unwrap_or(default);
    let loopback = |port: u64| SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap_or_default()));
    // Turbot's port is the next one; 0 stands for any.
    let port = r.number("port", 1024, 65534);
    let latency = time("latency", Duration::ZERO);
    let lag = time("aws-lag", Duration::ZERO);
    let turbot = TurbotOptions {
        import_time: time("import-time", Duration::from_secs(2)),
        visible_after: time("visible-after", Duration::ZERO),
        ..default.turbot
    };
    let faults = r.parsed("faults", |path| {
        let text = std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", shown(path)))?;
        serde_json::from_slice::<Vec<Fault>>(&text).map_err(|error| format!("{} holds no faults: {error}", shown(path)))
    });
    Some(Options {
        accounts: r.number("accounts", 0, 10_000).and_then(|n| usize::try_from(n).ok()).unwrap_or(default.accounts),
        // Accounts that are of no use are part of every organization.
        organization_extras: true,
        partition: r
            .parsed("partition", str::parse::<Partition>)
            .map_or(default.partition, |partition| partition.to_string()),
        latency,
        turbot_latency: latency,
        consistency: Consistency {
            role_visible: lag,
            user_visible: lag,
            key_visible: lag,
            policy_visible: lag,
            ..default.consistency
        },
        faults: faults.unwrap_or_default(),
        seed: r.number("seed", 0, u64::MAX).unwrap_or_default(),
        addr: loopback(port.unwrap_or(0)),
        turbot_addr: loopback(port.map_or(0, |port| port + 1)),
        turbot,
        ..Options::default()
    })
}

async fn serve(options: Options, global: &Global) -> std::io::Result<Exit> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let sandbox = Sandbox::start(options).await?;
    let text = match global.output {
        Output::Json => {
            let object: Map<String, Value> =
                environment(&sandbox).into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            json::document(&object)
        }
        Output::Text => exports(&sandbox),
    };
    let exit = Exit::DONE.after_writing(console::deliver(&text));
    either(&mut interrupt, &mut terminate).await;
    sandbox.stop().await;
    Ok(exit)
}

/// What points a tool at the sandbox; and, apart from it, the keys that manage the organization.
fn environment(sandbox: &Sandbox) -> Vec<(String, String)> {
    let keys = sandbox.cloud().management_credentials();
    let management = [
        ("SANDBOX_MANAGEMENT_ACCESS_KEY_ID".to_owned(), keys.access_key_id),
        ("SANDBOX_MANAGEMENT_SECRET_ACCESS_KEY".to_owned(), keys.secret_access_key),
    ];
    sandbox.environment().into_iter().chain(management).collect()
}

/// Lines for a shell: the accounts as comments, the environment as exports.
fn exports(sandbox: &Sandbox) -> String {
    let cloud = sandbox.cloud();
    let mut lines = vec!["# A simulated AWS and a simulated Turbot, until this command is interrupted.".to_owned()];
    for account in cloud.accounts() {
        let id = account.id.as_str();
        let what = match id {
            _ if id == cloud.master_account() => "Turbot's master account",
            _ if id == cloud.management_account() => "the organization's management account",
            _ if id == cloud.member(0) => "a member account, whose administrator these keys are of",
            _ => "a member account",
        };
        lines.push(format!("# {}: {what} ({})", escaped(id), escaped(&account.name)));
    }
    let export = |(name, value): (String, String)| format!("export {name}={}", quoted(&value));
    lines.extend(environment(sandbox).into_iter().map(export));
    lines.push(String::new());
    lines.join("\n")
}

/// A value as one word of a POSIX shell, whatever is in it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_value_back() {
        for value in ["plain", "", "it's", "a b;$(id)`id`\\", "'"] {
            let script = format!("printf %s {}", quoted(value));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
        }
    }
}
