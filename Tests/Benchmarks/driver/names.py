"""Names: what a query costs through the tunnel and from the cache, whether any goes unanswered, and a stream behind one."""

import json
import os
import re
import statistics
import subprocess

from lines import MIB, Line, interleaved, percentile
from lab import Failure
from scene import DELAY_MILLISECONDS, NAMESPACE

# Runs in the command's namespace, where the name server is on 127.0.0.1: milliseconds for names that were never asked for,
# and for one that was just now.
ASKER = r"""
import json, os, socket, struct, sys, time
count, full = int(sys.argv[1]), sys.argv[2]
s = socket.socket(type=socket.SOCK_DGRAM)
s.settimeout(10)
s.connect(("127.0.0.1", 53))
def ask(name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    begin = time.perf_counter_ns()
    s.send(query)
    s.recv(65535)
    return (time.perf_counter_ns() - begin) / 1e6
new = [ask(f"n{index}-{os.getpid()}.{full}") for index in range(count)]
name = "web." + full
ask(name)
print(json.dumps({"new": new, "kept": [ask(name) for _ in range(5 * count)]}))
"""

# A query each 50 µs for 30 s, of four kinds; the kinds are asked of the cluster again every 5 s.
RATE, SECONDS = 20_000, 30


def run_inside(lab, command, kubeconfig=None):
    """What a command says that has the cluster's names."""
    plugin = os.path.join(os.path.dirname(lab.plugin), "kubectl-tunnel_dns")
    environment = dict(lab.environment(kubeconfig), XDG_RUNTIME_DIR=lab.folder)
    words = lab.laptop + [plugin, "exec", "-n", NAMESPACE, "--image", lab.image, "--", *command]
    result = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=180, check=False)
    if result.returncode != 0:
        raise Failure(f"{command[0]} by exec: {result.stdout}{result.stderr}")
    return result.stdout


def names(lab, scene, ways):
    full = f"{NAMESPACE}.svc.cluster.local"
    for name, kubeconfig, place in (
            ("far", scene.far_kubeconfig, f"{2 * DELAY_MILLISECONDS} ms away"), ("web", None, "near")):
        # The round trip is that of an open raw port-forward, just before and just after.
        trips = ways[name][0].measure("round-trips", 100)[0]
        found = json.loads(run_inside(lab, ["python3", "-c", ASKER, "200", full], kubeconfig))
        trips += ways[name][0].measure("round-trips", 100)[0]
        trip = statistics.median(trips) / 1e6
        yield Line(f"DNS query through the tunnel, {place} (raw: a round trip)", "ms", statistics.median(found["new"]),
                   trip, trip + 3, note=f"p99 {percentile(found['new'], 0.99):.2f} ms")
    yield Line("DNS query from the cache", "ms", statistics.median(found["kept"]), bound=0.3,
               note=f"p99 {percentile(found['kept'], 0.99):.2f} ms")
    yield from unanswered(lab, full)
    yield from bulk(lab, scene, ways)


def bulk(lab, scene, ways, size=384 * MIB):
    """A stream through the gateway, beside one through a raw port-forward to the same server."""
    address = scene.addresses["cold"]
    for direction, what in (("to the laptop", "receive"), ("to the cluster", "send")):
        # Where the address leads is known once its name was asked for.
        inside = ["sh", "-c", f"getent hosts cold >/dev/null; exec {lab.load} {what} {address} 80 {size}"]

        def measure(way):
            time_taken = json.loads(run_inside(lab, inside)) if way is None else way.measure(what, size)[0]
            return [size / 1e6 / (time_taken / 1e9)]

        results = interleaved(3, (ways["web"][0], None), measure)
        raw, tunnel = (statistics.median(sample for block in side for sample in block) for side in results)
        yield Line(f"bulk through tunnel-dns, {direction}, near", "MB/s", tunnel, raw, 0.85, is_least=True, of_ratio=True)


def unanswered(lab, full):
    """dnsperf from the cache."""
    path = os.path.join(lab.folder, "queries")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"web.{full} A\nweb.{full} AAAA\nnothing.{full} A\nkubernetes.default.svc.cluster.local A\n")
    said = run_inside(lab, ["dnsperf", "-s", "127.0.0.1", "-d", path, "-l", str(SECONDS), "-Q", str(RATE), "-c", "4"])

    def figure(name):
        match = re.search(rf"{name}: +([0-9.]+)", said)
        if not match:
            raise Failure(f"dnsperf does not say {name}: {said}")
        return float(match.group(1))

    sent, rate = figure("Queries sent"), figure("Queries per second")
    yield Line(f"DNS queries unanswered, {RATE} a second for {SECONDS} s", "", sent - figure("Queries completed"), bound=0,
               note=f"{sent:.0f} sent, {rate:.0f} a second, {figure('Average Latency .s.') * 1000:.2f} ms on average")
    yield Line("DNS queries answered a second", "1/s", rate, bound=RATE * 0.95, is_least=True)
