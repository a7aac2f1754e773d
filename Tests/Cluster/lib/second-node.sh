# shellcheck shell=bash
# A second node: network and mount namespace, control group, containerd, kubelet and kube-proxy of its own, and a wire to the
# first one, over which each knows the way to the other's pods. Tests that are about nodes have it, alone.

# on_second_node FUNCTION... — with the second node's names; the API server, the state and its pids are the cluster's.
on_second_node() (
    first_ip=172.30.100.1
    node_name=node2 node_ip=172.30.100.2 pod_cidr=10.244.1.0/24 suffix=-2
    node_state=$state/node2 node_namespace=$name-node2 node_groups=$sandbox/node2
    containerd_socket=$node_state/private/run/containerd/containerd.sock
    "$@"
)

second_node_up() {
    [ ! -e "/run/netns/$name-node2" ] || on_second_node remove_second_node
    step "second node" on_second_node make_second_node
}

make_second_node() {
    mkdir -p "$node_state"
    make_control_groups
    make_second_network
    make_mount_namespace
    kubelet_certificate
    start_containerd
    build_images
    import_images
    [ ! -f "$state/loaded" ] || while read -r archive image; do load_image "$archive" "$image"; done <"$state/loaded" >/dev/null
    start_kubelet "$(cat "$state/profile")"
    start_proxy
}

make_second_network() {
    ip netns add "$node_namespace"
    ip link add node2 netns "$name" type veth peer name eth0 netns "$node_namespace"
    in_node ip addr add "$first_ip/24" dev node2
    in_node ip link set node2 up
    in_node ip route add "$pod_cidr" via "$node_ip"
    nsenter --net="/run/netns/$node_namespace" bash -euc '
        ip link set lo up
        ip addr add "$1/24" dev eth0
        ip link set eth0 up
        ip route add default via "$2"
        sysctl -qw net.ipv4.ip_forward=1
        sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true' bash "$node_ip" "$first_ip"
}

second_node_down() {
    [ ! -e "/run/netns/$name-node2" ] || step "second node away" on_second_node remove_second_node
}

remove_second_node() {
    admin delete node "$node_name" --ignore-not-found >/dev/null
    kill_sandbox_processes
    in_node ip link del node2 2>/dev/null || true
    ip netns del "$node_namespace"
    rm -rf "$node_state" "$pki/kubelet$suffix".* "$state/kubeconfig/kubelet$suffix" "$state"/pid/*"$suffix"
}

# Nothing of it answers any more, to anybody, and nothing says so: what is sent there is lost. What runs there is stopped, and goes
# on when the node is found again.
lose_second_node() {
    on_second_node signal_processes STOP
    on_second_node cut_wire -I
}

find_second_node() {
    on_second_node cut_wire -D
    on_second_node signal_processes CONT
    wait_for 60 "second node" on_second_node node_ready
}

# cut_wire -I|-D
cut_wire() {
    nsenter --net="/run/netns/$node_namespace" iptables -w -t mangle "$1" PREROUTING -i eth0 -j DROP
    nsenter --net="/run/netns/$node_namespace" iptables -w -t mangle "$1" POSTROUTING -o eth0 -j DROP
}

signal_processes() {
    # shellcheck disable=SC2046 # one word for each id
    kill "-$1" $(sandbox_processes) 2>/dev/null || true
}
