"""Requests that are read: what rules cost beside HAProxy, which routes by the same header, in the same place."""

import os
import re
import signal
import statistics
import subprocess

from lab import Failure, eventually
from lines import Line, interleaved, medians
from scene import LOCAL_PORT, NAMESPACE, POD_PORT, Way

RULES = 10
NOBODY = "nobody"
# In the proxy pod's network, where nobody else listens.
HAPROXY_PORT, HAPROXY_HTTP2_PORT = 18080, 18081
# HTTP/2 is measured once proxies read it; until then the whole of it passes through unread.
HTTP2_IS_READ = False
HTTP2_PORT = POD_PORT + 6

ONE_BY_ONE, AT_ONCE, CONNECTIONS = 2000, 20_000, 16


def service(name, selector, port, http2_port):
    ports = [{"name": "http", "port": 80, "targetPort": port}]
    if HTTP2_IS_READ:
        ports.append({"name": "http2", "port": 81, "targetPort": http2_port})
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": selector, "ports": ports}}


def configuration(origin):
    """HAProxy with as many rules for the same header, each with an upstream of its own; both find the originals by one Service.
    """
    rules = "".join(f"    use_backend user{number} if {{ req.hdr(x-user) -m str user{number} }}\n" for number in range(RULES))
    text = "global\n    nbthread 1\n    maxconn 4000\n" \
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n"
    for name, port, to, more in (("http", HAPROXY_PORT, 80, ""), ("http2", HAPROXY_HTTP2_PORT, 81, " proto h2")):
        text += f"frontend {name}\n    bind :{port}{more}\n{rules}    default_backend {name}\n"
        text += f"backend {name}\n    server originals {origin}:{to}{more}\n"
    for number in range(RULES):
        text += f"backend user{number}\n    server originals {origin}:80\n"
    return text


class Requests(Way):
    """A way for requests of a user, and the process that carries them."""

    def __init__(self, lab, address, user, who, pid=None):
        super().__init__(lab, lab.node, address, 80, is_raw=False)
        self.user, self.who, self.pid = user, who, pid

    def ask(self, count, connections=1):
        found, _ = self.lab.run_load(self.side, "requests", self.host, self.port, count, self.user, connections)
        if set(found["who"]) != {self.who}:
            raise Failure(f"{self.user} at {self.host} is answered by {found['who']}")
        return found

    def is_there(self):
        try:
            return self.ask(20)
        except Failure:
            return None

    def one_by_one(self):
        return self.ask(ONE_BY_ONE)["times"]

    def each_second_of_its_processor(self):
        before = processor_seconds(self.pid)
        self.ask(AT_ONCE, CONNECTIONS)
        return [AT_ONCE / (processor_seconds(self.pid) - before)]


