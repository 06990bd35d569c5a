//! The fuzzing that every crate's targets share: a corpus that is replayed, and mutations of it by a seeded generator.
//!
//! It runs on the stable toolchain as a test. A target returns the shape of what it found (such as the kind of an
//! error); an input that shows a new shape joins the corpus in memory, so that mutations build on it. How many
//! executions: `FUZZ_EXECUTIONS`, else a short run; from which seed: `FUZZ_SEED`.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Executions of a short run.
const SHORT: u64 = 20_000;
/// The longest input, in bytes.
const LONGEST: usize = 16 * 1024;
/// The most inputs that are kept in memory.
const MOST: usize = 2048;
/// How long one execution may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(20);

/// What hostile texts are made of, whatever the format.
const TOKENS: [&str; 40] = [
    "",
    "\"",
    "'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "=",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\0",
    "\u{1b}[31m",
    "\u{9b}",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{e0041}",
    "null",
    "true",
    "0",
    "-1",
    "1e309",
    "9223372036854775808",
    "\\u0000",
    "\\ud800",
    "%00",
    "../",
    "é",
    "🦀",
    "\u{7f}",
    "*",
    "<",
    ">",
    "&",
    "arn:aws:iam::111122223333:",
];

/// A small generator whose sequence depends on its seed alone (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below that one, which is not zero.
    fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }
}

/// Runs a target over its corpus, and then over mutations of it. `tokens` are words of its format.
///
/// # Panics
/// The target panicked or hung: the input is in the message.
pub(crate) fn fuzz<S: std::hash::Hash + Eq>(target: &str, tokens: &[&str], run: impl Fn(&[u8]) -> S) {
    let number = |name: &str, default| std::env::var(name).map_or(default, |v| v.parse().expect("a number"));
    let (executions, seed) = (number("FUZZ_EXECUTIONS", SHORT), number("FUZZ_SEED", 1));
    let mut corpus = corpus(target);
    let mut shapes = HashSet::new();
    let watch = Watch::begin(target);
    let mut execute = |n: u64, input: &[u8]| {
        watch.beat(n, input);
        match catch_unwind(AssertUnwindSafe(|| run(input))) {
            Ok(shape) => shapes.insert(shape),
            Err(_) => panic!("{target}, seed {seed}, execution {n}: {:?}", input.escape_ascii().to_string()),
        }
    };
    for input in &corpus {
        execute(0, input);
    }
    let replayed = corpus.len();
    let mut dice = Dice(seed);
    for n in 1..=executions {
        let input = mutated(&corpus, tokens, &mut dice);
        if execute(n, &input) && corpus.len() < MOST {
            corpus.push(input);
        }
    }
    say(&format!(
        "fuzz {target}: {replayed} inputs of the corpus and {executions} mutations, seed {seed}, {} shapes",
        shapes.len()
    ));
}

#[allow(clippy::print_stdout, reason = "the counts, for whoever runs it with --nocapture")]
fn say(line: &str) {
    println!("{line}");
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a file of the corpus").path())
        .collect();
    assert!(!files.is_empty(), "{} holds the inputs to begin with", folder.display());
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("a file of the corpus")).collect()
}

fn mutated(corpus: &[Vec<u8>], tokens: &[&str], dice: &mut Dice) -> Vec<u8> {
    let mut input = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let to = (at + dice.below(16)).min(input.len());
        match dice.below(9) {
            0 if at < input.len() => input[at] ^= 1 << dice.below(8),
            1 if at < input.len() => input[at] = dice.roll() as u8,
            2 => drop(input.drain(at..to)),
            3 => {
                let again: Vec<u8> = input[at..to].to_vec();
                input.splice(at..at, again);
            }
            4 | 5 if !tokens.is_empty() => {
                let token = tokens[dice.below(tokens.len())];
                input.splice(at..to.min(at + dice.below(8)), token.bytes());
            }
            6 => {
                let token = TOKENS[dice.below(TOKENS.len())];
                input.splice(at..at, token.bytes());
            }
            7 => {
                // The beginning of one, and the end of another.
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                // One thing many times: deep nesting, long words.
                let times = 1 << dice.below(9);
                let token = if tokens.is_empty() || dice.below(2) == 0 {
                    TOKENS[dice.below(TOKENS.len())]
                } else {
                    tokens[dice.below(tokens.len())]
                };
                input.splice(at..at, token.repeat(times).bytes());
            }
        }
        input.truncate(LONGEST);
    }
    input
}

/// Ends the process where an execution does not end by itself.
struct Watch {
    beat: Arc<AtomicU64>,
    input: Arc<Mutex<Vec<u8>>>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn begin(target: &str) -> Self {
        let watch = Self { beat: Arc::default(), input: Arc::default(), over: Arc::default() };
        let (beat, input, over) = (Arc::clone(&watch.beat), Arc::clone(&watch.input), Arc::clone(&watch.over));
        let target = target.to_owned();
        std::thread::spawn(move || {
            let mut seen = beat.load(Ordering::Relaxed);
            loop {
                std::thread::park_timeout(PATIENCE);
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let now = beat.load(Ordering::Relaxed);
                if now == seen {
                    let input = input.lock().map(|i| i.escape_ascii().to_string()).unwrap_or_default();
                    say(&format!("{target} hangs at execution {now}: {input:?}"));
                    std::process::abort();
                }
                seen = now;
            }
        });
        watch
    }

    fn beat(&self, n: u64, input: &[u8]) {
        if let Ok(mut kept) = self.input.lock() {
            kept.clear();
            kept.extend_from_slice(input);
        }
        self.beat.store(n.wrapping_add(1), Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Whether a message could steer or deceive a terminal: a control character, a bidirectional mark, an invisible one.
pub(crate) fn is_clean(message: &str) -> bool {
    !message.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0001}'..='\u{e007f}')
    })
}

/// The first words of a message: its shape without what it quotes.
pub(crate) fn shape(message: &str) -> String {
    let plain = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '`');
    message.split(' ').filter(plain).take(8).collect::<Vec<_>>().join(" ")
}
