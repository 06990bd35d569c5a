# A plan (turbot-onboard/plan/1) as Markdown for a comment. Every value is data: in code spans, which nothing in it ends.
# A comment holds 65,536 characters: of a fleet, accounts with the same steps are shown together, and the first of them named.
def code: tostring | gsub("[\u0000-\u001f\u007f-\u009f]"; " ") | gsub("`"; "'") | gsub("\\|"; "\\|") | "`" + . + "`";
# What is there before and after; of what has members, those that say something.
def value: if type == "object" then
    to_entries | map(select(.value != null and .value != {}) | "\(.key): \(.value | if type == "string" then . else tojson end)") | join(", ")
  elif type == "string" then . else tojson end;
def short: if length > 1000 then .[:1000] + "…" else . end;
def change: [.before, .after | select(. != null) | value | short | code] | join(" → ");
def steps: if length > 0 then
    "| step | effect | target | before → after |", "| --- | --- | --- | --- |",
    (.[] | "| \(.step | code) | \(.effect | code) | \(.target | code) | \(change) |")
  else "Nothing is to be done." end;
# The steps without what is an account's own, so that accounts which get the same are seen to get the same, and no others.
def general: .wanted as {account_id: $account, turbot_id: $id} | (.chosen.external_id // .wanted.external_id) as $external
  | .steps |= map(
      (.target |= if endswith(":" + $id) then rtrimstr($id) + "(Turbot id)" else . end)
      | walk(
          if type == "object" and .["sts:ExternalId"]? == $external and $external != null then .["sts:ExternalId"] = "(its own)"
          elif . == $id then "(Turbot id)"
          elif type == "string" then split($account) | join("(account)")
          else . end));
def turbot: "Turbot at \(.turbot.url | code), whose master account \(.turbot.master_account_id | code) is trusted";
def name: "\(.wanted.account_id | code) as \(.wanted.turbot_id | code)";
"### turbot-onboard plan",
"",
( if (.accounts | length) <= 10 then
    "As \(.caller.arn | code) in AWS account \(.caller.account | code), for \(turbot).",
    ( .accounts[]
    | "", "**Account \(.wanted.account_id | code)**, Turbot id \(.wanted.turbot_id | code), title \(.wanted.title // "none" | code): \(.steps | length) steps",
      "", (.steps | steps) )
  else
    "\(.accounts | length) AWS accounts, for \(turbot).",
    ( [.accounts[] | general]
    | [group_by([.steps[] | [.step, .effect, .target, .before, .after]]) | sort_by(-length) | .[]] as $groups
    | ( $groups[:10][]
      | "", "**Accounts: \(length)**, each \(.[0].steps | length) steps: \([.[:20][] | name] | join(", "))\(if length > 20 then " and \(length - 20) more" else "" end)",
        "", (.[0].steps | steps) ),
      (if ($groups | length) > 10 then "", "Accounts with yet other steps: \($groups[10:] | map(length) | add). They are in the document." else empty end) )
  end ),
"",
"Applied only as it stands, until \(.expires_at | code)."
