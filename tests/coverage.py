#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads gcovr's summary in JSON: prints lines and branches by folder and in all, then the files with most untested lines."""

import collections
import json
import os
import sys

PARTS = ("line", "branch")
WORST = 12


def cells(counts):
    text = ""
    for part in PARTS:
        covered, total = counts[part + "_covered"], counts[part + "_total"]
        share = "%5.1f %%" % (100 * covered / total) if total else "-"
        text += "%9d of %6d %8s" % (covered, total, share)
    return text


def main(path):
    with open(path, encoding="utf-8") as file:
        files = json.load(file)["files"]
    folders, every = collections.defaultdict(collections.Counter), collections.Counter()
    for entry in files:
        counts = {part + kind: entry[part + kind] for part in PARTS for kind in ("_covered", "_total")}
        folders[os.path.dirname(entry["filename"])].update(counts)
        every.update(counts)
    print("%-24s%27s%27s" % ("", "lines", "branches"))
    for name in sorted(folders):
        print("%-24s%s" % (name, cells(folders[name])))
    print("%-24s%s" % ("all", cells(every)))
    print("\nuntested lines:")
    for entry in sorted(files, key=lambda e: e["line_covered"] - e["line_total"])[:WORST]:
        print("%6d  %s" % (entry["line_total"] - entry["line_covered"], entry["filename"]))


if __name__ == "__main__":
    main(sys.argv[1])
