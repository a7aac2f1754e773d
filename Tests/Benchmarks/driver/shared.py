"""Many laptops on one Service: joining its tunnel, and what that costs."""

import os
import re
import signal
import statistics
import time

from lab import eventually, memory
from lines import MIB, Line, answers, by
from scene import LOCAL_PORT, NAMESPACE, POD_PORT, Way

FIRST_PORT = 8100
LAPTOPS = 50
IDLE_LAPTOPS = 10
IDLE_SECONDS = 30
RENEWALS = 0.1  # a second, for a Lease of 30 s


def service():
    ports = [{"name": f"p{number}", "port": FIRST_PORT + number, "targetPort": POD_PORT + number}
             for number in range(LAPTOPS)]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shared"},
            "spec": {"selector": {"app": "web"}, "ports": ports}}


class Session:
    """A laptop's part in the tunnel."""

    def __init__(self, lab, number):
        self.started = time.monotonic_ns()
        environment = dict(lab.environment(), USER=f"user{number}")
        self.child = lab.start(
            lab.laptop + [lab.plugin, "intercept", "shared", "--port", f"{LOCAL_PORT}:{FIRST_PORT + number}", "--yes",
                          "-n", NAMESPACE, "--image", lab.image], environment=environment)

    def wait(self):
        self.child.wait_for("now comes to", 120)
        return self

    def end(self):
        self.child.stop(signal.SIGINT)


def api_requests(lab):
    """What the API server has answered so far, watches that are still open apart."""
    text = lab.kubectl("get", "--raw", "/metrics")
    return sum(float(value) for value in re.findall(r"^apiserver_request_total\{[^}]*\} (\S+)", text, re.MULTILINE))


def rate(lab):
    before = api_requests(lab)
    time.sleep(IDLE_SECONDS)
    # One of them is the question itself.
    return (api_requests(lab) - before - 1) / IDLE_SECONDS


def shared(lab, scene):
    lab.apply(NAMESPACE, service())
    address = lab.get(NAMESPACE, "service", "shared")["spec"]["clusterIP"]
    base = rate(lab)
    maker = Session(lab, 0).wait()
    joined = []
    for number in range(1, 6):
        way = Way(lab, lab.node, address, FIRST_PORT + number, is_raw=False)
        child = way.probe(500)
        eventually(lambda: answers(child), 60, "an answer")
        session = Session(lab, number)
        eventually(lambda: by(answers(child), "laptop"), 60, "the laptop answers", lambda: session.child.text)
        joined.append((by(answers(child), "laptop")[0][1] - session.started) / 1e9)
        child.end_input()
        session.wait()
        session.end()
    yield Line("join a tunnel that is there: command to first answer", "s", statistics.median(joined), bound=0.7,
               note="of {}: {:.2f} to {:.2f}".format(len(joined), min(joined), max(joined)))

    lease = lab.get(NAMESPACE, "lease", "tunnel-shared")
    tunnel = lease["metadata"]["labels"]["kubectl-tunnel/session"]
    pods = lab.get(NAMESPACE, "pods", "-l", f"kubectl-tunnel/session={tunnel},kubectl-tunnel/component=proxy")["items"]
    proxy = lab.process_of_pod(pods[0]["metadata"]["uid"], "proxy")

    sessions = [Session(lab, number).wait() for number in range(1, IDLE_LAPTOPS)]
    each = rate(lab) - base - RENEWALS * IDLE_LAPTOPS
    yield Line(f"API requests of an idle tunnel with {IDLE_LAPTOPS} sessions, beside renewals", "/s", each, bound=1.5)

    sessions += [Session(lab, number).wait() for number in range(IDLE_LAPTOPS, LAPTOPS)]
    yield Line(f"proxy's memory with {LAPTOPS} sessions", "MiB", memory(proxy) / MIB, bound=64)
    for session in [maker, *sessions]:
        os.kill(session.child.pid, signal.SIGINT)
    for session in [maker, *sessions]:
        session.end()
    eventually(lambda: not [one for one in lab.get(NAMESPACE, "leases")["items"]
                            if one["metadata"]["name"].startswith("tunnel-shared")], 120, "the sessions' clean-up")
