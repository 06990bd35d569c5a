//! The modes: which run meets the fault, in which scene, what it comes to without one, and how the account must be at
//! the end.

use onboard_sandbox::CallRecord;

use crate::final_state::{self as state, Checked, done_or_unchanged, imported_now_or_before, unchanged};
use crate::handed;
use crate::harness::{Finished, World};
use crate::outcomes::Rule;
use crate::point::{self, Point, Purpose};
use crate::rules;
use crate::scene;

/// A kind of run.
pub struct Mode {
    pub name: &'static str,
    /// Modes of one chapter have the same rules and one table in the documentation.
    pub chapter: Chapter,
    pub scene: fn(&mut World),
    /// The run that meets the fault. `{folder}` stands for the world's folder.
    pub first: &'static [&'static str],
    /// What is run afterwards, twice.
    pub later: &'static [&'static str],
    /// What of ours stands after a good end, and is in use.
    pub stands: &'static [&'static str],
    /// What the run after the one under fault must come to.
    pub second: fn(&World, &Finished) -> Checked,
    /// What the last run must come to, beside changing nothing.
    pub third: fn(&World, &Finished) -> Checked,
    /// How the account must be at the end.
    pub state: fn(&World) -> Checked,
    /// The calls that no other mode meets in the same state; every call where it is `all`.
    pub meets: fn(Purpose) -> bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chapter {
    Fresh,
    Entered,
    Adopted,
    Drifted,
    ResumedRole,
    ResumedKeys,
    Refused,
    Bootstrap,
    Import,
    Maintenance,
    Replaced,
    CleanupUnfinished,
    CleanupFinished,
    Plan,
    Doctor,
}

/// A run under fault may leave its claim: nobody waits for its lease.
const TAKE_OVER: &[&str] = &["--take-over"];
const ROLE: &[&str] = &["apply", "--with", "role"];
const KEYS: &[&str] = &["apply", "--with", "keys"];
const ROLE_AGAIN: &[&str] = &["apply", "--with", "role", "--take-over"];
const KEYS_AGAIN: &[&str] = &["apply", "--with", "keys", "--take-over"];
const ROLE_KEPT: &[&str] = &["apply", "--with", "role", "--delete-credential", "false"];
const ROLE_KEPT_AGAIN: &[&str] = &["apply", "--with", "role", "--delete-credential", "false", "--take-over"];
const ADOPTED: &[&str] = &["apply", "--with", "role", "--adopt"];
const ADOPTED_AGAIN: &[&str] = &["apply", "--with", "role", "--adopt", "--take-over"];
const ENTERED: &[&str] =
    &["apply", "--with", "role", "--assume-role", "OrganizationAccountAccessRole", "--maintenance", "full"];
const ENTERED_AGAIN: &[&str] = &[
    "apply",
    "--with",
    "role",
    "--assume-role",
    "OrganizationAccountAccessRole",
    "--maintenance",
    "full",
    "--take-over",
];
const CLEANUP: &[&str] = &["cleanup"];
const CLEANUP_AGAIN: &[&str] = &["cleanup", "--take-over"];
const SET: &[&str] = &["maintenance", "set", "full"];
const BOOTSTRAP: &[&str] = &["bootstrap", "--with", "role", "--handoff", "{folder}/handoff.json"];
const BOOTSTRAP_KEYS: &[&str] = &["bootstrap", "--with", "keys", "--handoff", "{folder}/handoff.json"];
const BOOTSTRAP_AGAIN: &[&str] = &["bootstrap", "--with", "role", "--handoff", "{folder}/handoff.json", "--take-over"];
const BOOTSTRAP_KEYS_AGAIN: &[&str] =
    &["bootstrap", "--with", "keys", "--handoff", "{folder}/handoff.json", "--take-over"];
const IMPORT: &[&str] = &["import", "--handoff", "{folder}/handoff.json"];

/// What the other modes vary.
const FRESH: Mode = Mode {
    name: "role",
    chapter: Chapter::Fresh,
    scene: scene::nothing,
    first: ROLE,
    later: ROLE_AGAIN,
    stands: &[],
    second: imported_now_or_before,
    third: state::already_imported,
    state: state::imported_clean,
    meets: |_| true,
};

