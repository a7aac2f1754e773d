# shellcheck shell=bash
# Images, made without a registry, and cached by what they are made of.

# The one that writes the proxy's image, too.
image_writer=$here/../../Sources/InClusterProxy/image/image.py

pause_image=registry.local/pause:1
workload_image=registry.local/workload:1

# What Python needs for asyncio, ssl, hashlib and json, and a shell. No package manager, no configuration.
workload_packages=(libc6 zlib1g libexpat1 libssl3 libbz2-1.0 liblzma5 libffi8 libuuid1
    libpython3.11-minimal libpython3.11-stdlib python3.11-minimal busybox-static)
# Parts of the standard library that the workload has no use for, and that make the image half as large again.
workload_excess=(ensurepip idlelib lib2to3 test pydoc_data distutils turtledemo)
# What looks names up in busybox crashes: it is linked statically, and loads the image's C library, another version of its own. Better
# that they are missing. (Python can do all of it.)
crashing_applets='arping|ftpget|ftpput|nc|nslookup|ntpd|ping|ping6|rdate|telnet|tftp|traceroute|traceroute6|wget|whois'

fingerprint() { cat "$@" | sha256sum | cut -c1-16; }

# Both archives are in the cache afterwards, at $pause_archive and $workload_archive.
build_images() {
    local app=("$here/workload/server.py" "$here/workload/load.py")
    mkdir -p "$cache/images"
    pause_archive=$cache/images/pause-$(fingerprint "$here"/{pause.c,lib/images.sh} "$image_writer").tar
    workload_archive=$cache/images/workload-$(fingerprint "$image_writer" "$here/lib/images.sh" "${app[@]}").tar
    [ -f "$pause_archive" ] || build_pause
    [ -f "$workload_archive" ] || build_workload
}

build_pause() {
    local work
    need_packages gcc libc6-dev
    work=$(mktemp -d)
    gcc -static -Os -s -o "$work/pause" "$here/pause.c"
    make_image "$pause_archive" "$pause_image" --add "$work/pause:/pause" --entrypoint '["/pause"]' --user 65535:65535
    rm -rf "$work"
}

build_workload() {
    local root
    root=$cache/images/workload-base-$(fingerprint "$here/lib/images.sh")
    [ -d "$root" ] || build_workload_base "$root"
    # Older ones are of no use to anybody.
    find "$cache/images" -maxdepth 1 -name 'workload-*.tar' -delete
    make_image "$workload_archive" "$workload_image" --add "$root:/" \
        --add "$here/workload/server.py:/app/server.py" --add "$here/workload/load.py:/app/load.py" \
        --env PYTHONUNBUFFERED=1 --env PYTHONDONTWRITEBYTECODE=1 --folder /app --user 65532:65532 \
        --entrypoint '["/usr/bin/python3"]' --command '["/app/server.py"]'
}

make_image() {
    "$image_writer" --architecture "$(dpkg --print-architecture)" "$@"
}

# build_workload_base ROOT — the file system without the workload itself.
build_workload_base() {
    local work package excess applet library=usr/lib/python3.11
    work=$(mktemp -d "$cache/images/unfinished.XXXXXX")
    chmod 0755 "$work"
    apt_update
    mkdir "$work/packages" "$work/root"
    (cd "$work/packages" && apt-get download -q -o APT::Sandbox::User=root "${workload_packages[@]}" >/dev/null)
    for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/root"; done
    rm -rf "$work"/root/usr/share "$work"/root/var "$work"/root/etc
    for excess in "${workload_excess[@]}"; do rm -rf "$work/root/$library/$excess"; done
    # The root file system is read-only in a restricted pod, so that Python could not keep what it compiles.
    chroot "$work/root" /usr/bin/python3.11 -m compileall -q --invalidation-mode unchecked-hash "/$library"
    ln -s python3.11 "$work/root/usr/bin/python3"
    mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/proc" "$work/root/sys" "$work/root/dev"
    for applet in $("$work/root/bin/busybox" --list | grep -vxE "$crashing_applets"); do
        [ -e "$work/root/bin/$applet" ] || [ -e "$work/root/usr/bin/$applet" ] || ln -s busybox "$work/root/bin/$applet"
    done
    printf 'root:x:0:0::/:/bin/sh\nworkload:x:65532:65532::/:/bin/sh\n' >"$work/root/etc/passwd"
    printf 'root:x:0:\nworkload:x:65532:\n' >"$work/root/etc/group"
    find "$cache/images" -maxdepth 1 -name 'workload-base-*' -exec rm -rf {} +
    mv "$work/root" "$1"
    rm -rf "$work"
}

ctr_k8s() { ctr --address "$containerd_socket" --namespace k8s.io "$@"; }

import_images() {
    wait_for 20 containerd ctr_k8s version
    load_image "$pause_archive" >/dev/null
    load_image "$workload_archive" >/dev/null
}

# load_image ARCHIVE [IMAGE]
load_image() {
    local imported
    [ -f "$1" ] || fail "no such file: $1"
    # "unpacking NAME (sha256:...)...done"
    imported=$(ctr_k8s images import "$1" | sed -n 's/^unpacking \([^ ]*\) .*/\1/p' | head -n 1)
    [ -n "$imported" ] || fail "$1: no image for this machine in it"
    if [ $# -ge 2 ] && [ "$imported" != "$2" ]; then
        ctr_k8s images tag --force "$imported" "$2" >/dev/null
        imported=$2
    fi
    echo "$imported"
}

# remember_image ARCHIVE [IMAGE] — for a node that comes later.
remember_image() { echo "$(realpath "$1") ${2:-}" >>"$state/loaded"; }
