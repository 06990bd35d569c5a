//! The search for secrets in everything a run printed and wrote: raw, percent-encoded, JSON-escaped, base64, Debug.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The least that every form of a secret begins with.
const START: usize = 8;
/// So many forms of secrets are searched for one by one; more, a fleet's, by how they begin.
const FEW: usize = 10_000;

/// What is searched for, and what was found.
#[derive(Default)]
pub struct SecretSearch {
    needles: Vec<(String, &'static str)>,
    texts: Vec<(String, String)>,
    allowed: Vec<PathBuf>,
}

impl SecretSearch {
    /// A secret to search for, in every form it could leak in.
    pub fn add(&mut self, secret: &str) {
        assert!(secret.len() >= START, "a needle that short would be found anywhere");
        let percent = |plain: &[u8], upper: bool| -> String {
            let escape = |b: u8| if upper { format!("%{b:02X}") } else { format!("%{b:02x}") };
            let one = |b: u8| {
                let stays = b.is_ascii_alphanumeric() || plain.contains(&b);
                if stays { char::from(b).to_string() } else { escape(b) }
            };
            secret.bytes().map(one).collect()
        };
        self.needles.push((secret.to_owned(), "raw"));
        for plain in [b"-_.~".as_slice(), b"", b"-_.!~*'()"] {
            self.needles.push((percent(plain, true), "percent-encoded"));
            self.needles.push((percent(plain, false), "percent-encoded, lower case"));
        }
        self.needles.push((secret.replace('/', "\\/"), "JSON-escaped"));
        self.needles.push((format!("{secret:?}").trim_matches('"').to_owned(), "Debug-formatted"));
        for offset in 0..3 {
            self.needles.push((base64_core(secret.as_bytes(), offset), "base64"));
        }
        self.needles.dedup();
    }

    /// A file that may hold a secret: the hand-off, asked for by name.
    pub fn allow_file(&mut self, path: &Path) {
        self.allowed.push(path.to_owned());
    }

    /// Keeps a text for the search: secrets made later are searched for in it as well.
    pub fn seen(&mut self, place: &str, text: &str) {
        self.texts.push((place.to_owned(), text.to_owned()));
    }

    /// Searches every file below a folder.
    pub fn search_folder(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                self.search_folder(&path);
            } else if !self.allowed.contains(&path) && path.is_file() {
                let bytes = std::fs::read(&path).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.seen(&path.display().to_string(), &text);
            }
        }
    }

    /// Where a secret was found, and in which form.
    pub fn found(&self) -> Vec<String> {
        let by_start = (self.needles.len() > FEW).then(|| self.by_start());
        let leaks = |(place, text): &(String, String)| -> Vec<String> {
            let forms = match &by_start {
                None => {
                    let leaks = self.needles.iter().filter(|(needle, _)| text.contains(needle.as_str()));
                    leaks.map(|(_, form)| *form).collect()
                }
                Some(by_start) => found_by_start(by_start, text.as_bytes()),
            };
            forms.into_iter().map(|form| format!("{place}: a secret, {form}")).collect()
        };
        self.texts.iter().flat_map(leaks).collect()
    }

    fn by_start(&self) -> ByStart<'_> {
        let mut by_start = ByStart::new();
        for (needle, form) in &self.needles {
            let start = needle.as_bytes().first_chunk().expect("no form is shorter than its secret's start");
            by_start.entry(*start).or_default().push((needle.as_bytes(), *form));
        }
        by_start
    }

    #[track_caller]
    pub fn assert_none(&self) {
        let found = self.found();
        assert!(found.is_empty(), "secrets leaked: {found:#?}");
    }
}

type ByStart<'a> = HashMap<[u8; START], Vec<(&'a [u8], &'static str)>>;

/// The forms in which secrets stand in a text: one pass, however many there are.
fn found_by_start(by_start: &ByStart<'_>, text: &[u8]) -> Vec<&'static str> {
    let mut found = Vec::new();
    for at in 0..text.len() {
        let begun = text[at..].first_chunk::<START>().and_then(|start| by_start.get(start));
        let whole = begun.into_iter().flatten().filter(|(needle, _)| text[at..].starts_with(needle));
        found.extend(whole.map(|(_, form)| *form));
    }
    found
}

/// The middle of the base64 of a secret at one of three alignments, which stands in any base64 text that holds it.
fn base64_core(bytes: &[u8], offset: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
    let mut text = String::new();
    for chunk in padded.chunks_exact(3) {
        let n = u32::from(chunk[0]) << 16 | u32::from(chunk[1]) << 8 | u32::from(chunk[2]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(ALPHABET[(n >> shift & 63) as usize]));
        }
    }
    // The first group may mix with what stands before it.
    text.split_off(if offset == 0 { 0 } else { 4 })
}
