"""What the Python servers share: who they are, and a line for each request as they understood it."""

import hashlib
import os

NAME = os.environ["SERVER_NAME"]
_log = os.open(os.environ["SERVER_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def log(method, target, user, identity=""):
    os.write(_log, f"{method} {target} {user or '-'} {identity or '-'}\n".encode("utf-8", "replace"))


def text(method, target, body):
    return f"{NAME} {method} {target} {len(body)} {hashlib.sha256(body).hexdigest()}\n".encode()


def last(target):
    return target.rsplit("/", 1)[-1]


def holds(target):
    """Whether a request is never answered: one that a laptop's process takes along."""
    return last(target) == "hold" and NAME == "alice"


PIECES = [b"x" * 10_000] * 20
