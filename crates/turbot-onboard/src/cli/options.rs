//! Every option of the tool, in the order of the help.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::spec::{Kind, Spec};

const GRANTS: &str = "it decides whom the account is opened to, and what for";
const KEYS: &str = "it decides where Turbot's keys come from and go to";
const CONSENT: &str = "a consent is given by a person, not by a folder";
const AUDIT: &str = "it decides where the evidence is written";

/// The words of `--maintenance`.
pub(crate) const MAINTENANCE: &[&str] = &["keep", "no-changes", "check", "full"];

/// What is wanted of one account.
pub(crate) const ACCOUNT: &[Spec] = &[
    Spec::new("account-id", Kind::Text, "12-DIGITS", "The AWS account it must be; any other is refused"),
    Spec::new("turbot-id", Kind::Text, "ID", "The account's own id in Turbot, such as aab"),
    Spec::new("title", Kind::Text, "TEXT", "Its title in Turbot [default: the Turbot id]"),
    Spec::new(
        "description",
        Kind::Text,
        "TEXT",
        "Its description in Turbot [default: names the account and this tool]",
    ),
    Spec::new("with", Kind::Choice(&["role", "keys"]), "KIND", "What Turbot imports it with [default: role]"),
    Spec::new("role-name", Kind::Text, "NAME", "The role's name [default: turbot-onboard]"),
    Spec::new("user-name", Kind::Text, "NAME", "The user's name, with --with keys [default: turbot-onboard]"),
    Spec::new("role-path", Kind::Text, "PATH", "The path of the role or user [default: /]"),
    Spec::new("role-description", Kind::Text, "TEXT", "The role's description in IAM"),
    Spec::new(
        "max-session-duration",
        Kind::Number,
        "SECONDS",
        "The role's longest session, 3600 to 43200 [default: 3600]",
    ),
    Spec::new(
        "policy-arn",
        Kind::List,
        "ARN",
        "A managed policy to attach; repeatable [default: AdministratorAccess of the caller's partition]",
    )
    .own_file(GRANTS),
    Spec::new("permissions-boundary", Kind::Text, "ARN", "The permissions boundary of the role or user"),
    Spec::new("external-id", Kind::Text, "ID", "The external ID [default: the one in force, else a fresh random one]"),
    Spec::new("tag", Kind::List, "KEY=VALUE", "A tag of yours on the role or user; repeatable"),
    Spec::new("check-mode", Kind::Bool, "BOOL", "Import in check mode [default: true]"),
    Spec::new(
        "delete-credential",
        Kind::Bool,
        "BOOL",
        "Ask Turbot to delete the role or key afterwards [default: true; false for what --adopt took over]",
    ),
    Spec::new(
        "maintenance",
        Kind::Choice(MAINTENANCE),
        "LEVEL",
        "The maintenance window to set after the import [default: keep]",
    ),
    Spec::new("profile", Kind::Text, "NAME", "The AWS profile whose credentials are used"),
    Spec::new("region", Kind::Text, "REGION", "The AWS region for STS; it decides the partition"),
    Spec::new(
        "assume-role",
        Kind::Text,
        "ARN-or-NAME",
        "A role in the account to assume first; a name stands for that of --account-id; several, separated by ;, are tried in order",
    )
    .own_file(GRANTS),
    Spec::new(
        "verify-as",
        Kind::Text,
        "PROFILE",
        "A profile in the master account: proves before the hand-over that the external ID is enforced",
    ),
];

/// Consents, each its own.
pub(crate) const CONSENTS: &[Spec] = &[
    Spec::flag("allow-management-account", "Onboard the organization's management account").own_file(CONSENT),
    Spec::flag("allow-root", "Go on although the caller is the account's root user").own_file(CONSENT),
    Spec::flag("allow-master-account", "Onboard Turbot's master account itself").own_file(CONSENT),
    Spec::new("allow-endpoint", Kind::Text, "URL", "Use this AWS endpoint, neither AWS's own nor loopback")
        .own_file(CONSENT),
];

