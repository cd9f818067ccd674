#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes tests/golden/study: records of made-up runs, and what numpy and scipy make of them. See README.md beside this file."""
import json
import math
import os

import numpy
from scipy import stats

import make_statistics

# What normbench report uses.
make_statistics.RESAMPLES, make_statistics.SEED, make_statistics.LEVEL = 2000, 1, 0.95
HERE = os.path.dirname(os.path.abspath(__file__))
EPOCHS, TARGET_LOSS, TARGET_ACCURACY = 6, 0.3, 0.9
SEEDS = range(1, 8)
BATCHES = (2, 16, 128)
NORMS = ("batch", "layer", "none")


def record(norm, batch_size, seed, curve, status="ok", purpose="convergence", isa="scalar", threads=1):
    epochs = [{"epoch": i + 1, "train_loss": loss, "test_loss": test, "test_correct": 1, "test_accuracy": accuracy,
               "seconds": seconds, "samples_per_second": 1.0} for i, (loss, test, accuracy, seconds) in enumerate(curve)]
    planned = EPOCHS if purpose == "convergence" else len(curve)
    return {"schema": 1, "cell": f"{norm}-{batch_size}-{seed}-{purpose}-{isa}-{threads}", "purpose": purpose,
            "alone": purpose == "timing", "lr_rule": "fixed", "lr_base": 0.1, "status": status, "steps": 1,
            "config": {"norm": norm, "hidden": [256], "classes": 10, "batch_size": batch_size, "epochs": planned, "lr": 0.1,
                       "optimizer": "sgd", "momentum": 0.0, "nesterov": False, "weight_decay": 0.0, "seed": seed,
                       "dtype": "f32", "isa": "auto", "threads": None, "dataset": "made-up", "data_dir": None},
            "machine": {"cpu": "none", "cores": 1, "usable_cores": 1, "build": {"compiler": "none", "commit": "none"}},
            "effective": {"isa": isa, "threads": threads},
            "data": {"dataset": "made-up", "rows": 1000, "test_rows": 500, "features": 784, "classes": 10, "sha256": {},
                     "published": True},
            "parameters": 1, "epochs": epochs, "init_digest": None, "weights_digest": None}


def first(values):
    """The epoch of the first true value; one more than there are where none is."""
    return float(next((i + 1 for i, value in enumerate(values) if value), EPOCHS + 1))


def measures(run):
    """What src/measure.h lists, in its order."""
    nan = [math.nan] * 5
    if run["status"] == "impossible":
        return nan + [math.nan] * 2
    if run["status"] == "diverged":
        return nan + [EPOCHS + 1.0] * 2
    loss, test, accuracy = ([e[k] for e in run["epochs"]] for k in ("train_loss", "test_loss", "test_accuracy"))
    mean = loss[0]
    for value in loss[1:]:  # in order, as the program adds
        mean += value
    return [loss[0], mean / len(loss), loss[-1], test[-1], accuracy[-1], first(v <= TARGET_LOSS for v in loss),
            first(v >= TARGET_ACCURACY for v in accuracy)]


def estimate(values):
    x = numpy.array([v for v in values if not math.isnan(v)])
    if len(x) == 0:
        return {"n": 0}
    iqm = make_statistics.STATISTICS["interquartile_mean"]
    return {"n": len(x), "median": float(numpy.median(x)), "mean": float(stats.trim_mean(x, 0.25)),
            "median_in": make_statistics.bootstrap(x, numpy.median), "mean_in": make_statistics.bootstrap(x, iqm)}


def main():
    random = numpy.random.RandomState(3)
    runs = {}
    for norm in NORMS:
        for batch_size in BATCHES:
            for seed in SEEDS:
                level = {"batch": 1.5, "layer": 1.0, "none": 1.2}[norm] + 2 / batch_size
                loss = [float(level * 0.75 ** e * math.exp(0.2 * random.standard_normal())) for e in range(EPOCHS)]
                curve = [(x, float(x * 1.1), float(1 - 0.25 * x), 0.5) for x in loss]
                run = record(norm, batch_size, seed, curve)
                if norm == "batch" and batch_size == 16 and seed == 3:
                    run["status"] = "diverged"
                    run["epochs"] = run["epochs"][:3]
                    for key in ("train_loss", "test_loss", "test_correct", "test_accuracy"):
                        run["epochs"][2][key] = None
                if norm == "batch" and batch_size == 2:
                    run.update(status="impossible", epochs=[], reason="made up")
                runs[norm, batch_size, seed] = run
    timed = [record("layer", 16, 1, [(1.0, 1.0, 0.5, float(scale * math.exp(0.1 * random.standard_normal())))
                                     for _ in range(3)], purpose="timing", isa=isa, threads=threads)
             for isa, threads, scale in (("scalar", 1, 8.0), ("avx2", 1, 1.0), ("avx2", 2, 0.6), ("avx512", 1, 0.7))]
    values = {key: measures(run) for key, run in runs.items()}
    settings = [{"norm": norm, "batch_size": batch_size,
                 "of": [estimate(values[norm, batch_size, s][m] for s in SEEDS) for m in range(7)]}
                for batch_size in BATCHES for norm in NORMS]
    differences = [{"batch_size": batch_size,
                    "of": [estimate(values["batch", batch_size, s][m] - values["layer", batch_size, s][m] for s in SEEDS)
                           for m in range(5)]} for batch_size in BATCHES if runs["batch", batch_size, 1]["status"] != "impossible"]
    seconds = {(t["effective"]["isa"], t["effective"]["threads"]): numpy.array([e["seconds"] for e in t["epochs"]])
               for t in timed}
    ratio = {"slow": "avx2", "fast": "avx512", "interval": make_statistics.bootstrap_ratio(seconds["avx512", 1], seconds["avx2", 1]),
             "ratio": float(numpy.median(seconds["avx2", 1]) / numpy.median(seconds["avx512", 1]))}
    folder = os.path.join(HERE, "study")
    os.makedirs(folder, exist_ok=True)
    lines = [json.dumps(run) for run in list(runs.values()) + timed]
    random.shuffle(lines)
    with open(os.path.join(folder, "records.jsonl"), "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    with open(os.path.join(folder, "expected.json"), "w", encoding="ascii") as file:
        json.dump({"target_loss": TARGET_LOSS, "target_accuracy": TARGET_ACCURACY, "settings": settings,
                   "differences": differences, "ratio": ratio}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
