#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records as normbench sweep writes them, from real runs on the sample of MNIST that is part of the program.

As a program: study_records.py PROGRAM FOLDER makes a study of a few minutes, to look at its report.
"""
import hashlib
import json
import os
import subprocess
import sys


def train(program, norm, batch_size, seed, epochs, *more):
    done = subprocess.run([program, "train", "--dataset", "mnist-sample", "--norm", norm, "--batch-size", str(batch_size),
                           "--seed", str(seed), "--epochs", str(epochs), "--json", "-", *more],
                          env={**os.environ, "OMP_WAIT_POLICY": "passive"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def finish(record, purpose, alone):
    """What a sweep adds to the record of a run."""
    config = record["config"]
    bits = {k: v for k, v in config.items() if k not in ("epochs", "isa", "threads", "data_dir")}
    text = json.dumps([bits, purpose, config["epochs"], record["effective"]], sort_keys=True)
    record.update(cell=hashlib.sha256(text.encode()).hexdigest(),
                  bits=hashlib.sha256(json.dumps(bits, sort_keys=True).encode()).hexdigest(),
                  purpose=purpose, part="sweep", lr_rule="fixed", lr_base=config["lr"], started="2026-11-22T14:50:03Z",
                  host_load=0.5, alone=alone)
    record.setdefault("digests", [])
    return record


def convergence(program, norm, batch_size, seed, epochs=3, *more):
    return finish(train(program, norm, batch_size, seed, epochs, "--threads", "1", *more), "convergence", False)


def timing(program, norm, batch_size, isa, threads, epochs=2, *more):
    return finish(train(program, norm, batch_size, 1, epochs, "--isa", isa, "--threads", str(threads), *more), "timing", True)


def impossible(record, reason):
    """The record of a cell that cannot exist, in the place of a run."""
    record = dict(record, epochs=[], digests=[], steps=0, status="impossible", reason=reason, init_digest=None,
                  weights_digest=None)
    return record


def diverged(record):
    """The record of a run whose loss was no number in its second epoch."""
    lost = dict(record["epochs"][1], train_loss=None, test_loss=None, test_correct=None, test_accuracy=None)
    return dict(record, epochs=[record["epochs"][0], lost], status="diverged")


def write(folder, records):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "records.jsonl"), "w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, separators=(",", ":")) + "\n")


def main():
    program, folder = sys.argv[1:]
    norms, isas = ("batch", "layer", "none"), ("scalar", "avx2", "avx512")
    batches = [2 ** i for i in range(1, 11)]
    records = [convergence(program, norm, batch, seed, 10)
               for norm in norms for batch in batches for seed in range(1, 6)]
    records += [timing(program, norm, batch, isa, threads, 3)
                for norm in norms for batch in batches for isa in isas for threads in (1, 2)]
    first = [r for r in records if r["config"]["norm"] == "batch" and r["config"]["batch_size"] == 2]
    records += [impossible(dict(r, config=dict(r["config"], batch_size=1)), "batch norm needs 2 rows or more")
                for r in first if r["purpose"] == "convergence"]
    write(folder, records)


if __name__ == "__main__":
    main()
