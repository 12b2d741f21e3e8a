"""The real handler behind cargo-lambda's emulator of AWS Lambda, on a local Azure.

Arguments: the programs cargo-lambda and handler. LOCAL_AZURE names the third.
"""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "azure"))
import lab

CARGO_LAMBDA, HANDLER = sys.argv[1:]
SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
COSTS = {"name": "cost_by_service", "arguments": {"subscriptionId": SUBSCRIPTION}}


def call(params):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def ask(method, path, body=None, tokens=()):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.putrequest(method, path)
    for token in tokens:
        connection.putheader("Authorization", f"Bearer {token}")
    if body is not None:
        body = json.dumps(body).encode()
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, answer.headers, json.loads(text) if text.startswith(b"{") else text.decode()


def listening():
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", PORT)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("the emulator does not listen")


with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]
lab.start()
processes = []
try:
    command = [CARGO_LAMBDA, "lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"]
    processes.append(subprocess.Popen([*command, "--invoke-port", str(PORT)]))
    listening()
    names = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "APP_ID_URI", "AZURE_AUTHORITY_HOST", "AZURE_RESOURCE_MANAGER_URL"]
    settings = {name: lab.settings[name] for name in [*names, "AZURE_CERT_PATH", "SSL_CERT_FILE"]} | {
        "PUBLIC_URL": f"http://127.0.0.1:{PORT}",
        "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{PORT}/.rt",
        "AWS_LAMBDA_FUNCTION_NAME": "_",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    }
    processes.append(subprocess.Popen([HANDLER], env=settings))

    status, _, text = ask("GET", "/healthz")
    lab.equal((status, text), (200, "ok"))
    status, _, metadata = ask("GET", "/.well-known/oauth-protected-resource")
    lab.equal((status, metadata["resource"]), (200, f"http://127.0.0.1:{PORT}/mcp"))
    status, headers, refusal = ask("POST", "/mcp", PING)
    lab.equal((status, refusal["reason"]), (401, "missing_bearer"))
    lab.check("resource_metadata=" in headers["www-authenticate"], headers)

    alice, bob = lab.token("alice"), lab.token("bob")
    status, _, answer = ask("POST", "/mcp", call(COSTS), [alice])
    lab.equal((status, answer["result"].get("isError", False)), (200, False))
    lab.check(answer["result"]["content"][0]["text"].startswith("**Spend by service**"), answer)
    status, _, answer = ask("POST", "/mcp", call(COSTS), [bob])
    lab.equal((status, answer["result"]["isError"]), (200, True))
    lab.check("403: caller (bob@contoso.example) lacks" in answer["result"]["content"][0]["text"], answer)
    status, headers, answer = ask("POST", "/mcp", call({"name": "cost_export"}), [alice])
    lab.equal((status, answer["error"]["message"]), (403, "missing_scope:cost.export"))
    lab.check("insufficient_scope" in headers["www-authenticate"], headers)
    # joined as Lambda joins two headers; the emulator forgets the first instead
    status, _, refusal = ask("POST", "/mcp", PING, [f"{alice},Bearer {bob}"])
    lab.equal((status, refusal["reason"]), (400, "malformed_authorization"))
    status, _, refusal = ask("POST", "/mcp", " " * (2 << 20), [alice])
    lab.equal((status, refusal["reason"]), (413, "body_too_large"))
    status, _, _ = ask("POST", "/mcp", PING, [alice])
    lab.equal(status, 200)
    lab.check(processes[-1].poll() is None)
finally:
    for process in reversed(processes):
        process.terminate()
        process.wait(10)
lab.done("cargo-lambda's emulator")
