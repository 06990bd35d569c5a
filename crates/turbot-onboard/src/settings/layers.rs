//! The layers of the settings: flag, variable, short variable, a manifest's row and its defaults, working folder's file,
//! own file. The first that has a value gives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::file::{ConfigFile, FILE_NAME, Found};
use super::manifest::{Row, columns};
use super::source::{Given, SettingFault, Source, nearest};
use crate::cli::groups::Typed;
use crate::cli::options;
use crate::cli::spec::{Kind, Spec, VARIABLE_PREFIX};
use crate::environment::Environment;

/// Everything that was said, by flag, variable and file.
#[derive(Debug)]
pub(crate) struct Layers<'a> {
    typed: Rc<Typed>,
    pub(crate) environment: &'a Environment,
    files: Rc<Vec<ConfigFile>>,
    row: Option<RowLayer<'a>>,
}

/// One row of a manifest, between the variables and the files.
#[derive(Debug, Clone)]
struct RowLayer<'a> {
    /// What flags and variables say of the columns, found once for all rows.
    above: Rc<BTreeMap<&'static str, Given>>,
    row: Row,
    defaults: &'a Row,
}

impl<'a> Layers<'a> {
    /// Reads the configuration files that are in force. What is wrong with them goes to the list.
    pub(crate) fn read(
        typed: Typed,
        environment: &'a Environment,
        folder: &Path,
        faults: &mut Vec<SettingFault>,
    ) -> Self {
        let layers = Self { typed: Rc::new(typed), environment, files: Rc::default(), row: None };
        let mut files = Vec::new();
        for name in &environment.unreadable {
            faults.push(SettingFault::new(onboard_core::escaped(name), "its value is no Unicode text"));
        }
        if let Some(named) = layers.find("config") {
            let path = PathBuf::from(named.text());
            let before = faults.len();
            match ConfigFile::read(&path, &path, Found::Own, faults) {
                Some(file) => files.push(file),
                None if faults.len() == before => {
                    let message = format!("there is no file {}", onboard_core::shown(named.text()));
                    faults.push(SettingFault::new(&named.source, message));
                }
                None => {}
            }
            return Self { files: Rc::new(files), ..layers };
        }
        let own = own_file(environment);
        let here = folder.join(FILE_NAME);
        // Run from the user's own configuration folder, that file is the user's own.
        let same = own.as_ref().is_some_and(|own| same_file(own, &here));
        let candidates = [(!same).then_some((here, Found::WorkingFolder)), own.map(|own| (own, Found::Own))];
        for (path, found) in candidates.into_iter().flatten() {
            let shown = path.strip_prefix(folder).unwrap_or(&path);
            files.extend(ConfigFile::read(&path, shown, found, faults));
        }
        Self { files: Rc::new(files), ..layers }
    }

    /// Flags alone: no variable and no file is looked at.
    pub(crate) fn of_flags(typed: Typed, environment: &'a Environment) -> Self {
        Self { typed: Rc::new(typed), environment, files: Rc::default(), row: None }
    }

    /// The same layers for each row of a manifest. A row goes with its layers: its memory is the next account's.
    pub(crate) fn of_rows<'r>(&self, rows: Vec<Row>, defaults: &'r Row) -> impl Iterator<Item = Layers<'r>>
    where
        'a: 'r,
    {
        let above = columns().filter_map(|spec| Some((spec.name, self.said(spec)?))).collect();
        let (above, typed, files) = (Rc::new(above), Rc::clone(&self.typed), Rc::clone(&self.files));
        let environment = self.environment;
        rows.into_iter().map(move |row| Layers {
            typed: Rc::clone(&typed),
            environment,
            files: Rc::clone(&files),
            row: Some(RowLayer { above: Rc::clone(&above), row, defaults }),
        })
    }

    /// Where the row in force begins, if there is one.
    pub(crate) fn row_place(&self, key: String) -> Option<Source> {
        self.row.as_ref().map(|layer| layer.row.place(key))
    }

    /// Whether a row or a file gives an option in a way that is wrong.
    pub(crate) fn is_spoiled(&self, name: &str) -> bool {
        let in_row =
            self.row.as_ref().is_some_and(|layer| layer.row.is_spoiled(name) || layer.defaults.is_spoiled(name));
        in_row || self.files.iter().any(|file| file.is_spoiled(name))
    }

    /// What was given for an option, by whichever layer comes first.
    pub(crate) fn find(&self, name: &str) -> Option<Given> {
        let spec = options::named(name)?;
        match &self.row {
            None => self.said(spec).or_else(|| self.in_files(name).cloned()),
            Some(layer) => {
                let above = layer.above.get(name).cloned();
                // A column that no row gives, and whatever is no column.
                above
                    .or_else(|| layer.row.get(name))
                    .or_else(|| layer.defaults.get(name))
                    .or_else(|| (!is_column(name)).then(|| self.said(spec)).flatten())
                    .or_else(|| self.in_files(name).cloned())
            }
        }
    }

    /// What flags and variables say of an option.
    pub(crate) fn said(&self, spec: &Spec) -> Option<Given> {
        let typed = self.typed.get(spec.name).filter(|values| !values.is_empty());
        typed
            .map(|values| Given { values: values.to_vec(), source: Source::Flag(spec.name) })
            .or_else(|| self.variable(spec, &spec.variable()))
            .or_else(|| spec.short_variable.and_then(|short| self.variable(spec, short)))
    }

    /// What a file says of an option, or of `table.key`.
    pub(crate) fn in_files(&self, name: &str) -> Option<&Given> {
        self.files.iter().find_map(|file| file.get(name))
    }

    fn variable(&self, spec: &Spec, name: &str) -> Option<Given> {
        let value = self.environment.get(name)?;
        let values = match spec.kind {
            Kind::List | Kind::Command if !value.starts_with('[') => {
                value.split(';').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
            }
            _ => vec![value.to_owned()],
        };
        (!values.is_empty()).then(|| Given { values, source: Source::Variable(name.to_owned()) })
    }

    /// Variables that look like ours and are none: most likely mistyped.
    pub(crate) fn strays(&self) -> Vec<String> {
        let known: Vec<String> = options::all().map(Spec::variable).collect();
        let strays = self.environment.names(VARIABLE_PREFIX).filter(|name| !known.iter().any(|k| k == name));
        strays
            .map(|name| {
                let near = nearest(name, known.iter().cloned()).map(|near| format!("; {near} is near"));
                format!("the variable {} sets no option{}", onboard_core::escaped(name), near.unwrap_or_default())
            })
            .collect()
    }
}

