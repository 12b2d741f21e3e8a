"""Runs each query on lines that the handler wrote, and compares the rows with a count made without the query.

The interpreter translates KQL to DuckDB and refuses what it does not know. What Application Insights makes of the same query,
only it can show.
"""

import json
import pathlib
import statistics
import sys
from collections import Counter

import duckdb_kql

folder, lines_file = map(pathlib.Path, sys.argv[1:])
lines = [json.loads(line) for line in lines_file.read_text().splitlines()]
audits = [line for line in lines if line["event"] == "audit"]
exchanges = [line for line in lines if line["event"] == "obo"]
SHOP_PROD = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
failed = 0

database = duckdb_kql.connect()
database.sql("CREATE TABLE traces (timestamp TIMESTAMP, message VARCHAR)")
for line in lines:
    database.execute("INSERT INTO traces VALUES (?::TIMESTAMP, ?)", [line["timestamp"], json.dumps(line)])
# what the host writes beside the handler's lines: no JSON, broken JSON, JSON of others
for message in ["Host started (12ms)", "{0} functions loaded", '{"event":null}', '{"Category":"audit"}', ""]:
    database.execute("INSERT INTO traces VALUES (now()::TIMESTAMP, ?)", [message])


def ask(name, change=lambda query: query):
    rows = duckdb_kql.kql(database, change((folder / f"{name}.kql").read_text()))
    return [dict(zip(rows.columns, row)) for row in rows.fetchall()]


def check(what, actual, expected):
    global failed
    if actual != expected:
        failed += 1
        print(f"{what}: {actual!r} should be {expected!r}")


def count(lines, *fields):
    """How many lines have which values; a field that a line lacks is empty, as in the queries."""
    return Counter(tuple(str(line.get(field) or "") for field in fields) for line in lines)


def is_denied(line):
    return line["decision"].startswith("deny:")


# who was denied what
denied = [line for line in audits if is_denied(line)]
fields = ["user", "oid", "tool", "subscription_id", "management_group_id", "decision", "reason"]
columns = ["user", "oid", "tool", "subscription", "management_group", "decision", "reason"]
rows = {tuple(row[name] for name in columns): row["times"] for row in ask("denials")}
check("denials", rows, dict(count(denied, *fields)))
check("denials: kinds", len({line["decision"] for line in denied}) >= 5, True)

# one person, and nobody who was denied by another than Azure
rbac = [line for line in audits if line["decision"] == "deny:rbac"]
rows = ask("denials-of-one-person")
check("denials of one person", {row["oid"]: row["denied"] for row in rows}, dict(Counter(line["oid"] for line in rbac)))
check("denials of one person: most", (rows[0]["user"], rows[0]["denied"] > 10), ("bob@contoso.example", True))
check("denials of one person: where", rows[0]["subscriptions"] >= 2, True)
check("denials of one person: alone", [row["user"] for row in rows if row["denied"] > 10], ["bob@contoso.example"])

# did Bob ever try
for person, subscription in [
    ("bob@contoso.example", SHOP_PROD),
    ("BOB@contoso.example", SHOP_PROD.upper()),
    (rows[0]["oid"], SHOP_PROD),
    ("alice@contoso.example", SHOP_PROD),
    ("bob@contoso.example", "99999999-9999-4999-8999-999999999999"),
    ("somebody@contoso.example", SHOP_PROD),
]:
    asked = ask("attempts", lambda query: query.replace("bob@contoso.example", person).replace(SHOP_PROD, subscription))
    expected = [
        line["correlation_id"]
        for line in audits
        if person.lower() in (line["user"], line["oid"]) and line.get("subscription_id") == subscription.lower()
    ]
    check(f"attempts of {person}", sorted(row["correlation_id"] for row in asked), sorted(expected))
check("attempts: others' are not shown", {row["user"] for row in ask("attempts")}, {"bob@contoso.example"})
check("attempts: refusals before Azure, too", "deny:scope" in {row["decision"] for row in ask("attempts")}, True)

