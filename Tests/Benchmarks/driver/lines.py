"""The measurements: one function for each group of lines of the table."""

import gzip
import io
import json
import math
import os
import re
import signal
import statistics
import subprocess
import tarfile
import tempfile
import time

from lab import Failure, eventually, machine_busy, memory
from scene import LOCAL_PORT, Tunnel, Way

MIB = 1024 * 1024


class Line:
    """One line of the table: a figure of the tunnel, beside the raw one where there is one, and its bound."""

    def __init__(self, name, unit, tunnel, raw=None, bound=None, is_least=False, of_ratio=False, note=""):
        self.name, self.unit, self.tunnel, self.raw = name, unit, tunnel, raw
        self.bound, self.is_least, self.of_ratio, self.note = bound, is_least, of_ratio, note

    @property
    def ratio(self):
        return self.tunnel / self.raw if self.raw else None

    @property
    def is_met(self):
        """`None` where there is no bound."""
        if self.bound is None:
            return None
        figure = self.ratio if self.of_ratio else self.tunnel
        return figure >= self.bound if self.is_least else figure <= self.bound

    def value(self):
        members = ("name", "unit", "tunnel", "raw", "ratio", "bound", "is_least", "of_ratio", "is_met", "note")
        return {member: getattr(self, member) for member in members}


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, math.ceil(len(values) * part) - 1)]


def interleaved(rounds, ways, measure):
    """Measures raw and tunnel by turns, each first every other time; the results of each."""
    results = ([], [])
    for number in range(rounds):
        for side in ((0, 1), (1, 0))[number % 2]:
            results[side].append(measure(ways[side]))
    return results


def medians(results):
    """Milliseconds: the median of all samples of each side."""
    return [statistics.median(sample for block in side for sample in block) / 1e6 for side in results]


def new_connections(ways):
    for name, count, place, bound in (("far", 20, "20 ms away", 0.40), ("web", 100, "near", None)):
        raw, tunnel = medians(interleaved(5, ways[name], lambda way: way.measure("connections", count)[0]))
        yield Line(f"new connection, first answer, {place}", "ms", tunnel, raw, bound, of_ratio=True)


def round_trips(ways):
    for name, count, place, bound in (("far", 20, "20 ms away", 1.05), ("web", 2000, "near", 1.5)):
        raw, tunnel = medians(interleaved(7, ways[name], lambda way: way.measure("round-trips", count)[0]))
        yield Line(f"round trip on an open connection, {place}", "ms", tunnel, raw, bound, of_ratio=True)


def bulk_far(ways):
    """Throughput with 20 ms between; the load's direction is turned for the tunnel, whose server is the laptop."""
    size = 512 * MIB
    for direction, what in (("to the laptop", ("receive", "send")), ("to the cluster", ("send", "receive"))):
        shares = []

        def measure(way):
            busy, whole = machine_busy()
            time_taken, _ = way.measure(what[0 if way.is_raw else 1], size)
            busy_after, whole_after = machine_busy()
            shares.append((busy_after - busy) / (whole_after - whole))
            return [size / 1e6 / (time_taken / 1e9)]

        results = interleaved(3, ways["far"], measure)
        raw, tunnel = (statistics.median(sample for block in side for sample in block) for side in results)
        share = statistics.median(shares)
        # Two cores that are busy throughout measure what everything costs, which has a line of its own.
        bound = None if share > 0.9 else 0.85
        yield Line(f"bulk, one stream {direction}, 20 ms away", "MB/s", tunnel, raw, bound, is_least=True, of_ratio=True,
                   note=f"cores {share:.0%} busy" + (": judged by processor time" if bound is None else ""))


def bulk_cost(lab, ways):
    """Processor seconds of everything per gigabyte, without delay."""
    size = 384 * MIB
    for direction, what in (("to the laptop", ("receive", "send")), ("to the cluster", ("send", "receive"))):
        speeds = {True: [], False: []}

        def measure(way):
            before = lab.processor_seconds()
            time_taken, own = way.measure(what[0 if way.is_raw else 1], size)
            after = lab.processor_seconds()
            speeds[way.is_raw].append(size / 1e6 / (time_taken / 1e9))
            spent = own + sum(seconds - before.get(pid, 0) for pid, seconds in after.items())
            return [spent / (size / 1e9)]

        results = interleaved(5, ways["web"], measure)
        raw, tunnel = (statistics.median(sample for block in side for sample in block) for side in results)
        speed = [statistics.median(speeds[is_raw]) for is_raw in (True, False)]
        yield Line(f"processor time of everything, bulk {direction}, near", "s/GB", tunnel, raw, 1.3, of_ratio=True,
                   note="{:.0f} MB/s raw, {:.0f} MB/s tunnel".format(*speed))