/// Turbot.
pub(crate) const TURBOT: &[Spec] = &[
    Spec::new("turbot-url", Kind::Text, "URL", "Turbot's address, such as https://turbot.example.com")
        .short_variable("TURBOT_URL")
        .own_file(KEYS),
    Spec::new("cluster-id", Kind::Text, "ID", "The Turbot cluster's id, such as mhe")
        .short_variable("TURBOT_CLUSTER_ID"),
    Spec::new(
        "master-account-id",
        Kind::Text,
        "12-DIGITS",
        "Turbot's master AWS account, as 12 digits or arn:PARTITION:iam::ID:root",
    )
    .short_variable("TURBOT_MASTER_ACCOUNT_ID")
    .own_file(GRANTS),
    Spec::new("turbot-ca-bundle", Kind::File, "FILE", "Certificates (PEM) to trust for Turbot instead of the system's")
        .own_file(KEYS),
    Spec::new(
        "turbot-key-file",
        Kind::File,
        "FILE",
        "Turbot's keys: access key and secret key on two lines, or JSON {access_key, secret_key}",
    )
    .own_file(KEYS),
    Spec::new(
        "turbot-key-command",
        Kind::Command,
        "ARG",
        "A program that prints the keys like that file, no shell; repeat it for each argument, or give a JSON array",
    )
    .own_file(KEYS),
    Spec::new(
        "turbot-profile",
        Kind::Text,
        "NAME",
        "A profile of ~/.config/turbot/credentials.yml or ~/.aws/turbothq: its keys, and its address without --turbot-url",
    )
    .own_file(KEYS),
];

/// Times.
pub(crate) const TIMES: &[Spec] = &[
    Spec::new("timeout", Kind::Duration, "TIME", "How long the import call may take [default: 15m]"),
    Spec::new(
        "settle",
        Kind::Duration,
        "TIME",
        "How old an import without an answer must be before another is sent [default: 20m]",
    ),
    Spec::new("lease", Kind::Duration, "TIME", "How long another run's claim is respected [default: 2m]"),
    Spec::new("propagation", Kind::Duration, "TIME", "How long AWS may take to show a change [default: 2m]"),
    Spec::new("visibility", Kind::Duration, "TIME", "How long Turbot may take to show the account [default: 5m]"),
];

/// Everywhere.
pub(crate) const GLOBAL: &[Spec] = &[
    Spec::flag("yes", "Do not ask before something is changed").letter('y').own_file(CONSENT),
    Spec::new("config", Kind::File, "FILE", "The configuration file, in place of ./turbot-onboard.toml and your own")
        .no_file(),
    Spec::new("output", Kind::Choice(&["text", "json"]), "FORMAT", "The form of the result [default: text]"),
    Spec::new("verbose", Kind::Count, "", "Say more").letter('v'),
    Spec::flag("quiet", "Say only what went wrong").letter('q'),
    Spec::new("color", Kind::Choice(&["auto", "always", "never"]), "WHEN", "Colours [default: auto]"),
    Spec::flag("no-input", "Never ask, even at a terminal"),
    Spec::new("audit-log", Kind::File, "FILE", "Where every effect is recorded, one JSON line before and one after it [default: audit.jsonl in the state folder]").own_file(AUDIT),
    Spec::new("concurrency", Kind::Number, "N", "How many accounts at once [default: 16]"),
];

/// `plan` alone.
pub(crate) const PLAN: &[Spec] = &[
    Spec::new("out", Kind::File, "FILE", "Save the plan for `apply --plan` (mode 0600)").no_file(),
    Spec::flag("detailed-exitcode", "Exit with 8 if there are steps").no_file(),
];

/// Verbs that plan.
pub(crate) const ADOPTING: &[Spec] =
    &[Spec::flag("adopt", "Take over a role or user of that name that this tool did not make").own_file(CONSENT)];

