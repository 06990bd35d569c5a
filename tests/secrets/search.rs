//! The search itself: it finds what is planted, in every form, and at a world's end.

use crate::harness::{SecretSearch, World};

const SECRET: &str = "wJalr/UtnFEMI+K7MDENG/bPxRfiCY\"EXAMPLE\\KEY";

fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for (i, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            out.push(if i <= chunk.len() { char::from(ALPHABET[(n >> shift & 63) as usize]) } else { '=' });
        }
    }
    out
}

#[test]
fn every_form_is_found() {
    let plain = |b: u8| b.is_ascii_alphanumeric().then(|| char::from(b).to_string());
    let percent: String = SECRET.bytes().map(|b| plain(b).unwrap_or_else(|| format!("%{b:02X}"))).collect();
    let lower: String = SECRET.bytes().map(|b| plain(b).unwrap_or_else(|| format!("%{b:02x}"))).collect();
    let planted = [
        format!("key={SECRET}."),
        format!("?key={percent}&"),
        format!("?key={lower}&"),
        serde_json::json!({"secret": SECRET}).to_string(),
        format!("{{\"s\":\"{}\"}}", SECRET.replace('/', "\\/")),
        format!("Secret({SECRET:?})"),
        base64(&format!("user:{SECRET}")),
        base64(&format!("a:{SECRET}")),
        base64(&format!("ab:{SECRET}")),
        base64(&format!("id:{SECRET} and more")),
    ];
    // Alone, and as one of a fleet's.
    for others in [0, 2_000] {
        let search_in = |text: &str| {
            let mut search = SecretSearch::default();
            (0..others).for_each(|n| search.add(&format!("another/secret+{n:04}")));
            search.add(SECRET);
            search.seen("here", text);
            search.found()
        };
        for text in &planted {
            assert_ne!(search_in(text), Vec::<String>::new(), "{text}");
        }
        let none = "nothing of the kind: wJalr/UtnFEMI and another/secret+, [redacted]";
        assert_eq!(search_in(none), Vec::<String>::new());
    }
}

/// A secret that a person puts where it does not belong goes through the real command into plan, report and log: the
/// search at the world's end must see it.
#[test]
#[should_panic(expected = "secrets leaked")]
fn a_planted_leak_is_found_at_a_worlds_end() {
    let mut world = World::new();
    let secret = world.environment["TURBOT_SECRET_KEY"].clone();
    world.set("role-description", &format!("made with {secret}"));
    let finished = world.verb("plan", &["--out", "saved.plan"]);
    assert_eq!(finished.code, 0, "{}", finished.said());
    drop(world);
}

/// The same in a file alone.
#[test]
#[should_panic(expected = "left/behind.tmp")]
fn a_leak_into_a_file_is_found() {
    let world = World::new();
    std::fs::create_dir(world.path("left")).unwrap();
    std::fs::write(world.path("left/behind.tmp"), format!("x{}y", world.environment["AWS_SECRET_ACCESS_KEY"])).unwrap();
    drop(world);
}
