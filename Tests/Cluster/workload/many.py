#!/usr/bin/env python3
"""many SOCKET NAMESPACE COUNT — makes Services with addresses, eight at a time, through the socket of a `kubectl proxy`.

kubectl itself makes 50 a second at most.
"""
import concurrent.futures
import http.client
import json
import socket
import sys
import threading

path, namespace, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
local = threading.local()


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)


def make(index):
    if not hasattr(local, "connection"):
        local.connection = Connection("localhost", timeout=60)
    # Without a selector: the controllers, which may write 20 times a second, have nothing to do with them.
    spec = {"ports": [{"name": "http", "port": 80}]}
    body = json.dumps({"metadata": {"name": f"s-{index}"}, "spec": spec})
    local.connection.request(
        "POST", f"/api/v1/namespaces/{namespace}/services", body, {"Content-Type": "application/json"})
    answer = local.connection.getresponse()
    text = answer.read()
    if answer.status != 201:
        raise SystemExit(f"{answer.status} {text.decode()}")


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    for _ in pool.map(make, range(count)):
        pass
