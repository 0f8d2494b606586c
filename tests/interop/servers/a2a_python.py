"""An A2A agent on the Python SDK: a2a_python.py PORT VERSION

It greets whom it is told of, as a task with an artifact, over JSON-RPC and REST, in VERSION 1.0 or 0.3. Its card has the shape
of that version, names its own address and no security: what callers need is for the gateway to say.
"""

import sys

import uvicorn
from a2a.helpers.proto_helpers import (
    get_message_text,
    new_task_from_user_message,
    new_text_artifact_update_event,
    new_text_status_update_event,
)
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes.agent_card_routes import create_agent_card_routes
from a2a.server.routes.jsonrpc_routes import create_jsonrpc_routes
from a2a.server.routes.rest_routes import create_rest_routes
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, TaskState
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

PORT = int(sys.argv[1])
OLD = sys.argv[2] == "0.3"
URL = f"http://127.0.0.1:{PORT}"

CARD = AgentCard(
    name="greeter",
    description="Greets.",
    version="1.0.0",
    supported_interfaces=[
        AgentInterface(url=f"{URL}/rpc", protocol_binding="JSONRPC", protocol_version="1.0"),
        AgentInterface(url=f"{URL}/rest", protocol_binding="HTTP+JSON", protocol_version="1.0"),
    ],
    capabilities=AgentCapabilities(streaming=True),
    default_input_modes=["text/plain"],
    default_output_modes=["text/plain"],
    skills=[AgentSkill(id="greet", name="greet", description="Greets.", tags=["greeting"])],
)


OLD_CARD = {
    "protocolVersion": "0.3.0",
    "name": "greeter",
    "description": "Greets.",
    "version": "1.0.0",
    "url": f"{URL}/rpc",
    "preferredTransport": "JSONRPC",
    "additionalInterfaces": [
        {"url": f"{URL}/rpc", "transport": "JSONRPC"},
        {"url": f"{URL}/rest", "transport": "HTTP+JSON"},
    ],
    "capabilities": {"streaming": True},
    "defaultInputModes": ["text/plain"],
    "defaultOutputModes": ["text/plain"],
    "skills": [{"id": "greet", "name": "greet", "description": "Greets.", "tags": ["greeting"]}],
}


async def old_card(_request):
    """The card in the shape of 0.3."""
    return JSONResponse(OLD_CARD)


class Greeter(AgentExecutor):
    """Greets."""

    async def execute(self, context, event_queue):
        words = f"Hello, {get_message_text(context.message)}!"
        task = context.current_task or new_task_from_user_message(context.message)
        ids = {"task_id": task.id, "context_id": task.context_id}
        await event_queue.enqueue_event(task)
        await event_queue.enqueue_event(new_text_artifact_update_event(name="greeting", text=words, **ids))
        await event_queue.enqueue_event(
            new_text_status_update_event(state=TaskState.TASK_STATE_COMPLETED, text="done", **ids)
        )

    async def cancel(self, context, event_queue):
        raise NotImplementedError


handler = DefaultRequestHandler(Greeter(), InMemoryTaskStore(), CARD)
app = Starlette(
    routes=[
        *([Route("/.well-known/agent-card.json", old_card)] if OLD else create_agent_card_routes(CARD)),
        *create_jsonrpc_routes(handler, "/rpc", enable_v0_3_compat=OLD),
        *create_rest_routes(handler, path_prefix="/rest", enable_v0_3_compat=OLD),
    ],
)
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="info")
