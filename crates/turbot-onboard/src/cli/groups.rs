//! Groups of options as clap sees them, and what was typed.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::options;
use super::spec::{Kind, Spec};

/// What was typed on the command line: the values of each option that was given, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Typed(BTreeMap<&'static str, Vec<String>>);

impl Typed {
    fn read(matches: &ArgMatches, specs: &[Spec]) -> Self {
        let given = specs.iter().filter(|s| matches.value_source(s.name) == Some(ValueSource::CommandLine));
        let values = |spec: &Spec| match spec.kind {
            Kind::Flag => vec!["true".to_owned()],
            Kind::Count => vec![matches.get_count(spec.name).to_string()],
            _ => matches.get_many::<String>(spec.name).into_iter().flatten().cloned().collect(),
        };
        Self(given.map(|spec| (spec.name, values(spec))).collect())
    }

    /// The values of an option, if it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&[String]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All of several groups.
    pub(crate) fn join<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        Self(parts.into_iter().flat_map(|part| part.0.clone()).collect())
    }

    #[cfg(test)]
    pub(crate) fn of(given: &[(&'static str, &[&str])]) -> Self {
        Self(given.iter().map(|(name, values)| (*name, values.iter().map(|v| (*v).to_owned()).collect())).collect())
    }
}

macro_rules! group {
    ($($(#[$doc:meta])* $name:ident: $heading:expr, $specs:expr, global $global:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name(pub(crate) Typed);

        impl Args for $name {
            fn augment_args(command: Command) -> Command {
                let args = $specs.iter().map(|spec| spec.arg().help_heading($heading as Option<&'static str>).global($global));
                command.args(args)
            }

            fn augment_args_for_update(command: Command) -> Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $name {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Ok(Self(Typed::read(matches, $specs)))
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                self.0 = Typed::read(matches, $specs);
                Ok(())
            }
        }
    )*};
}

group! {
    /// What is wanted of one account.
    AccountOptions: Some("Account"), options::ACCOUNT, global false;
    /// Consents, each its own.
    ConsentOptions: Some("Consents"), options::CONSENTS, global false;
    /// Turbot's address, cluster and keys.
    TurbotOptions: Some("Turbot (keys: TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY)"), options::TURBOT, global false;
    /// How long things may take.
    TimeOptions: Some("Times"), options::TIMES, global false;
    /// Options of every command.
    GlobalOptions: Some("Everywhere"), options::GLOBAL, global true;
    /// Options of `plan` alone.
    PlanOptions: None, options::PLAN, global false;
    /// Options of verbs that may take over what stands.
    AdoptOptions: None, options::ADOPTING, global false;
    /// Options of verbs that claim an account.
    ClaimOptions: None, options::CLAIMING, global false;
    /// Options of verbs that undo what they began.
    UndoOptions: None, options::UNDOING, global false;
    /// Options of `apply` alone.
    ApplyOptions: None, options::APPLY, global false;
    /// Options of `bootstrap` alone.
    BootstrapOptions: None, options::BOOTSTRAP, global false;
    /// Options of `import` alone.
    ImportOptions: None, options::IMPORT, global false;
    /// Where the accounts of a fleet come from.
    FleetOptions: Some("Fleet"), options::FLEET, global false;
    /// All accounts of an organization as a fleet.
    OrganizationOptions: Some("Fleet"), options::ORGANIZATION, global false;
    /// Which accounts of an organization.
    DiscoveringOptions: Some("Fleet"), options::DISCOVERING, global false;
    /// Options of `discover` alone.
    DiscoverOptions: None, options::DISCOVER, global false;
    /// How a fleet is begun and when it stops.
    RampOptions: Some("Fleet"), options::RAMP, global false;
    /// Options of verbs whose result is a report.
    ReportOptions: None, options::REPORT, global false;
    /// Options of `template cloudformation` alone.
    StackOptions: None, options::STACK, global false;
    /// Options of `template policy` alone.
    PolicyOptions: None, options::POLICY, global false;
    /// Options of `sandbox` alone.
    SandboxOptions: None, options::SANDBOX, global false;
}
