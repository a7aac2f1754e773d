# shellcheck shell=bash
# What holds the cluster, so that it can be taken away whole: control groups, a mount namespace, two network namespaces.
#
# Every process of the cluster, pods and containerd's shims included, is born in the control group "$sandbox"; that tree is the record of
# what belongs to the cluster, and survives the death of any of its parts. Every mount is made in a mount namespace of the cluster's own,
# which ends with its last process.

sandbox=kubectl-tunnel-$name
# Folders with fixed names in Kubernetes, containerd or the CNI plugins. In the mount namespace each is a folder of the state.
private_folders=(/var/log /var/lib/kubelet /var/lib/cni /run/containerd /run/netns)
# The kubelet insists on these settings, which are the whole machine's. It is shown files that say so, and the machine keeps its own.
kernel_settings=(vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000)

# The mount points of all control group hierarchies (version 1 has several).
hierarchies() {
    awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts
}

# The hierarchy that records which processes are the cluster's: version 1's pids, or version 2's only one.
record_hierarchy() {
    awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { v1 = $2 } $3 == "cgroup2" { v2 = $2 } END { print v1 ? v1 : v2 }' /proc/mounts
}

sandbox_exists() {
    [ -e "$state" ] || [ -e "$(record_hierarchy)/$sandbox" ] || [ -n "$(network_namespaces)" ]
}

make_sandbox() {
    make_control_groups
    make_networks
    make_mount_namespace
}

make_control_groups() {
    local hierarchy file
    for hierarchy in $(hierarchies); do
        mkdir -p "$hierarchy/$node_groups"
        # A new cpuset has no processors and no memory, and takes no process.
        for file in cpuset.cpus cpuset.mems; do
            if [ -f "$hierarchy/$node_groups/$file" ] && [ -f "$hierarchy/$file" ]; then
                cat "$hierarchy/$file" >"$hierarchy/$node_groups/$file"
            fi
        done
    done
    mkdir -p "$(record_hierarchy)/$node_groups/components"
}

in_node() { nsenter --net="/run/netns/$name" "$@"; }

# The cluster's own: the node's, and a laptop's for each lane.
network_namespaces() {
    local file
    for file in "/run/netns/$name" "/run/netns/$name-laptop"* "/run/netns/$name-node2"; do
        [ ! -e "$file" ] || basename "$file"
    done
}

# laptop_namespace LANE, laptop_address LANE, node_address LANE — the first lane's wire is the node's own network.
laptop_namespace() { [ "$1" = 1 ] && echo "$name-laptop" || echo "$name-laptop-$1"; }
laptop_address() { echo "172.30.$(($1 - 1)).2"; }
node_address() { echo "172.30.$(($1 - 1)).1"; }

make_networks() {
    local lane
    ip netns add "$name"
    in_node ip link set lo up
    in_node ip addr add "$outside_ip/32" dev lo
    for ((lane = 1; lane <= lanes; lane++)); do make_laptop "$lane"; done
    # The kubelet picks its address by the default route. But nobody forwards: whoever asks for a name server or for a cloud's metadata
    # (the kubelet does, at each start) is to be told so by more specific routes, and not to wait 12 s for an answer.
    in_node ip route add default via "$laptop_ip" dev eth0
    in_node ip route add unreachable 0.0.0.0/1
    in_node ip route add unreachable 128.0.0.0/1
    # Services are translated only after the route is chosen, so that there has to be one.
    in_node ip route add "$service_cidr" via "$laptop_ip" dev eth0
    in_node sysctl -qw net.ipv4.ip_forward=1
    # Without it a pod's answer to a pod on the same bridge passes by the address translation of Services.
    in_node sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null ||
        echo "warning: no br_netfilter; pods cannot reach Services whose pods are on this node" >&2
}

# make_laptop LANE — a network namespace with a wire to the node; both ends of the first one are eth0.
make_laptop() {
    local laptop wire=eth0
    laptop=$(laptop_namespace "$1")
    [ "$1" = 1 ] || wire=eth$(($1 - 1))
    ip netns add "$laptop"
    ip link add "$wire" netns "$name" type veth peer name eth0 netns "$laptop"
    in_node ip addr add "$(node_address "$1")/24" dev "$wire"
    in_node ip link set "$wire" up
    nsenter --net="/run/netns/$laptop" bash -euc '
        ip link set lo up
        ip addr add "$1/24" dev eth0
        ip link set eth0 up
        [ "$2" = "$3" ] || ip route add "$3" via "$2"' bash "$(laptop_address "$1")" "$(node_address "$1")" "$node_ip"
}

