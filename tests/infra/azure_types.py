"""Compares every Azure resource of infra/ with Azure's own types: names of properties, required ones, closed sets of values.

The types are those of the Bicep compiler, as Microsoft publishes them inside its Azure MCP server on npm (one version of each
resource, the newest, which infra/ therefore uses). It needs no account and asks nothing of the network.

    python azure_types.py <path of azmcp>
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bicep import Handle, Reference, Repository
from world import World

# the package lists these two and does not ship them
NOT_PUBLISHED = {
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/diagnosticSettings",
}
# of Bicep, not of the resource
OF_BICEP = {"parent", "scope"}
# each must be noticed: a name, a value, a kind, a missing property
MUTATIONS = [
    ("infra/resources/function.bicep", "httpsOnly: true", "httpOnly: true"),
    ("infra/resources/vault.bicep", "name: 'standard'", "name: 'cheap'"),
    ("infra/resources/vault.bicep", "softDeleteRetentionInDays: 90", "softDeleteRetentionInDays: '90'"),
    ("infra/resources/vault.bicep", "    sku: { family: 'A', name: 'standard' }\n", ""),
]
KINDS = {"string": str, "int": int, "bool": bool}


class Types:
    def __init__(self, program: str):
        self.program = program
        self.known: dict[str, dict[str, Any]] = {}

    def of(self, kind: str) -> dict[str, Any]:
        """Every type that the resource's definition uses, by name."""
        if kind not in self.known:
            environment = {
                **os.environ,
                "AZURE_MCP_COLLECT_TELEMETRY": "false",
                "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
            }
            command = [self.program, "bicepschema", "get", "--resource-type", kind]
            output = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=120, check=False
            ).stdout
            answer, _ = json.JSONDecoder().raw_decode(output[output.index("{") :])
            if answer["status"] != 200:
                raise SystemExit(f"no types of {kind}: {answer['message'][:200]}")
            self.known[kind] = {it["name"]: it for it in answer["results"]["BicepSchemaResult"] if "name" in it}
        return self.known[kind]


def differences(types: dict[str, Any], type_name: str, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, (Reference, Handle)) or value is None or type_name == "any":
        return
    if type_name.endswith("[]"):
        for index, item in enumerate(value):
            yield from differences(types, type_name[:-2], item, f"{path}[{index}]")
    elif type_name in KINDS:
        if type(value) is not KINDS[type_name]:
            yield f"{path}: {value!r} is no {type_name}"
    elif isinstance(value, str):
        choices = type_name.split(" | ")
        if "string" not in choices and value not in choices:
            yield f"{path}: {value!r} is none of {choices}"
    elif type_name in types:
        yield from members(types, types[type_name], value, path)


def shape(definition: dict[str, Any], name: Any) -> dict[str, Any]:
    """Where the name of a resource decides on its properties (`config/appsettings`): those of that name."""
    for element in definition.get("elements", []):
        if any(it["name"] == "name" and it["type"] == name for it in element["properties"]):
            return element
    return definition


def members(types: dict[str, Any], definition: dict[str, Any], value: dict[str, Any], path: str) -> Iterator[str]:
    properties = {it["name"]: it for it in definition.get("properties", [])}
    for name, item in value.items():
        if name not in properties:
            if "additionalPropertiesType" not in definition:
                yield f"{path}.{name} does not exist"
            continue
        if "ReadOnly" in properties[name].get("flags", ""):
            yield f"{path}.{name} can't be set"
        yield from differences(types, properties[name]["type"], item, f"{path}.{name}")
    for name, it in properties.items():
        if "Required" in it.get("flags", "") and name not in value:
            yield f"{path}.{name} is missing"


def judge(types: Types, repository: Repository) -> tuple[list[str], int, int]:
    """What is wrong, how many resources were compared, and how many there are."""
    found, judged = [], 0
    resources = {(it.place, it.body.get("name")): it for _, it in World(repository).resources()}
    for it in resources.values():
        if it.type in NOT_PUBLISHED:
            continue
        known = types.of(it.type)
        definition = known.get(f"{it.type}@{it.version}")
        if definition is None:
            found.append(f"{it.place}: version {it.version} of {it.type} is not the published one")
            continue
        body = {name: value for name, value in it.body.items() if name not in OF_BICEP}
        found += members(known, shape(definition["bodyType"], it.body["name"]), body, it.place)
        judged += 1
    return found, judged, len(resources)


def main() -> int:
    types = Types(sys.argv[1])
    found, judged, all_of_them = judge(types, Repository())
    print(f"{judged} of {all_of_them} resources compared with Azure's types")
    for file, old, new in MUTATIONS:
        text = Repository().read(file)
        if old not in text or not judge(types, Repository({file: text.replace(old, new)}))[0]:
            found.append(f"{file}: {old!r} → {new!r} was not noticed")
    print("\n".join(found))
    print(f"{judged + len(MUTATIONS) - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
