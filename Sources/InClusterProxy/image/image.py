#!/usr/bin/env python3
"""Makes a container image (an OCI archive, for skopeo, podman and `ctr images import`) out of files, without an engine.

The same input gives the same bytes: entries are sorted, and times and owners are nought.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import stat
import tarfile


class Layer:
    """The file system of the image: path -> (tar entry, content)."""

    def __init__(self):
        self.entries = {}
        self.add_folder("tmp", 0o1777)

    def add_folder(self, path, mode=0o755):
        if not path or path in self.entries:
            return
        self.add_folder(os.path.dirname(path))
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode = tarfile.DIRTYPE, mode
        self.entries[path] = (entry, None)

    def add_file(self, path, content, mode):
        self.add_folder(os.path.dirname(path))
        entry = tarfile.TarInfo(path)
        entry.size, entry.mode = len(content), mode
        self.entries[path] = (entry, content)

    def add_link(self, path, target):
        self.add_folder(os.path.dirname(path))
        entry = tarfile.TarInfo(path)
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
        self.entries[path] = (entry, None)

    def add(self, source, path):
        """A file or a symbolic link as it is, a folder with all that is in it."""
        path = path.strip("/")
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            self.add_link(path, os.readlink(source))
        elif stat.S_ISDIR(mode):
            self.add_folder(path, stat.S_IMODE(mode))
            for name in os.listdir(source):
                self.add(os.path.join(source, name), os.path.join(path, name))
        elif stat.S_ISREG(mode):
            with open(source, "rb") as file:
                self.add_file(path, file.read(), stat.S_IMODE(mode))

    def bytes(self):
        return archive(self.entries[path] for path in sorted(self.entries))


def archive(entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry, content in entries:
            tar.addfile(entry, None if content is None else io.BytesIO(content))
    return buffer.getvalue()


def file_entry(path, content):
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), 0o644
    return entry, content


def text(value):
    return json.dumps(value, sort_keys=True).encode()


def pair(argument):
    """SOURCE:PATH"""
    source, separator, path = argument.rpartition(":")
    if not separator:
        raise argparse.ArgumentTypeError(f"{argument}: SOURCE:PATH is wanted")
    return source, path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", help="the archive to write")
    parser.add_argument("name", help="the image's name and tag")
    parser.add_argument("--add", type=pair, action="append", default=[], metavar="SOURCE:PATH",
                        help="a file or folder of this machine, and its path in the image")
    parser.add_argument("--link", type=pair, action="append", default=[], metavar="TARGET:PATH", help="a symbolic link")
    parser.add_argument("--entrypoint", type=json.loads, default=[], metavar="JSON")
    parser.add_argument("--command", type=json.loads, default=[], metavar="JSON")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--user", default="", help="by number, so that Kubernetes can tell that it is not root")
    parser.add_argument("--folder", default="/", help="the working folder")
    parser.add_argument("--architecture", default="amd64", help="as Debian and Go call it")
    parser.add_argument("--verbose", action="store_true", help="print the size and the digest")
    arguments = parser.parse_args()

    layer = Layer()
    for source, path in arguments.add:
        layer.add(source, path)
    for target, path in arguments.link:
        layer.add_link(path.strip("/"), target)
    content = layer.bytes()
    blobs = {}

    def blob(media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    packed = blob("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(content, 9, mtime=0))
    config = blob("application/vnd.oci.image.config.v1+json", text({
        "architecture": arguments.architecture,
        "os": "linux",
        "config": {
            "Entrypoint": arguments.entrypoint,
            "Cmd": arguments.command,
            "Env": ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"] + arguments.env,
            "User": arguments.user,
            "WorkingDir": arguments.folder,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]},
    }))
    manifest = blob("application/vnd.oci.image.manifest.v1+json", text({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [packed],
    }))
    manifest["annotations"] = {"io.containerd.image.name": arguments.name,
                               "org.opencontainers.image.ref.name": arguments.name.rpartition(":")[2]}
    index = text({"schemaVersion": 2, "manifests": [manifest]})
    entries = [file_entry("oci-layout", text({"imageLayoutVersion": "1.0.0"})), file_entry("index.json", index)]
    entries += [file_entry(path, data) for path, data in sorted(blobs.items())]

    # Written whole or not at all: the archive is a cache entry.
    unfinished = f"{arguments.output}.{os.getpid()}"
    with open(unfinished, "wb") as file:
        file.write(archive(entries))
    os.replace(unfinished, arguments.output)
    if arguments.verbose:
        print(f"{arguments.name}: {len(content) / 1e6:.1f} MB, {packed['size'] / 1e6:.1f} MB compressed, "
              f"{manifest['digest']}")


if __name__ == "__main__":
    main()