# the exchange
failures = [line for line in exchanges if line["outcome"] == "failed"]
[row] = ask("exchange-failures")
classes = Counter(line["class"] for line in failures)
mine = {"uses": len(exchanges), "failed": len(failures), "by_operator": classes["operator_fault"]}
mine |= {"by_entra": classes["temporarily_unavailable"]}
mine |= {"by_people": len(failures) - mine["by_operator"] - mine["by_entra"]}
mine |= {"failure_percent": round(100 * len(failures) / len(exchanges), 1)}
check("exchange failures", {name: row[name] for name in mine}, mine)
check("exchange failures: each kind", min(mine.values()) > 0, True)
rows = {tuple(row[name] for name in ["outcome", "class", "aadsts", "cache"]): row["uses"] for row in ask("exchange-outcomes")}
check("exchange outcomes", rows, dict(count(exchanges, "outcome", "class", "aadsts", "cache")))

# calls and how long they took
rows = {row["tool"]: row for row in ask("calls")}
check("calls: tools", set(rows), {line.get("tool") or "" for line in audits})
for tool, row in rows.items():
    calls = [line for line in audits if (line.get("tool") or "") == tool]
    mine = [len(calls), sum(map(is_denied, calls)), sum(line["decision"] == "error" for line in calls)]
    check(f"calls of {tool}", [row["calls"], row["denied"], row["errors"]], mine)
    check(f"calls of {tool}: accepted", row["accepted"], len(calls) - mine[1] - mine[2])
    check(f"calls of {tool}: people", row["people"], len({line["oid"] for line in calls}))
[row] = ask("latency")
took = [line["duration_ms"] for line in audits if not is_denied(line)]
check("latency: calls", row["calls"], len(took))
check("latency: p95", statistics.median(took) <= row["p95_ms"] <= max(took), True)

# the operator's
faults = {"obo_operator_fault", "start_failed", "panicked"}
rows = ask("operator-faults")
mine = Counter(line["event"] for line in lines if line["event"] in faults)
check("operator faults", sum((Counter({row["event"]: row["times"]}) for row in rows), Counter()), mine)
check("operator faults: advice", [row for row in rows if row["event"] == "obo_operator_fault" and not row["advice"]], [])
check("operator faults: setting", {"AZURE_TENANT_ID"} <= {row["variable"] for row in rows}, True)
rows = ask("certificate")
warnings = {line["event"] for line in lines if line["event"].startswith("credential_") and line["level"] == "WARN"}
check("certificate", {row["event"] for row in rows}, warnings)
check("certificate: the end comes first", rows[0]["days"] in (9, 10), True)

# what the table of alerts measures and tells apart are columns of a kind that a rule can use
alerts = {}
for line in (folder / "README.md").read_text().splitlines():
    cells = [cell.strip() for cell in line.strip("|").split(" | ")]
    if line.startswith("| `") and len(cells) == 7:
        alerts[cells[0].strip("` ").removesuffix(".kql")] = cells[4:]
check("alerts", len(alerts), 5)
for name, (measure, condition, dimension) in alerts.items():
    rows = ask(name)
    column, aggregation = (part.strip("` ") for part in measure.split(","))
    values = [row[column] for row in rows] if aggregation == "Maximum" else [len(rows)]
    check(f"{name}: measure", all(isinstance(value, (int, float)) for value in values) and values != [], True)
    if name != "latency":
        # no play is as slow as that
        check(f"{name}: fires", max(values) > float(condition.removeprefix("> ")), True)
    if dimension != "all":
        texts = [row[dimension.removeprefix("each").strip("` ")] for row in rows]
        check(f"{name}: dimension", all(isinstance(text, str) and text for text in texts), True)

# a quiet quarter of an hour raises nothing
database.sql("DELETE FROM traces WHERE message LIKE '%\"event\"%'")
for name in alerts:
    check(f"{name}: quiet", ask(name), [])

if failed:
    sys.exit(f"{failed} answers are not as expected")
print(f"the queries answer as expected on {len(lines)} lines")
