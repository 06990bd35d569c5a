//! Times as people write them: `15m`, `90s`, `250ms`, `1h`, `1h30m`.

use std::time::Duration;

/// The longest time that makes sense for any of the options: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
const RIGHT: &str = "write a number with its unit, such as 15m, 90s, 250ms or 1h";

/// Reads a time of at most a day.
///
/// # Errors
/// What is wrong and what would be right.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("'{text}' has no unit: {RIGHT}"));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    let mut last_unit = Duration::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[digits..digits + letters] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(60 * 60),
            _ => return Err(wrong(text)),
        };
        let number: u32 = rest[..digits].parse().map_err(|_| wrong(text))?;
        // '30s1m' and '1m1m' are slips of the pen, not times.
        if unit >= last_unit {
            return Err(wrong(text));
        }
        last_unit = unit;
        total = unit.checked_mul(number).and_then(|d| total.checked_add(d)).ok_or_else(|| wrong(text))?;
        rest = &rest[digits + letters..];
    }
    match total {
        _ if text.is_empty() => Err(wrong(text)),
        total if total > LONGEST => Err(format!("{} is longer than a day", onboard_core::shown(text))),
        total => Ok(total),
    }
}

fn wrong(text: &str) -> String {
    format!("{} is not a time: {RIGHT}", onboard_core::shown(text))
}

/// The same for options that cannot be nothing.
///
/// # Errors
/// What is wrong and what would be right.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err(format!("{} is no time at all: {RIGHT}", onboard_core::shown(text))),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_their_units() {
        for (text, millis) in [
            ("15m", 900_000),
            ("90s", 90_000),
            ("250ms", 250),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("0s", 0),
            ("24h", 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in
            ["", "m", "15", "15 m", "1.5h", "-1s", "5d", "30s1m", "1m1m", "25h", "99999999999h", "15M", "1h-5m", "5µs"]
        {
            let error = parse(bad).unwrap_err();
            assert!(error.contains("15m") || error.contains("a day"), "{bad}: {error}");
        }
        assert!(parse_positive("0ms").is_err());
    }
}
