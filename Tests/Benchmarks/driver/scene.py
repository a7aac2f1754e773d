"""What is measured on: a Service, its tunnel, and the raw port-forward beside it; near, and 20 ms away."""

import os
import signal
import time

from lab import Failure, eventually

NAMESPACE = "bench"
LOCAL_PORT = 9001
POD_PORT = 8080
# One way; the round trip is twice that.
DELAY_MILLISECONDS = 10


def service(name):
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": POD_PORT}]},
    }


def deployment(image):
    container = {"name": "web", "image": image, "command": ["/bin/sh", "-c", "sleep 100000"]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
        },
    }


class Tunnel:
    """An intercept of one Service."""

    def __init__(self, lab, name, kubeconfig=None, duration=30):
        self.lab, self.name = lab, name
        self.started = time.monotonic_ns()
        self.child = lab.start(
            lab.laptop + [lab.plugin, "intercept", name, "--port", str(LOCAL_PORT), "-n", NAMESPACE,
                          "--image", lab.image, "--lease-duration", str(duration)],
            environment=lab.environment(kubeconfig))

    def wait(self):
        self.child.wait_for("now comes to")
        return self

    @property
    def proxy(self):
        """The id of the proxy's process."""
        lease = self.lab.get(NAMESPACE, "lease", "tunnel-" + self.name)
        session = lease["metadata"]["labels"]["kubectl-tunnel/session"]
        pods = self.lab.get(
            NAMESPACE, "pods", "-l", f"kubectl-tunnel/session={session},kubectl-tunnel/component=proxy")["items"]
        return self.lab.process_of_pod(pods[0]["metadata"]["uid"], "proxy")

    def end(self):
        self.child.stop(signal.SIGINT)

    def is_gone(self):
        leases = self.lab.get(NAMESPACE, "leases")["items"]
        return all(lease["metadata"]["name"] != "tunnel-" + self.name for lease in leases)

    def is_collected(self):
        """Whether no proxy pod is left without its Lease: nodes write rules when one goes, in the next session's beginning."""
        pods = self.lab.get(NAMESPACE, "pods", "-l", "kubectl-tunnel/component=proxy")["items"]
        leases = self.lab.get(NAMESPACE, "leases", "-l", "kubectl-tunnel/session")["items"]
        sessions = {lease["metadata"]["labels"]["kubectl-tunnel/session"] for lease in leases}
        return all(pod["metadata"]["labels"]["kubectl-tunnel/session"] in sessions for pod in pods)


class Way:
    """A way from a client to a server: through the tunnel, or through a raw port-forward."""

    def __init__(self, lab, side, host, port, is_raw):
        self.lab, self.side, self.host, self.port, self.is_raw = lab, side, host, port, is_raw

    def measure(self, what, count):
        return self.lab.run_load(self.side, what, self.host, self.port, count)

    def keep(self, what, count):
        child = self.lab.start_load(self.side, what, self.host, self.port, count, keeps_input=True)
        child.wait_for(r"(?m)^\d+$", 120)
        return child

    def wait_for(self, who):
        """Until it leads there: nodes follow a Service within a second or so."""
        child = self.probe(10_000)
        eventually(lambda: child.text.endswith(f" {who}\n"), 30, f"an answer by {who}")
        child.end_input()

    def probe(self, microseconds):
        return self.lab.start_load(self.side, "probe", self.host, self.port, microseconds, keeps_input=True)


class Scene:
    """Everything that is up while most of the lines are measured."""

    def __init__(self, lab):
        self.lab = lab
        lab.apply(NAMESPACE, deployment(lab.workload_image), *map(service, ("web", "far", "cold")))
        pod = eventually(self.running_pod, 60, "a running pod")
        self.pod = pod["metadata"]["name"]
        # The same server on both sides, so that only the ways differ; in the pod's network, not in its container.
        inside = lab.process_of_pod(pod["metadata"]["uid"], "sleep")
        for port in range(POD_PORT, POD_PORT + 6):
            lab.start_load(["nsenter", f"--target={inside}", "--net"], "serve", port, "original")
        lab.start_load(lab.laptop, "serve", LOCAL_PORT, "laptop")
        self.far_kubeconfig = self.relay()
        self.addresses = {
            name: lab.get(NAMESPACE, "service", name)["spec"]["clusterIP"] for name in ("web", "far", "cold")}
        self.tunnels = {}

    def running_pod(self):
        for pod in self.lab.get(NAMESPACE, "pods", "-l", "app=web")["items"]:
            if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]:
                return pod
        return None

    def relay(self):
        """A kubeconfig whose server is 20 ms away."""
        port = 6500
        self.lab.start_load(self.lab.laptop, "relay", port, os.environ["CLUSTER_NODE_IP"], 6443, DELAY_MILLISECONDS)
        path = os.path.join(self.lab.folder, "far")
        with open(self.lab.kubeconfig, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(f"https://{os.environ['CLUSTER_NODE_IP']}:6443", f"https://127.0.0.1:{port}"))
        return path

    def open(self):
        """Both ways, near and far: name -> (raw, tunnel)."""
        ways = {}
        for name, kubeconfig in (("web", None), ("far", self.far_kubeconfig)):
            self.tunnels[name] = Tunnel(self.lab, name, kubeconfig).wait()
            tunnel = Way(self.lab, self.lab.node, self.addresses[name], 80, is_raw=False)
            tunnel.wait_for("laptop")
            ways[name] = (self.forward(kubeconfig), tunnel)
        return ways

    def forward(self, kubeconfig=None):
        """A raw port-forward."""
        lab = self.lab
        child = lab.start(
            lab.laptop + [lab.kubectl_path, "-n", NAMESPACE, "port-forward", f"pod/{self.pod}", f":{POD_PORT}"],
            environment=lab.environment(kubeconfig))
        port = int(child.wait_for(r"Forwarding from 127\.0\.0\.1:(\d+)").group(1))
        way = Way(lab, lab.laptop, "127.0.0.1", port, is_raw=True)
        way.child = child
        return way

    def check(self):
        """The tunnels lead to the laptop."""
        for name, address in self.addresses.items():
            if name in self.tunnels and not self.tunnels[name].child.process.poll() is None:
                raise Failure(f"tunnel {name} at {address} has ended: {self.tunnels[name].child.text}")
