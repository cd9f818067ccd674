# SPDX-License-Identifier: MIT
"""The experiment as a PyTorch program: trains one network, and tests it after each epoch, as `normbench train` does.

Needs torch and numpy (Debian: python3-torch, python3-numpy, run with /usr/bin/python3).
"""
import argparse

import torch

from resident import Data, Resident
from torch_model import DEFAULTS


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data-dir", required=True, help="folder of the four IDX files, raw or gzip")
    parser.add_argument("--norm", choices=("batch", "layer", "none"), default=DEFAULTS["norm"])
    parser.add_argument("--hidden", type=lambda text: [int(width) for width in text.split(",")],
                        default=DEFAULTS["hidden"], help="widths of the hidden layers, such as 1000,1000")
    parser.add_argument("--batch-size", type=int, default=DEFAULTS["batch_size"])
    parser.add_argument("--epochs", type=int, default=DEFAULTS["epochs"])
    parser.add_argument("--lr", type=float, default=DEFAULTS["lr"])
    parser.add_argument("--seed", type=int, default=DEFAULTS["seed"])
    parser.add_argument("--dtype", choices=("f32", "f64"), default=DEFAULTS["dtype"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    run = Resident({**DEFAULTS, **vars(options)}, Data(options.data_dir))
    rows = len(run.labels)
    for epoch in range(options.epochs):
        seconds, losses = run.train_epoch()
        sizes = [options.batch_size] * (rows // options.batch_size)
        sizes += [rows % options.batch_size] if rows % options.batch_size else []
        mean = sum(loss * size for loss, size in zip(losses, sizes)) / rows
        test = run.evaluate()
        print("epoch %d: loss %.6f, test loss %.6f, %d of %d correct, %.3f seconds of training"
              % (epoch + 1, mean, test["test_loss"], test["test_correct"], len(run.test_labels), seconds))


if __name__ == "__main__":
    main()
