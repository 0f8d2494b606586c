"""A server and a client of gRPC on grpcio, without generated code: messages are bytes.

grpc_peer.py serve                          prints its port, and later what became of its calls
grpc_peer.py call PORT ROOT_CERTIFICATE     asks the gateway, and prints a line of JSON for each call
grpc_peer.py hold PORT ROOT_CERTIFICATE TOKEN   the same with one call that goes on for as long as the gateway lets it
"""

import json
import sys
import threading
import time
from concurrent import futures

import grpc

SERVICE = "/echo.Echo/"


def say(line):
    print(line, flush=True)


def unary(request, context):
    left = context.time_remaining()
    context.set_trailing_metadata((("x-trailer", "last"),))
    # Without a deadline grpcio tells of one in the far future.
    has_deadline = left is not None and left < 1_000_000
    return json.dumps({"said": request.decode(), "left": left if has_deadline else None}).encode()


def stream(request, context):
    for i in range(3):
        yield request + str(i).encode()


def refuse(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: 100 %")


def hang(request, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    yield b"begun"
    ended.wait(20)
    say("ended " + request.decode() if ended.is_set() else "still there " + request.decode())


def silent(request, context):
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait(20)
    return b""


def serve():
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
        "Hang": grpc.unary_stream_rpc_method_handler(hang),
        "Silent": grpc.unary_unary_rpc_method_handler(silent),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say(str(port))
    server.wait_for_termination()


class Caller:
    def __init__(self, port, root):
        credentials = grpc.ssl_channel_credentials(root_certificates=open(root, "rb").read())
        options = (("grpc.ssl_target_name_override", "gateway.test"), ("grpc.enable_retries", 0))
        self.channel = grpc.secure_channel(f"127.0.0.1:{port}", credentials, options)

    def unary(self, name, path, request=b"hi", timeout=10):
        """Prints what became of one call."""
        said = {"call": name}
        try:
            answer, call = self.channel.unary_unary(path).with_call(request, timeout=timeout)
            said.update(code=call.code().name, answer=answer.decode())
        except grpc.RpcError as error:
            call = error
            said.update(code=error.code().name, details=error.details())
        # Of a response of trailers alone, everything is in its trailers.
        fields = [*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())]
        said["fields"] = {key: value for key, value in fields if isinstance(value, str)}
        say(json.dumps(said))

    def stream(self, name, path):
        call = self.channel.unary_stream(path)(b"part", timeout=10)
        answers = [answer.decode() for answer in call]
        say(json.dumps({"call": name, "code": call.code().name, "answers": answers}))

    def cancelled(self, name, path):
        call = self.channel.unary_stream(path)(b"cancelled")
        first = next(call)
        call.cancel()
        say(json.dumps({"call": name, "code": call.code().name, "answers": [first.decode()]}))

    def late(self, name, path):
        began = time.monotonic()
        call = self.channel.unary_stream(path)(b"late", timeout=0.5)
        answers = []
        try:
            answers.extend(answer.decode() for answer in call)
        except grpc.RpcError:
            pass
        took = time.monotonic() - began
        say(json.dumps({"call": name, "code": call.code().name, "in_time": took < 5}))


    def held(self, name, path, token):
        call = self.channel.unary_stream(path)(b"held", timeout=20, metadata=(("authorization", f"Bearer {token}"),))
        answers = []
        try:
            answers.extend(answer.decode() for answer in call)
        except grpc.RpcError:
            pass
        said = {"call": name, "code": call.code().name, "details": call.details(), "answers": answers}
        say(json.dumps(said))


def call(port, root):
    caller = Caller(port, root)
    caller.unary("unary", SERVICE + "Unary")
    caller.unary("without a deadline", SERVICE + "Unary", timeout=None)
    caller.unary("large", SERVICE + "Unary", b"x" * 1_000_000)
    caller.stream("stream", SERVICE + "Stream")
    caller.unary("the agent's own status", SERVICE + "Refuse")
    caller.cancelled("cancelled", SERVICE + "Hang")
    caller.late("late", SERVICE + "Hang")
    for name in ("nowhere", "keyed", "dead", "plain", "small", "slow"):
        caller.unary(name, f"/{name}{SERVICE}{'Silent' if name == 'slow' else 'Unary'}")


if sys.argv[1] == "serve":
    serve()
elif sys.argv[1] == "hold":
    Caller(int(sys.argv[2]), sys.argv[3]).held("held", f"/expiring{SERVICE}Hang", sys.argv[4])
else:
    call(int(sys.argv[2]), sys.argv[3])