/// A verb that changes nothing.
const LOOKING: Mode = Mode { second: exits_zero, third: exits_zero, state: state::nothing_left, ..FRESH };

const CLEANING: Mode = Mode {
    first: CLEANUP,
    later: CLEANUP_AGAIN,
    second: done_or_unchanged,
    third: unchanged,
    state: state::nothing_left,
    ..FRESH
};

const SETTING: Mode = Mode {
    first: SET,
    later: SET,
    second: done_or_unchanged,
    third: unchanged,
    state: |world| {
        state::imported_clean(world)?;
        state::in_full_mode(world)
    },
    ..FRESH
};

pub const MODES: &[Mode] = &[
    FRESH,
    Mode { name: "keys", first: KEYS, later: KEYS_AGAIN, ..FRESH },
    Mode {
        name: "entered role",
        chapter: Chapter::Entered,
        scene: scene::from_the_organization,
        first: ENTERED,
        later: ENTERED_AGAIN,
        state: |world| {
            state::imported_clean(world)?;
            state::in_full_mode(world)
        },
        meets: rules::entered::meets,
        ..FRESH
    },
    Mode {
        name: "adopted role",
        chapter: Chapter::Adopted,
        scene: scene::somebodys_role,
        first: ADOPTED,
        later: ADOPTED_AGAIN,
        stands: &["role"],
        state: state::role_in_use,
        ..FRESH
    },
    Mode {
        name: "drifted role",
        chapter: Chapter::Drifted,
        scene: scene::drifted,
        first: ROLE_KEPT,
        later: ROLE_KEPT_AGAIN,
        stands: &["role"],
        second: state::already_imported,
        state: state::role_in_use,
        ..FRESH
    },
    Mode { name: "resumed role", chapter: Chapter::ResumedRole, scene: scene::unfinished_role, ..FRESH },
    Mode {
        name: "resumed keys",
        chapter: Chapter::ResumedKeys,
        scene: scene::unfinished_keys,
        first: KEYS,
        later: KEYS_AGAIN,
        ..FRESH
    },
    Mode {
        name: "refused role",
        chapter: Chapter::Refused,
        scene: scene::refused,
        meets: rules::refused::meets,
        ..FRESH
    },
    Mode {
        name: "refused keys",
        chapter: Chapter::Refused,
        scene: scene::refused,
        first: KEYS,
        later: KEYS_AGAIN,
        meets: rules::refused::meets,
        ..FRESH
    },
    Mode {
        name: "bootstrap of a role",
        chapter: Chapter::Bootstrap,
        first: BOOTSTRAP,
        later: BOOTSTRAP_AGAIN,
        stands: &["role", "journal"],
        second: |world, run| handed::over_or_before(world, run, TAKE_OVER),
        third: handed::over_before,
        state: |world| handed::imported(world, "role", TAKE_OVER),
        ..FRESH
    },
    Mode {
        name: "bootstrap of keys",
        chapter: Chapter::Bootstrap,
        first: BOOTSTRAP_KEYS,
        later: BOOTSTRAP_KEYS_AGAIN,
        stands: &["user", "access-key", "journal"],
        second: |world, run| handed::over_or_before(world, run, TAKE_OVER),
        third: handed::over_before,
        state: |world| handed::imported(world, "keys", TAKE_OVER),
        ..FRESH
    },
    Mode {
        name: "import of a role",
        chapter: Chapter::Import,
        scene: scene::handed_role,
        first: IMPORT,
        later: IMPORT,
        state: |world| handed::closed_by_apply(world, "role", TAKE_OVER),
        ..FRESH
    },
    Mode {
        name: "import of keys",
        chapter: Chapter::Import,
        scene: scene::handed_keys,
        first: IMPORT,
        later: IMPORT,
        state: |world| handed::closed_by_apply(world, "keys", TAKE_OVER),
        ..FRESH
    },
    Mode { name: "maintenance", chapter: Chapter::Maintenance, scene: scene::imported, ..SETTING },
    Mode {
        name: "maintenance over another window",
        chapter: Chapter::Replaced,
        scene: scene::another_window,
        ..SETTING
    },
    Mode {
        name: "cleanup of an unfinished role",
        chapter: Chapter::CleanupUnfinished,
        scene: scene::unfinished_role,
        ..CLEANING
    },
    Mode {
        name: "cleanup of unfinished keys",
        chapter: Chapter::CleanupUnfinished,
        scene: scene::unfinished_keys,
        ..CLEANING
    },
    Mode { name: "cleanup of a role", chapter: Chapter::CleanupFinished, scene: scene::gone_role, ..CLEANING },
    Mode { name: "cleanup of a user", chapter: Chapter::CleanupFinished, scene: scene::gone_user, ..CLEANING },
    Mode {
        name: "plan",
        chapter: Chapter::Plan,
        first: &["plan", "--with", "role"],
        later: &["plan", "--with", "role"],
        ..LOOKING
    },
    Mode {
        name: "doctor",
        chapter: Chapter::Doctor,
        first: &["doctor", "--with", "role"],
        later: &["doctor", "--with", "role"],
        ..LOOKING
    },
];

