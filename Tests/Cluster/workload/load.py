#!/usr/bin/env python3
"""Sends requests to the workload at a steady rate, and records each: the proof that none failed, and of who answered.

Writes one JSON line per request to --log, and a summary as the last line of standard output. Ends after --duration, at SIGTERM or
SIGINT, or (with --until-eof) at the end of standard input; requests in flight are waited for.

Modes:
  connection-per-request   each request on a new TCP connection
  keep-alive-pool          on one of --pool connections that are kept open; before one is used again it is looked at, and replaced when
                           the server has closed it. A request that fails is a failed request: nothing is ever sent twice
  stream                   /stream?seconds=--stream-seconds on a new connection; ok only when the line "end" came
  echo                     --echo-bytes to /echo on a new connection; ok only when the same bytes came back

Exit status: 0 when no request failed, 1 otherwise.
"""

import argparse
import asyncio
import collections
import json
import random
import re
import signal
import socket
import sys
import time

TIMEOUT = 10  # seconds for a request that is not a stream
WHO = re.compile(rb"who=(\S+)")
DIRECTION = re.compile(r"src=(\S+) dst=\S+ sport=(\d+)")


class Failure(Exception):
    pass


class Unconnected(Failure):
    """There was no connection: it was refused, or the time was up."""

    def __init__(self, port, begun_at, refusal=None):
        super().__init__(str(refusal) if refusal else f"no answer within {TIMEOUT} s")
        self.port, self.begun_at, self.is_refused = port, begun_at, refusal is not None


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.who = None  # the last answer's X-Who
        self.pause, self.paused_at = 0, None  # the longest time between two chunks of an answer, in seconds, and its begin

    @classmethod
    async def open(cls, host, port):
        plain = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        plain.setblocking(False)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Begun here, since a socket whose connection was refused has no port any more.
            plain.connect_ex((host, port))
            local_port, begun_at = plain.getsockname()[1], time.monotonic()
            await asyncio.get_running_loop().sock_connect(plain, (host, port))
        except asyncio.CancelledError:
            plain.close()
            raise Unconnected(local_port, begun_at) from None
        except OSError as error:
            plain.close()
            raise Unconnected(local_port, begun_at, error) from None
        return cls(*await asyncio.open_connection(sock=plain))

    @property
    def usable(self):
        """False when the server has closed it, or has sent what nobody asked for."""
        if self.reader.at_eof() or self.reader.exception() or self.writer.is_closing():
            return False
        try:
            # What the event loop has not read yet counts, too: a FIN may have come a moment ago.
            return bool(self.reader._buffer) is False and not peek(self.writer.get_extra_info("socket"))
        except OSError:
            return False

    async def request(self, target, host, close, content=None, user=None):
        method, length = ("GET", "") if content is None else ("POST", f"Content-Length: {len(content)}\r\n")
        if user is not None:
            length += f"X-User: {user}\r\n"
        self.writer.write((f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: load\r\n{length}"
                           + ("Connection: close\r\n" if close else "") + "\r\n").encode() + (content or b""))
        status = (await self.line()).split()
        if len(status) < 2 or not status[0].startswith(b"HTTP/1."):
            raise Failure("not an HTTP answer")
        headers = {}
        while (line := await self.line()):
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        if headers.get(b"transfer-encoding") == b"chunked":
            body = await self.chunks()
        else:
            body = await self.reader.readexactly(int(headers.get(b"content-length", b"0")))
        if status[1] != b"200":
            raise Failure(f"status {status[1].decode('latin-1')}")
        self.who = headers.get(b"x-who", b"").decode("latin-1")
        return body, headers.get(b"connection", b"").lower() != b"close"

    async def line(self):
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise Failure("the connection ended before the answer was complete" if line else "the connection ended without an answer")
        return line.strip()

    async def chunks(self):
        body, last = [], time.monotonic()
        while (size := int((await self.line()).split(b";")[0], 16)):
            body.append(await self.reader.readexactly(size))
            await self.line()
            now = time.monotonic()
            if now - last > self.pause:
                self.pause, self.paused_at = now - last, last
            last = now
        await self.line()
        return b"".join(body)

    def close(self):
        self.writer.close()


# The Service's address was never translated for this connection: no pod, and no proxy, has heard of it.
UNTRANSLATED = "no answer: the kernel did not translate the Service's address"