def ends(scene, ways):
    """Half-closes and resets; the raw way has a port-forward of its own for each, since one can end it."""
    count = 20
    for what, name in (("client-fin", "the caller's FIN, and then the server's answer"),
                       ("server-fin", "the server's FIN, and then the caller's bytes"),
                       ("client-rst", "the caller's RST"), ("server-rst", "the server's RST")):
        exact, _ = ways["web"][1].measure(what, count)
        forward = scene.forward()
        try:
            raw, _ = forward.measure(what, 3)
        except Failure:
            raw = 0
        forward.child.stop()
        yield Line(f"{name}: exact", f"of {count}", exact, bound=count, is_least=True, note=f"raw {raw} of 3")


def stalled(scene, ways):
    """Ten readers that do not read, on either end, and the newcomer beside them."""
    way, proxy = ways["web"][1], scene.tunnels["web"].proxy

    def newcomer():
        blocks = [percentile(way.measure("connections", 200)[0], 0.99) for _ in range(5)]
        return statistics.median(blocks) / 1e6

    for what, whose in (("flood", "callers"), ("stall", "local processes")):
        baseline = newcomer()
        child = way.keep(what, 10)
        # Until nothing moves any more.
        last = [0]

        def is_still():
            size = memory(proxy)
            still, last[0] = size == last[0], size
            time.sleep(0.3)
            return still

        eventually(is_still, 20, "stalled streams")
        beside, size = newcomer(), memory(proxy)
        child.end_input()
        yield Line(f"new connection beside 10 stalled {whose}, p99 over {baseline:.1f} ms without", "ms",
                   max(0.0, beside - baseline), bound=10)
        yield Line(f"proxy's memory with 10 stalled {whose}", "MiB", size / MIB, bound=128)


def held(scene, ways, count=5000):
    way, proxy = ways["web"][1], scene.tunnels["web"].proxy
    before = memory(proxy)
    child = way.keep("hold", count)
    each = (memory(proxy) - before) / 1024 / count
    child.end_input()
    yield Line(f"proxy's memory for each of {count} connections held", "KiB", each, bound=20)


def idle(scene):
    yield Line("proxy's memory, idle", "MiB", memory(scene.tunnels["web"].proxy) / MIB, bound=25)


def image(archive):
    """The layers, as they are pulled and unpacked."""
    packed = unpacked = 0
    with tarfile.open(archive) as tar:
        names = {member.name: member for member in tar.getmembers()}

        def blob(digest):
            return tar.extractfile(names["blobs/" + digest.replace(":", "/")]).read()

        index = json.load(tar.extractfile(names["index.json"]))
        manifest = json.loads(blob(index["manifests"][0]["digest"]))
        for layer in manifest["layers"]:
            content = blob(layer["digest"])
            packed += len(content)
            with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as files:
                unpacked += sum(member.size for member in files.getmembers())
    yield Line("image, unpacked", "MB", unpacked / 1e6, bound=25)
    yield Line("image, compressed", "MB", packed / 1e6, bound=10)


def plugins():
    """Each as it is shipped, stripped, and how long it takes to say its version."""
    folder = os.path.dirname(os.environ["BENCH_PLUGIN"])
    for name in "kubectl-tunnel", "kubectl-tunnel_dns":
        plugin = os.path.join(folder, name)
        with tempfile.NamedTemporaryFile() as stripped:
            subprocess.run(["strip", "-o", stripped.name, plugin], check=True)
            yield Line(f"{name}, stripped", "MB", os.path.getsize(stripped.name) / 1e6, bound=25)
        times = []
        for _ in range(20):
            begin = time.monotonic()
            subprocess.run([plugin, "--version"], check=True, capture_output=True)
            times.append((time.monotonic() - begin) * 1000)
        yield Line(f"{name} --version, started and ended", "ms", statistics.median(times), bound=50)


def answers(child):
    """Start and end of each probe, and who answered."""
    found = []
    for line in child.text.splitlines():
        words = line.split()
        if len(words) == 3:
            found.append((int(words[0]), int(words[1]), words[2]))
    return found


