"""What a caller sees of an answer."""

from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    server: str
    body: bytes


def pieces(body):
    """A body of unknown length."""
    for start in range(0, len(body), 7_001):
        yield body[start : start + 7_001]


async def async_pieces(body):
    for piece in pieces(body):
        yield piece


class Caller:
    """A client that keeps its connection as long as it may."""

    name = ""
    is_http2 = False
    upgrades = False

    def can(self, chunked=False, expect=False):
        return not expect

    def again(self):
        """One with connections of its own, for another thread."""
        return type(self)()
