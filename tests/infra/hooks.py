"""Runs infra/resources/hooks/register.sh with an `az` that only writes down what it is asked; reads register.ps1 as PowerShell.

Whether Azure understands the commands, only a live deployment shows.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile

import tree_sitter
import tree_sitter_powershell
from bicep import ROOT

HOOKS = ROOT / "infra/resources/hooks"
ENVIRONMENT = {
    "AZURE_TENANT_ID": "3f1d5c1e-7a0b-4d52-9c44-5b8c2f6e9a71",
    "SERVER_CLIENT_ID": "server",
    "PUBLIC_CLIENT_ID": "client",
    "PUBLIC_URL": "https://costs.contoso.example",
    "APPLICATION_ID_URI": "api://tenant/mcp-cost-server",
    "KEY_VAULT_NAME": "kv-costs",
    "CERTIFICATE_NAME": "mcp-cost-server-obo",
    "APP_IDENTITY_PRINCIPAL_ID": "principal",
}
# $EXISTS: a certificate is there. $REGISTERED: how many of its version Entra has. $MAY: the registration may be changed
AZ = """#!/bin/sh
printf '%s\\n' "$*" >>"$ASKED"
case "$*" in
  'keyvault certificate show'*) [ -n "$EXISTS" ] || [ -e "$ASKED.made" ] || exit 3; echo https://kv-costs/certificates/c/v1 ;;
  'keyvault certificate create'*) touch "$ASKED.made" ;;
  'ad app credential list'*) echo "$REGISTERED" ;;
  'ad app credential reset'*) [ -n "$MAY" ] || exit 1 ;;
esac
"""


def run(**settings: str) -> tuple[str, list[str]]:
    """What the hook printed, and what it asked of az."""
    with tempfile.TemporaryDirectory() as folder:
        (az := pathlib.Path(folder, "az")).write_text(AZ)
        az.chmod(0o755)
        asked = pathlib.Path(folder, "asked")
        asked.touch()
        environment = {**ENVIRONMENT, "PATH": f"{folder}:/usr/bin:/bin", "ASKED": str(asked), **settings}
        done = subprocess.run(
            [HOOKS / "register.sh"], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout, asked.read_text().splitlines()


def made(asked: list[str]) -> dict | None:
    for command in "\n".join(asked).split("keyvault certificate create")[1:]:
        return json.loads(command[command.index("{") : command.rindex("}") + 1])
    return None


def a_first_run_makes_an_exportable_certificate_and_registers_it() -> None:
    printed, asked = run(CREDENTIAL="certificate", EXISTS="", REGISTERED="0", MAY="yes")
    policy = made(asked)
    assert policy and policy["keyProperties"]["exportable"] is True, policy
    registered = [it for it in asked if it.startswith("ad app credential reset")]
    assert len(registered) == 1 and "--append" in registered[0] and "--display-name v1" in registered[0], asked
    assert "https://costs.contoso.example/mcp" in printed and "adminconsent?client_id=server" in printed, printed


def a_key_that_signs_in_the_vault_may_not_leave_it() -> None:
    _, asked = run(CREDENTIAL="certificate-in-vault", EXISTS="", REGISTERED="0", MAY="yes")
    policy = made(asked)
    assert policy and policy["keyProperties"]["exportable"] is False, policy


def a_second_run_changes_nothing() -> None:
    _, asked = run(CREDENTIAL="certificate", EXISTS="yes", REGISTERED="1", MAY="yes")
    assert not [it for it in asked if "create" in it or "reset" in it], asked


def who_may_not_register_learns_what_to_send_to_whom() -> None:
    printed, _ = run(CREDENTIAL="certificate", EXISTS="yes", REGISTERED="0", MAY="")
    assert "az keyvault certificate download" in printed and "--append --cert @v1.pem" in printed, printed


def with_a_federated_credential_no_vault_is_asked() -> None:
    printed, asked = run(CREDENTIAL="federated", EXISTS="", REGISTERED="0", MAY="yes")
    assert asked == [] and "FEDERATED_IDENTITY_PRINCIPAL_ID=principal" in printed, (printed, asked)


def the_powershell_hook_is_powershell_and_asks_the_same() -> None:
    source = (HOOKS / "register.ps1").read_bytes()
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert not parser.parse(source).root_node.has_error
    assert parser.parse(source.replace(b"}", b"", 1)).root_node.has_error, "the parser accepts anything"
    for command in (
        "keyvault certificate show",
        "keyvault certificate create",
        "ad app credential list",
        "ad app credential reset",
    ):
        assert f"az {command}" in source.decode(), command


def main() -> int:
    tests = [
        it
        for name, it in globals().items()
        if callable(it) and getattr(it, "__module__", "") == "__main__" and "_" in name
    ]
    failed = 0
    for test in tests:
        try:
            test()
        except (AssertionError, subprocess.SubprocessError, ValueError) as error:
            failed += 1
            print(f"FAILED {test.__name__.replace('_', ' ')}: {error}")
    print(f"hooks: {len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
