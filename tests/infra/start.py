"""Gives the settings that infra/ deploys to the real handler, whose doctor says whether it would start with them.

What only Azure knows is replaced by something of its form. Nothing is asked of the network: the proxy is a closed port.

    python start.py <path of the handler>
"""

from __future__ import annotations

import json
import subprocess
import sys

from bicep import Reference, Repository
from world import World

KNOWN_TO_AZURE = {
    "AZURE_TENANT_ID": "3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71",
    "AZURE_CLIENT_ID": "8c0f6a52-41d7-4a3e-b9a5-07d2c4e81f36",
    "APP_ID_URI": "api://3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71/mcp-cost-server",
    "PUBLIC_URL": "https://costs.contoso.example",
    "KEY_VAULT_URL": "https://kv-costs.vault.azure.net/",
    "KEY_VAULT_IDENTITY": "47f8d5a1-2b9c-4e03-96d8-a1f4c7b0e562",
    "OBO_FEDERATED_IDENTITY_CLIENT_ID": "47f8d5a1-2b9c-4e03-96d8-a1f4c7b0e562",
}


def verdict(handler: str, settings: dict[str, object]) -> dict[str, str]:
    environment = {
        name: KNOWN_TO_AZURE.get(name, "x") if isinstance(value, Reference) else str(value)
        for name, value in settings.items()
    }
    environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
    done = subprocess.run(
        [handler, "doctor", "--json"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    [first, *_] = json.loads(done.stdout)
    if first["check"] != "settings":
        raise SystemExit(f"the doctor begins with {first['check']}")
    return first


def main() -> int:
    handler, failed, cases = sys.argv[1], 0, 0
    for credential, settings in World(Repository()).settings():
        broken = {**settings, "OBO_CACHE_TTL_SECONDS": "3600"}
        for given, status in ((settings, "ok"), (broken, "failed")):
            cases += 1
            found = verdict(handler, given)
            if found["status"] != status:
                failed += 1
                print(f"{credential}: the settings should be {status}: {found['detail']}")
    print(f"settings at the handler: {cases - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