def beginnings_and_ends(lab, scene, ways, rounds=5):
    """From the command to the first answer by the laptop, and from kill -9 to the first by the originals."""
    way = Way(lab, lab.node, scene.addresses["cold"], 80, is_raw=False)
    first, back, failed = [], [], []
    for _ in range(rounds):
        eventually(lambda: by(probe_once(way), "original"), 60, "originals answer")
        eventually(lambda: is_rested(lab), 60, "kube-proxy has nothing to do")
        child = way.probe(500)
        tunnel = Tunnel(lab, "cold", duration=5)
        eventually(lambda: by(answers(child), "laptop"), 60, "the laptop answers", lambda: tunnel.child.text)
        first.append((by(answers(child), "laptop")[0][1] - tunnel.started) / 1e9)
        tunnel.wait()
        killed = time.monotonic_ns()
        os.kill(tunnel.child.pid, signal.SIGKILL)
        later = eventually(
            lambda: [one for one in by(answers(child), "original") if one[0] >= killed], 60, "originals answer again")
        back.append((later[0][1] - killed) / 1e9)
        failed.append(sum(1 for one in answers(child) if one[1] >= killed and one[2].startswith("!")))
        child.end_input()
        eventually(tunnel.is_gone, 60, "the session's clean-up")
        # The garbage collector was seen to leave a ReplicaSet alone for two minutes after its Deployment.
        eventually(tunnel.is_collected, 300, "the garbage collector")
    yield Line("command to first intercepted answer, image on the node", "s", statistics.median(first), bound=2.0,
               note="of {}: {:.2f} to {:.2f}".format(rounds, min(first), max(first)))
    yield Line("kill -9 of the plugin to the originals' first answer", "s", statistics.median(back), bound=1.5,
               note="failed meanwhile, one client: {}".format(", ".join(map(str, failed))))


def is_rested(lab):
    """Whether kube-proxy may write its rules twice at once again: it does so once a second, and what the last session's end took
    comes back."""
    command = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:10249/metrics').read().decode())"
    text = subprocess.run(lab.node + ["python3", "-c", command], stdout=subprocess.PIPE, check=True, text=True).stdout
    written = re.search(r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds (\S+)", text, re.MULTILINE)
    return time.time() - float(written.group(1)) > 2


def probe_once(way):
    child = way.probe(1000)
    eventually(lambda: answers(child), 30, "an answer")
    child.end_input()
    return answers(child)


def by(found, who):
    return [one for one in found if one[2] == who]


def listing(lab, count=500):
    """`list` over so many sessions: Leases as sessions make them."""
    namespace = "bench-list"
    leases = []
    for number in range(count):
        session = "".join("abcdefghijklmnopqrstuvwxyz234567"[(number >> shift) & 31] for shift in range(0, 50, 5))
        leases.append({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {
                "name": f"tunnel-web-{number}",
                "labels": {"kubectl-tunnel/session": session, "kubectl-tunnel/service": f"web-{number}"},
                "annotations": {"kubectl-tunnel/ports": "80:8080", "kubectl-tunnel/state": "active"},
            },
            "spec": {"holderIdentity": f"user-{number}/laptop/{session}", "leaseDurationSeconds": 30},
        })
    document = {"apiVersion": "v1", "kind": "List", "items": leases}
    lab.kubectl("-n", namespace, "create", "--validate=false", "-f", "-", data=json.dumps(document))
    commands = (
        [lab.kubectl_path, "get", "leases", "-n", namespace],
        [lab.plugin, "list", "-n", namespace],
    )

    def measure(words):
        start = time.monotonic()
        result = subprocess.run(lab.laptop + words, capture_output=True, text=True, env=lab.environment(), check=False)
        taken = time.monotonic() - start
        if result.returncode != 0 or len(result.stdout.splitlines()) != count + 1:
            raise Failure(f"{words}: {len(result.stdout.splitlines())} lines: {result.stderr}")
        return [taken * 1e9]

    raw, tunnel = medians(interleaved(11, commands, measure))
    yield Line(f"kubectl tunnel list, {count} tunnels (raw: kubectl get leases)", "s", tunnel / 1000, raw / 1000, 0.3)


def load_itself(lab):
    """What the load's client and server do with nothing between them: far more, or they would be what is measured."""
    way = Way(lab, lab.laptop, "127.0.0.1", LOCAL_PORT, is_raw=True)
    size = 1024 * MIB
    yield Line("load alone: new connection", "ms", statistics.median(way.measure("connections", 500)[0]) / 1e6)
    yield Line("load alone: round trip", "ms", statistics.median(way.measure("round-trips", 5000)[0]) / 1e6)
    for what in ("receive", "send"):
        before = lab.processor_seconds()
        taken, own = way.measure(what, size)
        after = lab.processor_seconds()
        spent = own + sum(seconds - before.get(pid, 0) for pid, seconds in after.items())
        yield Line(f"load alone: {what}", "MB/s", size / 1e6 / (taken / 1e9), note=f"{spent / (size / 1e9):.2f} s/GB")
