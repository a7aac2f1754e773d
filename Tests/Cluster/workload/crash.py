#!/usr/bin/env python3
"""An admission webhook that allows every write, writes them down, and stops a process at the n-th of them.

It runs on the node, beside the API server that calls it. For a namespace with an order, a JSON file NAMESPACE in --orders
({"actor": "plugin", "proxy" or "controller", "write": n, "pid": of the plugin}), the actor's writes are counted; at the n-th the process is stopped before
the answer, and killed when the write is done: what it had not sent by then it never sends. Renewals of the Lease do not count.

One JSON line per write goes to --log: namespace, actor, number, write, time, killed.
"""

import argparse
import http.server
import json
import os
import signal
import ssl
import threading
import time
from pathlib import Path


def processes_of(actor, namespace):
    """The process ids of the proxies of a namespace, or of its controller; a container's processes are this machine's."""
    mark = f'"namespace":"{namespace}"'.encode()
    variable = b"KUBECTL_TUNNEL_CONTROLLER=" if actor == "controller" else b"KUBECTL_TUNNEL_CONFIGURATION="
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if variable in environment and mark in environment.replace(b": ", b":"):
                yield int(folder.name)


class Orders:
    def __init__(self, folder, log):
        self.folder, self.log, self.lock, self.counts = Path(folder), open(log, "a", buffering=1), threading.Lock(), {}

    def take(self, request):
        """Counts a write; returns the ids of the processes that end with it."""
        namespace, user = request.get("namespace", ""), request["userInfo"]["username"]
        account = f"system:serviceaccount:{namespace}:"
        if user == account + "kubectl-tunnel-controller":
            actor = "controller"
        else:
            actor = "proxy" if user.startswith(account) else "plugin" if user in ("plugin", "alice") else None
        if actor is None or is_renewal(request):
            return []
        kind, name = request["resource"]["resource"], request.get("name") or (request.get("object") or {}).get("metadata", {}).get("name", "")
        with self.lock:
            number = self.counts[namespace, actor] = self.counts.get((namespace, actor), 0) + 1
            try:
                order = json.loads((self.folder / namespace).read_text())
            except (OSError, ValueError):
                order = {}
            victims = []
            if order.get("actor") == actor and order["write"] == number:
                victims = [order["pid"]] if actor == "plugin" else list(processes_of(actor, namespace))
            for pid in victims:
                os.kill(pid, signal.SIGSTOP)
            self.log.write(json.dumps({
                "namespace": namespace, "actor": actor, "number": number, "write": f"{request['operation'].lower()} {kind}/{name}",
                "time": time.monotonic(), "killed": bool(victims)}) + "\n")
        return victims


def is_renewal(request):
    if request["resource"]["resource"] != "leases" or request["operation"] != "UPDATE":
        return False
    before, after = request["oldObject"]["spec"], request["object"]["spec"]
    return before.get("renewTime") != after.get("renewTime") and before.get("holderIdentity") == after.get("holderIdentity")


def kill(victims):
    # By then the write is done: a request whose client is gone might be given up.
    time.sleep(0.1)
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    orders = None

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        victims = self.orders.take(review["request"])
        answer = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"],
                             "response": {"uid": review["request"]["uid"], "allowed": True}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if victims:
            threading.Thread(target=kill, args=[victims]).start()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--orders", required=True, metavar="FOLDER")
    parser.add_argument("--log", required=True, metavar="FILE")
    arguments = parser.parse_args()
    Handler.orders = Orders(arguments.orders, arguments.log)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
