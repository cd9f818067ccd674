# SPDX-License-Identifier: MIT
"""The experiment in the fastest plain PyTorch: the data stays in memory as tensors, no DataLoader collates rows.

The model, its initial values and the order of the rows are those of tests/golden/torch_model.py, and so of normbench.
"""
import ctypes
import os
import re
import sys
import time

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "golden"))
from torch_model import Data, Run  # noqa: E402,F401


class Resident(Run):
    def train_epoch(self, steps=None):
        """Trains on the first `steps` batches of an epoch, or on all. Returns the seconds and the loss of every step."""
        cross_entropy = nn.CrossEntropyLoss()
        self.model.train()
        losses = []
        start = time.perf_counter()
        for rows in self.shuffled().split(self.loader.batch_size)[:steps]:
            self.optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(self.model(self.inputs[rows]), self.labels[rows])
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        losses = torch.stack(losses)
        return time.perf_counter() - start, losses.tolist()

    def shuffled(self):
        """The rows in the order of a shuffling DataLoader, which draws a number for its workers and then a seed."""
        torch.empty((), dtype=torch.int64).random_()
        generator = torch.Generator()
        generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
        return torch.randperm(len(self.labels), generator=generator)


class SymbolInfo(ctypes.Structure):
    """Dl_info of dlfcn.h."""
    _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("name", ctypes.c_char_p), ("at", ctypes.c_void_p)]


def blas_library():
    """The file that PyTorch's matrix products come from, or "unknown"."""
    with open("/proc/self/maps") as maps:
        found = re.search(r"/\S*/libtorch_cpu\S*$", maps.read(), re.MULTILINE)
    symbol = getattr(ctypes.CDLL(found.group()), "sgemm_", None) if found else None
    info = SymbolInfo()
    if symbol is None or not ctypes.CDLL(None).dladdr(ctypes.cast(symbol, ctypes.c_void_p), ctypes.byref(info)):
        return "unknown"
    return os.path.realpath(os.fsdecode(info.file))
