"""An A2A client on the Python SDK: a2a_python.py BASE BINDING TOKEN NAME

It finds the agent by its card, and sends a message once whole and once as a stream. The SDK puts the token where the card
says that one is wanted. Prints what it got, as one line of JSON.
"""

import asyncio
import json
import sys

import httpx
from a2a.client import A2ACardResolver, AuthInterceptor, ClientConfig, ClientFactory, CredentialService
from a2a.helpers.proto_helpers import new_text_message
from a2a.types import Role, SendMessageRequest
from google.protobuf.json_format import MessageToDict


class Token(CredentialService):
    """The same token for whatever scheme wants one."""

    def __init__(self, token):
        self.token = token

    async def get_credentials(self, security_scheme_name, context):
        return self.token


async def main(base, binding, token, name):
    async with httpx.AsyncClient(timeout=20) as http:
        card = await A2ACardResolver(http, base).get_agent_card()
        got = {}
        for streaming in (False, True):
            config = ClientConfig(
                streaming=streaming,
                httpx_client=http,
                supported_protocol_bindings=[binding],
                use_client_preference=True,
            )
            client = ClientFactory(config).create(card, [AuthInterceptor(Token(token))])
            request = SendMessageRequest(message=new_text_message(name, role=Role.ROLE_USER))
            got[streaming] = [json.dumps(MessageToDict(event)) async for event in client.send_message(request)]
        urls = [interface.url for interface in card.supported_interfaces]
        wanted = bool(card.security_requirements and card.security_schemes)
        print(json.dumps({"urls": urls, "wanted": wanted, "whole": got[False][-1], "stream": got[True]}))


asyncio.run(main(*sys.argv[1:]))
