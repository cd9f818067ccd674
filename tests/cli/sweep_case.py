# SPDX-License-Identifier: MIT
"""What the tests of normbench sweep share: a grid of seconds, and a reader of its records."""
import os
import signal
import subprocess
import time

from case import Case, PROGRAM, environment, strict_json

GRID = ("--datasets", "mnist-sample", "--hidden", "8", "--norms", "batch,layer,none", "--batch-sizes", "1,2,64",
        "--seeds", "1..3", "--epochs", "2", "--isas", "auto,scalar", "--threads", "1", "--timing-epochs", "2")
CELLS = 3 * 3 * 3 + (3 * 3 - 1)  # and the timing cells of the best ISA; those of scalar where that is another


def bare(record):
    """What must be the same in every sweep with these options: all but times and what the machine was doing."""
    record = {k: v for k, v in record.items() if k not in ("started", "host_load", "alone", "peak_resident_bytes")}
    record["machine"] = {k: v for k, v in record["machine"].items() if k != "load"}
    record["epochs"] = [{k: v for k, v in epoch.items() if k not in ("seconds", "samples_per_second")}
                        for epoch in record["epochs"]]
    return record


class SweepCase(Case):
    def sweep(self, *args, **more):
        return self.call("sweep", *args, "--output", self.path("out"), **more)

    def lines(self, folder="out"):
        with open(self.path(folder, "records.jsonl"), "rb") as file:
            return file.read().decode("ascii").splitlines(keepends=True)

    def records(self, folder="out"):
        """The records by their cell; every line is whole, and no cell is there twice."""
        records = {}
        for line in self.lines(folder):
            self.assertTrue(line.endswith("\n"))
            record = strict_json(line)
            self.assertNotIn(record["cell"], records)
            records[record["cell"]] = record
        return records

    def start(self, *args, **more):
        def default_signals():  # a test run in the background may have them ignored
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        child = subprocess.Popen([PROGRAM, "sweep", *args, "--output", self.path("out")], cwd=self.folder,
                                 env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True, preexec_fn=default_signals, **more)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def wait_for_lines(self, child, count):
        for _ in range(6000):
            if os.path.exists(self.path("out", "records.jsonl")) and len(self.lines()) >= count:
                return
            self.assertIsNone(child.poll(), "the sweep has ended")
            time.sleep(0.01)
        self.fail("the sweep records nothing")
