//! One page that needs nothing beside it: no file, no network, no other script than its own.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use onboard_core::{Outcome, escaped};
use sha2::{Digest as _, Sha256};

use crate::cause::Cause;
use crate::collected::Collected;
use crate::course::Course;
use crate::payload::payload;
use crate::phase::Phase;

const STYLE: &str = include_str!("../templates/page.css");
const SCRIPT: &str = include_str!("../templates/page.js");

/// How many causes are shown, each with how many accounts; the rest are in the list of accounts.
const CAUSES: usize = 40;
const NAMED: usize = 6;
/// How many leftovers are shown; the rest are in the list of accounts.
const LEFTOVERS: usize = 12;
/// Below so many accounts the course of the run says nothing.
const COURSE_FROM: usize = 5;
/// The box of the course's chart.
const WIDE: usize = 720;
const HIGH: usize = 120;
/// The width of a bar that is divided.
const BAR: f64 = 1000.0;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    style_hash: String,
    script_hash: String,
    data: String,
    verb: String,
    as_asked: usize,
    as_asked_shown: String,
    total: usize,
    total_shown: String,
    claim: &'static str,
    runs: Vec<[String; 4]>,
    superseded: usize,
    outcomes: Vec<Portion>,
    figures: Vec<[String; 2]>,
    phases: Vec<Portion>,
    course: Option<Chart>,
    causes: Vec<CauseShown>,
    more_causes: usize,
    leftovers: Vec<[String; 5]>,
    all_leftovers: usize,
    version: &'static str,
}

/// A part of a bar.
struct Portion {
    key: &'static str,
    name: String,
    count: String,
    share: String,
    x: String,
    width: String,
    detail: String,
}

struct Chart {
    over: String,
    over_area: String,
    at_work_area: String,
    at_work: String,
    peak: String,
    total: String,
    end: String,
    half: String,
}

struct CauseShown {
    place: usize,
    kind: &'static str,
    tone: &'static str,
    message: String,
    because: Option<String>,
    hint: Option<String>,
    count: usize,
    named: String,
}

/// The page of what was collected.
///
/// # Errors
/// The template could not be filled in: there is no memory left.
pub fn page(collected: &Collected) -> Result<String, std::fmt::Error> {
    let causes = Cause::of(collected);
    let total = collected.accounts.len();
    let as_asked = collected.accounts.iter().filter(|(_, account)| account.is_as_asked()).count();
    let left: Vec<_> =
        collected.accounts.iter().flat_map(|(_, account)| account.left().iter().map(move |l| (account, l))).collect();
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
        data: payload(collected, &causes),
        verb: escaped(collected.verb().unwrap_or("report")).into_owned(),
        as_asked,
        as_asked_shown: grouped(as_asked),
        total,
        total_shown: grouped(total),
        claim: claim(collected.verb()),
        runs: runs(collected),
        superseded: collected.superseded,
        outcomes: outcomes(collected),
        figures: figures(collected, left.len()),
        phases: phases(collected),
        course: (total >= COURSE_FROM && collected.makespan() > 0).then(|| chart(collected)),
        more_causes: causes.len().saturating_sub(CAUSES),
        causes: causes.iter().take(CAUSES).enumerate().map(|(place, cause)| shown(collected, place, cause)).collect(),
        leftovers: left
            .iter()
            .take(LEFTOVERS)
            .map(|(account, l)| {
                [&account.account_id, &l.kind, &l.id, &l.why, &l.remove_with].map(|text| escaped(text).into_owned())
            })
            .collect(),
        all_leftovers: left.len(),
        version: onboard_core::VERSION,
    };
    let mut html = page.render().map_err(|_| std::fmt::Error)?;
    html.push('\n'); // the template's own last one is not rendered
    Ok(html)
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// What is said of those that came out as asked.
fn claim(verb: Option<&str>) -> &'static str {
    match verb {
        Some("apply" | "import") => "imported in Turbot",
        Some("bootstrap") => "ready for the import",
        Some("verify") => "as wanted on both sides",
        Some("cleanup") => "cleaned up",
        _ => "as asked",
    }
}

fn runs(collected: &Collected) -> Vec<[String; 4]> {
    let of = |n: usize| collected.accounts.iter().filter(|(run, _)| *run == n).count();
    let runs = collected.runs.iter().enumerate().map(|(n, run)| {
        let started = run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        [escaped(&run.id).into_owned(), escaped(&run.verb).into_owned(), started, grouped(of(n))]
    });
    runs.collect()
}

fn outcomes(collected: &Collected) -> Vec<Portion> {
    let total = collected.accounts.len();
    let mut x = 0.0;
    let all = collected.outcomes().into_iter().map(|(outcome, count)| {
        let width = share(count, total) * BAR;
        let portion = Portion {
            key: outcome.as_str(),
            name: outcome_name(outcome).to_owned(),
            count: grouped(count),
            share: percent(share(count, total)),
            x: format!("{x:.2}"),
            width: format!("{width:.2}"),
            detail: String::new(),
        };
        x += width;
        portion
    });
    all.collect()
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Imported => "Imported",
        Outcome::AlreadyImported => "Already imported",
        Outcome::Done => "Done",
        Outcome::Unchanged => "Nothing to do",
        Outcome::Matches => "As wanted",
        Outcome::Differs => "Not as wanted",
        Outcome::Refused => "Refused",
        Outcome::Failed => "Failed",
        Outcome::Pending => "Pending",
        Outcome::Mixed => "Mixed",
        Outcome::Interrupted => "Interrupted",
        Outcome::Skipped => "Skipped",
    }
}

