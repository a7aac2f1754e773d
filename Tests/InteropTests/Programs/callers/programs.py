"""Clients that are programs."""

import subprocess

from answer import Answer, Caller


class Curl(Caller):
    def __init__(self, version):
        self.version = version
        self.name = f"curl {version}"
        self.is_http2 = version == "--http2-prior-knowledge"
        # It asks in HTTP/1.1 for h2c.
        self.upgrades = version == "--http2"

    def can(self, chunked=False, expect=False):
        # Nobody answers 100 to HTTP/1.0, or to who asks for another protocol: it would wait for a second.
        return not (chunked and self.version == "--http1.0") and not (expect and self.version in ("--http1.0", "--http2"))

    def again(self):
        return self

    def ask(self, port, user, method, target, body, chunked=False, expect=False):
        words = ["curl", "-q", "-s", "-S", "--noproxy", "*", "--max-time", "20", self.version, "-D", "/dev/stderr"]
        words += ["-I"] if method == "HEAD" else ["-X", method]
        if method == "HEAD":
            words += ["-o", "/dev/null"]
        if user:
            words += ["-H", f"x-user: {user}"]
        if body is not None:
            words += ["--data-binary", "@-", "-H", "Expect: 100-continue" if expect else "Expect:"]
        if chunked and not self.is_http2:
            words += ["-H", "Transfer-Encoding: chunked"]
        done = subprocess.run([*words, f"http://127.0.0.1:{port}{target}"], input=body or b"", capture_output=True)
        # Of several heads, 100 and 101 among them, the last is the answer's.
        head = done.stderr.decode("latin-1").strip().split("\r\n\r\n")[-1].split("\r\n")
        if done.returncode != 0:
            raise OSError(f"curl ends with {done.returncode}: {head[-1]}")
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        return Answer(int(head[0].split(" ")[1]), fields.get("x-server", ""), done.stdout)
