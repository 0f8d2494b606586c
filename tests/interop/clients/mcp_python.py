"""A client on the Python SDK (mcp): mcp_python.py URL TOOL ARGUMENTS MODE

MODE is how it speaks: legacy, or auto, which finds out. Prints what it got, as one line of JSON.
"""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlparse

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

REDIRECT = "http://127.0.0.1:9/callback"


class Memory:
    """What the client keeps, and a browser of nobody."""

    def __init__(self):
        self.tokens = self.client = self.landed = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info

    async def visit(self, url):
        async with httpx2.AsyncClient() as browser:
            for _ in range(10):
                answer = await browser.get(url)
                url = str(answer.url.join(answer.headers["location"]))
                if url.startswith(REDIRECT):
                    self.landed = parse_qs(urlparse(url).query)
                    return
        raise RuntimeError("the authorization server redirects without end")

    async def come_back(self):
        values = {name: self.landed.get(name, [None])[0] for name in ("code", "state", "iss")}
        return AuthorizationCodeResult(**values)


async def main(url, tool, arguments, mode):
    memory = Memory()
    metadata = OAuthClientMetadata(
        client_name="interop",
        redirect_uris=[REDIRECT],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
        application_type="native",
    )
    auth = OAuthClientProvider(url, metadata, memory, memory.visit, memory.come_back)
    async with httpx2.AsyncClient(auth=auth, timeout=20, follow_redirects=False) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = (await client.list_tools()).tools
            result = await client.call_tool(tool, json.loads(arguments))
            content = [item.model_dump(mode="json", exclude_none=True) for item in result.content]
            print(json.dumps({"tools": [tool.name for tool in tools], "content": content}))


asyncio.run(main(*sys.argv[1:]))
