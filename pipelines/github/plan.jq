# A plan (turbot-onboard/plan/1) as Markdown for a comment. Every value is data: in code spans, which nothing in it ends.
# A comment holds 65,536 characters: of a fleet, accounts with the same steps are shown together, and the first of them named.
def code: tostring | gsub("[\u0000-\u001f\u007f-\u009f]"; " ") | gsub("`"; "'") | gsub("\\|"; "\\|") | "`" + . + "`";
def steps: if length > 0 then
    "| step | effect | target |", "| --- | --- | --- |",
    (.[] | "| \(.step | code) | \(.effect | code) | \(.target | code) |")
  else "Nothing is to be done." end;
def name: "\(.wanted.account_id | code) as \(.wanted.turbot_id | code)";
"### turbot-onboard plan",
"",
( if (.accounts | length) <= 10 then
    "As \(.caller.arn | code) in AWS account \(.caller.account | code), for Turbot at \(.turbot.url | code).",
    ( .accounts[]
    | "", "**Account \(.wanted.account_id | code)**, Turbot id \(.wanted.turbot_id | code): \(.steps | length) steps",
      "", (.steps | steps) )
  else
    "\(.accounts | length) AWS accounts, for Turbot at \(.turbot.url | code).",
    ( [.accounts[] | (":" + .wanted.turbot_id) as $id
      | .steps |= map(.target |= if endswith($id) then rtrimstr($id) + ":(Turbot id)" else . end)]
    | [group_by([.steps[] | [.step, .effect, .target]]) | sort_by(-length) | .[]] as $groups
    | ( $groups[:10][]
      | "", "**Accounts: \(length)**, each \(.[0].steps | length) steps: \([.[:20][] | name] | join(", "))\(if length > 20 then " and \(length - 20) more" else "" end)",
        "", (.[0].steps | steps) ),
      (if ($groups | length) > 10 then "", "Accounts with yet other steps: \($groups[10:] | map(length) | add). They are in the document." else empty end) )
  end ),
"",
"Applied only as it stands, until \(.expires_at | code)."
