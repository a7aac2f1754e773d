#!/usr/bin/env python3
"""Makes a container image (a docker archive, as `ctr images import` reads it) out of files; needs no engine and no registry.

The same input gives the same bytes: entries are sorted, and times and owners are nought.
"""

import argparse
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


def pair(text):
    """SOURCE:PATH"""
    source, separator, path = text.rpartition(":")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text}: SOURCE:PATH is wanted")
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
    arguments = parser.parse_args()

    layer = Layer()
    for source, path in arguments.add:
        layer.add(source, path)
    for target, path in arguments.link:
        layer.add_link(path.strip("/"), target)
    content = layer.bytes()
    digest = hashlib.sha256(content).hexdigest()

    config = json.dumps({
        "architecture": arguments.architecture,
        "os": "linux",
        "config": {
            "Entrypoint": arguments.entrypoint,
            "Cmd": arguments.command,
            "Env": ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"] + arguments.env,
            "User": arguments.user,
            "WorkingDir": arguments.folder,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }).encode()
    config_path = hashlib.sha256(config).hexdigest() + ".json"
    layer_path = f"{digest}/layer.tar"
    manifest = json.dumps([{"Config": config_path, "RepoTags": [arguments.name], "Layers": [layer_path]}]).encode()

    # Written whole or not at all: the archive is a cache entry.
    unfinished = f"{arguments.output}.{os.getpid()}"
    with open(unfinished, "wb") as file:
        file.write(archive([file_entry(config_path, config), file_entry(layer_path, content),
                            file_entry("manifest.json", manifest)]))
    os.replace(unfinished, arguments.output)


if __name__ == "__main__":
    main()
