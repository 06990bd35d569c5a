# A report (turbot-onboard/report/1) as Markdown. Every value is data: in code spans, which nothing in it ends.
# A comment holds 65,536 characters: of a fleet, how many had which outcome, and the first that need somebody.
def code: tostring | gsub("[\u0000-\u001f\u007f-\u009f]"; " ") | gsub("`"; "'") | gsub("\\|"; "\\|") | "`" + . + "`";
def short: tostring | if length > 300 then .[:300] + "…" else . end;
def rows: "| account | Turbot id | outcome | error |", "| --- | --- | --- | --- |",
  (.[] | "| \(.account_id | code) | \(.turbot_id | code) | \(.outcome | code) | \(if .error then .error.message | short | code else "" end) |");
if (.accounts | length) == 1 then
  "### turbot-onboard \(.verb): \(.accounts[0].outcome | code)", "", (.accounts | rows)
else
  "### turbot-onboard \(.verb): \(.accounts | length) accounts",
  "",
  "| outcome | accounts |", "| --- | --- |",
  (.accounts | group_by(.outcome) | sort_by(-length) | .[] | "| \(.[0].outcome | code) | \(length) |"),
  "",
  ( if (.accounts | length) <= 50 then .accounts | rows
    else [.accounts[] | select(.error or .outcome == "differs")] | if length > 0 then
        "Those that need somebody\(if length > 50 then ", the first 50 of \(length)" else "" end):", "", (.[:50] | rows)
      else "None needs anybody." end
    end )
end
