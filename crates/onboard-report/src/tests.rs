//! Pages and tables of small worlds, and of hostile ones.

use onboard_core::{AccountReport, ErrorKind, ErrorReport, Outcome, Report, StepReport, StepResult, With};
use serde_json::Value;

use crate::{Cause, Collected, Phase, page, table};

const HOSTILE: [&str; 9] = [
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "]]>{{ 7*7 }}{% raw %}",
    "=HYPERLINK(\"http://x\",\"y\")",
    "a;=cmd|' /C calc'!A0",
    "\u{202e}txt.exe\u{200b}\u{0}",
    "&lt;b&gt; \u{2028} \\u003c",
];

fn account(n: usize, outcome: Outcome) -> AccountReport {
    let mut account = AccountReport::new(format!("{:012}", 100_000_000_000 + n), format!("ab{n}"), With::Role);
    account.outcome = outcome;
    account.title = Some(format!("Title {n}"));
    account.offset_millis = 1000 * n as u64;
    account.millis = 5000;
    account.steps = vec![
        step("claim", 100, 200, StepResult::Done),
        step("create-role", 400, 300, StepResult::Done),
        step("import", 1000, 3000, StepResult::Done),
    ];
    account.leftovers = Some(vec![]);
    account
}

fn step(step: &'static str, offset_millis: u64, millis: u64, result: StepResult) -> StepReport {
    StepReport { step, target: "role turbot-onboard".into(), result, offset_millis, millis }
}

fn collected(accounts: Vec<AccountReport>) -> Collected {
    Collected::of_report(&Report::new("run-1".into(), "apply", "2026-01-02T03:04:05Z".into(), accounts)).unwrap()
}

fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn nothing_hostile_leaves_its_place() {
    let mut account = account(1, Outcome::Failed);
    let all = HOSTILE.join(" ");
    account.title = Some(all.clone());
    account.role_arn = Some(all.clone());
    account.warnings = vec![all.clone()];
    account.maintenance = Some(all.clone());
    account.steps[0].target.clone_from(&all);
    account.leftovers = Some(vec![onboard_core::Leftover {
        kind: "role",
        id: all.clone(),
        why: all.clone(),
        remove_with: all.clone(),
    }]);
    account.fail(ErrorReport::new(ErrorKind::Denied, all.clone()).because(all.clone()).hint(all.clone()));
    let html = page(&collected(vec![account.clone()])).unwrap();
    // Two scripts begin, the data and the page's own; no element of the data's does.
    assert_eq!(html.matches("<script").count(), 2, "{html}");
    assert_eq!(html.matches("</script").count(), 2);
    for markup in ["<img", "<!--", "onload=alert(1)><", "<svg onload", "\u{202e}", "\u{200b}", "\u{2028}"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert_eq!(data(&html)["accounts"][0]["n"], *onboard_core::escaped(&all));

    for start in HOSTILE {
        account.title = Some(start.into());
        let csv = table(&collected(vec![account.clone()])).unwrap();
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let row = rows.records().next().unwrap().unwrap();
        let title = &row[2];
        assert!(!title.starts_with(['=', '+', '-', '@', '\t', '\r']), "{title}");
        assert!(!title.contains(";="), "{title}");
        assert_eq!(
            title.replacen('\'', "", usize::from(start.contains(['=']) && title != start)).len(),
            onboard_core::escaped(start).len()
        );
    }
}

#[test]
fn the_policy_allows_the_pages_own_script_alone() {
    let html = page(&collected(vec![account(1, Outcome::Imported)])).unwrap();
    let policy = html.split_once("Content-Security-Policy\" content=\"").unwrap().1.split_once('"').unwrap().0;
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    for outside in ["http://", "https://", "src=", "url(", "@import", "<link", " style=\"", "onclick"] {
        let allowed = usize::from(outside == "http://"); // the name of the SVG namespace, which nobody fetches
        assert_eq!(html.matches(outside).count(), allowed, "{outside}");
    }
}

#[test]
fn totals_causes_and_leftovers_stand_in_the_markup() {
    let mut accounts: Vec<_> = (0..7).map(|n| account(n, Outcome::Imported)).collect();
    for n in 7..10 {
        let mut failed = account(n, Outcome::Unchanged);
        let message = format!("creating the role in {} denied for ab{n}", failed.account_id);
        failed.fail(ErrorReport::new(ErrorKind::Denied, message).because("an SCP").hint("change the SCP"));
        accounts.push(failed);
    }
    let mut skipped = account(10, Outcome::Skipped);
    skipped.steps.clear();
    accounts.push(skipped);
    let collected = collected(accounts);
    let causes = Cause::of(&collected);
    assert_eq!(causes.len(), 2, "the same failure of three accounts is one cause: {causes:#?}");
    assert_eq!((causes[0].kind, causes[0].accounts.as_slice()), ("denied", &[7, 8, 9][..]));
    assert_eq!(causes[0].message, "creating the role in … denied for …");
    assert_eq!(causes[0].hint.as_deref(), Some("change the SCP"));
    let html = page(&collected).unwrap();
    assert!(html.contains("<b id=\"as-asked\">7</b> of 11 accounts are imported in Turbot"), "{html}");
    assert!(html.contains("100000000007 (ab7), 100000000008 (ab8), 100000000009 (ab9)"));
    assert_eq!(data(&html)["accounts"].as_array().unwrap().len(), 11);
}

#[test]
fn time_is_accounted_for() {
    let collected = collected((0..20).map(|n| account(n, Outcome::Imported)).collect());
    assert_eq!(collected.makespan(), 19_000 + 5000);
    let sums = collected.accounts[0].1.by_phase();
    let of = |phase: Phase| sums[phase as usize];
    assert_eq!((of(Phase::Claim), of(Phase::Create), of(Phase::Import), of(Phase::Waits)), (200, 300, 3000, 1500));
    let course = crate::course::Course::of(&collected);
    assert_eq!((course.over.first(), course.over.last(), course.peak()), (Some(&0), Some(&20), 5));
}

#[test]
fn several_reports_are_one_and_the_latest_counts() {
    let part = |run: &str, at: &str, outcome| {
        let report = Report::new(run.into(), "apply", at.into(), vec![account(1, outcome), account(2, outcome)]);
        Collected::parse(&serde_json::to_string(&report).unwrap()).unwrap()
    };
    let later = part("later", "2026-01-02T00:00:00Z", Outcome::Imported);
    let mut earlier = part("earlier", "2026-01-01T00:00:00Z", Outcome::Pending);
    earlier.accounts[1].1.account_id = "999999999999".into();
    let merged = Collected::merge(vec![later, earlier]);
    assert_eq!((merged.runs[0].id.as_str(), merged.superseded), ("earlier", 1));
    let what: Vec<_> = merged.accounts.iter().map(|(run, a)| (*run, a.account_id.as_str(), a.outcome)).collect();
    assert_eq!(
        what,
        [
            (1, "100000000001", Outcome::Imported),
            (0, "999999999999", Outcome::Pending),
            (1, "100000000002", Outcome::Imported)
        ]
    );
    let document = merged.document();
    assert_eq!((&document["summary"]["exit_code"], &document["run"]), (&7.into(), &"earlier, later".into()));
    assert_eq!(Collected::parse(&document.to_string()).unwrap().accounts.len(), 3);
}

#[test]
fn what_is_no_report_is_refused_and_older_ones_are_read() {
    for text in ["", "{}", "[]", r#"{"schema": "turbot-onboard/plan/1"}"#, r#"{"schema": "turbot-onboard/report/1"}"#] {
        assert!(Collected::parse(text).is_err(), "{text}");
    }
    let mut report = serde_json::to_value(Report::new(
        "r".into(),
        "apply",
        "2026-01-01T00:00:00Z".into(),
        vec![account(1, Outcome::Imported)],
    ))
    .unwrap();
    let old = report["accounts"][0].as_object_mut().unwrap();
    for name in ["title", "offset_millis", "millis"] {
        old.remove(name).unwrap();
    }
    for step in old["steps"].as_array_mut().unwrap() {
        step.as_object_mut().unwrap().remove("offset_millis").unwrap();
    }
    let collected = Collected::parse(&report.to_string()).unwrap();
    assert_eq!(collected.makespan(), 3000);
    assert!(page(&collected).unwrap().contains("The account is imported in Turbot"));
    assert!(page(&Collected::merge(vec![])).unwrap().contains("0</b> accounts are"));
}
