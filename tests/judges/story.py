"""What a person must get through any client: see story.mjs, which says the same for JavaScript."""

import os
import re

URL = os.environ["MCP_SERVER_URL"]
SUBSCRIPTION = {"subscriptionId": os.environ["AZURE_SUB"]}
ALICE, BOB = os.environ["ALICE_TOKEN"], os.environ["BOB_TOKEN"]


async def judge(client, connect, step=r"cost\.export", limit=""):
    """`connect(token)` is an async context: a session with `revision`, `tools()` and `call(tool, arguments)`.

    `step` is what the client shows, at the least, of a call whose scope is missing. The session may end with it.
    `limit` says what the client itself can't do.
    """
    async with connect(ALICE) as alice:
        revision = alice.revision
        tools = await alice.tools()
        assert {"cost_by_service", "cost_export", "whoami"} <= set(tools), tools
        assert "alice@contoso.example" in text(await alice.call("whoami", {}))
        costs = await alice.call("cost_by_service", SUBSCRIPTION)
        assert text(costs).startswith("**Spend by service**"), text(costs)
    async with connect(BOB) as bob:
        refused = text(await bob.call("cost_by_service", SUBSCRIPTION))
        sentence = "403: caller (bob@contoso.example) lacks Cost Management Reader on subscription "
        assert refused.startswith(sentence), refused
    seen = await shown(connect)
    assert re.search(step, seen), seen
    print(f"| {client} | {revision} | {len(tools)} tools | yes{limit} | `{one_line(refused)}` | `{seen}` |")


def text(result):
    return "\n".join(block.text for block in result.content)


async def shown(connect):
    try:
        async with connect(ALICE) as alice:
            return text(await alice.call("cost_export", SUBSCRIPTION))
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return one_line(f"{type(error).__name__}: {error}")


def one_line(shown):
    return re.sub(r"\s+", " ", shown)
