"""Clients of Python."""

import asyncio
import http.client
import threading

import aiohttp
import httpx
import requests

from answer import Answer, Caller, async_pieces, pieces

TIMEOUT = 20


def headers(user):
    return {"x-user": user} if user else {}


class StandardLibrary(Caller):
    name = "http.client"
    connection = None

    def ask(self, port, user, method, target, body, chunked=False):
        self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        data = pieces(body) if chunked else body
        try:
            self.connection.request(method, target, data, headers(user), encode_chunked=chunked)
            answer = self.connection.getresponse()
            return Answer(answer.status, answer.getheader("x-server", ""), answer.read())
        except Exception:
            self.connection.close()
            raise


class Requests(Caller):
    name = "requests"

    def __init__(self):
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, port, user, method, target, body, chunked=False):
        answer = self.session.request(
            method, f"http://127.0.0.1:{port}{target}", headers=headers(user), timeout=TIMEOUT,
            data=pieces(body) if chunked else body)
        return Answer(answer.status_code, answer.headers.get("x-server", ""), answer.content)


class HTTPX(Caller):
    def __init__(self, is_http2=False):
        self.is_http2 = is_http2
        self.name = "httpx, HTTP/2" if is_http2 else "httpx"
        self.client = httpx.Client(http1=not is_http2, http2=is_http2, timeout=TIMEOUT, trust_env=False)

    def again(self):
        return HTTPX(self.is_http2)

    def ask(self, port, user, method, target, body, chunked=False):
        answer = self.client.request(
            method, f"http://127.0.0.1:{port}{target}", headers=headers(user), content=pieces(body) if chunked else body)
        return Answer(answer.status_code, answer.headers.get("x-server", ""), answer.content)


class AIOHTTP(Caller):
    name = "aiohttp"

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.session = None
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def can(self, chunked=False, expect=False):
        return True

    def ask(self, *words, **how):
        return asyncio.run_coroutine_threadsafe(self._ask(*words, **how), self.loop).result()

    async def _ask(self, port, user, method, target, body, chunked=False, expect=False):
        self.session = self.session or aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT))
        async with self.session.request(
            method, f"http://127.0.0.1:{port}{target}", headers=headers(user), expect100=expect,
            data=async_pieces(body) if chunked else body,
        ) as answer:
            return Answer(answer.status, answer.headers.get("x-server", ""), await answer.read())
