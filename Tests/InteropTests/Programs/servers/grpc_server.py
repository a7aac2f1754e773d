"""gRPC's own server: every kind of call, over bytes."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

import seen


def begin(context, method):
    user = dict(context.invocation_metadata()).get("x-user")
    seen.log("RPC", method, user)
    context.send_initial_metadata([("x-server", seen.NAME)])
    context.set_trailing_metadata([("x-server-end", seen.NAME), ("x-sum-bin", b"\x00\xff")])
    return user


def unary(request, context):
    begin(context, "unary")
    if request == b"refuse":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: ü")
    return request


def hold(request, context):
    """Never answered, where it is held."""
    if seen.NAME != "alice":
        return unary(request, context)
    seen.log("RPC", "hold", dict(context.invocation_metadata()).get("x-user"))
    threading.Event().wait()


def watch(request, context):
    """Begins to answer, and no more, until the caller cancels, or its deadline passes."""
    ended = threading.Event()
    context.add_callback(ended.set)
    user = begin(context, "watch")
    ended.wait()
    seen.log("RPC", "watch-ended", user)
    yield b""


def collect(requests, context):
    begin(context, "collect")
    return b"".join(requests)


def spread(request, context):
    begin(context, "spread")
    for _ in range(100):
        yield request


def chat(requests, context):
    begin(context, "chat")
    yield from requests


methods = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Hold": grpc.unary_unary_rpc_method_handler(hold),
    "Watch": grpc.unary_stream_rpc_method_handler(watch),
    "Collect": grpc.stream_unary_rpc_method_handler(collect),
    "Spread": grpc.unary_stream_rpc_method_handler(spread),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}
server = grpc.server(ThreadPoolExecutor(64), options=[("grpc.max_receive_message_length", 16 << 20)])
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Shop", methods)])
server.add_insecure_port(f"127.0.0.1:{os.environ['SERVER_PORT']}")
server.start()
server.wait_for_termination()
