# shellcheck shell=bash
# lab.sh — what the end-to-end tests need, for the scripts beside it: the proxy's image, the local cluster, and the
# environment that `Support/Lab.swift` reads.

say() { printf '== %s (%d s)\n' "$*" "$SECONDS"; }

fail() {
    echo "$*" >&2
    exit 1
}

can_have_cluster() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && [ "$(uname -s)" = Linux ]; }

# open_lab ROOT — after `make build`; leaves nothing behind at the script's end.
open_lab() {
    local cluster=$1/Tests/Cluster/cluster image=registry.local/kubectl-tunnel-proxy:test
    say "proxy image"
    "$1/Sources/InClusterProxy/image/build" "$1/dist/proxy.oci.tar" "$image"
    say "local cluster"
    lab_folder=$(mktemp -d) lab_cluster=$cluster
    trap close_lab EXIT
    "$cluster" up
    eval "$("$cluster" env)"
    "$cluster" load "$1/dist/proxy.oci.tar" "$image"
    export TMPDIR=$lab_folder KUBECTL_TUNNEL_END_TO_END=1 KUBECTL_TUNNEL_IMAGE=$image
    # The plugin as it is installed: built for debugging, it took more of two cores than the faults left.
    export KUBECTL_TUNNEL_PLUGIN=$1/.build/release/kubectl-tunnel KUBECTL_TUNNEL_WORKLOAD=$1/Tests/Cluster/workload
    export CLUSTER_SCRIPT=$cluster
}

close_lab() {
    rm -rf "$lab_folder" "${log:-}"
    "$lab_cluster" down
}
