//! The Debian package, made of the command as it is built here, and installed into a root of its own; and what is shipped
//! in it: completions that complete, the licences of all that is linked.
#![allow(clippy::print_stdout, reason = "says why something was not tried")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(name)
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output: Output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes the package in a folder; its path. Uncompressed: a debug build is large.
fn package(folder: &Path) -> PathBuf {
    let mut command = Command::new(script("package"));
    command.arg(env!("CARGO_BIN_EXE_turbot-onboard")).arg(folder);
    command.env("DEB_COMPRESSION", "none").env("SOURCE_DATE_EPOCH", "1700000000");
    PathBuf::from(succeeds(&mut command).trim())
}

fn installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn it_is_installed_with_manual_and_completions_and_made_the_same_twice() {
    if !installed("dpkg-deb") || !installed("dpkg") {
        println!("dpkg is not installed: the Debian package is not tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let deb = package(&folder.path().join("one"));
    let again = package(&folder.path().join("two"));
    assert!(std::fs::read(&deb).unwrap() == std::fs::read(again).unwrap(), "the same binary makes another package");

    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("var/lib/dpkg/info")).unwrap();
    std::fs::create_dir_all(root.join("var/lib/dpkg/updates")).unwrap();
    std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    // What it depends on is not in that root; who owns the files is root's business.
    let mut install = Command::new("dpkg");
    let given = format!("--root={}", root.display());
    let log = format!("--log={}", folder.path().join("dpkg.log").display());
    install.args([&given, &log]).args(["--force-depends", "--force-not-root", "--install"]).arg(&deb);
    succeeds(install.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));

    let version = succeeds(Command::new(root.join("usr/bin/turbot-onboard")).arg("--version"));
    assert_eq!(version.trim(), format!("turbot-onboard {}", env!("CARGO_PKG_VERSION")));
    for file in [
        "usr/share/man/man1/turbot-onboard.1.gz",
        "usr/share/man/man1/turbot-onboard-apply.1.gz",
        "usr/share/man/man1/turbot-onboard-template-cloudformation.1.gz",
        "usr/share/bash-completion/completions/turbot-onboard",
        "usr/share/zsh/vendor-completions/_turbot-onboard",
        "usr/share/fish/vendor_completions.d/turbot-onboard.fish",
        "usr/share/doc/turbot-onboard/README.md",
        "usr/share/doc/turbot-onboard/copyright",
    ] {
        assert!(std::fs::metadata(root.join(file)).is_ok_and(|m| m.len() > 100), "{file}");
    }
    let manual = succeeds(Command::new("gzip").args(["-dc"]).arg(root.join("usr/share/man/man1/turbot-onboard.1.gz")));
    assert!(manual.contains(".TH"), "{manual}");
    // bash takes the completions as they are.
    succeeds(Command::new("bash").arg("-n").arg(root.join("usr/share/bash-completion/completions/turbot-onboard")));
    let copyright = std::fs::read_to_string(root.join("usr/share/doc/turbot-onboard/copyright")).unwrap();
    for name in ["tokio ", "rustls ", "aws-lc-rs "] {
        assert!(copyright.contains(&format!("\n{name}")), "{name}");
    }
}

