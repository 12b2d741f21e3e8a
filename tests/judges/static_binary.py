"""The container's binary in a folder that holds it, certificates and nothing else, on a local Azure.

Arguments: the program, and a folder to make the empty root in. LOCAL_AZURE names the lab. What a container engine adds (the
read-only root, dropped capabilities) is not proven here; that no library, shell, /proc or /etc is needed is.
"""

import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "azure"))
import lab

PROGRAM, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
SUBSCRIPTION = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
COSTS = {"name": "cost_by_service", "arguments": {"subscriptionId": SUBSCRIPTION}}
CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": COSTS})


def ask(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def costs(person):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {lab.token(person)}"}
    status, text = ask("POST", "/mcp", CALL, headers)
    lab.equal(status, 200)
    return json.loads(text)["result"]


with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]
lab.start()
server = None
try:
    shutil.rmtree(ROOT, ignore_errors=True)
    (ROOT / "etc").mkdir(parents=True)
    shutil.copy(PROGRAM, ROOT / "handler")
    shutil.copy(lab.settings["SSL_CERT_FILE"], ROOT / "etc/authorities.pem")
    shutil.copy(lab.settings["AZURE_CERT_PATH"], ROOT / "etc/certificate.pem")
    names = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "APP_ID_URI", "AZURE_AUTHORITY_HOST", "AZURE_RESOURCE_MANAGER_URL"]
    settings = {name: lab.settings[name] for name in names} | {
        "PUBLIC_URL": f"http://127.0.0.1:{PORT}",
        "PORT": str(PORT),
        "SSL_CERT_FILE": "/etc/authorities.pem",
        "AZURE_CERT_PATH": "/etc/certificate.pem",
    }
    # chroot as a user without a name, in a namespace of its own
    alone = ["unshare", "--user", "--map-user=65532", "--map-group=65532", f"--root={ROOT}", "--wd=/"]
    server = subprocess.Popen([shutil.which("unshare"), *alone[1:], "/handler"], env=settings)
    for _ in range(150):
        lab.check(server.poll() is None, "the handler ended")
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    lab.equal(ask("GET", "/healthz"), (200, "ok"))
    lab.equal(ask("POST", "/mcp", CALL)[0], 401)
    answer = costs("alice")
    lab.check(not answer.get("isError") and answer["content"][0]["text"].startswith("**Spend by service**"), answer)
    answer = costs("bob")
    lab.check(answer["isError"] and "403: caller (bob@contoso.example) lacks" in answer["content"][0]["text"], answer)
    server.terminate()
    lab.equal(server.wait(10), 0)
finally:
    if server and server.poll() is None:
        server.kill()
lab.done("the container's binary in an empty root")
