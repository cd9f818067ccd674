# SPDX-License-Identifier: MIT
"""The experiment in PyTorch: what make_golden.py records and what compare_torch.py compares with.

Needs torch and numpy (Debian: python3-torch, python3-numpy, run with /usr/bin/python3).
The settings of a run are a dictionary with the keys of DEFAULTS, which are named like the program's options.
"""
import gzip
import hashlib
import os
import re
import struct

import numpy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

DEFAULTS = {
    "norm": "batch", "hidden": [256], "batch_size": 128, "epochs": 10, "optimizer": "sgd", "lr": 0.1,
    "momentum": 0.0, "nesterov": False, "weight_decay": 0.0, "seed": 0, "dtype": "f32",
}
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def environment():
    """What the figures may depend on besides the settings."""
    capability = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return {"torch": torch.__version__, "cpu_capability": capability.group(1) if capability else "unknown",
            "threads": torch.get_num_threads()}


class Data:
    """The four IDX files of a folder, raw or gzip: pixels scaled in float32 as torchvision does it, flat rows."""

    def __init__(self, folder):
        raw = [self._bytes(os.path.join(folder, name)) for name in FILES]
        self.sha256 = [hashlib.sha256(data).hexdigest() for data in raw]
        arrays = [self._array(data) for data in raw]
        self.train = self._scaled(arrays[0]), arrays[1].long()
        self.test = self._scaled(arrays[2]), arrays[3].long()

    @staticmethod
    def _bytes(path):
        if os.path.exists(path):
            with open(path, "rb") as file:
                return file.read()
        with gzip.open(path + ".gz") as file:
            return file.read()

    @staticmethod
    def _array(data):
        header = 4 + 4 * data[3]
        shape = struct.unpack(">%dI" % data[3], data[4:header])
        return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=header).reshape(shape).copy())

    @staticmethod
    def _scaled(images):
        return ((images.float() / 255 - 0.1307) / 0.3081).reshape(len(images), -1)


class Classifier(nn.Module):
    """[Linear, norm, ReLU] for each hidden width, then Linear to the 10 classes."""

    NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": lambda width: nn.Identity()}

    def __init__(self, norm, features, hidden):
        super().__init__()
        blocks = []
        for width in hidden:
            # Batch normalization subtracts the mean, so a bias before it would have no effect.
            blocks += [nn.Linear(features, width, bias=norm != "batch"), self.NORMS[norm](width), nn.ReLU()]
            features = width
        self.net = nn.Sequential(*blocks, nn.Linear(features, 10))

    def forward(self, x):
        return self.net(x)


class Run:
    """One training run. `epoch()` trains one epoch and evaluates; the generator is only drawn from by the layers'
    initial values, first to last, and by one pass over the shuffling DataLoader per epoch."""

    def __init__(self, settings, data):
        torch.manual_seed(settings["seed"])
        model = Classifier(settings["norm"], data.train[0].shape[1], settings["hidden"])
        # Double precision starts from the same float32 values, widened.
        real = torch.float64 if settings["dtype"] == "f64" else torch.float32
        self.model = model.to(real)
        self.inputs, self.labels = data.train[0].to(real), data.train[1]
        self.test_inputs, self.test_labels = data.test[0].to(real), data.test[1]
        rows = TensorDataset(self.inputs, self.labels, torch.arange(len(self.labels)))
        self.loader = DataLoader(rows, batch_size=settings["batch_size"], shuffle=True)
        options = {"lr": settings["lr"], "weight_decay": settings["weight_decay"]}
        if settings["optimizer"] == "adam":
            self.optimizer = torch.optim.Adam(self.model.parameters(), **options)
        else:
            self.optimizer = torch.optim.SGD(self.model.parameters(), momentum=settings["momentum"],
                                             nesterov=settings["nesterov"], **options)

    def parameters(self):
        """(name, numpy array) in the order of the digest: layer by layer weight, bias, gamma, beta."""
        return [(name, values.detach().numpy()) for name, values in self.model.named_parameters()]

    def epoch(self):
        """Returns the order of the rows, the loss of every step, and the figures of the epoch."""
        cross_entropy = nn.CrossEntropyLoss()
        self.model.train()
        order, losses, total = [], [], 0.0
        for inputs, labels, rows in self.loader:
            self.optimizer.zero_grad()
            loss = cross_entropy(self.model(inputs), labels)
            loss.backward()
            self.optimizer.step()
            order.append(rows)
            losses.append(loss.item())
            total += losses[-1] * len(labels)
        return torch.cat(order), losses, {"train_loss": total / len(self.labels), **self.evaluate()}

    def evaluate(self):
        """The figures of the test set."""
        self.model.eval()
        with torch.no_grad():
            outputs = self.model(self.test_inputs)
            test_loss = nn.CrossEntropyLoss()(outputs, self.test_labels).item()
            correct = int((outputs.argmax(1) == self.test_labels).sum())
        return {"test_loss": test_loss, "test_correct": correct}
