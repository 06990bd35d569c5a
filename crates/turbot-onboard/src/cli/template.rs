//! `template`: what `apply` would make, written down for those who may not let a tool make it.

use clap::Subcommand;
use onboard_core::{Chosen, ErrorReport, ExternalId, Partition, Wanted};

use super::groups::{AccountOptions, ConsentOptions, FleetOptions, PolicyOptions, StackOptions, TurbotOptions, Typed};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::json;
use crate::run;
use crate::settings::global::{Global, Output};
use crate::settings::resolver::Resolver;
use crate::settings::{fleet, wanted};
use crate::template::cloudformation::{self, Form};
use crate::template::document::TemplateDocument;
use crate::template::permissions::{self, Verb};
use crate::template::{Blueprint, Refusal, commands, terraform};

const EXAMPLES: &str = "\
Examples:
  turbot-onboard template cloudformation --account-id 111122223333 --turbot-id aab > turbot-onboard.yaml
  turbot-onboard template terraform --account-id 111122223333 --turbot-id aab > main.tf
  turbot-onboard template commands --account-id 111122223333 --turbot-id aab > onboard.sh
  turbot-onboard template cloudformation --stackset --manifest accounts.csv > stackset.yaml
  turbot-onboard template policy --for apply --account-id 111122223333 --turbot-id aab > caller.json
  turbot-onboard template policy --for discover > caller.json

Nobody is asked: neither AWS nor Turbot, and no keys are needed. Turbot's half goes on from what a template made with
`apply --adopt`, which does not have it deleted: a template's role that Turbot deletes is drift for ever. A template that is made anew draws new
external IDs for accounts that have none in the manifest: first put those of the one that was carried out there.";

/// Write down what `apply` would create, for those who may not let a tool create it
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Template {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Cloudformation(Cloudformation),
    Terraform(Terraform),
    Policy(Policy),
    Commands(Commands),
}

/// A CloudFormation template: the external ID is its parameter, the role's ARN an output
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
struct Cloudformation {
    #[command(flatten)]
    stack: StackOptions,
    #[command(flatten)]
    options: Options,
}

/// A Terraform module with variables, outputs and a guard against the wrong account
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
struct Terraform {
    #[command(flatten)]
    options: Options,
}

/// The role's trust policy, and the least permissions that the caller of each verb needs
///
/// A verb that needs none (maintenance) prints no policy, and says so on standard error. With --assume-role the caller
/// needs the policy `enter`, and the role that it assumes the verb's.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
struct Policy {
    #[command(flatten)]
    policy: PolicyOptions,
    #[command(flatten)]
    options: Options,
}

/// The exact aws commands, as a shell script
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
struct Commands {
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct Options {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    account: AccountOptions,
    #[command(flatten)]
    consents: ConsentOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
}

impl Options {
    fn typed(&self) -> [&Typed; 4] {
        [&self.fleet.0, &self.account.0, &self.consents.0, &self.turbot.0]
    }
}

/// What `template policy` is asked for.
enum Asked {
    All,
    Trust,
    Caller(Verb),
    Enter,
}

impl Template {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        let done = match &self.what {
            What::Cloudformation(it) => it.carry(edge),
            What::Terraform(it) => {
                text(edge, "terraform", &it.options.typed(), |_, blueprints| Ok(terraform::render(blueprints)))
            }
            What::Policy(it) => it.carry(edge),
            What::Commands(it) => {
                text(edge, "commands", &it.options.typed(), |_, blueprints| Ok(commands::render(blueprints)))
            }
        };
        done.unwrap_or_else(|exit| exit)
    }
}

impl Cloudformation {
    fn carry(&self, edge: &Edge) -> Result<Exit, Exit> {
        let [fleet, account, consents, turbot] = self.options.typed();
        text(edge, "cloudformation", &[&self.stack.0, fleet, account, consents, turbot], |stack_set, blueprints| {
            let form = if stack_set { Form::StackSet } else { Form::Stack };
            let text = cloudformation::render(blueprints, form)?;
            if cloudformation::needs_an_address(&text) {
                console::say(&format!("warning: {}", cloudformation::about_its_length(&text, form)));
            }
            Ok(text)
        })
    }
}