fn exits_zero(_: &World, finished: &Finished) -> Checked {
    state::ensure(finished.code == 0, || format!("it exits with {}", finished.code))
}

impl Chapter {
    pub const ALL: [Self; 15] = [
        Self::Fresh,
        Self::Entered,
        Self::Adopted,
        Self::Drifted,
        Self::ResumedRole,
        Self::ResumedKeys,
        Self::Refused,
        Self::Bootstrap,
        Self::Import,
        Self::Maintenance,
        Self::Replaced,
        Self::CleanupUnfinished,
        Self::CleanupFinished,
        Self::Plan,
        Self::Doctor,
    ];

    /// Its heading.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fresh => "`apply` on a fresh account",
            Self::Entered => "`apply --assume-role --maintenance full` on a fresh account",
            Self::Adopted => "`apply --adopt` of a role that stands",
            Self::Drifted => "`apply` on an imported account whose role has lost its policy",
            Self::ResumedRole => "`apply` that goes on with an unfinished run, with a role",
            Self::ResumedKeys => "`apply` that goes on with an unfinished run, with keys",
            Self::Refused => "`apply` that Turbot refuses",
            Self::Bootstrap => "`bootstrap --handoff`",
            Self::Import => "`import --handoff`",
            Self::Maintenance => "`maintenance set full`",
            Self::Replaced => "`maintenance set full` where another window stands, with `replaced_with`",
            Self::CleanupUnfinished => "`cleanup` of an unfinished run",
            Self::CleanupFinished => "`cleanup` of a finished run, the account not in Turbot any more",
            Self::Plan => "`plan`",
            Self::Doctor => "`doctor`",
        }
    }

    /// What the run comes to that nothing disturbs: exit code, outcome, the error's kind.
    pub fn good(self) -> (i32, &'static str, Option<&'static str>) {
        match self {
            Self::Fresh | Self::Entered | Self::Adopted | Self::ResumedRole | Self::ResumedKeys | Self::Import => {
                (0, "imported", None)
            }
            Self::Drifted => (0, "already-imported", None),
            Self::Refused => (5, "refused", Some("turbot-refused")),
            Self::Bootstrap | Self::Maintenance | Self::Replaced | Self::CleanupUnfinished | Self::CleanupFinished => {
                (0, "done", None)
            }
            Self::Plan | Self::Doctor => (0, "", None),
        }
    }

    /// The tables in which its rules are looked for, in this order.
    pub fn tables(self) -> &'static [&'static [Rule]] {
        match self {
            Self::Fresh => &[rules::apply::RULES],
            Self::Entered => &[rules::entered::RULES, rules::apply::RULES],
            Self::Adopted => &[rules::adopted::RULES, rules::apply::RULES],
            Self::Drifted => &[rules::drifted::RULES],
            Self::ResumedRole => {
                &[rules::resumed::ROLE, rules::taking_over::RULES, rules::resumed::RULES, rules::apply::RULES]
            }
            Self::ResumedKeys => {
                &[rules::resumed::KEYS, rules::taking_over::RULES, rules::resumed::RULES, rules::apply::RULES]
            }
            Self::Refused => &[rules::refused::RULES],
            Self::Bootstrap => &[rules::bootstrap::RULES, rules::apply::RULES],
            Self::Import => &[rules::turbot::IMPORT, rules::apply::RULES],
            Self::Maintenance => &[rules::turbot::MAINTENANCE],
            Self::Replaced => &[rules::turbot::REPLACED, rules::turbot::MAINTENANCE],
            Self::CleanupUnfinished => &[rules::taking_over::RULES, rules::cleanup::UNFINISHED],
            Self::CleanupFinished => &[rules::cleanup::FINISHED],
            Self::Plan => &[rules::looks::PLAN],
            Self::Doctor => &[rules::looks::DOCTOR],
        }
    }

    /// Whether the run takes an unfinished one over.
    pub fn takes_over(self) -> bool {
        matches!(self, Self::ResumedRole | Self::ResumedKeys | Self::CleanupUnfinished)
    }

    /// Whether it removes what stands.
    pub fn cleans_up(self) -> bool {
        matches!(self, Self::CleanupUnfinished | Self::CleanupFinished)
    }

    /// Whether it has to do with Turbot alone.
    pub fn leaves_aws_alone(self) -> bool {
        matches!(self, Self::Import | Self::Maintenance | Self::Replaced)
    }

    /// Whether it only looks.
    pub fn only_looks(self) -> bool {
        matches!(self, Self::Plan | Self::Doctor)
    }

    /// Whether the import, or the keeping of the credential, was before the run under fault.
    pub fn was_imported(self) -> bool {
        matches!(self, Self::Drifted | Self::Maintenance | Self::Replaced)
    }
}