def processor_seconds(pid):
    """Of a process so far, to the nanosecond: its ticks are too long for what is measured here."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def ruled(lab, scene, ways):
    lab.apply(NAMESPACE, service("ruled", {"app": "web"}, POD_PORT, HTTP2_PORT))
    address = lab.get(NAMESPACE, "service", "ruled")["spec"]["clusterIP"]
    sessions = []
    for number in range(RULES):
        words = [lab.plugin, "intercept", "ruled", "--port", f"{LOCAL_PORT}:80", "--header", f"x-user=user{number}", "--yes",
                 "-n", NAMESPACE, "--image", lab.image]
        sessions.append(lab.start(lab.laptop + words, environment=dict(lab.environment(), USER=f"user{number}")))
        sessions[-1].wait_for("now comes to", 120)
    lease = lab.get(NAMESPACE, "lease", "tunnel-ruled")
    tunnel = lease["metadata"]["labels"]["kubectl-tunnel/session"]
    pods = lab.get(NAMESPACE, "pods", "-l", f"kubectl-tunnel/session={tunnel},kubectl-tunnel/component=proxy")["items"]
    proxy = lab.process_of_pod(pods[0]["metadata"]["uid"], "proxy")
    haproxy, beside_address = start_haproxy(lab, tunnel, proxy)

    passing = (Requests(lab, beside_address, NOBODY, "original", haproxy.pid),
               Requests(lab, address, NOBODY, "original", proxy))
    matched = (Requests(lab, scene.addresses["web"], "user3", "laptop"), Requests(lab, address, "user3", "laptop"))
    for way in passing + matched:
        eventually(way.is_there, 30, f"{way.who} answers {way.user}", lambda: haproxy.text)
    raw, figure = medians(interleaved(7, passing, Requests.one_by_one))
    yield Line(f"request passing through {RULES} rules, none met (raw: HAProxy)", "ms", figure, raw, raw + 0.15)
    results = interleaved(5, passing, Requests.each_second_of_its_processor)
    raw, figure = (statistics.median(sample for block in side for sample in block) for side in results)
    yield Line(f"requests a processor-second, passing through {RULES} rules (raw: HAProxy)", "1/s", figure, raw, 0.5,
               is_least=True, of_ratio=True)
    raw, figure = medians(interleaved(7, matched, Requests.one_by_one))
    yield Line("request that meets a rule, to the laptop (raw: a whole session's)", "ms", figure, raw, 1.15, of_ratio=True)
    if HTTP2_IS_READ:
        yield from http2(lab, scene, passing)

    haproxy.stop()
    for session in sessions:
        os.kill(session.pid, signal.SIGINT)
    for session in sessions:
        session.stop(signal.SIGINT)
    eventually(lambda: not [one for one in lab.get(NAMESPACE, "leases")["items"]
                            if one["metadata"]["name"].startswith("tunnel-ruled")], 120, "the sessions' clean-up")


def start_haproxy(lab, tunnel, proxy):
    """HAProxy in the proxy's network, and the address of the Service that leads to it."""
    services_of_tunnel = lab.get(NAMESPACE, "services", "-l", f"kubectl-tunnel/session={tunnel}")["items"]
    origin = next(one for one in services_of_tunnel if one["metadata"]["name"].endswith("-origin"))
    path = os.path.join(lab.folder, "haproxy.cfg")
    with open(path, "w", encoding="ascii") as file:
        file.write(configuration(origin["spec"]["clusterIP"]))
    child = lab.start(["nsenter", f"--target={proxy}", "--net", "haproxy", "-db", "-f", path])
    # It leads there as the other Service leads to the proxy.
    selector = {"kubectl-tunnel/session": tunnel, "kubectl-tunnel/component": "proxy"}
    lab.apply(NAMESPACE, service("haproxy", selector, HAPROXY_PORT, HAPROXY_HTTP2_PORT))
    return child, lab.get(NAMESPACE, "service", "haproxy")["spec"]["clusterIP"]


# HTTP/2

def h2load(lab, way, count, connections, streams):
    """Nanoseconds of each request."""
    log = os.path.join(lab.folder, "h2load.log")
    if os.path.exists(log):
        os.remove(log)
    words = ["h2load", "-n", str(count), "-c", str(connections), "-m", str(streams), "-H", f"x-user: {way.user}",
             f"--log-file={log}", f"http://{way.host}:81/"]
    said = subprocess.run(lab.node + words, capture_output=True, text=True, check=True).stdout
    if not re.search(rf"{count} succeeded, 0 failed", said):
        raise Failure(f"h2load: {said}")
    with open(log, encoding="ascii") as file:
        # When it began, its status, and how many microseconds it took.
        return [int(line.split()[2]) * 1000 for line in file]


def http2(lab, scene, passing):
    """The same over cleartext HTTP/2, from h2load to nghttpd in the pod."""
    root = os.path.join(lab.folder, "http2")
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, "index.html"), "w", encoding="ascii") as file:
        file.write("x" * 256)
    inside = lab.process_of_pod(lab.get(NAMESPACE, "pod", scene.pod)["metadata"]["uid"], "sleep")
    server = lab.start(["nsenter", f"--target={inside}", "--net", "nghttpd", "--no-tls", "-d", root, str(HTTP2_PORT)])

    def is_there():
        try:
            return [h2load(lab, way, 1, 1, 1) for way in passing]
        except (Failure, subprocess.CalledProcessError):
            return None

    def each_second(way):
        before = processor_seconds(way.pid)
        h2load(lab, way, AT_ONCE, CONNECTIONS, 8)
        return [AT_ONCE / (processor_seconds(way.pid) - before)]

    eventually(is_there, 30, "an answer over HTTP/2", lambda: server.text)
    raw, figure = medians(interleaved(7, passing, lambda way: h2load(lab, way, ONE_BY_ONE, 1, 1)))
    yield Line(f"HTTP/2 request passing through {RULES} rules, none met (raw: HAProxy)", "ms", figure, raw, raw + 0.15)
    results = interleaved(5, passing, each_second)
    raw, figure = (statistics.median(sample for block in side for sample in block) for side in results)
    yield Line(f"HTTP/2 requests a processor-second, passing through {RULES} rules (raw: HAProxy)", "1/s", figure, raw, 0.5,
               is_least=True, of_ratio=True)
    server.stop()
