"""Asks the same of a port with every HTTP client that there is, and prints a line of JSON for each answer.

callers.py PORT FEATURE... — features of the server: h1, h2 (without TLS), ws, digest (it says what a body was),
upgrade-body (it reads a body behind a head that asks for another protocol); and h2-rules, when rules apply to
HTTP/2. It waits for a word on its standard input after each part:
`gone`, `dead`, `back`.
"""

import hashlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from libraries import AIOHTTP, HTTPX, Requests, StandardLibrary
from programs import Curl
from websocket import check_websocket

PORT, FEATURES = int(sys.argv[1]), sys.argv[2:]
WHO = {"nobody's": (None, "origin"), "mine": ("alice", "alice"), "bob's": ("bob", "bob")}
BIG = bytes(range(256)) * 400
SMALL = BIG[:30_000]

# What is asked: a name, a method, a target's last part, and how a body is sent.
CHECKS = [
    ("GET", "GET", "plain", None, {}),
    ("HEAD", "HEAD", "plain", None, {}),
    ("GET 200 KB", "GET", "stream", None, {}),
    ("DELETE, 204", "DELETE", "empty", None, {}),
    ("PUT 100 KB", "PUT", "plain", BIG, {}),
    ("POST chunks", "POST", "plain", BIG, {"chunked": True}),
    ("POST Expect", "POST", "plain", BIG, {"expect": True}),
]
printing = threading.Lock()


def row(caller, check, case, wanted, got, is_http2=False):
    with printing:
        print(json.dumps(dict(caller=caller, check=check, case=case, wanted=wanted, got=got, http2=is_http2)), flush=True)


def ask(caller, user, check, target=None):
    """Who answered; or what is wrong with the answer."""
    name, method, last, body, how = check
    try:
        answer = caller.ask(PORT, user, method, f"/{target or last}", body, **how)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if answer.status != (204 if last == "empty" else 200):
        return f"status {answer.status}"
    words = answer.body.split(b" ", 4) if answer.body else []
    if method != "HEAD" and last != "empty":
        if words[:1] != [answer.server.encode()]:
            return f"{answer.server} in the head, and {words[:1]} in the body"
        if last == "stream" and not answer.body.endswith(b"x" * 200_000):
            return f"{len(answer.body)} bytes of the body"
        if body is not None and "digest" in FEATURES and words[4].split()[0].decode() != hashlib.sha256(body).hexdigest():
            return f"another body: {words[3]} bytes"
    elif answer.body:
        return "a body where none may be"
    return answer.server


def parts():
    callers = [Curl("--http1.0"), Curl("--http1.1"), Curl("--http2"), StandardLibrary(), Requests(), HTTPX(), AIOHTTP()]
    callers = callers if "h1" in FEATURES else []
    if "h2" in FEATURES:
        callers += [Curl("--http2-prior-knowledge"), HTTPX(is_http2=True)]
    for caller in callers:
        for check in CHECKS:
            if not caller.can(**check[4]) or (caller.upgrades and check[3] and "upgrade-body" not in FEATURES):
                continue
            # curl gives up when more than 32 KB come behind a 101 at once.
            if caller.upgrades and "h2" in FEATURES and check[2] == "stream":
                continue
            for case, (user, wanted) in WHO.items():
                row(caller.name, check[0], case, wanted, ask(caller, user, check), caller.is_http2)
    if "ws" in FEATURES:
        for case, (user, wanted) in WHO.items():
            row("websockets", "echo", case, wanted, check_websocket(PORT, user))
    yield "rules"

    # HTTP/2 reaches no laptop before the forwarder reads it: nothing is held there.
    held = [caller for caller in callers if not caller.is_http2 or "h2-rules" in FEATURES]
    # A server that changes its protocol has begun to answer.
    held = [caller for caller in held if not caller.upgrades]
    checks = [("GET", "GET", "hold", None, {}), ("PUT 30 KB", "PUT", "hold", SMALL, {})]
    pool = ThreadPoolExecutor(64)
    asked = [
        (caller, check, pool.submit(ask, caller.again(), "alice", check)) for caller in held for check in checks
    ]
    yield f"holding {len(asked)}"
    for caller, check, answer in asked:
        row(caller.name, check[0], "gone", "origin", answer.result(), caller.is_http2)
    yield "answered"
    for case, wanted in ("away", "origin"), ("back", "alice"):
        for caller in callers:
            row(caller.name, "GET", case, wanted, ask(caller, "alice", CHECKS[0]), caller.is_http2)
            if not caller.upgrades:
                row(caller.name, "PUT 100 KB", case, wanted, ask(caller, "alice", CHECKS[4]), caller.is_http2)
        yield case


for part in parts():
    print(json.dumps({"part": part}), flush=True)
    if not sys.stdin.readline():
        break
