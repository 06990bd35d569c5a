# A report (turbot-onboard/report/1) as Markdown. Every value is data: in code spans, which nothing in it ends.
def code: tostring | gsub("[\u0000-\u001f\u007f-\u009f]"; " ") | gsub("`"; "'") | gsub("\\|"; "\\|") | "`" + . + "`";
"### turbot-onboard \(.verb): \(.summary.outcome | code)",
"",
"| account | Turbot id | outcome | error |", "| --- | --- | --- | --- |",
( .accounts[]
| "| \(.account_id | code) | \(.turbot_id | code) | \(.outcome | code) | \(if .error then .error.message | code else "" end) |" )
