"""What is linked, held against what is said of it: docs/dependencies.md, Cargo.toml and Cargo.lock. Reads `cargo metadata`."""

import json
import pathlib
import re
import subprocess
import sys

metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked"]))
packages = {package["id"]: package for package in metadata["packages"]}
members = [packages[member] for member in metadata["workspace_members"]]
ours = {package["name"] for package in members}
resolved = {node["id"]: node["deps"] for node in metadata["resolve"]["nodes"]}
problems = []


def number(version):
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*", version)[0].split("."))


def locked(member, name):
    """The versions of a direct dependency."""
    return {packages[it["pkg"]]["version"].split("+")[0] for it in resolved[member["id"]] if packages[it["pkg"]]["name"] == name}


def direct(names, kinds):
    return {
        dependency["name"]
        for member in members
        if member["name"] in names
        for dependency in member["dependencies"]
        if dependency["kind"] in kinds and dependency["name"] not in ours
    }


def explained(heading):
    """The crates of a table, by the code spans of its first column."""
    section = document.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    problems.extend(f"{row[1].strip()} has no reason" for row in rows if not row[2].strip())
    return {name for row in rows for name in re.findall("`([^`]+)`", row[1])}


document = pathlib.Path("docs/dependencies.md").read_text()
product = direct({"handler", "identity"}, {None, "build"})
everything = direct(ours, {None, "build", "dev"})
for heading, expected in [
    ("In the handler", product),
    ("In tests, the local Azure and chores only", everything - product),
]:
    listed = explained(heading)
    problems.extend(f"docs/dependencies.md: {name} is missing under {heading!r}" for name in expected - listed)
    problems.extend(f"docs/dependencies.md: {name} is no dependency under {heading!r}" for name in listed - expected)

for member in members:
    manifest = pathlib.Path(member["manifest_path"]).read_text()
    if "[lints]\nworkspace = true" not in manifest:
        problems.append(f"{member['name']} does not have the workspace's lints, which forbid unsafe code")
    for dependency in member["dependencies"]:
        if dependency["name"] in ours:
            continue
        lowest = dependency["req"].removeprefix("^")
        if lowest not in locked(member, dependency["name"]):
            found = ", ".join(locked(member, dependency["name"]))
            problems.append(f"{dependency['name']}: Cargo.toml asks for {lowest}, but what is tested is {found}")
if not re.search(r'^unsafe_code = "forbid"$', pathlib.Path("Cargo.toml").read_text(), re.MULTILINE):
    problems.append("Cargo.toml: unsafe code is not forbidden")

oldest = min(number(member["rust_version"]) for member in members)
for package in packages.values():
    if package["rust_version"] and number(package["rust_version"]) > oldest:
        problems.append(f"{package['name']} {package['version']} needs Rust {package['rust_version']}")

print(*sorted(set(problems)), sep="\n")
if problems:
    sys.exit("the supply chain is not as it is said to be")
print(f"{len(product)} crates in the handler, {len(everything - product)} more in tests and chores, each with its reason")
print(f"minimal versions: those of Cargo.lock; Rust {'.'.join(map(str, oldest))}: enough for all {len(packages)} crates")
