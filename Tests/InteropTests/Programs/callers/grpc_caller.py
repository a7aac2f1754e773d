"""Every kind of gRPC call, and a line of JSON for each.

grpc_caller.py PORT [h2-rules] — it waits for a word on its standard input after each part, as callers.py does.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

PORT, HAS_RULES = sys.argv[1], "h2-rules" in sys.argv
OPTIONS = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)]
WHO = {"nobody's": (None, "origin"), "mine": ("alice", "alice"), "bob's": ("bob", "bob")}
BIG = bytes(range(256)) * 20_480  # 5 MB
channel = grpc.insecure_channel(f"127.0.0.1:{PORT}", options=OPTIONS)


def metadata(user):
    return [("x-user", user)] if user else []


def server(call):
    """Who answered, by what came before the first message, and behind the last."""
    first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
    if last.get("x-server-end") != first.get("x-server") or last.get("x-sum-bin") != b"\x00\xff":
        return f"{first} before, {last} behind"
    return first["x-server"]


def unary(user, message=b"hello"):
    answer, call = channel.unary_unary("/shop.Shop/Unary").with_call(message, timeout=20, metadata=metadata(user))
    return server(call) if answer == message else "another message"


def large(user):
    return unary(user, BIG)


def refused(user):
    try:
        channel.unary_unary("/shop.Shop/Unary")(b"refuse", timeout=20, metadata=metadata(user))
    except grpc.RpcError as error:
        if (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not now: ü"):
            return server(error)
        return f"{error.code()} {error.details()}"


def collect(user):
    messages = [bytes([number]) * 20_000 for number in range(50)]
    call = channel.stream_unary("/shop.Shop/Collect")
    answer, call = call.with_call(iter(messages), timeout=20, metadata=metadata(user))
    return server(call) if answer == b"".join(messages) else "another message"


def spread(user):
    call = channel.unary_stream("/shop.Shop/Spread")(b"x" * 10_000, timeout=20, metadata=metadata(user))
    return server(call) if list(call) == [b"x" * 10_000] * 100 else "other messages"


def chat(user):
    """Each message waits for the answer to the one before."""
    answered = threading.Semaphore(1)

    def messages():
        for number in range(30):
            answered.acquire(timeout=20)
            yield b"%d" % number

    call = channel.stream_stream("/shop.Shop/Chat")(messages(), timeout=20, metadata=metadata(user))
    for number, answer in enumerate(call):
        if answer != b"%d" % number:
            return "another message"
        answered.release()
    return server(call)


def watch(user, timeout):
    """Who has begun to answer; only a stream says so at once."""
    call = channel.unary_stream("/shop.Shop/Watch")(b"", timeout=timeout, metadata=metadata(user))
    return call, dict(call.initial_metadata())["x-server"]


def deadline(user):
    call, name = watch(user, 0.5)
    return name if call.code() == grpc.StatusCode.DEADLINE_EXCEEDED else f"{call.code()}"


def cancelled(user):
    call, name = watch(user, 20)
    call.cancel()
    return name if call.code() == grpc.StatusCode.CANCELLED else f"{call.code()}"


def guarded(call, user):
    try:
        return call(user)
    except grpc.RpcError as error:
        return f"{error.code()}: {error.details()}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def row(check, case, wanted, got):
    print(json.dumps(dict(caller="grpcio", check=check, case=case, wanted=wanted, got=got, http2=True)), flush=True)


def hold(user):
    answer, call = channel.unary_unary("/shop.Shop/Hold").with_call(b"held", timeout=20, metadata=metadata(user))
    return server(call) if answer == b"held" else "another message"


def parts():
    calls = dict(unary=unary, five_megabytes=large, refused=refused, collect=collect, spread=spread, chat=chat)
    # Where these end is seen in the servers' logs, too.
    calls |= dict(deadline=deadline, cancelled=cancelled)
    for name, call in calls.items():
        for case, (user, wanted) in WHO.items():
            row(name.replace("_", " "), case, wanted, guarded(call, user))
    yield "rules"
    pool = ThreadPoolExecutor(8)
    asked = [pool.submit(guarded, hold, "alice") for _ in range(4 if HAS_RULES else 0)]
    yield f"holding {len(asked)}"
    for answer in asked:
        row("unary", "gone", "origin", answer.result())
    yield "answered"
    for case, wanted in ("away", "origin"), ("back", "alice"):
        row("unary", case, wanted, guarded(unary, "alice"))
        row("five megabytes", case, wanted, guarded(large, "alice"))
        yield case


for part in parts():
    print(json.dumps({"part": part}), flush=True)
    if not sys.stdin.readline():
        break