# The mount namespace is held by a process that only sleeps.
make_mount_namespace() {
    local folder setting
    touch "$state/created-folders"
    for folder in "${private_folders[@]}"; do
        mkdir -p "$node_state/private$folder"
        [ -d "$folder" ] && continue
        mkdir -p "$folder"
        echo "$folder" >>"$state/created-folders"
    done
    for setting in "${kernel_settings[@]}"; do
        mkdir -p "$node_state/private/sys/$(dirname "${setting%=*}")"
        echo "${setting#*=}" >"$node_state/private/sys/${setting%=*}"
    done
    # shellcheck disable=SC2016 # expanded by the inner shell
    start_process "mounts$suffix" unshare --mount --propagation private bash -euc '
        mount --make-rshared / # as pods with mount propagation demand
        state=$1 folders=$2 settings=$3
        for folder in $folders; do mount --bind "$state/private$folder" "$folder"; done
        for setting in $settings; do
            [ ! -e "/proc/sys/${setting%=*}" ] || mount --bind "$state/private/sys/${setting%=*}" "/proc/sys/${setting%=*}"
        done
        touch "$state/mounts-made"
        exec sleep infinity' bash "$node_state" "${private_folders[*]}" "${kernel_settings[*]}"
    wait_for 10 "mount namespace" test -e "$node_state/mounts-made"
}

# start_process NAME COMMAND... — in the background, in the cluster's control group; its id and start time are written down.
start_process() {
    local process=$1
    shift
    (
        exec 9<&-
        echo "$BASHPID" >"$(record_hierarchy)/$node_groups/components/cgroup.procs"
        exec setsid "$@"
    ) </dev/null >>"$state/log/$process" 2>&1 &
    echo "$! $(start_time $!)" >"$state/pid/$process"
}

# start NAME COMMAND... — a component of the cluster: the same, in the node's network and the cluster's mounts.
start() {
    local process=$1$suffix holder
    shift
    read -r holder _ <"$state/pid/mounts$suffix"
    start_process "$process" nsenter --mount="/proc/$holder/ns/mnt" --net="/run/netns/$node_namespace" "$@"
}

# start_time PID — in clock ticks since boot: with the id it names one process for ever. Fails when there is none, or only a zombie.
start_time() {
    local stat fields
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

running() {
    local pid started
    [ -f "$state/pid/$1" ] && read -r pid started <"$state/pid/$1" && [ "$(start_time "$pid" 2>/dev/null)" = "$started" ]
}

stopped() { ! running "$1"; }

stop() {
    local pid
    running "$1" || return 0
    read -r pid _ <"$state/pid/$1"
    kill "$pid"
    wait_for 20 "end of $1" stopped "$1"
}

# The ids of all processes of the cluster; for a second node, of that.
sandbox_processes() {
    local root
    root=$(record_hierarchy)/$node_groups
    [ ! -d "$root" ] || find "$root" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

remove_sandbox() {
    local namespace processes folder
    kill_sandbox_processes
    for namespace in $(network_namespaces); do
        processes=$(ip netns pids "$namespace" | xargs)
        [ -z "$processes" ] || echo "warning: not of the cluster, but still in the network namespace $namespace: $processes" >&2
        # A wire goes with one of its ends.
        [ "$namespace" = "$name" ] || nsenter --net="/run/netns/$namespace" ip link del eth0 2>/dev/null || true
        ip netns del "$namespace"
    done
    if [ -f "$state/created-folders" ]; then
        while read -r folder; do rmdir "$folder" 2>/dev/null || true; done <"$state/created-folders"
    fi
}

# Nothing is to be kept, so nothing has to end in order.
kill_sandbox_processes() {
    local attempt processes hierarchy
    for attempt in $(seq 100); do
        processes=$(sandbox_processes)
        [ -n "$processes" ] || break
        # shellcheck disable=SC2086 # one word for each id
        kill -KILL $processes 2>/dev/null || true
        sleep 0.1
    done
    [ -z "$(sandbox_processes)" ] || fail "processes of the cluster do not end: $(sandbox_processes | xargs)"
    for hierarchy in $(hierarchies); do
        [ ! -d "$hierarchy/$node_groups" ] || remove_control_groups "$hierarchy/$node_groups"
    done
}

# A control group can be busy for a moment after its last process has ended.
remove_control_groups() {
    local attempt
    for attempt in $(seq 50); do
        find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$1" ] || return 0
        sleep 0.1
    done
    fail "cannot remove the control group $1"
}