/// What bash offers for the last of these words, by the script that the command prints.
fn offered(words: &[&str]) -> Vec<String> {
    const ASK: &str = r#"
        source "$1"
        shift
        function=$(complete -p turbot-onboard | sed 's/.* -F \([^ ]*\) .*/\1/')
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        "$function" turbot-onboard "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut script = tempfile::NamedTempFile::new().unwrap();
    let printed = succeeds(Command::new(env!("CARGO_BIN_EXE_turbot-onboard")).args(["completions", "bash"]));
    script.write_all(printed.as_bytes()).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", ASK, "bash"]).arg(script.path()).arg("turbot-onboard").args(words);
    succeeds(&mut bash).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_subcommands_their_options_and_values() {
    for (words, wanted) in [
        (&["pl"][..], "plan"),
        (&["plan", "--mani"], "--manifest"),
        (&["template", "cl"], "cloudformation"),
        (&["template", "cloudformation", "--stack"], "--stackset"),
        (&["maintenance", "set", "--account-i"], "--account-id"),
    ] {
        assert_eq!(offered(words), [wanted], "{words:?}");
    }
    assert!(offered(&["template", "policy", "--for", ""]).contains(&"discover".to_owned()));
    assert!(offered(&["maintenance", "set", ""]).contains(&"no-changes".to_owned()));
}

#[test]
fn the_bill_of_materials_names_what_is_linked() {
    let text = succeeds(Command::new(script("licences")).arg("--sbom"));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&document["bomFormat"], &document["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let components = document["components"].as_array().unwrap();
    let names: Vec<&str> = components.iter().filter_map(|c| c["name"].as_str()).collect();
    assert!(names.contains(&"aws-sdk-iam") && names.contains(&"turbot-import"), "{names:?}");
    // Tests' own tools are not linked.
    assert!(!names.contains(&"insta") && !names.contains(&"tempfile"), "{names:?}");
    assert!(components.iter().all(|c| c["licenses"].as_array().is_some_and(|l| !l.is_empty())), "one has no licence");
}

/// Texts that are the project's own, and those of crates that ship none, are among them.
#[test]
fn every_package_that_is_linked_comes_with_the_text_of_its_licence() {
    let text = succeeds(&mut Command::new(script("licences")));
    let rule = format!("\n{}\n", "=".repeat(80));
    let mut parts = text.split(&rule);
    let listed: Vec<&str> =
        parts.next().unwrap().lines().skip(2).filter_map(|line| line.split_once(' ')).map(|(name, _)| name).collect();
    let with_text: Vec<&str> = parts.filter_map(|part| part.lines().next()).flat_map(|line| line.split(", ")).collect();
    assert!(listed.contains(&"tokio") && listed.contains(&"turbot-onboard"), "{listed:?}");
    let without: Vec<_> = listed.iter().filter(|name| !with_text.contains(name)).collect();
    assert!(without.is_empty(), "no text of {without:?}");
    assert!(text.contains("Copyright (c) 2026 the turbot-onboard authors"));
}

/// A repository with the scripts of a release and a command that prints what they ask it for.
struct Releases {
    folder: tempfile::TempDir,
}

impl Releases {
    fn new() -> Self {
        let releases = Self { folder: tempfile::tempdir().unwrap() };
        let root = releases.folder.path();
        for inner in ["scripts", "bin", "modules"] {
            std::fs::create_dir(root.join(inner)).unwrap();
        }
        for name in ["release", "package"] {
            std::fs::copy(script(name), root.join("scripts").join(name)).unwrap();
        }
        for name in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            std::fs::copy(script("..").join(name), root.join(name)).unwrap();
        }
        std::fs::write(root.join(".gitignore"), "target\nbin\nmodules\n").unwrap();
        releases.program("scripts/licences", "echo licences");
        releases.program(
            "bin/command",
            "case $1 in --version) echo turbot-onboard 9.9.9;; man) mkdir -p $3; echo .TH >$3/a.1;; *) echo $2;; esac",
        );
        releases.program(
            "bin/cargo",
            "while [ $1 != --target ]; do shift; done; mkdir -p target/$2/dist; cp bin/command target/$2/dist/turbot-onboard",
        );
        for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "-m", "all"]] {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
            succeeds(Command::new("git").args(identity).args(arguments).current_dir(root));
        }
        releases
    }

    fn program(&self, name: &str, body: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\nset -e\n{body}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let root = self.folder.path();
        let mut command = Command::new(root.join("scripts/release"));
        command.args(arguments).env("PATH", format!("{}:/usr/bin:/bin", root.join("bin").display()));
        command.env("PYTHONPATH", root.join("modules")).env("DEB_COMPRESSION", "none").env_remove("CARGO_TARGET_DIR");
        command.output().unwrap()
    }
}

#[test]
fn a_release_refuses_what_it_does_not_know_and_names_what_is_missing() {
    let releases = Releases::new();
    for arguments in [&["--statik"][..], &["--static", "more"], &[""]] {
        let refused = releases.run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("usage: scripts/release [--static]"), "{refused:?}");
    }
    // That zig can be had from Python says nothing of cargo-zigbuild.
    std::fs::write(releases.folder.path().join("modules/ziglang.py"), "").unwrap();
    let refused = releases.run(&["--static"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cargo-zigbuild is not installed"), "{refused:?}");
}

#[test]
fn both_kinds_of_a_release_stand_under_the_same_checksums() {
    if !installed("dpkg-deb") {
        println!("dpkg is not installed: releases are not tried");
        return;
    }
    let releases = Releases::new();
    for name in ["bin/cargo-zigbuild", "bin/zig"] {
        releases.program(name, "exit 1");
    }
    let root = releases.folder.path();
    let out = root.join("target/release-files");
    for arguments in [&[][..], &["--static"], &[], &["--static"]] {
        let made = releases.run(arguments);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    let names =
        |text: &str| text.lines().filter_map(|line| line.split("  ").nth(1)).map(str::to_owned).collect::<Vec<_>>();
    let sums = names(&std::fs::read_to_string(out.join("SHA256SUMS")).unwrap());
    assert_eq!(
        sums,
        [
            "turbot-onboard-9.9.9-x86_64-unknown-linux-gnu.cdx.json",
            "turbot-onboard-9.9.9-x86_64-unknown-linux-gnu.tar.gz",
            "turbot-onboard-9.9.9-x86_64-unknown-linux-musl.cdx.json",
            "turbot-onboard-9.9.9-x86_64-unknown-linux-musl.tar.gz",
            &format!("turbot-onboard_9.9.9_{}.deb", succeeds(Command::new("dpkg").arg("--print-architecture")).trim()),
        ]
    );
    succeeds(Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&out));
    let packed = succeeds(Command::new("tar").arg("-tf").arg(out.join(&sums[1])));
    assert!(packed.contains("/LICENSE-MIT\n") && packed.contains("/LICENSE-APACHE\n"), "{packed}");

    // Of another commit nothing stays.
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let commit = ["commit", "--quiet", "--allow-empty", "-m", "more"];
    succeeds(Command::new("git").args(identity).args(commit).current_dir(root));
    assert!(releases.run(&["--static"]).status.success());
    assert_eq!(names(&std::fs::read_to_string(out.join("SHA256SUMS")).unwrap()).len(), 2);
}