class Translations:
    """From where the kernel awaits the answers to connections to the Service: which endpoint was chosen, as a rule.

    The kernel's table is read by a process, and once for all that ask meanwhile: it is long, and nothing may wait for it here.
    """

    def __init__(self, host):
        self.host = host
        self.lock = asyncio.Lock()
        self.read_at, self.endpoints = 0.0, {}

    async def of(self, local_port, begun_at, patience=0):
        """`ADDRESS:PORT`, or None where the kernel does not know the connection.

        What was read less than `patience` seconds ago is taken, and says nothing about a connection that is younger.
        """
        asked_at = time.monotonic()
        async with self.lock:
            if self.read_at < asked_at - patience:
                self.read_at = time.monotonic()
                self.endpoints = await self.read()
        return self.endpoints.get(local_port) if begun_at < self.read_at else None

    async def read(self):
        process = await asyncio.create_subprocess_exec(
            "conntrack", "-L", "-p", "tcp", "--orig-dst", self.host, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        lines = (await process.communicate())[0].decode().splitlines()
        directions = (DIRECTION.findall(line) for line in lines)
        return {int(asked[1]): ":".join(awaited) for asked, awaited in directions}


def peek(transport_socket):
    """Whether the kernel has anything to read for this socket: data or the end."""
    with socket.socket(fileno=socket.dup(transport_socket.fileno())) as copy:
        try:
            copy.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            return True
        except BlockingIOError:
            return False


class Load:
    def __init__(self, arguments):
        self.arguments = arguments
        self.host, _, port = arguments.target.rpartition(":")
        self.host, self.port = self.host.strip("[]"), int(port)
        self.target_address = f"{self.host}:{self.port}"
        self.translations = Translations(self.host)
        self.log = open(arguments.log, "w", buffering=1) if arguments.log else None
        self.free = collections.deque()  # of Connection, the one used last at the end
        # As many requests at once as there are connections; others wait, and their wait is part of their latency.
        self.slots = asyncio.Semaphore(arguments.pool if arguments.mode == "keep-alive-pool" else arguments.most_at_once)
        self.stopped = asyncio.Event()
        self.count = self.failed = self.reconnects = 0
        self.who, self.errors = collections.Counter(), collections.Counter()
        self.latencies, self.successes = [], []

    async def run(self):
        interval = 1 / self.arguments.rate
        begin = next_start = time.monotonic()
        requests = set()
        while not self.stopped.is_set():
            if self.arguments.duration and time.monotonic() - begin >= self.arguments.duration:
                break
            task = asyncio.create_task(self.one())
            requests.add(task)
            task.add_done_callback(requests.discard)
            next_start += interval
            # A rate that cannot be kept is not made up for by a burst.
            next_start = max(next_start, time.monotonic() - 10 * interval)
            delay = next_start - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            else:
                await asyncio.sleep(0)
        if requests:
            await asyncio.wait(requests)
        for connection in self.free:
            connection.close()
        return self.summary(begin)

    async def one(self):
        record = {"start": time.monotonic(), "start_unix": time.time(), "mode": self.arguments.mode, "port": self.port, "ok": False,
                  "who": None, "error": None}
        try:
            async with self.slots:
                await self.exchange(record)
            record["ok"] = True
        except asyncio.TimeoutError:
            record["error"] = f"no answer within {TIMEOUT} s"
        except Unconnected as error:
            self.end(record)
            # Refusals come in hundreds. Where nobody has the address, the kernel ends all who wait for it at once.
            endpoint = await self.translations.of(error.port, error.begun_at, patience=0.2 if error.is_refused else 0)
            record["endpoint"] = endpoint
            record["error"] = UNTRANSLATED if endpoint == self.target_address else str(error)
            return self.note(record)
        except asyncio.IncompleteReadError as error:
            self.note_body(record, error.partial)
            record["error"] = "the connection ended in the body"
        except (OSError, Failure, ValueError) as error:
            record["error"] = str(error) or type(error).__name__
        self.end(record)
        self.note(record)

    @staticmethod
    def end(record):
        record["end"], record["end_unix"] = time.monotonic(), time.time()
        record["latency"] = round(record["end"] - record["start"], 6)

    async def exchange(self, record):
        # Requests of many people on the connections of one pool, as a gateway in front of the Service makes them.
        record["user"] = random.choice(self.arguments.users.split(",")) if self.arguments.users else None
        if self.arguments.mode == "stream":
            seconds = self.arguments.stream_seconds
            record["ended"] = False
            body = await self.on_new_connection(f"/stream?seconds={seconds}", seconds + TIMEOUT, record)
            record["ended"] = body.endswith(b"end\n")
            self.note_body(record, body)
            if not record["ended"]:
                raise Failure("the stream has no end")
        elif self.arguments.mode == "echo":
            content = random.randbytes(self.arguments.echo_bytes)
            body = await self.on_new_connection("/echo", TIMEOUT, record, content)
            if body != content:
                raise Failure("another answer than the bytes that were sent")
        elif self.arguments.mode == "keep-alive-pool":
            self.note_body(record, await asyncio.wait_for(self.pooled(self.arguments.path, record["user"]), TIMEOUT))
        else:
            self.note_body(record, await self.on_new_connection(self.arguments.path, TIMEOUT, record))

    @staticmethod
    def note_body(record, body):
        if (match := WHO.search(body)):
            record["who"] = match.group(1).decode("latin-1")

    async def on_new_connection(self, path, timeout, record, content=None):
        async def exchange():
            connection = await Connection.open(self.host, self.port)
            try:
                return (await connection.request(path, self.arguments.target, close=True, content=content,
                                                 user=record["user"]))[0]
            finally:
                record["who"] = connection.who or None
                if connection.paused_at is not None:
                    record["pause"], record["pausedAt"] = round(connection.pause, 6), connection.paused_at
                connection.close()

        return await asyncio.wait_for(exchange(), timeout)

    async def pooled(self, path, user):
        connection = None
        while self.free and connection is None:
            connection = self.free.popleft()
            if not connection.usable:
                connection.close()
                connection = None
                self.reconnects += 1
        connection = connection or await Connection.open(self.host, self.port)
        try:
            body, stays_open = await connection.request(path, self.arguments.target, close=False, user=user)
        except BaseException:
            connection.close()
            raise
        if stays_open:
            self.free.append(connection)
        else:
            connection.close()
        return body

    def note(self, record):
        self.count += 1
        if record["ok"]:
            self.successes.append(record["end"])
            self.latencies.append(record["latency"])
            self.who[record["who"]] += 1
        else:
            self.failed += 1
            self.errors[record["error"]] += 1
        if self.log:
            self.log.write(json.dumps(record) + "\n")

    def summary(self, begin):
        times = [begin] + sorted(self.successes)
        latencies = sorted(self.latencies)

        def percentile(share):
            return round(latencies[min(len(latencies) - 1, int(len(latencies) * share))] * 1000, 2) if latencies else None

        return {
            "mode": self.arguments.mode, "seconds": round(time.monotonic() - begin, 3),
            "count": self.count, "failed": self.failed, "who": dict(self.who), "reconnects": self.reconnects,
            "longest_gap": round(max((b - a for a, b in zip(times, times[1:])), default=0), 4),
            "latency_ms": {"p50": percentile(0.5), "p99": percentile(0.99), "max": percentile(1)},
            "errors": dict(self.errors.most_common(10)),
        }


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    parser.add_argument("--mode", required=True, choices=["connection-per-request", "keep-alive-pool", "stream", "echo"])
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    parser.add_argument("--duration", type=float, help="seconds")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    parser.add_argument("--pool", type=int, default=20, help="connections of the pool")
    parser.add_argument("--most-at-once", type=int, default=1000, help="requests in flight, in the other modes")
    parser.add_argument("--stream-seconds", type=float, default=5)
    parser.add_argument("--echo-bytes", type=int, default=20_000)
    parser.add_argument("--path", default="/load")
    parser.add_argument("--users", default="", help="each request has the header X-User with one of these, by chance")
    parser.add_argument("--log", metavar="FILE")
    load = Load(parser.parse_args())

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, load.stopped.set)
    if load.arguments.until_eof:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        asyncio.create_task(reader.read()).add_done_callback(lambda _: load.stopped.set())
    summary = await load.run()
    print(json.dumps(summary), flush=True)
    return 0 if summary["failed"] == 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
