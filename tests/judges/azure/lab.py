"""A local Azure of its own for one judge, and the count of what was checked."""

import json
import logging
import os
from subprocess import PIPE, Popen

settings = {}
checks = 0


def start():
    """Starts it. Its settings are in `settings`, and in the environment as a deployed program finds them."""
    global lab
    lab = Popen([os.environ["LOCAL_AZURE"]], stdin=PIPE, stdout=PIPE, text=True)
    settings.update(json.loads(lab.stdout.readline()))
    os.environ.update(settings)
    # the name under which `requests`, which Microsoft's libraries use, reads it
    os.environ["REQUESTS_CA_BUNDLE"] = settings["SSL_CERT_FILE"]
    # a refusal is what is wanted here, and the libraries warn of each
    logging.getLogger("azure").setLevel(logging.ERROR)


def order(words):
    """Tells the tenant's administrators what to do; tests/lab/examples/local_azure.rs lists the orders."""
    print(words, file=lab.stdin, flush=True)
    answer = json.loads(lab.stdout.readline())
    assert "refused" not in answer, (words, answer)
    return answer


def token(words):
    return order(f"token {words}")["token"]


def exchanges(person):
    return order(f"exchanges {person}")["exchanges"]


def check(holds, seen=None):
    global checks
    assert holds, seen
    checks += 1


def equal(actual, expected):
    check(actual == expected, (actual, expected))


def raises(kind, call, *expected):
    """Calls, and gives the failure; it must be a `kind` whose text has all that is `expected`."""
    try:
        value = call()
    except kind as failure:
        for each in expected:
            check(each in str(failure), (each, str(failure)))
        return failure
    raise AssertionError(f"no {kind.__name__} but {value}")


def done(library):
    # the end of its stdin ends the lab
    lab.stdin.close()
    assert lab.wait(10) == 0
    print(f"| {library} | {checks} checks passed |")
