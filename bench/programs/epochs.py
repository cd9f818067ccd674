# SPDX-License-Identifier: MIT
"""One epoch of training, normbench against PyTorch: the time of training alone, taken in turn.

PyTorch trains in its fastest plain form (bench/pytorch/resident.py), in one process per setting that stays, and so is warm.
normbench is started anew each time. The seconds are those that each measures itself: no loading, no test.
"""
import csv
import io
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

from output import Failure, markdown
from pytorch import Worker, settings

CHECKED_STEPS = 50
REST = 0.1  # seconds, in which threads of the last program that still spin fall asleep


def flop(record):
    """Of the dense arithmetic of an epoch: each layer's product, its gradient for the weights, and, but for the first
    layer, that for its inputs."""
    widths = [record["data"]["features"], *record["config"]["hidden"], record["data"]["classes"]]
    products = [2 * a * b for a, b in zip(widths, widths[1:])]
    return record["data"]["rows"] * (3 * sum(products) - products[0])


class Cell:
    """Somebody who trains epochs of one norm and batch size."""

    def __init__(self, norm, batch_size, threads, **who):
        self.norm, self.batch_size, self.threads, self.who, self.samples = norm, batch_size, threads, who, []

    def figures(self):
        median = statistics.median(self.samples)
        mad = 1.4826 * statistics.median(abs(sample - median) for sample in self.samples)
        return {"median": median, "min": min(self.samples), "mad": mad, "n": len(self.samples)}

    def json(self):
        return {"norm": self.norm, "batch_size": self.batch_size, "threads": self.threads, **self.who,
                **self.figures(), "samples": self.samples}


