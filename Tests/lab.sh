# shellcheck shell=bash
# lab.sh — what the scripts beside it share: what has to be installed, where is built, the proxy's image, the local
# cluster, and the environment that `EndToEnd/Support/Lab.swift` reads.

lab_cache=${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-tunnel
# Outlives clones, so that the packages that this one depends on are compiled once a machine.
scratch=$lab_cache/build

say() { printf '== %s (%d s)\n' "$*" "$SECONDS"; }

fail() {
    echo "$*" >&2
    exit 1
}

can_have_cluster() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && [ "$(uname -s)" = Linux ]; }

# install_build_dependencies — what a compiler of Swift on Debian does not bring along.
install_build_dependencies() {
    pkg-config --exists libcurl 2>/dev/null && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "libcurl's headers are missing: apt-get install libcurl4-openssl-dev pkg-config"
    fi
    apt-get -q update >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends libcurl4-openssl-dev pkg-config >/dev/null
}

# slowly MINUTES WHAT COMMAND... — runs it, and says every minute that it still does and how long it usually takes.
slowly() {
    local minutes=$1 what=$2 ticker status=0
    shift 2
    say "$what (about $minutes min)"
    (
        for ((minute = 1; ; minute++)); do
            sleep 60
            left=$((minutes - minute))
            if [ "$left" -gt 0 ]; then left="about $left min left"; else left="any moment now"; fi
            say "  $what: $minute min so far, $left"
        done
    ) 8<&- &
    ticker=$!
    "$@" || status=$?
    kill "$ticker"
    wait "$ticker" 2>/dev/null || true
    return "$status"
}

# use_scratch — one clone at a time builds and tests in the folder that all share.
use_scratch() {
    mkdir -p "$scratch"
    exec 8<"$scratch"
    flock -n 8 && return
    say "another clone builds or tests in $scratch; waiting for it"
    flock 8
}

# use_sources ROOT — after use_scratch: brings the sources of a clone to the one place at which they are compiled, and goes
# there. A compiler takes a file at another path for another file; so a second clone compiles only what differs.
use_sources() {
    local from=$1 to=$lab_cache/source file
    local -A wanted=()
    git -C "$from" rev-parse --git-dir >/dev/null 2>&1 || return 0
    mkdir -p "$to"
    while IFS= read -r -d '' file; do
        [ -f "$from/$file" ] || continue
        wanted[$file]=1
        cmp -s "$from/$file" "$to/$file" && continue
        install -D -m "$(stat -c %a "$from/$file")" "$from/$file" "$to/$file"
    done < <(git -C "$from" ls-files -z --cached --others --exclude-standard)
    while IFS= read -r -d '' file; do
        [ -n "${wanted[$file]:-}" ] || rm "$to/$file"
    done < <(cd "$to" && find . -path ./dist -prune -o -name Package.resolved -o -type f -printf '%P\0')
    cd "$to"
}

# open_lab ROOT — after `make build`; leaves nothing behind at the script's end.
open_lab() {
    local image=registry.local/kubectl-tunnel-proxy:test
    lab_folder=$(mktemp -d) lab_cluster=$1/Tests/Cluster/cluster
    trap close_lab EXIT
    # Tests run them as other users, too, who may not look into this one's folders.
    chmod 0755 "$lab_folder"
    install -D -m 0755 -t "$lab_folder/bin" "$scratch"/release/kubectl-tunnel{,_dns}
    say "local cluster"
    "$lab_cluster" up 8<&-
    "$lab_cluster" load "$1/dist/proxy.oci.tar" "$image"
    enter_lane 1 "$1" "$image"
}

# enter_lane LANE [ROOT IMAGE] — the environment of the tests on the laptop of a lane.
enter_lane() {
    eval "$("$lab_cluster" env "$1")"
    export TMPDIR=$lab_folder/lane-$1
    mkdir -p "$TMPDIR"
    [ $# -gt 1 ] || return 0
    export KUBECTL_TUNNEL_END_TO_END=1 KUBECTL_TUNNEL_IMAGE=$3 CLUSTER_SCRIPT=$lab_cluster
    # The plugin as it is installed: built for debugging, it took more of two cores than the faults left.
    export KUBECTL_TUNNEL_PLUGIN=$lab_folder/bin/kubectl-tunnel KUBECTL_TUNNEL_WORKLOAD=$2/Tests/Cluster/workload
}

close_lab() {
    rm -rf "$lab_folder" "${log:-}"
    "$lab_cluster" down
}