/// Verbs that claim an account.
pub(crate) const CLAIMING: &[Spec] =
    &[Spec::flag("take-over", "Take another run's claim over without waiting for its lease to end").own_file(CONSENT)];

/// Verbs that may fail half-way.
pub(crate) const UNDOING: &[Spec] = &[Spec::new(
    "on-failure",
    Kind::Choice(&["undo", "keep"]),
    "WHAT",
    "What becomes of what was made, if it fails before Turbot accepts it [default: undo]",
)];

/// `apply` alone.
pub(crate) const APPLY: &[Spec] = &[
    Spec::new("plan", Kind::File, "FILE", "Carry out this saved plan, and nothing else").no_file(),
    Spec::flag("quick", "Trust Turbot's list: do not look at AWS for accounts that show there"),
];

/// `bootstrap` alone.
pub(crate) const BOOTSTRAP: &[Spec] = &[Spec::new(
    "handoff",
    Kind::File,
    "FILE|-",
    "Where the hand-off goes: a new file (mode 0600), or - for standard output",
)
.no_file()];

/// `import` alone.
pub(crate) const IMPORT: &[Spec] = &[
    Spec::new("handoff", Kind::File, "FILE|-", "The hand-off that `bootstrap` wrote, or - for standard input")
        .no_file(),
    Spec::flag("assume-not-sent", "With -: an account that does not show was never sent to Turbot").no_file(),
];

/// `template cloudformation` alone.
pub(crate) const STACK: &[Spec] =
    &[Spec::flag("stackset", "Make it for a service-managed StackSet of the organization").no_file()];

/// `template policy` alone.
pub(crate) const POLICY: &[Spec] = &[Spec::new(
    "for",
    Kind::Choice(&[
        "trust",
        "plan",
        "apply",
        "bootstrap",
        "verify",
        "maintenance",
        "cleanup",
        "doctor",
        "discover",
        "enter",
    ]),
    "WHAT",
    "One policy document alone: the role's trust policy, what the caller of a verb needs, or (enter) what it needs to \
     assume the roles of --assume-role, which then need the verb's [default: all of them]",
)
.no_file()];

/// `sandbox` alone.
pub(crate) const SANDBOX: &[Spec] = &[
    Spec::new("accounts", Kind::Number, "N", "Member accounts, besides the master account [default: 2]").no_file(),
    Spec::new("port", Kind::Number, "PORT", "The simulated AWS's port; Turbot's is the next one [default: any free]")
        .no_file(),
    Spec::new("partition", Kind::Text, "NAME", "The partition: aws, aws-cn, aws-us-gov, ... [default: aws]").no_file(),
    Spec::new("latency", Kind::Duration, "TIME", "How long every call takes [default: 0ms]").no_file(),
    Spec::new("import-time", Kind::Duration, "TIME", "How long Turbot's import takes [default: 2s]").no_file(),
    Spec::new("visible-after", Kind::Duration, "TIME", "How long an imported account does not show yet [default: 0ms]")
        .no_file(),
    Spec::new("aws-lag", Kind::Duration, "TIME", "How long a new role, user, key or policy is not seen [default: 0ms]")
        .no_file(),
    Spec::new("faults", Kind::File, "FILE", "A JSON array of faults: call, nth, when, what").no_file(),
    Spec::new("seed", Kind::Number, "N", "What ids and keys are made from: the same seed, the same world [default: 0]")
        .no_file(),
];

/// Verbs whose result is a report.
pub(crate) const REPORT: &[Spec] = &[Spec::new(
    "report",
    Kind::List,
    "FILE",
    "Also write the report for people: one page (.html) or a table (.csv); repeatable",
)
.no_file()];

