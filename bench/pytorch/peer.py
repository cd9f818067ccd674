# SPDX-License-Identifier: MIT
"""PyTorch's normalizations, timed for bench/peers/pytorch.c, which holds this file and runs it by python3 -c.

  version       prints the version of torch, which it finds without importing it; nothing if there is none
  serve PARENT  answers requests on standard input, one at a time, until it ends

A request is a line, in which KEY names a row, and then bytes. So is the answer:

  open KEY KERNEL DTYPE M N NAME:BYTES...  then the operands   ok | error TEXT
  run KEY CALLS THREADS NAME:BYTES...                          WALL CPU, seconds of all calls, then these operands
  close KEY                                                    ok

A run that is asked for operands is on the operands as they were given. Any other warms up with a call before. What goes
wrong in a run ends the process, which is answer enough.
"""
import ctypes
import importlib.util
import math
import os
import runpy
import signal
import sys
import time

EPS, MOMENTUM = 1e-5, 0.1
PR_SET_PDEATHSIG = 1
# How long libgomp's threads spin for work before they sleep: longer than from one call to the next, and over before somebody
# else is timed. What they do by default would disturb that.
SPIN = "30000"
# Who has rested is slow for some milliseconds; and two threads, of which Linux may have woken one on the CPU of the other,
# for some tens of them, until it moves one. Seconds.
WAKING, MOVING = 0.006, 0.06


def version():
    found = importlib.util.find_spec("torch")
    for folder in found.submodule_search_locations if found else ():
        print(runpy.run_path(os.path.join(folder, "version.py"))["__version__"])


class Row:
    """A kernel and its operands `v`, by the names that normbench gives them."""

    def __init__(self, torch, kernel, m, n, v):
        for name in {"x", "dy"} & set(v):
            v[name] = v[name].reshape(m, n)
        norm = torch.ops.aten
        if kernel == "layernorm_forward":
            self.function, self.results = torch.native_layer_norm, ("y", "mean", "rstd")
            self.arguments = v["x"], (n,), v["gamma"], v["beta"], EPS
        elif kernel == "layernorm_backward":
            self.function, self.results = norm.native_layer_norm_backward.default, ("dx", "dgamma", "dbeta")
            self.arguments = (v["dy"], v["x"], (n,), v["mean"].reshape(m, 1), v["rstd"].reshape(m, 1), v["gamma"], v["beta"],
                              (True, True, True))
        elif kernel == "batchnorm_forward":
            self.function, self.results = torch.native_batch_norm, ("y", "mean", "rstd")
            self.arguments = v["x"], v["gamma"], v["beta"], v["running_mean"], v["running_var"], True, MOMENTUM, EPS
        elif kernel == "batchnorm_backward":
            self.function, self.results = norm.native_batch_norm_backward.default, ("dx", "dgamma", "dbeta")
            self.arguments = v["dy"], v["x"], v["gamma"], None, None, v["mean"], v["rstd"], True, EPS, (True, True, True)
        else:
            raise ValueError("there is no " + kernel)
        self.values = v
        self.best = math.inf  # seconds of a call
        self.given = {name: v[name].clone() for name in ("running_mean", "running_var") if name in v}

    def restore(self):
        """Puts back what calls change."""
        for name, value in self.given.items():
            self.values[name].copy_(value)

    def wake(self):
        """Calls, once at least, for as long as it takes what has rested to be quick again."""
        start, known, wall, waited = time.perf_counter(), self.best < math.inf, math.inf, 0
        while waited < (WAKING if known and wall < 2 * self.best else MOVING):
            wall, _ = self.run(1)
            self.best = min(self.best, wall)
            waited = time.perf_counter() - start

    def run(self, calls):
        """As PyTorch is used: each call makes its results anew."""
        function, arguments, result = self.function, self.arguments, None
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(calls):
            result = function(*arguments)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        self.values.update(zip(self.results, result))
        return wall, cpu


def read_operands(torch, dtype, sizes):
    """NAME:BYTES as tensors in memory of PyTorch's own."""
    operands = {}
    for name, size in (item.split(":") for item in sizes):
        content = bytearray(sys.stdin.buffer.read(int(size)))
        operands[name] = torch.frombuffer(content, dtype=dtype).clone()
    return operands


def content(tensor, size):
    """The bytes of a tensor, as many as are asked for; without NumPy, which need not be there."""
    tensor = tensor.contiguous()
    if tensor.numel() * tensor.element_size() != size:
        raise ValueError("%d bytes are wanted of %s" % (size, tuple(tensor.shape)))
    return ctypes.string_at(tensor.data_ptr(), size)


def serve():
    import torch
    torch.set_grad_enabled(False)
    dtypes = {"f32": torch.float32, "f64": torch.float64}
    rows = {}
    for line in iter(sys.stdin.buffer.readline, b""):
        word, key, *rest = line.decode().split()
        answer, operands = "ok", []
        if word == "open":
            kernel, dtype, m, n, *sizes = rest
            values = read_operands(torch, dtypes[dtype], sizes)
            try:
                rows[key] = Row(torch, kernel, int(m), int(n), values)
            except Exception as error:
                answer = "error " + " ".join(str(error).split())
        elif word == "run":
            calls, threads, *wanted = rest
            torch.set_num_threads(int(threads))
            if wanted:
                rows[key].restore()
            else:
                rows[key].wake()
            answer = "%.9e %.9e" % rows[key].run(int(calls))
            operands = [content(rows[key].values[name], int(size)) for name, size in (item.split(":") for item in wanted)]
        else:
            del rows[key]
        sys.stdout.buffer.write(b"".join([answer.encode() + b"\n", *operands]))
        sys.stdout.buffer.flush()


def main():
    sys.path[:] = [folder for folder in sys.path if folder]  # no torch.py of the folder that the user happens to be in
    if sys.argv[1] == "version":
        version()
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when a run ends
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[2]):
        return
    passive = os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive"
    os.environ["GOMP_SPINCOUNT"] = "0" if passive else SPIN
    serve()


main()
