//! `discover`: an organization's accounts as a manifest.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use onboard_core::{ErrorKind, ErrorReport, shown};

use super::groups::{AccountOptions, ConsentOptions, DiscoverOptions, DiscoveringOptions, TimeOptions, TurbotOptions};
use crate::console;
use crate::edge::Edge;
use crate::exit::Exit;
use crate::render::manifest as render;
use crate::run;
use crate::settings::global::{Output, Verbosity};
use crate::settings::manifest::Form;
use crate::settings::organization;
use crate::settings::session::SessionPart;
use crate::settings::turbot::Need;

const EXAMPLES: &str = "\
Examples:
  turbot-onboard discover > accounts.csv
  turbot-onboard discover --out accounts.yaml --ou ou-ab12-cd34ef56 --exclude 'sandbox-*'
  turbot-onboard discover --turbot-id-template 'acme-{name}' --tags --out accounts.csv
  turbot-onboard apply --organization --canary 2      # the same accounts, in one go

The caller is the organization's management account or a delegated administrator. Where Turbot is configured, ids that
are taken there are avoided, and accounts that it shows keep theirs.";

/// List an organization's accounts as a manifest
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Discover {
    #[command(flatten)]
    options: DiscoverOptions,
    #[command(flatten)]
    discovering: DiscoveringOptions,
    #[command(flatten)]
    account: AccountOptions,
    #[command(flatten)]
    consents: ConsentOptions,
    #[command(flatten)]
    turbot: TurbotOptions,
    #[command(flatten)]
    times: TimeOptions,
}

impl Discover {
    pub(crate) fn run(self, edge: &Edge) -> Exit {
        self.carry(edge).unwrap_or_else(|exit| exit)
    }

    fn carry(self, edge: &Edge) -> Result<Exit, Exit> {
        let typed =
            [&self.options.0, &self.discovering.0, &self.account.0, &self.consents.0, &self.turbot.0, &self.times.0];
        let (global, (found, out)) = edge.settle("discover", &typed, |r| {
            let part = SessionPart::resolve(r, Need::Optional)?;
            let out = match r.text("out") {
                None => None,
                Some(path) => match Form::of(&path) {
                    Some(form) => Some((path, form)),
                    None => {
                        r.fault_of("out", "its extension says no form: csv, yaml, json or toml");
                        return None;
                    }
                },
            };
            let found = match organization::discover(r, &part) {
                Ok(found) => found?,
                Err(error) => return Some((Err(error), out)),
            };
            let manifest = organization::manifest(r, &found);
            Some((Ok((found, manifest)), out))
        })?;
        let refuse = |error: &ErrorReport| run::refuse(error, edge.talk_paint(&global));
        let (found, manifest) = found.map_err(|error| refuse(&error))?;
        if global.verbosity > Verbosity::Quiet {
            let (accounts, left) = (found.accounts.len(), found.left_out.len());
            console::say(&format!("{accounts} accounts to onboard, {left} left out (see the manifest for why)."));
        }
        let form = match (&out, global.output) {
            (Some((_, form)), _) => *form,
            (None, Output::Json) => Form::Json,
            (None, Output::Text) => Form::Csv,
        };
        let text = render::text(&manifest, &found.left_out, form);
        let Some((path, _)) = out else {
            return Ok(Exit::DONE.after_writing(console::deliver(&text)));
        };
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())).map_err(|error| {
            refuse(
                &ErrorReport::new(ErrorKind::Settings, format!("the manifest {} cannot be written", shown(&path)))
                    .because(error.to_string())
                    .hint("choose a new file: an existing one is never overwritten"),
            )
        })?;
        if global.output == Output::Json {
            let document = render::text(&manifest, &found.left_out, Form::Json);
            return Ok(Exit::DONE.after_writing(console::deliver(&document)));
        }
        Ok(Exit::DONE)
    }
}
