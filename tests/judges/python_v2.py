import asyncio
from contextlib import asynccontextmanager
from importlib.metadata import version
from types import SimpleNamespace

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from story import URL, judge


def connected(mode):
    @asynccontextmanager
    async def connect(token):
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            async with Client(streamable_http_client(URL, http_client=http), mode=mode) as client:

                async def tools():
                    return [tool.name for tool in (await client.list_tools()).tools]

                yield SimpleNamespace(revision=client.protocol_version, tools=tools, call=client.call_tool)

    return connect


async def main():
    for mode in ["auto", "legacy", "2026-07-28"]:
        await judge(f"Python SDK {version('mcp')}, {'pinned' if mode[0] == '2' else mode}", connected(mode))


asyncio.run(main())
