#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes tests/golden/*.json: what PyTorch computes on the sample of tests/data. See README.md beside this file."""
import argparse
import json
import os
import re

import torch

from torch_model import DEFAULTS, Data, Run, environment, sha256

HERE = os.path.dirname(os.path.abspath(__file__))
NORMS = ("none", "batch", "layer")


def cases():
    """name -> settings that differ from the defaults."""
    def both(name, **settings):
        for dtype in ("f32", "f64"):
            yield "%s-%s" % (name, dtype), dict(settings, dtype=dtype)

    def small(name, **settings):
        """A narrow network, which keeps the tests quick."""
        return name + "-f64", dict({"hidden": [32], "epochs": 2, "dtype": "f64"}, **settings)

    for norm in NORMS:
        yield from both(norm, norm=norm, epochs=3)
        # 32 rows a batch make more than 50 steps, the span of the f32 promise.
        yield from both(norm + "-batch32", norm=norm, hidden=[32], batch_size=32, epochs=2)
        yield from both(norm + "-momentum", norm=norm, hidden=[32], epochs=3, lr=0.05, momentum=0.9)
        yield small(norm + "-batch96", norm=norm, batch_size=96, seed=42)
        yield small(norm + "-batch7", norm=norm, batch_size=7, lr=0.01, seed=1)
        yield small(norm + "-decay", norm=norm, weight_decay=1e-3, seed=3)
    yield small("none-seed7", norm="none", seed=7)
    yield small("batch-seed7", norm="batch", seed=7)
    yield small("layer-seed-2pow32plus42", norm="layer", seed=2**32 + 42)
    yield from both("none-nesterov", norm="none", hidden=[32], epochs=2, lr=0.05, momentum=0.9, nesterov=True)
    yield small("batch-nesterov-decay", norm="batch", hidden=[70], lr=0.05, momentum=0.9, nesterov=True,
                weight_decay=1e-3)
    yield small("layer-momentum-decay", norm="layer", hidden=[33, 17], lr=0.05, momentum=0.9, weight_decay=1e-3)
    yield from both("batch-hidden64x32", norm="batch", hidden=[64, 32], epochs=2)
    yield small("none-hidden40x30x20", norm="none", hidden=[40, 30, 20])
    yield from both("layer-hidden40x30x20", norm="layer", hidden=[40, 30, 20], epochs=2)
    yield from both("linear", norm="none", hidden=[], epochs=2, lr=0.01)
    yield small("batch-linear", norm="batch", hidden=[], lr=0.01)
    yield from both("none-adam", norm="none", hidden=[32], epochs=2, optimizer="adam", lr=1e-3)
    yield small("batch-adam", norm="batch", optimizer="adam", lr=1e-3)
    yield small("layer-adam-decay", norm="layer", hidden=[45, 21], optimizer="adam", lr=1e-3, weight_decay=1e-3)
    yield small("batch-adam-decay", norm="batch", optimizer="adam", lr=1e-3, weight_decay=1e-3, batch_size=96)


def sample(values):
    """24 values of a parameter or a few more. The odd stride meets all columns and not only one."""
    flat = values.reshape(-1)
    stride = len(flat) // 24 | 1
    return {"size": len(flat), "stride": stride, "values": [float(v) for v in flat[::stride]]}


def record(settings, data):
    run = Run(settings, data)
    initial = run.parameters()
    golden = {
        "environment": environment(),
        "data_sha256": data.sha256,
        "config": settings,
        "init_digest": sha256(b"".join(values.tobytes() for _, values in initial)),
        "init_sha256": {name: sha256(values.tobytes()) for name, values in initial},
        "epochs": [],
    }
    for _ in range(settings["epochs"]):
        order, losses, figures = run.epoch()
        golden["epochs"].append({
            "order_sha256": sha256(order.numpy().astype("<u4").tobytes()), "order": order[:8].tolist(),
            **figures, "losses": losses})
    golden["parameters"] = {name: sample(values) for name, values in run.parameters()}
    return golden


def text(golden):
    """JSON with lists of numbers on one line. Python prints the digits that give the same double back."""
    lines = json.dumps(golden, indent=1, allow_nan=False)
    return re.sub(r"\[[^][{}]*\]", lambda numbers: " ".join(numbers.group().split()), lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=os.path.join(HERE, "..", "data"), help="folder of the four IDX files")
    parser.add_argument("--out", default=HERE, help="folder to write to")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = Data(options.data)
    for name, settings in cases():
        path = os.path.join(options.out, name + ".json")
        with open(path + ".new", "w") as file:
            file.write(text(record({**DEFAULTS, **settings}, data)))
        os.replace(path + ".new", path)
        print(path)


if __name__ == "__main__":
    main()