/// Where the accounts of a fleet come from.
pub(crate) const FLEET: &[Spec] = &[Spec::new(
    "manifest",
    Kind::File,
    "FILE",
    "The accounts, one a row: csv, yaml, json or toml by extension; columns are the options with underscores",
)
.no_file()];

/// All accounts of an organization as a fleet.
pub(crate) const ORGANIZATION: &[Spec] =
    &[Spec::flag("organization", "The accounts of the caller's organization, as `discover` lists them").no_file()];

/// Which accounts of an organization, and under which Turbot ids.
pub(crate) const DISCOVERING: &[Spec] = &[
    Spec::new("ou", Kind::List, "ID", "Only accounts in this organizational unit or below; repeatable").no_file(),
    Spec::new("exclude", Kind::List, "ID|NAME", "Leave out this account, unit, or accounts so named (* is any text)")
        .no_file(),
    Spec::flag("tags", "Read the accounts' tags, ten a second, and put them on the role or user").no_file(),
    Spec::new(
        "turbot-id-template",
        Kind::Text,
        "TEXT",
        "How Turbot ids are made, from {name}, {account_id} and {number} [default: {name}]",
    ),
];

/// `discover` alone.
pub(crate) const DISCOVER: &[Spec] =
    &[Spec::new("out", Kind::File, "FILE", "Write a new file, in the form of its extension: csv, yaml, json or toml")
        .no_file()];

/// How a fleet is begun and when it stops.
pub(crate) const RAMP: &[Spec] = &[
    Spec::new("canary", Kind::Number, "N", "Do N accounts first, and the others only if those succeed [default: 0]"),
    Spec::new(
        "max-failures",
        Kind::Text,
        "N|P%",
        "Begin no other account once so many failed for one and the same cause [default: no limit]",
    ),
    Spec::new("import-concurrency", Kind::Number, "N", "How many imports Turbot is given at once [default: 8]"),
];

/// Every option there is, once by name.
pub(crate) fn all() -> impl Iterator<Item = &'static Spec> {
    static ALL: LazyLock<Vec<&'static Spec>> = LazyLock::new(|| {
        let groups: [&'static [Spec]; 21] = [
            ACCOUNT,
            CONSENTS,
            TURBOT,
            TIMES,
            GLOBAL,
            PLAN,
            ADOPTING,
            CLAIMING,
            UNDOING,
            APPLY,
            BOOTSTRAP,
            IMPORT,
            FLEET,
            RAMP,
            ORGANIZATION,
            DISCOVERING,
            DISCOVER,
            REPORT,
            STACK,
            POLICY,
            SANDBOX,
        ];
        let mut seen = std::collections::BTreeSet::new();
        groups.into_iter().flatten().filter(|spec| seen.insert(spec.name)).collect()
    });
    ALL.iter().copied()
}

/// The option of that name.
pub(crate) fn named(name: &str) -> Option<&'static Spec> {
    // Asked for every value of every row of a manifest.
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Spec>> =
        LazyLock::new(|| all().map(|spec| (spec.name, spec)).collect());
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_variables_and_keys() {
        let url = named("turbot-url").unwrap();
        assert_eq!((url.variable().as_str(), url.key().as_str()), ("TURBOT_ONBOARD_TURBOT_URL", "turbot_url"));
        assert_eq!(url.short_variable, Some("TURBOT_URL"));
    }

    #[test]
    fn whoever_gets_rights_or_keys_is_not_for_a_folder_to_say() {
        use super::super::spec::Place;
        for name in [
            "turbot-url",
            "turbot-ca-bundle",
            "turbot-key-file",
            "turbot-key-command",
            "turbot-profile",
            "master-account-id",
            "assume-role",
            "policy-arn",
            "allow-management-account",
            "allow-root",
            "allow-master-account",
            "allow-endpoint",
            "audit-log",
            "yes",
            "adopt",
            "take-over",
        ] {
            assert!(matches!(named(name).unwrap().place, Place::Own(_)), "{name}");
        }
    }
}