fn is_column(name: &str) -> bool {
    columns().any(|spec| spec.name == name)
}

/// `$XDG_CONFIG_HOME/turbot-onboard/turbot-onboard.toml`, else under `~/.config`. A relative XDG_CONFIG_HOME is
/// ignored, as the XDG base directory specification says.
fn own_file(environment: &Environment) -> Option<PathBuf> {
    let xdg = environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || environment.get("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = xdg.or_else(|| home().map(|home| home.join(".config")))?;
    Some(base.join("turbot-onboard").join(FILE_NAME))
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_layer_that_says_something_wins() {
        let folder = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join("turbot-onboard");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join(FILE_NAME), "cluster_id = \"own\"\nturbot_url = \"own\"\ntitle = \"own\"\n").unwrap();
        std::fs::write(folder.path().join(FILE_NAME), "cluster_id = \"here\"\n\nregion = \"here\"\n").unwrap();
        let xdg = home.path().to_str().unwrap();
        let look = |typed: &[(&'static str, &[&str])], variables: &[(&str, &str)], name: &str| {
            let mut variables = variables.to_vec();
            variables.push(("XDG_CONFIG_HOME", xdg));
            let environment = Environment::of(&variables);
            let mut faults = Vec::new();
            let given = Layers::read(Typed::of(typed), &environment, folder.path(), &mut faults).find(name);
            assert_eq!(faults, []);
            given.map(|given| (given.text().to_owned(), given.source.to_string()))
        };
        let all = [("TURBOT_ONBOARD_CLUSTER_ID", "long"), ("TURBOT_CLUSTER_ID", "short")];
        let some = |value: &str, place: &str| Some((value.to_owned(), place.to_owned()));
        assert_eq!(look(&[("cluster-id", &["flag"])], &all, "cluster-id"), some("flag", "--cluster-id"));
        assert_eq!(look(&[], &all, "cluster-id"), some("long", "TURBOT_ONBOARD_CLUSTER_ID"));
        assert_eq!(look(&[], &all[1..], "cluster-id"), some("short", "TURBOT_CLUSTER_ID"));
        let empty = [("TURBOT_ONBOARD_CLUSTER_ID", ""), ("TURBOT_CLUSTER_ID", "")];
        assert_eq!(look(&[], &empty, "cluster-id"), some("here", "turbot-onboard.toml:1:14 (cluster_id)"));
        assert_eq!(look(&[], &[], "region"), some("here", "turbot-onboard.toml:3:10 (region)"));
        assert!(look(&[], &[], "turbot-url").unwrap().1.ends_with("turbot-onboard.toml:2:14 (turbot_url)"));
        assert_eq!(look(&[], &[], "profile"), None);
    }

    #[test]
    fn a_named_file_is_the_only_one_and_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), "region = \"here\"").unwrap();
        let named = folder.path().join("named.toml");
        std::fs::write(&named, "turbot_url = \"https://t\"").unwrap();
        let environment = Environment::of(&[("TURBOT_ONBOARD_CONFIG", named.to_str().unwrap())]);
        let mut faults = Vec::new();
        let layers = Layers::read(Typed::default(), &environment, folder.path(), &mut faults);
        assert_eq!((layers.find("region"), faults.len()), (None, 0));
        assert_eq!(layers.find("turbot-url").unwrap().text(), "https://t");
        std::fs::remove_file(&named).unwrap();
        Layers::read(Typed::default(), &environment, folder.path(), &mut faults);
        assert_eq!(faults[0].place, "TURBOT_ONBOARD_CONFIG");
    }

    #[test]
    fn lists_and_strays_in_variables() {
        let environment = Environment::of(&[
            ("TURBOT_ONBOARD_TAG", "Team=a; Cost=b;"),
            ("TURBOT_ONBOARD_TURBOT_KEY_COMMAND", r#"["op", "a;b"]"#),
            ("TURBOT_ONBOARD_ACOUNT_ID", "1"),
        ]);
        let layers = Layers::read(Typed::default(), &environment, Path::new("/nonexistent"), &mut Vec::new());
        assert_eq!(layers.find("tag").unwrap().values, ["Team=a", "Cost=b"]);
        assert_eq!(layers.find("turbot-key-command").unwrap().values.len(), 1);
        assert_eq!(
            layers.strays(),
            ["the variable TURBOT_ONBOARD_ACOUNT_ID sets no option; TURBOT_ONBOARD_ACCOUNT_ID is near"]
        );
    }
}
