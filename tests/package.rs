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