/// How an outcome is coloured.
fn tone(collected: &Collected, cause: &Cause) -> &'static str {
    let first = cause.accounts.first().map(|n| collected.accounts[*n].1.outcome);
    match first {
        Some(Outcome::Failed | Outcome::Refused) => "bad",
        Some(Outcome::Interrupted | Outcome::Skipped) => "idle",
        _ => "caution",
    }
}

fn figures(collected: &Collected, left: usize) -> Vec<[String; 2]> {
    let mut took: Vec<u64> = collected.accounts.iter().map(|(_, a)| a.took()).filter(|took| *took > 0).collect();
    took.sort_unstable();
    let at = |part: usize| took.get((took.len() * part / 100).min(took.len().saturating_sub(1))).copied().unwrap_or(0);
    let makespan = collected.makespan();
    let imports: u64 = collected.accounts.iter().map(|(_, a)| u64::from(a.import.requests)).sum();
    let looked = collected.accounts.iter().any(|(_, account)| account.leftovers.is_some());
    let mut all = vec![["Duration".to_owned(), duration(makespan)]];
    if collected.accounts.len() > 1 {
        all.push(["Median account".to_owned(), duration(at(50))]);
        all.push(["Slowest 5%, from".to_owned(), duration(at(95))]);
        if makespan > 0 {
            let rate = took.len() as f64 * 60_000.0 / makespan as f64;
            all.push(["Accounts a minute".to_owned(), format!("{rate:.1}")]);
        }
    }
    all.push(["Imports sent".to_owned(), grouped(usize::try_from(imports).unwrap_or(usize::MAX))]);
    all.push(["Left over".to_owned(), if looked { grouped(left) } else { "not looked".to_owned() }]);
    all
}

fn phases(collected: &Collected) -> Vec<Portion> {
    let by_account: Vec<_> = collected.accounts.iter().map(|(_, account)| account.by_phase()).collect();
    let sum = |phase: Phase| by_account.iter().map(|sums| u128::from(sums[phase as usize])).sum::<u128>();
    let whole: u128 = Phase::ALL.into_iter().map(sum).sum();
    let mut x = 0.0;
    let mut all = Vec::new();
    for phase in Phase::ALL {
        let part = if whole == 0 { 0.0 } else { sum(phase) as f64 / whole as f64 };
        if part == 0.0 {
            continue;
        }
        let mut each: Vec<u64> = by_account.iter().map(|sums| sums[phase as usize]).filter(|ms| *ms > 0).collect();
        each.sort_unstable();
        all.push(Portion {
            key: phase.key(),
            name: phase.name().to_owned(),
            count: duration(u64::try_from(sum(phase)).unwrap_or(u64::MAX)),
            share: percent(part),
            x: format!("{x:.2}"),
            width: format!("{:.2}", part * BAR),
            detail: duration(each.get(each.len() / 2).copied().unwrap_or(0)),
        });
        x += part * BAR;
    }
    all
}

fn chart(collected: &Collected) -> Chart {
    let course = Course::of(collected);
    let total = collected.accounts.len();
    let over = Course::line(&course.over, total, WIDE, HIGH);
    let at_work = Course::line(&course.at_work, total.min(course.peak() * 2), WIDE, HIGH);
    let close = |line: &str| format!("{line}L{WIDE},{HIGH}L0,{HIGH}Z");
    Chart {
        over_area: close(&over),
        at_work_area: close(&at_work),
        over,
        at_work,
        peak: grouped(course.peak()),
        total: grouped(total),
        half: duration(course.millis / 2),
        end: duration(course.millis),
    }
}

fn shown(collected: &Collected, place: usize, cause: &Cause) -> CauseShown {
    let name = |n: &usize| {
        let account = &collected.accounts[*n].1;
        format!("{} ({})", escaped(&account.account_id), escaped(&account.turbot_id))
    };
    let mut named = cause.accounts.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    if cause.accounts.len() > NAMED {
        named.push_str(&format!(" and {} more", grouped(cause.accounts.len() - NAMED)));
    }
    CauseShown {
        place,
        kind: cause.kind,
        tone: tone(collected, cause),
        message: cause.message.clone(),
        because: cause.because.clone(),
        hint: cause.hint.clone(),
        count: cause.accounts.len(),
        named,
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A share in per cent: nothing that is there is 0, and nothing that is not all is 100.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p <= 0.0 => "0%".to_owned(),
        p if p < 0.1 => "under 0.1%".to_owned(),
        p if p < 10.0 => format!("{p:.1}%"),
        p if p < 100.0 => format!("{}%", (p.round() as u8).min(99)),
        _ => "100%".to_owned(),
    }
}

/// A number with its thousands apart.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time as people say it: 140 ms, 12.3 s, 5 min 12 s, 3 h 05 min.
pub(crate) fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{:.1} s", (millis / 100) as f64 / 10.0),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}
