#!/usr/bin/env python3
"""The workload of the tests: an HTTP/1.1 server that says who it is. It runs in pods and, as the local process, on the laptop.

Environment:
  WHO        what it calls itself (default: the host's name)
  PORTS      comma list of ports for HTTP (default: 8080)
  RAW_PORTS  comma list of ports for the raw mode: counts what it is sent until the client shuts its side down, then answers
             "count=N sha256=HEX" and closes
  HOST       the address to listen at (default: all)
  GRACE      seconds for which connections are still accepted after SIGTERM (default: 3)
  ARRIVALS   a file that gets a JSON line for each request that came for HTTP: when, and its Host and X-User; for bytes that are no
             request, too

Paths:
  /stream?seconds=N   a line each 100 ms, chunked, then the line "end"
  /echo               the request's body
  /size?bytes=N       N bytes
  /reset              no answer: the connection is reset
  /headers            the request's headers, as they came
  /sleep?seconds=N    answers after N seconds
  all others          "who=WHO port=PORT path=PATH"
Every answer has the headers X-Who and X-Port.
"""

import asyncio
import hashlib
import json
import os
import signal
import socket
import struct
import sys
import time
from urllib.parse import parse_qs, urlsplit

CHUNK = 64 * 1024


class Request:
    def __init__(self, method, target, version, headers, body):
        self.method, self.target, self.version, self.headers, self.body = method, target, version, headers, body
        parts = urlsplit(target)
        self.path, self.query = parts.path, parse_qs(parts.query)

    def header(self, name, default=""):
        return next((value for key, value in self.headers if key.lower() == name), default)

    def number(self, name, default):
        return float(self.query.get(name, [default])[0])

    @property
    def keeps_alive(self):
        connection = self.header("connection").lower()
        return connection == "keep-alive" if self.version == "HTTP/1.0" else connection != "close"


async def read_request(reader, writer, arrived):
    """The next request, or None at the end of the connection."""
    line = (await reader.readline()).decode("latin-1").split()
    if len(line) != 3:
        if line:
            arrived(None)
        return None
    headers = []
    while (text := (await reader.readline()).decode("latin-1").rstrip("\r\n")):
        name, _, value = text.partition(":")
        headers.append((name, value.strip()))
    request = Request(*line, headers, b"")
    arrived(request)
    if request.header("expect").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.header("transfer-encoding").lower() == "chunked":
        request.body = await read_chunked(reader)
    else:
        request.body = await reader.readexactly(int(request.header("content-length", "0")))
    return request


async def read_chunked(reader):
    body = b""
    while (size := int((await reader.readline()).split(b";")[0], 16)):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return body


class Server:
    def __init__(self, who, grace, arrivals=None):
        self.who, self.grace = who, grace
        self.arrivals = open(arrivals, "a", buffering=1) if arrivals else None
        self.ending = False
        self.busy = set()  # connections with a request in flight
        self.idle = set()  # writers of connections without one
        self.listeners = []

    async def listen(self, host, port, handler):
        async def handle(reader, writer):
            try:
                await handler(port, reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, ValueError):
                pass
            finally:
                self.idle.discard(writer)
                self.busy.discard(writer)
                writer.close()

        self.listeners.append(await asyncio.start_server(handle, host, port, backlog=512, limit=CHUNK))

    async def http(self, port, reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keeps_alive = True
        while keeps_alive:
            self.idle.add(writer)
            request = await read_request(reader, writer, self.arrived)
            if request is None:
                return
            self.idle.discard(writer)
            self.busy.add(writer)
            keeps_alive = request.keeps_alive and not self.ending
            if request.path == "/reset":
                reset(writer)
                return
            await self.answer(port, request, writer, keeps_alive)
            await writer.drain()
            self.busy.discard(writer)

    def arrived(self, request):
        """Notes a request whose head has come; None for bytes that are none."""
        if self.arrivals:
            record = {"time": time.monotonic(), "who": self.who, "host": request.header("host") if request else None,
                      "user": request.header("x-user") or None if request else None}
            self.arrivals.write(json.dumps(record) + "\n")

    async def answer(self, port, request, writer, keeps_alive):
        def head(length=None, kind="text/plain"):
            lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"X-Who: {self.who}", f"X-Port: {port}",
                     "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"]
            if not keeps_alive:
                lines.append("Connection: close")
            return ("\r\n".join(lines) + "\r\n\r\n").encode()

        def write(body):
            writer.write(head(len(body)) + (b"" if request.method == "HEAD" else body))

        if request.path == "/stream":
            writer.write(head())
            for line in range(round(request.number("seconds", 1) * 10)):
                writer.write(chunk(f"who={self.who} line={line}\n"))
                await writer.drain()
                await asyncio.sleep(0.1)
            writer.write(chunk("end\n") + b"0\r\n\r\n")
        elif request.path == "/echo":
            write(request.body)
        elif request.path == "/size":
            left = int(request.number("bytes", 0))
            writer.write(head(left, "application/octet-stream"))
            while left:
                size = min(left, CHUNK)
                writer.write(bytes(size))
                await writer.drain()
                left -= size
        elif request.path == "/headers":
            write("".join(f"{name}: {value}\n" for name, value in request.headers).encode())
        else:
            if request.path == "/sleep":
                await asyncio.sleep(request.number("seconds", 1))
            write(f"who={self.who} port={port} path={request.target}\n".encode())

    async def raw(self, _, reader, writer):
        self.busy.add(writer)
        count, digest = 0, hashlib.sha256()
        while (data := await reader.read(CHUNK)):
            count += len(data)
            digest.update(data)
        writer.write(f"count={count} sha256={digest.hexdigest()}\n".encode())
        await writer.drain()

    async def end(self):
        """Still accepts for a while, because those who send requests here hear of the end later; then finishes what is in flight."""
        self.ending = True
        await asyncio.sleep(self.grace)
        for listener in self.listeners:
            listener.close()
        # A connection that was accepted a moment ago has a request on its way.
        await asyncio.sleep(1)
        for writer in list(self.idle):
            writer.close()
        while self.busy:
            await asyncio.sleep(0.05)


def chunk(text):
    return f"{len(text.encode()):x}\r\n{text}\r\n".encode()


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def ports(name, default):
    return [int(port) for port in os.environ.get(name, default).split(",") if port]


async def main():
    server = Server(os.environ.get("WHO") or socket.gethostname(), float(os.environ.get("GRACE", "3")), os.environ.get("ARRIVALS"))
    host = os.environ.get("HOST") or None
    for port in ports("PORTS", "8080"):
        await server.listen(host, port, server.http)
    for port in ports("RAW_PORTS", ""):
        await server.listen(host, port, server.raw)
    print("ready", file=sys.stderr, flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await server.end()


if __name__ == "__main__":
    asyncio.run(main())
