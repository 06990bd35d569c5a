//! The page as a browser has it: what it shows, that its list can be searched and sorted, and that nothing in the data
//! ever runs.

use std::path::PathBuf;

use crate::browser::{Browser, list};
use crate::fleet::{self, account_id};
use crate::harness::World;

fn rendered(world: &World, accounts: usize) -> PathBuf {
    std::fs::write(world.path("fleet.json"), fleet::report(accounts).to_string()).unwrap();
    world.run(&["report", "fleet.json", "--report", "fleet.html"]).exits(0);
    world.path("fleet.html")
}

#[test]
fn totals_and_list_are_shown_and_no_data_runs() {
    let Some(browser) = Browser::find() else { return };
    let world = World::new();
    let page = rendered(&world, 60);
    let dom = browser.dom(&page, "");
    assert!(dom.contains("<title>57 of 60 accounts imported in Turbot</title>"), "{dom}");
    for (outcome, count) in [("imported", 56), ("already-imported", 1), ("failed", 1), ("refused", 1), ("pending", 1)] {
        let chip = dom.split_once(&format!("data-outcome=\"{outcome}\"")).unwrap().1;
        let chip = chip.split_once("</button>").unwrap().0;
        assert!(chip.contains(&format!("<b>{count}</b>")), "{outcome}: {chip}");
    }
    let shown = list(&dom);
    assert_eq!((shown.count.as_str(), shown.accounts.len()), ("60 accounts", 50), "a page of the list");
    assert_eq!(shown.accounts[..2], [account_id(0), account_id(1)], "the report's order");
    // The hostile title is text, in its place; its bidirectional mark is written out.
    assert!(shown.titles[7].starts_with("&lt;/script&gt;&lt;script&gt;"), "{}", shown.titles[7]);
    assert!(shown.titles[7].ends_with("\\u{202e}gpj"), "{}", shown.titles[7]);
    assert_eq!((dom.matches("<script").count(), dom.matches("<img").count()), (2, 0));
    assert!(!dom.contains("<title>owned"));
}

#[test]
fn the_list_is_searched_filtered_sorted_and_opened() {
    let Some(browser) = Browser::find() else { return };
    let world = World::new();
    let page = rendered(&world, 60);
    let see = |view: &str| list(&browser.dom(&page, view));

    let found = see("#q=T00041");
    assert_eq!((found.count.as_str(), found.accounts.as_slice()), ("1 of 60 accounts", &[account_id(41)][..]));
    let found = see("#q=licence+exceeded");
    assert_eq!(found.accounts, [account_id(39)], "words of the error's causes are found");
    assert_eq!(see("#q=%3Cscript%3E").accounts, [account_id(7)]);
    assert_eq!(see("#q=no+such+thing").count, "0 of 60 accounts");
    assert_eq!(see("#outcome=failed,pending").accounts, [account_id(19), account_id(59)]);
    assert_eq!(see("#left").accounts, [account_id(7)]);
    assert_eq!(see("#cause=1").accounts.len(), 1);

    let took = see("#sort=-took");
    let quick = see("#sort=took");
    let document = fleet::report(60);
    let millis = |n: &usize| document["accounts"][*n]["millis"].as_u64().unwrap();
    let (quickest, slowest) = ((0..60).min_by_key(millis).unwrap(), (0..60).max_by_key(millis).unwrap());
    assert_eq!((&quick.accounts[0], &took.accounts[0]), (&account_id(quickest), &account_id(slowest)));
    let mut titles = see("#sort=title").titles;
    titles.retain(|title| !title.starts_with('&'));
    assert!(titles.first().unwrap().starts_with("Data platform development"), "{titles:?}");
    assert!(titles.is_sorted_by_key(|title| title.split(' ').next().unwrap().to_lowercase()), "{titles:?}");
    assert_eq!(see("#sort=-account&page=2").accounts.last(), Some(&account_id(0)));

    let opened = browser.dom(&page, "#q=t00019&open=t00019");
    let detail = opened.split_once("<tr class=\"detail\">").unwrap().1;
    for words in ["denies iam:CreatePolicy", "move the account to another unit", "service_control_policy/p-7xk2"] {
        assert!(detail.contains(words), "{words}: {detail}");
    }
}

#[test]
fn ten_thousand_accounts_open_at_once() {
    let Some(browser) = Browser::find() else { return };
    let world = World::new();
    let page = rendered(&world, 10_000);
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 16 * 1024 * 1024, "{size}");
    let dom = browser.dom(&page, "#sort=-account&page=200");
    let shown = list(&dom);
    assert_eq!((shown.count.as_str(), shown.accounts.len()), ("10,000 accounts", 50));
    assert_eq!(shown.accounts.last(), Some(&account_id(0)));
    assert!(dom.matches("<tr").count() < 400, "only a page of the list is in the document");
    assert_eq!(list(&browser.dom(&page, "#q=t09999")).accounts, [account_id(9999)]);
}
