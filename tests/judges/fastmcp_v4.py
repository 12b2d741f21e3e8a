import asyncio
from contextlib import asynccontextmanager
from importlib.metadata import version
from types import SimpleNamespace

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from story import URL, judge


@asynccontextmanager
async def connect(token):
    headers = {"Authorization": f"Bearer {token}"}
    async with Client(StreamableHttpTransport(URL, headers=headers)) as client:

        async def tools():
            return [tool.name for tool in await client.list_tools()]

        async def call(name, arguments):
            return await client.call_tool(name, arguments, raise_on_error=False)

        yield SimpleNamespace(revision=client.protocol_version, tools=tools, call=call)


asyncio.run(judge(f"fastmcp {version('fastmcp')}", connect))
