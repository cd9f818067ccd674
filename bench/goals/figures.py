# SPDX-License-Identifier: MIT
"""The figures of a folder of results, as goals look at them."""
import csv
import json
import math
import os
from typing import NamedTuple

from output import Failure

SUBJECTS = ("neon", "avx2", "avx512")  # goals are about these ISAs; other rows are what they are held against


class Figure(NamedTuple):
    value: float
    where: str  # the problem, or the setting, it stands for
    ceiling: str = ""  # the one that binds there,
    share: float = math.nan  # and how much of it is reached


class Row(NamedTuple):
    """A row of bench.csv: times in seconds, ratios as they are."""
    problem: str
    isa: str
    threads: int
    median: float
    gflops: float
    gbytes: float
    share: float  # of the ceiling that binds
    ceiling: str
    best_peer: float  # its time over ours

    @classmethod
    def of(cls, row):
        return cls(row["problem"], row["isa"], int(row["threads"]), positive(row["median"]), number(row["gflops"]),
                   number(row["gbytes"]), number(row["share"]), row["ceiling"], number(row["vs_best_peer"]))

    def figure(self, value):
        return Figure(value, self.problem, self.ceiling, self.share)


class Mean(NamedTuple):
    """A row of standing.csv."""
    family: str
    isa: str
    threads: int
    means: dict  # by the name of the peer

    @classmethod
    def of(cls, row):
        means = {name: float(row[name]) for name in ("vs_best_peer", "openblas", "blis") if row.get(name)}
        return cls(row["family"], row["isa"], int(row["threads"]), means)


class Epoch(NamedTuple):
    """A cell of programs/epochs.json: seconds. PyTorch has no ISA."""
    program: str
    isa: str
    threads: int
    norm: str
    batch_size: int
    median: float

    @classmethod
    def of(cls, cell):
        return cls(cell["program"], cell.get("isa", ""), int(cell["threads"]), cell["norm"], int(cell["batch_size"]),
                   positive(cell["median"]))


class Results:
    """The f32 rows with hot caches of bench.csv, the means of standing.csv, and the epochs. `missing` names what is not
    there, or not whole."""

    def __init__(self, folder):
        self.folder, self.missing = folder, []
        self.rows = self.read("bench.csv", lambda file: subjects(file, Row)) or []
        self.means = self.read("standing.csv", lambda file: subjects(file, Mean)) or []
        self.epochs, self.peaks, self.flop = self.read(os.path.join("programs", "epochs.json"), self.epochs_of) or ([], {}, 0)
        self.about = self.read("machine.json", machine_of) or "an unnamed machine"
        if not self.rows and not self.epochs:
            raise Failure("'%s' is no folder of results: it has neither bench.csv nor programs/epochs.json with figures; "
                          "script/results makes one" % folder, 3)

    def read(self, name, parse):
        """What a file holds; None if it is not there."""
        path = os.path.join(self.folder, name)
        try:
            with open(path, newline="") as file:
                return parse(file)
        except (FileNotFoundError, NotADirectoryError):
            self.missing.append(name)
            return None
        except KeyError as error:
            raise Failure("cannot use '%s': it has no %s; script/results makes it anew" % (path, error), 3)
        except (OSError, ValueError, TypeError, AttributeError, csv.Error) as error:
            raise Failure("cannot use '%s': %s; script/results makes it anew" % (path, error), 3)

    def epochs_of(self, file):
        whole = json.load(file)
        if whole["status"] != "ok":
            self.missing.append("some epochs (status: %s)" % whole["status"])
        peaks = {(peak["isa"], int(peak["threads"])): positive(peak["f32_flops_per_second"])
                 for peak in whole["peaks"] or ()}
        return [Epoch.of(cell) for cell in whole["cells"]], peaks, float(whole["flop"] or 0)

    def settings(self):
        """ISA and number of threads of all rows and epochs that goals are about."""
        return sorted({(one.isa, one.threads) for one in self.rows + self.epochs if one.isa in SUBJECTS})

    def of(self, isa, threads):
        return [row for row in self.rows if (row.isa, row.threads) == (isa, threads)]

    def against_peers(self, isa, threads, wants):
        """Times of the best peer over ours."""
        return [row.figure(row.best_peer) for row in self.of(isa, threads)
                if wants(row.problem) and not math.isnan(row.best_peer)]

    def against(self, isa, threads, other):
        """Times of another ISA over those of this one."""
        theirs = {row.problem: row.median for row in self.of(other, threads)}
        return [row.figure(theirs[row.problem] / row.median) for row in self.of(isa, threads)
                if row.problem in theirs]

    def ceiling(self, isa, threads, name, unit):
        """GFLOP/s or GB/s, whichever `unit` names, of a measured ceiling: from a row that it binds."""
        bound = (row for row in self.of(isa, threads) if row.ceiling == name and row.share > 0)
        return next((getattr(row, unit) / row.share for row in bound), math.nan)

    def of_ceiling(self, isa, threads, name, unit, wants):
        """What rows reach of a ceiling, whether or not it is what binds them."""
        rate = self.ceiling(isa, threads, name, unit)
        return [row.figure(getattr(row, unit) / rate) for row in self.of(isa, threads)
                if wants(row.problem) and rate > 0]

    def mean(self, isa, threads, family, name):
        """A geometric mean of the standing."""
        return [Figure(row.means[name], "all problems") for row in self.means
                if (row.family, row.isa, row.threads) == (family, isa, threads) and name in row.means]

    def ours(self, isa, threads, batch_size):
        return [epoch for epoch in self.epochs if epoch.program == "normbench" and epoch.norm in ("batch", "layer")
                and (epoch.isa, epoch.threads, epoch.batch_size) == (isa, threads, batch_size)]

    def epoch_ratios(self, isa, threads, batch_size):
        """PyTorch's best time with as many threads or fewer over ours."""
        figures = []
        for ours in self.ours(isa, threads, batch_size):
            theirs = [epoch.median for epoch in self.epochs if epoch.program == "pytorch" and epoch.threads <= threads
                      and (epoch.norm, epoch.batch_size) == (ours.norm, batch_size)]
            if theirs:
                figures.append(Figure(min(theirs) / ours.median, ours.norm, "FMA", self.of_peak(ours)))
        return figures

    def epoch_shares(self, isa, threads, batch_size):
        shares = [(epoch, self.of_peak(epoch)) for epoch in self.ours(isa, threads, batch_size)]
        return [Figure(share, "%s, batch %d" % (epoch.norm, batch_size), "FMA", share)
                for epoch, share in shares if share > 0]

    def of_peak(self, epoch):
        """What an epoch reaches of the FMA peak that was measured beside the epochs."""
        return self.flop / epoch.median / self.peaks.get((epoch.isa, epoch.threads), math.nan)


def positive(what):
    if not float(what) > 0:
        raise ValueError("'%s' is no time" % what)
    return float(what)


def number(text):
    return float(text) if text else math.nan


def subjects(file, kind):
    return [kind.of(row) for row in csv.DictReader(file) if (row["dtype"], row["cache"]) == ("f32", "hot")]


def machine_of(file):
    machine = json.load(file)
    build = machine["build"]
    return "%s, commit %s%s" % (machine["cpu"], build["commit"], " with changes" if build["dirty"] else "")
