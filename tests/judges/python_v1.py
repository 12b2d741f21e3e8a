import asyncio
from contextlib import asynccontextmanager
from importlib.metadata import version
from types import SimpleNamespace

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from story import URL, judge


@asynccontextmanager
async def connect(token):
    async with streamablehttp_client(URL, headers={"Authorization": f"Bearer {token}"}) as (read, write, _):
        async with ClientSession(read, write) as session:
            opened = await session.initialize()

            async def tools():
                return [tool.name for tool in (await session.list_tools()).tools]

            yield SimpleNamespace(revision=opened.protocolVersion, tools=tools, call=session.call_tool)


# without an OAuth provider this client shows no body of a 403 and ends the session
LIMIT = "; the client's own limit: shows no body of a 403, and ends the session"
asyncio.run(judge(f"Python SDK {version('mcp')}", connect, step="403 Forbidden", limit=LIMIT))
