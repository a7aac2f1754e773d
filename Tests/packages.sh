# shellcheck shell=bash
# packages.sh — what is fetched from Debian and from PyPI before tests run, which may have no way out themselves. Whoever
# sources it has a function `fail`.

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

# download FOLDER PACKAGE — the wheel of a Python package.
download() {
    python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip
    python3 -m pip download -q --no-deps --only-binary :all: -d "$1" "$2" >&2 || fail "cannot download $2"
}
