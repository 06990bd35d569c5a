//! Colours, where they are wanted and can be shown.

use anstyle::{AnsiColor, Style};

use crate::environment::Environment;
use crate::settings::global::Color;

/// Paints, or leaves text as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { on: false };

    /// By `--color`; where that leaves it open by `NO_COLOR` and `CLICOLOR_FORCE`, else at a terminal that can.
    pub(crate) fn choose(color: Color, environment: &Environment, terminal: bool) -> Self {
        let forced = environment.get("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let able = terminal && environment.get("TERM") != Some("dumb");
        let on = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => environment.get("NO_COLOR").is_none() && (forced || able),
        };
        Self { on }
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    pub(crate) fn caution(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_colours_gets_them() {
        let on = |color, variables: &[(&str, &str)], terminal| {
            Paint::choose(color, &Environment::of(variables), terminal).on
        };
        assert!(on(Color::Auto, &[], true) && !on(Color::Auto, &[], false));
        assert!(!on(Color::Auto, &[("NO_COLOR", "1")], true) && on(Color::Auto, &[("NO_COLOR", "")], true));
        assert!(
            on(Color::Auto, &[("CLICOLOR_FORCE", "1")], false) && !on(Color::Auto, &[("CLICOLOR_FORCE", "0")], false)
        );
        assert!(!on(Color::Auto, &[("TERM", "dumb")], true));
        assert!(on(Color::Always, &[("NO_COLOR", "1")], false) && !on(Color::Never, &[("CLICOLOR_FORCE", "1")], true));
        assert_eq!(Paint::PLAIN.bad("x"), "x");
        assert!(Paint { on: true }.bad("x").contains("\u{1b}["));
    }
}
