"""The report of a run of cargo-mutants, from what it wrote down: report.py <outcomes below here> <all.json> <examined.json>.

The two lists are cargo-mutants' own, without and with .cargo/mutants.toml, so the report knows which mutants each of its
patterns leaves out, and which were not tried. Fails when a mutant was missed, when one was not tried, or when a pattern
fits none.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / ".cargo/mutants.toml"
COLUMNS = {"CaughtMutant": "caught", "Timeout": "timeout", "Unviable": "unviable", "MissedMutant": "missed"}


def outcomes(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The verdict on each mutant, and by what version on which day: the latest one counts."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob("outcomes.json")]
    verdicts, sources = {}, {}
    for run in sorted(runs, key=lambda run: run["start_time"]):
        for outcome in run["outcomes"]:
            # the other kind is the baseline: the source as it is
            if isinstance(outcome["scenario"], dict):
                name = outcome["scenario"]["Mutant"]["name"]
                verdicts[name] = COLUMNS[outcome["summary"]]
                sources[name] = f"cargo-mutants {run['cargo_mutants_version']} on {run['start_time'][:10]}"
    return verdicts, sources


def exclusions() -> list[tuple[str, str]]:
    """Each pattern with the comment above it."""
    found, reason = [], []
    inside = False
    for line in map(str.strip, CONFIGURATION.read_text(encoding="utf-8").splitlines()):
        if line.startswith("exclude_re"):
            inside, reason = True, []
        elif inside and line.startswith("#"):
            reason.append(line.lstrip("# "))
        elif inside and line.startswith("'"):
            found.append((line.rstrip(",").strip("'"), " ".join(reason)))
            reason = []
    return found


def without_place(name: str) -> str:
    """`handler/identity/src/ids.rs:82:9: replace …` without line and column."""
    return re.sub(r"^(\S+?):\d+:\d+: (.*)$", r"`\1`: `\2`", name)


def main() -> int:
    folder, everything, examined = map(Path, sys.argv[1:])
    names = [mutant["name"] for mutant in json.loads(everything.read_text(encoding="utf-8"))]
    kept = {mutant["name"] for mutant in json.loads(examined.read_text(encoding="utf-8"))}
    verdicts, sources = outcomes(folder)
    judged = Counter(sources[name] for name in names if name in kept and name in sources)

    table: dict[str, Counter[str]] = {}
    for name in names:
        verdict = verdicts.get(name, "not tried") if name in kept else "left out"
        table.setdefault(name.split(":")[0], Counter())[verdict] += 1
    total = sum(table.values(), Counter())
    missed = [name for name in names if name in kept and verdicts.get(name) == "missed"]
    patterns = [(pattern, reason, [name for name in names if re.search(pattern, name)]) for pattern, reason in exclusions()]

    columns = ["caught", "timeout", "unviable", "missed", "left out"] + ["not tried"] * bool(total["not tried"])
    print("# Mutation testing of identity and mcp\n")
    print("Written by `.ci/mutants report`; renewed by `MUTANTS_SHARD=0/1 .ci/mutants; .ci/mutants report >docs/mutants.md`.\n")
    print("A mutant is a small change of the source. It is caught when a test of its room fails,")
    print("or never ends (timeout); unviable when it does not compile; missed when no test notices.\n")
    print("Judged by " + "; ".join(f"{source}: {count}" for source, count in judged.most_common()) + ".\n")
    print(f"| file | mutants | {' | '.join(columns)} |")
    print(f"| --- | {' | '.join(['--:'] * (len(columns) + 1))} |")
    for file, row in sorted(table.items()):
        print(f"| `{file}` | {row.total()} | {' | '.join(str(row[column]) for column in columns)} |")
    print(f"| all | {total.total()} | {' | '.join(str(total[column]) for column in columns)} |")

    print("\n## Missed\n")
    print("\n".join(f"- {without_place(name)}" for name in missed) or "None.")
    print("\n## Left out\n")
    for _, reason, fits in patterns:
        print(f"- {reason} ({len(fits)})")
        for name in fits:
            print(f"  - {without_place(name)}")
    if not patterns:
        print("None.")

    stale = [pattern for pattern, _, fits in patterns if not fits]
    for pattern in stale:
        print(f".cargo/mutants.toml: {pattern} fits no mutant", file=sys.stderr)
    if total["not tried"]:
        print(f"{total['not tried']} mutants were not tried", file=sys.stderr)
    return 1 if missed or stale or total["not tried"] else 0


if __name__ == "__main__":
    sys.exit(main())
