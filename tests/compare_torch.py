#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains one model with normbench and with PyTorch and prints how far they are apart. Exits 1 outside the promise.

  tests/compare_torch.py --data-dir FOLDER [options of normbench train]

f64: the loss of every step within 1e-12. f32: the first 50 losses within 5e-7. The losses of epochs, in training and on
the test images, within 0.5 %. Needs torch and numpy (Debian: python3-torch, run with /usr/bin/python3).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "golden"))
from torch_model import Data, Run, sha256  # noqa: E402


def run_program(program, data_dir, options):
    """The record of the run and the loss of every step."""
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        command = [program, "train", *options, "--data-dir", data_dir, "--json", "-", "--trace", trace]
        done = subprocess.run(command, stdout=subprocess.PIPE)
        if done.returncode != 0:
            sys.exit("compare_torch: %s ended with exit code %d" % (" ".join(command), done.returncode))
        with open(trace) as file:
            return json.loads(done.stdout), [float(line) for line in file]


def run_torch(settings, data):
    """The digest of the initial parameters, the loss of every step and the figures of every epoch."""
    run = Run(settings, data)
    digest = sha256(b"".join(values.tobytes() for _, values in run.parameters()))
    losses, epochs = [], []
    for epoch in range(settings["epochs"]):
        _, some, figures = run.epoch()
        losses += some
        epochs.append(figures)
        print("PyTorch: epoch %d of %d" % (epoch + 1, settings["epochs"]), file=sys.stderr)
    return digest, losses, epochs


def largest(differences):
    """The maximum, and NaN if there is one, which max() would lose."""
    differences = list(differences)
    return next((d for d in differences if d != d), max(differences, default=0.0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(HERE, "..", "build", "src", "normbench"))
    parser.add_argument("--data-dir", required=True, help="folder of the four IDX files, raw or gzip")
    options, of_train = parser.parse_known_args()

    record, ours = run_program(options.program, options.data_dir, of_train)
    settings = record["config"]
    torch.set_num_threads(1)
    digest, theirs, epochs = run_torch(settings, Data(options.data_dir))

    ok = True

    def report(text, good):
        nonlocal ok
        ok = ok and good
        print("%s  %s" % ("ok      " if good else "OUTSIDE ", text))

    report("initial parameters %s" % ("equal" if digest == record["init_digest"] else "differ"),
           digest == record["init_digest"])
    report("%d steps, PyTorch %d" % (len(ours), len(theirs)), len(ours) == len(theirs))
    gaps = [abs(a - b) for a, b in zip(ours, theirs)]
    double = settings["dtype"] == "f64"
    first, every = largest(gaps[:50]), largest(gaps)
    report("largest difference of a loss: %.2g in the first 50 steps, %.2g in all" % (first, every),
           every <= 1e-12 if double else first <= 5e-7)
    report("%d epochs, PyTorch %d" % (len(record["epochs"]), len(epochs)), len(record["epochs"]) == len(epochs))
    for mine, torchs in zip(record["epochs"], epochs):
        nan = float("nan")
        train, test = (abs((mine[key] if mine[key] is not None else nan) - torchs[key]) / torchs[key]
                       for key in ("train_loss", "test_loss"))
        report("epoch %d: loss %.2g %% and test loss %.2g %% apart; %s correct, PyTorch %d"
               % (mine["epoch"], 100 * train, 100 * test, mine["test_correct"], torchs["test_correct"]),
               train <= 5e-3 and test <= 5e-3)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
