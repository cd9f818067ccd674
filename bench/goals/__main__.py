# SPDX-License-Identifier: MIT
"""script/goals: what a folder of results has reached of what was aimed at."""
import argparse
import csv
import io
import math
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs"))

from figures import Results  # noqa: E402
from goals import judge  # noqa: E402
from output import Failure, Folder, markdown  # noqa: E402

FIELDS = ["goal", "wanted", "enough", "peers", "isa", "threads", "least", "at", "met", "of", "reached", "ceiling",
          "share"]
HELD = {"avx2": "held-to-avx2"}  # folders of the same machine whose peers are held to an ISA


def cell(verdict):
    """The least figure, in bold where the goal is reached, and of several how many meet it."""
    text = "%.2f" % verdict.least.value
    return ("**%s**" if verdict.reached else "%s") % text + (
        " (%d of %d)" % (verdict.met, verdict.count) if verdict.count > 1 else "")


def key_of(verdict):
    return verdict.peers, verdict.isa, verdict.threads


def head(peers, isa, threads):
    return "%s%s, %d" % (isa, "" if peers == "best" else " against " + peers, threads)


def counted(verdicts):
    return "%d of %d" % (sum(verdict.reached for verdict in verdicts), len(verdicts))


def bound(verdict):
    """Cells: the ceiling that binds, how much of it is reached, and what the figure would be at the ceiling itself."""
    least = verdict.least
    if not least.share > 0:
        return ["", "", ""]
    at_most = least.value / least.share
    return [least.ceiling, "%.0f %%" % (100 * least.share), ("**%.2f**" if at_most < verdict.wanted else "%.2f") % at_most]


def missed(verdicts):
    """A row for each that is not reached, with what binds where it is missed most."""
    rows = [[verdict.goal.name, head(*key_of(verdict)), "%.2f" % verdict.least.value, "%.2f" % verdict.wanted,
             verdict.least.where, *bound(verdict)] for verdict in verdicts if not verdict.reached]
    heads = [":goal", ":for", "least", "wanted", ":of", ":ceiling", "of it", "at it"]
    return ["", "## What is not reached", "",
            "Where it is missed most: the ceiling that binds there, how much of it is reached, and what the figure would be "
            "at the ceiling itself; in bold where even that is less than wanted.", "",
            markdown(heads, rows).rstrip()] if rows else []


def page(results, verdicts):
    """A goal per row, an ISA with a number of threads per column; then those whose peers are held to that ISA."""
    settings = list(dict.fromkeys(map(key_of, verdicts)))
    rows = []
    for name in dict.fromkeys(verdict.goal.name for verdict in verdicts):
        mine = {key_of(verdict): verdict for verdict in verdicts if verdict.goal.name == name}
        wanted = dict.fromkeys(verdict.text() for verdict in mine.values())
        rows.append([name, " / ".join(wanted), *(cell(mine[key]) if key in mine else "" for key in settings)])
    heads = [":goal", "wanted", *(head(*setting) for setting in settings)]
    lines = ["# What of the goals is reached", "",
             "Made by `script/goals` from the files of this folder: %s. f32, hot caches; a column for each ISA and number "
             "of threads. A figure is the least that a goal looks at, in bold where the goal is reached; behind it, how "
             "many of them meet it. `goals.csv` says where the least one stands, docs/benchmark.md what the goals mean."
             % results.about, "", markdown(heads, rows).rstrip(), ""]
    best = [verdict for verdict in verdicts if verdict.peers == "best"]
    lines += ["%s are reached." % counted(best)]
    for isa in HELD:
        held = [verdict for verdict in verdicts if verdict.peers == isa]
        if held:
            lines += ["", "*against %s*: the other libraries and `autovec`, too, are held to that ISA (`%s/`), and %s are "
                      "reached." % (isa, HELD[isa], counted(held))]
    lines += missed(verdicts)
    if results.missing:
        lines += ["", "Not in this folder: %s." % ", ".join(results.missing)]
    return "\n".join(lines) + "\n"


def table(verdicts):
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(FIELDS)
    for verdict in verdicts:
        least = verdict.least
        rows.writerow([verdict.goal.name, verdict.wanted, verdict.goal.enough, verdict.peers, verdict.isa, verdict.threads,
                       least.value, least.where, verdict.met, verdict.count, int(verdict.reached), least.ceiling,
                       "" if math.isnan(least.share) else least.share])
    return text.getvalue()


def main():
    parser = argparse.ArgumentParser(
        prog="goals", allow_abbrev=False,
        description="Holds a folder of results, as script/results makes it, against what normbench aims at, and writes "
        "goals.md and goals.csv there. It measures nothing.")
    parser.add_argument("folder", metavar="FOLDER", help="of `normbench bench --results`, with or without programs/")
    options = parser.parse_args()
    try:
        results = Results(options.folder)
        verdicts = judge(results)
        for isa, name in HELD.items():
            if os.path.isdir(os.path.join(options.folder, name)):
                held = Results(os.path.join(options.folder, name))
                verdicts += judge(held, isa)
                results.missing += [os.path.join(name, one) for one in held.missing if one != "machine.json"]
        if not verdicts:
            raise Failure("'%s' has no row that a goal is about; script/results makes a whole folder" % options.folder, 3)
        folder = Folder(options.folder)
        text = page(results, verdicts)
        folder.write("goals.csv", table(verdicts))
        folder.write("goals.md", text)
        print(text)
        print("\n".join(folder.paths))
        return 0
    except Failure as failure:
        print("goals: %s" % failure, file=sys.stderr)
        return failure.code


if __name__ == "__main__":
    sys.exit(main())
