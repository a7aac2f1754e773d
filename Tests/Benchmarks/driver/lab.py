"""The cluster, and the processes of a benchmark on its two sides."""

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """Something that a measurement needs does not work."""


class Child:
    """A process of this run, with what it has said so far in a file."""

    def __init__(self, words, environment=None, keeps_input=False):
        self.words = words
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE if keeps_input else subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    @property
    def text(self):
        return os.pread(self.output.fileno(), 1 << 24, 0).decode(errors="replace")

    def wait_for(self, pattern, seconds=60):
        """The match of a pattern in what the process says."""
        def look():
            match = re.search(pattern, self.text)
            if not match and self.process.poll() is not None and not re.search(pattern, self.text):
                raise Failure(f"{shlex.join(self.words)} ended: {self.text}")
            return match or re.search(pattern, self.text)
        return eventually(look, seconds, f"{pattern} from {shlex.join(self.words)}", lambda: self.text)

    def end_input(self):
        """Ends the standard input and waits; what the process said."""
        self.process.stdin.close()
        self.process.wait(30)
        return self.text

    def stop(self, sign=signal.SIGTERM, seconds=60):
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def eventually(look, seconds, what, more=lambda: ""):
    """The first true result of a look."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise Failure(f"not within {seconds} s: {what} {more()}")


class Lab:
    """Both sides of the cluster, and what was started on them."""

    def __init__(self):
        environment = os.environ
        self.node = shlex.split(environment["CLUSTER_NODE"])
        self.laptop = shlex.split(environment["CLUSTER_LAPTOP"])
        self.kubectl_path = environment["CLUSTER_KUBECTL"]
        self.state = environment["CLUSTER_STATE"]
        self.sandbox = "kubectl-tunnel-" + environment["CLUSTER_NAME"]
        self.load = environment["BENCH_LOAD"]
        self.plugin = environment["BENCH_PLUGIN"]
        self.image = environment["BENCH_IMAGE"]
        self.workload_image = environment["CLUSTER_WORKLOAD_IMAGE"]
        self.kubeconfig = os.path.join(self.state, "kubeconfig", "admin")
        self.folder = tempfile.mkdtemp(prefix="kubectl-tunnel-bench-")
        self.children = []

    # Processes

    def start(self, words, **options):
        child = Child(words, **options)
        self.children.append(child)
        return child

    def environment(self, kubeconfig=None):
        """The environment of a user on the laptop."""
        path = os.path.dirname(self.kubectl_path) + ":" + os.environ["PATH"]
        return dict(os.environ, KUBECONFIG=kubeconfig or self.kubeconfig, PATH=path, TMPDIR=self.folder)

    def run_load(self, side, *words):
        """What a load client measured, and the processor seconds that it took itself."""
        process = subprocess.Popen(side + [self.load, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, error = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failure(f"load {words}: {error.decode().strip()}")
        return json.loads(output), usage.ru_utime + usage.ru_stime

    def start_load(self, side, *words, keeps_input=False):
        return self.start(side + [self.load, *map(str, words)], keeps_input=keeps_input)

    def end(self):
        for child in reversed(self.children):
            child.stop(signal.SIGINT if self.plugin in child.words else signal.SIGTERM)
        subprocess.run(["rm", "-rf", self.folder], check=False)

    # The cluster

    def kubectl(self, *words, data=None, kubeconfig=None):
        result = subprocess.run(
            self.laptop + [self.kubectl_path, *words], input=data, text=True, capture_output=True,
            env=self.environment(kubeconfig), check=False)
        if result.returncode != 0:
            raise Failure(f"kubectl {shlex.join(words)}: {result.stderr.strip()}")
        return result.stdout

    def apply(self, namespace, *objects):
        """Makes objects."""
        document = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("-n", namespace, "apply", "--validate=false", "-f", "-", data=json.dumps(document))

    def get(self, namespace, *words):
        return json.loads(self.kubectl("-n", namespace, "get", *words, "-o", "json"))

    def processes_of_pod(self, uid):
        """The ids of a pod's processes, by their control groups."""
        marks = (uid, uid.replace("-", "_"))
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/cgroup", encoding="ascii") as file:
                        text = file.read()
                except OSError:
                    continue
                if any(mark in text for mark in marks):
                    found.append(int(entry))
        return found

    def process_of_pod(self, uid, name):
        """The id of the pod's process with a name."""
        def look():
            for pid in self.processes_of_pod(uid):
                try:
                    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                        if file.read().strip() == name:
                            return pid
                except OSError:
                    continue
            return None
        return eventually(look, 20, f"process {name} of pod {uid}")

    # Processor time and memory

    def everything(self):
        """The ids of all processes of the cluster and of this run."""
        found = set()
        for hierarchy in ("/sys/fs/cgroup", "/sys/fs/cgroup/pids"):
            for folder, _, files in os.walk(os.path.join(hierarchy, self.sandbox)):
                if "cgroup.procs" in files:
                    with open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as file:
                        found.update(map(int, file.read().split()))
        roots = {child.pid for child in self.children}
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                parent = stat_fields(int(entry))
                if parent:
                    parents[int(entry)] = int(parent[1])
        for pid in parents:
            ancestor = pid
            while ancestor > 1 and ancestor not in roots:
                ancestor = parents.get(ancestor, 0)
            if ancestor in roots:
                found.add(pid)
        return found

    def processor_seconds(self):
        """Of everything, by process, so far."""
        times = {}
        for pid in self.everything():
            fields = stat_fields(pid)
            if fields:
                times[pid] = (int(fields[11]) + int(fields[12])) / TICKS
        return times


def stat_fields(pid):
    """The fields of /proc/PID/stat behind the name: state, parent and so on."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def memory(pid, field="VmRSS"):
    """Bytes that a process has in memory; `VmHWM` is the most it ever had."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise Failure(f"no {field} of process {pid}")


def machine_busy():
    """Processor seconds of the whole machine: busy, and all."""
    with open("/proc/stat", encoding="ascii") as file:
        numbers = list(map(int, file.readline().split()[1:9]))
    idle = numbers[3] + numbers[4]
    return (sum(numbers) - idle) / TICKS, sum(numbers) / TICKS