class Epochs:
    """All cells. `run` may be interrupted: what is measured stays, and `status` says so."""

    def __init__(self, options, info):
        self.options, self.info = options, info
        self.cells, self.wrong, self.skipped, self.status = [], [], [], "ok"
        self.flop = self.record = None

    def ours(self, norm, batch_size, threads, isa, *more):
        command = [self.options.program, "train", "--data-dir", self.options.data_dir, "--epochs", "1", "--norm", norm,
                   "--batch-size", str(batch_size), "--isa", isa, "--threads", str(threads), "--json", "-", *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        if done.returncode != 0:
            raise Failure((done.stderr.strip().splitlines() or ["no message"])[-1], abs(done.returncode))
        return json.loads(done.stdout)

    def our_losses(self, norm, batch_size, dtype):
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace")
            self.record = self.ours(norm, batch_size, max(self.options.threads), self.options.epoch_isas[0],
                                    "--dtype", dtype, "--trace", trace)
            with open(trace) as file:
                return self.record["config"], [float(line) for line in file][:CHECKED_STEPS]

    def agree(self, workers, norm, batch_size):
        """The workers whose losses are ours. In f64 the first 50 within 1e-12. In f32 only the first within 5e-7: then
        a ReLU may change its sign by rounding, and the runs part."""
        good = list(workers)
        for dtype, steps, bound in (("f64", CHECKED_STEPS, 1e-12), ("f32", 1, 5e-7)):
            config, ours = self.our_losses(norm, batch_size, dtype)
            for worker in list(good):
                _, theirs = worker.train(config, CHECKED_STEPS)
                gaps = [abs(a - b) for a, b in zip(ours[:steps], theirs)]
                if len(theirs) != len(ours) or not all(gap <= bound for gap in gaps):
                    self.wrong.append("%s norm, batch size %d, %s: the losses of PyTorch with %s are not normbench's"
                                      % (norm, batch_size, dtype, worker.setting.name))
                    good.remove(worker)
        self.flop = flop(self.record)
        return config, good

    def group(self, workers, norm, batch_size, order):
        config, workers = self.agree(workers, norm, batch_size)
        turns = []
        for threads in self.options.threads:
            for isa in self.options.epoch_isas:
                cell = Cell(norm, batch_size, threads, program="normbench", isa=isa)
                turns.append((cell, lambda threads=threads, isa=isa:
                              self.ours(norm, batch_size, threads, isa)["epochs"][0]["seconds"]))
        for worker in workers:
            cell = Cell(norm, batch_size, worker.setting.threads, program="pytorch", setting=worker.setting.name,
                        blas=worker.about["blas"])
            turns.append((cell, lambda worker=worker: worker.train(config)[0]))
        self.cells += [cell for cell, _ in turns]
        for turn in range(self.options.rounds):
            print("epochs: %s norm, batch size %d: round %d of %d" % (norm, batch_size, turn + 1, self.options.rounds),
                  file=sys.stderr)
            for cell, measure in order.sample(turns, len(turns)):
                time.sleep(REST)
                cell.samples.append(measure())

    def start(self, python, reason):
        if python is None:
            self.skipped.append("PyTorch: " + reason)
            return []
        workers = []
        for threads in self.options.threads:
            for setting in settings(threads, self.info):
                print("epochs: starting PyTorch with " + setting.name, file=sys.stderr)
                try:
                    workers.append(Worker(python, self.options.data_dir, setting))
                except Failure as failure:
                    self.skipped.append(str(failure))
        return workers

    def run(self, python, reason):
        workers, self.torch = [], None
        order = random.Random(self.options.seed)
        try:
            workers = self.start(python, reason)
            self.torch = workers[0].about["torch"] if workers else None
            for batch_size in self.options.batch_sizes:
                for norm in self.options.norms:
                    self.group(workers, norm, batch_size, order)
        except BaseException as what:
            self.status = "failed" if isinstance(what, Failure) else "interrupted"
            raise
        finally:
            self.cells = [cell for cell in self.cells if cell.samples]
            for worker in workers:
                worker.close()

    def best_peer(self, ours):
        """PyTorch's best setting with as many threads or fewer."""
        peers = [cell for cell in self.cells if cell.who["program"] == "pytorch" and cell.threads <= ours.threads
                 and (cell.norm, cell.batch_size) == (ours.norm, ours.batch_size)]
        return min(peers, key=lambda cell: cell.figures()["median"], default=None)

    def peak(self, cell):
        found = [peak["f32_flops_per_second"] for peak in self.info.get("peaks", ())
                 if (peak["isa"], peak["threads"]) == (cell.who["isa"], cell.threads)]
        return found[0] if found else math.nan

    def table(self):
        rows = []
        for cell in self.cells:
            if cell.who["program"] != "normbench":
                continue
            ours, peer = cell.figures(), self.best_peer(cell)
            speed = self.flop / ours["median"]
            share = 100 * speed / self.peak(cell)
            row = [cell.norm, cell.batch_size, cell.threads, cell.who["isa"], "%.3f" % ours["median"],
                   "%.1f" % (100 * ours["mad"] / ours["median"])]
            if peer is None:
                row += ["", "", "", ""]
            else:
                theirs = peer.figures()
                row += ["%.3f" % theirs["median"], "%.1f" % (100 * theirs["mad"] / theirs["median"]),
                        "%.2f" % (theirs["median"] / ours["median"]), peer.who["setting"]]
            row[9:9] = ["%.1f" % (1e-9 * speed), "" if math.isnan(share) else "%.0f" % share]
            rows.append(row)
        return markdown([":norm", "batch", "threads", ":ISA", "normbench (s)", "± (%)", "PyTorch (s)", "± (%)", "ratio",
                         "GFLOP/s", "of FMA peak (%)", ":PyTorch's best setting"], rows)

    def page(self):
        lines = ["Seconds of training in one epoch, without loading and testing: the median of %d rounds. In each round "
                 "every program trains once, in a random order. ± is the MAD, scaled to a standard deviation. PyTorch "
                 "keeps its data in tensors and takes batches by index; its best setting with as many threads or fewer "
                 "counts. ratio: its time by ours. GFLOP/s: the dense arithmetic of an epoch, %.1f GFLOP, by our time; "
                 "the FMA peak was measured just before." % (self.options.rounds, 1e-9 * (self.flop or 0)),
                 "", self.table()]
        blas = {cell.who["setting"]: cell.who["blas"] for cell in self.cells if "blas" in cell.who}
        if blas:
            lines += ["PyTorch %s. Where its matrix products come from:" % self.torch, ""]
            lines += ["- %s: `%s`" % item for item in blas.items()] + [""]
        lines += ["- Skipped: " + text for text in self.skipped] + ["- WRONG, not timed: " + text for text in self.wrong]
        return "\n".join(lines).rstrip() + "\n"

    def write(self, folder):
        whole = {"schema": 1, "status": self.status, "machine": self.info["machine"], "peaks": self.info.get("peaks"),
                 "torch": self.torch, "config": self.record and {**self.record["config"], "data_dir": None}, "flop": self.flop,
                 "cells": [cell.json() for cell in self.cells], "skipped": self.skipped, "wrong": self.wrong}
        folder.write("epochs.json", json.dumps(whole, indent=1, allow_nan=False) + "\n")
        text = io.StringIO()
        names = ["norm", "batch_size", "threads", "program", "isa", "setting", "blas", "median", "min", "mad", "n"]
        rows = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
        rows.writeheader()
        rows.writerows(cell.json() for cell in self.cells)
        folder.write("epochs.csv", text.getvalue())
