#!/usr/bin/env python3
"""Measures every line of the table, and writes it down. Started by `run`, with the cluster up."""

import argparse
import json
import os
import sys
import time

import lines
import names
import report
import ruled
import shared
from lab import Lab
from scene import Scene

GROUPS = ("load", "image", "plugins", "idle", "new", "trips", "bulk", "cost", "ends", "stalled", "held", "start", "shared",
          "ruled", "list", "names")


def measure(lab, groups, archive, print_line):
    scene = Scene(lab)
    ways = scene.open()
    steps = {
        "load": lambda: lines.load_itself(lab),
        "image": lambda: lines.image(archive),
        "plugins": lambda: lines.plugins(),
        "idle": lambda: lines.idle(scene),
        "new": lambda: lines.new_connections(ways),
        "trips": lambda: lines.round_trips(ways),
        "bulk": lambda: lines.bulk_far(ways),
        "cost": lambda: lines.bulk_cost(lab, ways),
        "ends": lambda: lines.ends(scene, ways),
        "stalled": lambda: lines.stalled(scene, ways),
        "held": lambda: lines.held(scene, ways),
        "start": lambda: lines.beginnings_and_ends(lab, scene, ways),
        "shared": lambda: shared.shared(lab, scene),
        "ruled": lambda: ruled.ruled(lab, scene, ways),
        "list": lambda: lines.listing(lab),
        "names": lambda: names.names(lab, scene, ways),
    }
    found = []
    for group in groups:
        for line in steps[group]():
            print_line(line)
            found.append(line)
        scene.check()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="GROUP,...", help="of " + ", ".join(GROUPS))
    parser.add_argument("--archive", required=True, help="the proxy's image")
    parser.add_argument("--write", metavar="ROOT", help="write docs/ of this checkout")
    options = parser.parse_args()
    groups = options.only.split(",") if options.only else GROUPS
    begin = time.monotonic()

    def print_line(line):
        print(f"{time.monotonic() - begin:5.0f} s  {report.text(line)}", flush=True)

    lab = Lab()
    try:
        found = measure(lab, groups, options.archive, print_line)
        about = report.about(lab)
    finally:
        lab.end()
    document = {"about": about, "lines": [line.value() for line in found]}
    with open(os.environ["BENCH_JSON"], "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    if options.write:
        report.write(options.write, found, about, document)
    missed = [line.name for line in found if line.is_met is False]
    for name in missed:
        print("past its bound:", name)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
