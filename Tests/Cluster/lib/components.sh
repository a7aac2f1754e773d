# shellcheck shell=bash
# The parts of Kubernetes, and how they are started.

# In the mount namespace of the cluster this is /run/containerd/containerd.sock, where the kubelet looks for statistics.
containerd_socket=$node_state/private/run/containerd/containerd.sock

components=(etcd containerd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy named names-feed)

admin() {
    in_node "$(cat "$state/kubectl")" --kubeconfig "$state/kubeconfig/admin" --cache-dir "$state/kubectl-cache" "$@"
}

components_running() {
    local component
    for component in mounts "${components[@]}"; do
        running "$component" || return 1
    done
}

# Debian's, or what a folder of other binaries brings along.
program() { [ -x "$kubernetes/$1" ] && echo "$kubernetes/$1" || echo "$1"; }

start_control_plane() {
    start etcd "$(program etcd)" --data-dir "$state/etcd" --unsafe-no-fsync --logger zap \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380
    start_containerd
    start_api_server
}

start_api_server() {
    # The first thread of a process that was killed may be gone while the others still hold its sockets.
    wait_for 10 "the API server's port" nobody_listens 6443
    # shellcheck disable=SC2046 # no word where there is no flag
    start kube-apiserver "$kubernetes/kube-apiserver" $(token_flags) --etcd-servers=http://127.0.0.1:2379 \
        --advertise-address="$node_ip" --bind-address=0.0.0.0 --secure-port=6443 \
        --service-cluster-ip-range="$service_cidr" --allow-privileged=true \
        --authorization-mode=Node,RBAC --enable-admission-plugins="$(admission_plugins)" \
        --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
        --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=front-proxy \
        --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$pki/service-accounts.pub" \
        --service-account-signing-key-file="$pki/service-accounts.key" \
        --kubelet-client-certificate="$pki/apiserver-kubelet.crt" --kubelet-client-key="$pki/apiserver-kubelet.key" \
        --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP
    wait_for 60 "API server" admin get --raw /readyz
}

nobody_listens() { [ -z "$(nsenter --net="/run/netns/$name" ss -Hltn "sport = :$1")" ]; }

start_containerd() {
    mkdir -p "$node_state/cni"
    cat >"$node_state/cni/10-pods.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "$sandbox", "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "dataDir": "$node_state/ipam",
              "ranges": [[{"subnet": "$pod_cidr"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
    # restrict_oom_score_adj: root may lack CAP_SYS_RESOURCE, then no score may be lowered and runc dies
    # ("can't get final child's PID from pipe: EOF").
    cat >"$node_state/containerd.toml" <<TOML
version = 2
root = "$node_state/containerd/root"
state = "$node_state/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$containerd_socket"
[plugins."io.containerd.internal.v1.opt"]
  path = "$node_state/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$node_state/cni"
TOML
    start containerd "$(program containerd)" -c "$node_state/containerd.toml"
}

# start_node PROFILE
start_node() {
    # The node gets its range of addresses from the controllers; a kubelet that waits for none reports its node as ready 10 s later.
    # shellcheck disable=SC2046
    start kube-controller-manager "$kubernetes/kube-controller-manager" $(token_flags) --leader-elect=false \
        --kubeconfig="$state/kubeconfig/controller-manager" --use-service-account-credentials=true \
        --service-account-private-key-file="$pki/service-accounts.key" --root-ca-file="$pki/ca.crt" \
        --allocate-node-cidrs=true --cluster-cidr="$cluster_cidr" \
        --service-cluster-ip-range="$service_cidr" --flex-volume-plugin-dir="$state/volume-plugins" \
        --kube-api-qps=100 --kube-api-burst=200
    start kube-scheduler "$kubernetes/kube-scheduler" --leader-elect=false --kubeconfig="$state/kubeconfig/scheduler"
    start_kubelet "$1"
    start_proxy
    wait_for 30 "service account" admin -n default get serviceaccount default
}

# start_proxy — behind the kubelet; returns when the node is ready.
start_proxy() {
    # It asks for its node, and after each failure waits twice as long.
    wait_for 60 "node" admin get node "$node_name"
    # Connection tracking is left alone: its limits are the machine's, and may be read-only.
    start kube-proxy "$kubernetes/kube-proxy" --kubeconfig="$state/kubeconfig/proxy" --hostname-override="$node_name" \
        --proxy-mode=iptables --cluster-cidr="$cluster_cidr" --conntrack-max-per-core=0 \
        --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
    wait_for 60 "node" node_ready
    wait_for 30 "kube-proxy" nsenter --net="/run/netns/$node_namespace" bash -c ': </dev/tcp/127.0.0.1/10256'
}

# start_kubelet PROFILE — its first 5 s it spends in waiting for Docker (so cAdvisor has it, and no option changes it).
start_kubelet() {
    local sysctls=
    if [ "$1" = default ]; then sysctls=net.ipv4.ip_unprivileged_port_start; fi
    : >"$node_state/resolv.conf"
    cat >"$node_state/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $pki/kubelet$suffix.crt
tlsPrivateKeyFile: $pki/kubelet$suffix.key
cgroupDriver: cgroupfs
cgroupRoot: /$node_groups
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
resolvConf: $node_state/resolv.conf
failSwapOn: false
allowedUnsafeSysctls: [$sysctls]
maxPods: 250
serializeImagePulls: false
# As since 1.27; the 5 a second of before are too few for tests side by side.
kubeAPIQPS: 50
kubeAPIBurst: 100
volumePluginDir: $node_state/volume-plugins
# The images cannot be pulled again, and the machine's disk may be fuller than a node's should be.
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, memory.available: 50Mi}
$(kubelet_cgroup_setting)
YAML
    # shellcheck disable=SC2046
    start kubelet "$kubernetes/kubelet" --kubeconfig="$state/kubeconfig/kubelet$suffix" --config="$node_state/kubelet.yaml" \
        --hostname-override="$node_name" --node-ip="$node_ip" \
        $(runtime_flags) --container-runtime-endpoint="unix://$containerd_socket"
}

# start_again COMPONENT — after it was killed; returns when it answers.
start_again() {
    running "$1" && return
    case $1 in
    kube-apiserver) start_api_server ;;
    kubelet)
        start_kubelet "$(cat "$state/profile")"
        wait_for 30 kubelet in_node bash -c ': </dev/tcp/127.0.0.1/10250'
        ;;
    *) fail "cannot start $1 again" ;;
    esac
}

# restart_kubelet PROFILE — returns when the new kubelet has reported the node as ready.
restart_kubelet() {
    local before
    stop kubelet
    before=$(node_heartbeat)
    # Heartbeats have whole seconds; the new one has to differ.
    sleep 1
    start_kubelet "$1"
    echo "$1" >"$state/profile"
    wait_for 60 "node" node_ready_after "$before"
}

ready_condition() {
    admin get node "$node_name" -o "jsonpath={.status.conditions[?(@.type=='Ready')].$1}"
}

node_heartbeat() { ready_condition lastHeartbeatTime; }
node_ready() { [ "$(ready_condition status)" = True ]; }
node_ready_after() { [ "$(node_heartbeat)" != "$1" ] && node_ready; }