impl Mode {
    /// The world in its scene.
    pub fn world(&self) -> World {
        let mut world = crate::cell::world(|_| {});
        // The one file that holds a secret, where it is asked for by name.
        world.secrets.lock().unwrap().allow_file(&world.path("handoff.json"));
        // A scene is no trial: it has time.
        let times: Vec<(String, String)> = ["TIMEOUT", "SETTLE", "PROPAGATION", "VISIBILITY"]
            .map(|name| format!("TURBOT_ONBOARD_{name}"))
            .map(|name| (name.clone(), world.environment[&name].clone()))
            .to_vec();
        for (name, time) in ["20s", "30s", "20s", "20s"].iter().zip(&times) {
            world.environment.insert(time.0.clone(), (*name).to_owned());
        }
        (self.scene)(&mut world);
        world.environment.extend(times);
        world
    }

    /// Whether a read is of a user where this run is about a role, or of a role where it is about a user.
    pub fn is_of_the_other_kind(&self, call: &str) -> bool {
        let of_users = ["User", "AccessKeys"].iter().any(|word| call.contains(word));
        let about_users = ["keys", "user"].iter().any(|word| self.name.contains(word));
        call.starts_with("iam:") && (of_users || call.contains("Role")) && of_users != about_users
    }

    /// The calls of a run that nothing disturbs. Of the reads of a wait that are alike, the fresh runs meet each, the
    /// others the first and the last.
    pub fn points(&self) -> Vec<Point> {
        let world = self.world();
        let from = world.sandbox.log().len();
        let (code, ..) = self.chapter.good();
        self.run(&world, self.first).exits(code);
        let all = point::of_log(self, &world, &world.calls_since(from));
        let mut points: Vec<Point> = all.iter().filter(|p| (self.meets)(p.purpose)).cloned().collect();
        if self.chapter != Chapter::Fresh {
            let alike = |a: &Point, b: &Point| a.call == b.call && a.purpose == b.purpose;
            let known = points.clone();
            points.retain(|p| {
                let of_it = |n: &&Point| alike(n, p);
                known.iter().find(of_it) == Some(p) || known.iter().rfind(of_it) == Some(p)
            });
        }
        points
    }

    /// Runs these words on the world's account, without asking, with a JSON result.
    pub fn run(&self, world: &World, words: &[&str]) -> Finished {
        let folder = world.folder().display().to_string();
        let words: Vec<String> = words.iter().map(|word| word.replace("{folder}", &folder)).collect();
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.extend(["--output", "json", "-vvv"]);
        if !self.chapter.only_looks() {
            arguments.push("--yes");
        }
        if self.chapter != Chapter::Import {
            arguments.extend(["--account-id", &world.account, "--turbot-id", &world.turbot_id]);
        }
        world.run(&arguments)
    }

    /// What the calls of a run of this mode were for.
    pub fn purposes(&self, world: &World, log: &[CallRecord]) -> Vec<Point> {
        point::of_log(self, world, log)
    }
}
