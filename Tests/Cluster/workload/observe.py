#!/usr/bin/env python3
"""Watches a Service, its EndpointSlices, those of another, its Lease, and where this node sends its connections, and writes what it sees
with times: one JSON line per change.

Runs on the node, with the cluster's administrator's certificate. A watch that ends goes on from where it was; what was missed all the same
(isFirst) is said. Ends at SIGTERM.
"""

import argparse
import functools
import http.client
import json
import re
import ssl
import subprocess
import sys
import threading
import time

MARK = "kubectl-tunnel/session"
MANAGER = "kubectl-tunnel"


class Expired(Exception):
    """The server has forgotten where the watch was."""


class Watch(threading.Thread):
    """One list and the watch that follows it."""

    def __init__(self, arguments, path, query, tell):
        super().__init__(daemon=True)
        self.arguments, self.path, self.query, self.tell = arguments, path, query, tell
        self.version = None

    def get(self, query):
        context = ssl.create_default_context(cafile=f"{self.arguments.pki}/ca.crt")
        context.load_cert_chain(f"{self.arguments.pki}/admin.crt", f"{self.arguments.pki}/admin.key")
        connection = http.client.HTTPSConnection(self.arguments.server, context=context, timeout=60)
        connection.request("GET", f"{self.path}?{self.query}{query}", headers={"Accept": "application/json"})
        response = connection.getresponse()
        if response.status == 410:
            raise Expired
        if response.status != 200:
            raise OSError(f"{self.path}: status {response.status}")
        return response

    def run(self):
        while True:
            try:
                if self.version is None:
                    found = json.load(self.get(""))
                    self.version = found["metadata"]["resourceVersion"]
                    self.tell(None, found.get("items") or [])
                self.watch()
            except Expired:
                self.version = None
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.1)

    def watch(self):
        response = self.get(f"&watch=true&allowWatchBookmarks=true&resourceVersion={self.version}&timeoutSeconds=45")
        while (line := response.readline()):
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise Expired
            self.version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self.tell(event["type"], [event["object"]])


class Rules(threading.Thread):
    """What kube-proxy has made of a Service on this node."""

    PAUSE = 0.4  # seconds

    def __init__(self, namespace, service, tell):
        super().__init__(daemon=True)
        self.pattern = re.compile(
            rf'^-A KUBE-SEP-.* --comment "?{namespace}/{service}(?::[^ "]*)?"? .*--to-destination ([0-9.]+):', re.MULTILINE)
        self.tell = tell

    def run(self):
        last = None
        while True:
            table = subprocess.run(["iptables-save", "-t", "nat"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            addresses = sorted(set(self.pattern.findall(table.stdout)))
            # In the middle of a change the table cannot be read.
            if table.returncode == 0 and addresses != last:
                last = addresses
                self.tell(addresses)
            time.sleep(self.PAUSE)


class Observer:
    def __init__(self, arguments):
        self.log = open(arguments.log, "w", buffering=1)
        self.lock = threading.Lock()
        self.slices = {"endpoints": {}, "bystander": {}}

    def write(self, kind, **record):
        with self.lock:
            self.log.write(json.dumps({"kind": kind, "time": time.monotonic(), **record}) + "\n")

    def service(self, event, items):
        if event == "DELETED" or not items:
            self.write("service", isFirst=event is None, session=None, selector={}, text=None, hasOurFields=False)
        for item in items if event != "DELETED" else []:
            metadata = item["metadata"]
            fields = metadata.get("managedFields") or []
            metadata.pop("resourceVersion", None)
            item.pop("apiVersion", None)
            item.pop("kind", None)
            self.write("service", isFirst=event is None, session=(metadata.get("annotations") or {}).get(MARK),
                       selector=item["spec"].get("selector") or {}, text=json.dumps(item, sort_keys=True),
                       hasOurFields=any(field.get("manager") == MANAGER for field in fields))

    def slice(self, kind, event, items):
        if event is None:
            self.slices[kind] = {}
        for item in items:
            endpoints = item.get("endpoints") or []
            ready = [endpoint["addresses"][0] for endpoint in endpoints if (endpoint.get("conditions") or {}).get("ready") is not False]
            self.slices[kind][item["metadata"]["name"]] = [] if event == "DELETED" else ready
        # There need not be a bystander.
        if self.slices[kind] or kind == "endpoints":
            addresses = sum(self.slices[kind].values(), [])
            self.write(kind, ready=len(addresses), addresses=sorted(addresses))

    def rules(self, addresses):
        self.write("rules", addresses=addresses)

    def lease(self, event, items):
        if event == "DELETED" or not items:
            self.write("lease", holder=None)
        else:
            self.write("lease", holder=items[0]["spec"].get("holderIdentity"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="127.0.0.1:6443", metavar="HOST:PORT")
    parser.add_argument("--pki", required=True, metavar="FOLDER", help="the cluster's keys and certificates")
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--lease", required=True)
    parser.add_argument("--bystander", required=True, metavar="SERVICE", help="the other Service; there need not be one")
    parser.add_argument("--slices", default="v1beta1", help="the version of EndpointSlices")
    parser.add_argument("--log", required=True, metavar="FILE")
    arguments = parser.parse_args()
    observer, inside = Observer(arguments), f"namespaces/{arguments.namespace}"

    def slices(kind, service):
        return Watch(arguments, f"/apis/discovery.k8s.io/{arguments.slices}/{inside}/endpointslices",
                     f"labelSelector=kubernetes.io/service-name%3D{service}", functools.partial(observer.slice, kind))

    watches = [
        Watch(arguments, f"/api/v1/{inside}/services", f"fieldSelector=metadata.name%3D{arguments.service}", observer.service),
        slices("endpoints", arguments.service),
        slices("bystander", arguments.bystander),
        Watch(arguments, f"/apis/coordination.k8s.io/v1/{inside}/leases",
              f"fieldSelector=metadata.name%3D{arguments.lease}", observer.lease),
        Rules(arguments.namespace, arguments.service, observer.rules),
    ]
    for watch in watches:
        watch.start()
    for watch in watches:
        watch.join()


if __name__ == "__main__":
    sys.exit(main())
