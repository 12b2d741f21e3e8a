"""mcp-authlab grades what the specification asks of a protected server: challenges, metadata, token validation."""

import json
import os
import subprocess
import sys
import tempfile

# These judge the authorization server, which is Microsoft Entra ID, and TLS, which ends at the platform's front end.
NOT_OURS = ["ASM-04", "ASM-05", "ASM-06", "TLS-01"]

with tempfile.NamedTemporaryFile("w", suffix=".toml") as policy:
    policy.write(f"ignore = {json.dumps(NOT_OURS)}\n")
    policy.flush()
    tokens = ["--token", os.environ["ALICE_TOKEN"], "--foreign-token", os.environ["FOREIGN_TOKEN"], "--no-login"]
    options = ["--tool", "cost_export", "--policy", policy.name, "--fail-under", "A", "--format", "json"]
    command = [os.path.join(os.path.dirname(sys.executable), "mcp-authlab"), "scan", *tokens, *options]
    environment = {**os.environ, "SSL_CERT_FILE": os.environ["LAB_CERTIFICATE_AUTHORITY"]}
    scan = subprocess.run([*command, os.environ["MCP_SERVER_URL"]], env=environment, capture_output=True, text=True)

report = json.loads(scan.stdout) if scan.returncode == 0 else sys.exit(scan.stdout + scan.stderr)
results = {result["id"]: result for result in report["results"] if result["id"] not in NOT_OURS}
unexpected = [result for result in results.values() if result["status"] not in ("pass", "skip")]
assert not unexpected, unexpected
assert results["TOK-03"]["status"] == results["SCOPE-01"]["status"] == "pass"
passed = sum(result["status"] == "pass" for result in results.values())
print(f"| mcp-authlab {report['version']} | {report['spec']} | grade {report['grade']}, {passed} checks passed |")
