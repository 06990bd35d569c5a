//! A headless Chromium, where there is one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long one look may take.
const AT_MOST: Duration = Duration::from_secs(120);

/// A browser with a profile of its own.
pub struct Browser {
    program: PathBuf,
    profile: tempfile::TempDir,
}

impl Browser {
    /// The one on the PATH. Without one a test says so and is over.
    #[expect(clippy::print_stderr, reason = "who runs the tests is told that this one was left out")]
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
        let found = std::env::split_paths(&path)
            .flat_map(|folder| names.map(|name| folder.join(name)))
            .find(|program| program.is_file());
        if found.is_none() {
            eprintln!("skipped: there is no Chromium on the PATH (Debian: apt-get install chromium)");
        }
        found.map(|program| Self { program, profile: tempfile::tempdir().unwrap() })
    }

    /// The document after its script ran, as the browser has it.
    pub fn dom(&self, page: &Path, view: &str) -> String {
        let url = format!("file://{}{view}", page.canonicalize().unwrap().display());
        let mut command = Command::new(&self.program);
        command
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-extensions", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .args(["--virtual-time-budget=3000", "--window-size=1280,900"])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .args(["--dump-dom", &url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let id = child.id();
        let (said, done) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let output = child.wait_with_output().unwrap();
            let _ = said.send(());
            output
        });
        if done.recv_timeout(AT_MOST).is_err() {
            let _ = Command::new("kill").arg(id.to_string()).status();
            panic!("the browser did not end within {AT_MOST:?}");
        }
        let output = reader.join().unwrap();
        let dom = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && dom.contains("<html"), "{:?}: {dom}", output.status);
        dom
    }
}

/// What the list of accounts shows.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    /// The line above it.
    pub count: String,
    /// Each row's account id.
    pub accounts: Vec<String>,
    /// Each row's title, as text.
    pub titles: Vec<String>,
}

/// Reads the list of accounts from a document.
pub fn list(dom: &str) -> List {
    let after = |text: &str, begins: &str, ends: &str| {
        let rest = text.split_once(begins).map(|(_, rest)| rest.to_owned())?;
        rest.split_once(ends).map(|(found, _)| found.to_owned())
    };
    let body = after(dom, "<table id=\"rows\">", "</tbody></table>").unwrap_or_default();
    let rows: Vec<&str> = body.split("<tr class=\"row\"").skip(1).collect();
    List {
        count: after(dom, "<p id=\"count\" role=\"status\">", "</p>").unwrap_or_default(),
        accounts: rows
            .iter()
            .map(|row| {
                let button = after(row, "class=\"open\"", "</button>").unwrap();
                button.split_once('>').unwrap().1.to_owned()
            })
            .collect(),
        titles: rows
            .iter()
            .map(|row| {
                let cell = after(row, "<td class=\"title\"", "</td>").unwrap();
                cell.rsplit_once("\">").unwrap().1.to_owned()
            })
            .collect(),
    }
}