impl Policy {
    fn carry(&self, edge: &Edge) -> Result<Exit, Exit> {
        let [fleet, account, consents, turbot] = self.options.typed();
        let typed = [&self.policy.0, fleet, account, consents, turbot];
        let (global, (accounts, asked)) = edge.settle("template policy", &typed, |r| {
            let asked = match r.choice("for") {
                None => Asked::All,
                Some("trust") => Asked::Trust,
                Some(permissions::ENTER) => Asked::Enter,
                Some(word) => Asked::Caller(Verb::ALL.into_iter().find(|verb| verb.name() == word)?),
            };
            // Whoever lists an organization knows no account yet.
            let lists = matches!(asked, Asked::Caller(Verb::Discover));
            Some((if lists { vec![] } else { accounts(r)? }, asked))
        })?;
        let blueprints = blueprints(edge, &global, &accounts)?;
        let roles: Vec<String> = accounts.into_iter().flat_map(|account| account.roles).collect();
        let refuse = |why: &str| {
            console::say(&format!("error: {why}"));
            Ok(Exit::USAGE)
        };
        // Where no permission is needed there is no policy: AWS takes none without a statement.
        let (policy, why) = match asked {
            Asked::All => {
                let document = TemplateDocument::of_policies(&blueprints, &roles);
                return Ok(Exit::DONE.after_writing(console::deliver_document(&document)));
            }
            Asked::Trust => match &blueprints[..] {
                [only] if only.role.is_some() => (only.trust_policy(), ""),
                [_] => return refuse("a user has no trust policy"),
                _ => {
                    return refuse("each account has a trust policy of its own; leave --for out to see them all");
                }
            },
            Asked::Caller(verb) => (
                permissions::policy(verb, &blueprints),
                "this verb needs no permission of AWS: it asks who is calling, which nobody can be denied",
            ),
            Asked::Enter => (
                permissions::enter(&roles),
                "no permission of AWS is needed to enter: no role is to be assumed (--assume-role, assume_role)",
            ),
        };
        let text = match (policy, global.output) {
            (Some(policy), _) => {
                if let Some(warning) = permissions::about_its_length(&policy) {
                    console::say(&format!("warning: {warning}"));
                }
                json::document(&policy)
            }
            (None, output) => {
                console::say(why);
                if output == Output::Json { json::document(&()) } else { String::new() }
            }
        };
        Ok(Exit::DONE.after_writing(console::deliver(&text)))
    }
}

/// An account that a template is for.
struct Account {
    wanted: Wanted,
    partition: Partition,
    /// The ARNs of the roles by which it is entered.
    roles: Vec<String>,
}

/// The accounts that a template is for: one, or those of a manifest.
fn accounts(r: &Resolver<'_>) -> Option<Vec<Account>> {
    let account = |r: &Resolver<'_>| {
        let (wanted, aws) = (wanted::resolve(r, None), wanted::resolve_aws(r));
        let wanted = wanted?;
        let partition = wanted::partition(r, &wanted);
        let arn = |role: String| match role.strip_prefix("arn:") {
            Some(_) => role,
            None => format!("arn:{partition}:iam::{}:role/{role}", wanted.account_id),
        };
        let roles = aws.assume_role.into_iter().chain(aws.or_roles).map(arn).collect();
        Some(Account { wanted, partition, roles })
    };
    if r.layers.find("manifest").is_none() {
        return Some(vec![account(r)?]);
    }
    fleet::jobs(r, fleet::manifest(r)?, |r, _| account(r))
}

fn blueprints(edge: &Edge, global: &Global, accounts: &[Account]) -> Result<Vec<Blueprint>, Exit> {
    let made = accounts.iter().map(|account| {
        // 122 random bits from the operating system, for a role whose external ID is not given.
        let id = uuid::Uuid::new_v4().hyphenated().to_string();
        let chosen = Chosen { external_id: ExternalId::new(id).expect("a UUID is a valid external ID") };
        Blueprint::of(&account.wanted, &account.partition, &chosen)
    });
    made.collect::<Result<_, _>>().map_err(|stop| run::refuse(&ErrorReport::from(stop), edge.talk_paint(global)))
}

/// A template that is a text in another language.
fn text(
    edge: &Edge,
    kind: &'static str,
    typed: &[&Typed],
    render: impl FnOnce(bool, &[Blueprint]) -> Result<String, Refusal>,
) -> Result<Exit, Exit> {
    let (global, (accounts, stack_set)) =
        edge.settle(&format!("template {kind}"), typed, |r| Some((accounts(r)?, r.flag("stackset"))))?;
    let blueprints = blueprints(edge, &global, &accounts)?;
    let text = render(stack_set, &blueprints).map_err(|refusal| {
        console::say(&format!("error: --{}: {}", refusal.option, refusal.message));
        Exit::USAGE
    })?;
    let text = match global.output {
        Output::Text => text,
        Output::Json => json::document(&TemplateDocument::of_text(kind, &blueprints, text)),
    };
    Ok(Exit::DONE.after_writing(console::deliver(&text)))
}
