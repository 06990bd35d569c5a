# A plan (turbot-onboard/plan/1) as Markdown for a comment. Every value is data: in code spans, which nothing in it ends.
def code: tostring | gsub("[\u0000-\u001f\u007f-\u009f]"; " ") | gsub("`"; "'") | gsub("\\|"; "\\|") | "`" + . + "`";
"### turbot-onboard plan",
"",
"As \(.caller.arn | code) in AWS account \(.caller.account | code), for Turbot at \(.turbot.url | code).",
( .accounts[]
| "",
  "**Account \(.wanted.account_id | code)**, Turbot id \(.wanted.turbot_id | code): \(.steps | length) steps",
  "",
  ( if (.steps | length) > 0 then
      "| step | effect | target |", "| --- | --- | --- |",
      (.steps[] | "| \(.step | code) | \(.effect | code) | \(.target | code) |")
    else "Nothing is to be done." end ) ),
"",
"Applied only as it stands, until \(.expires_at | code)."
