# SPDX-License-Identifier: MIT
"""PyTorch from outside: which Python has it, how its threads can be set, and processes that train on request."""
import glob
import json
import os
import subprocess
import tempfile

from output import Failure

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pytorch")
INSTALL = "script/setup pytorch installs it"


def find_python():
    """The first Python that can import torch and numpy, and why there is none. NORMBENCH_PYTHON is asked alone."""
    asked = os.environ.get("NORMBENCH_PYTHON")
    for python in [asked] if asked is not None else ["/usr/bin/python3", "python3"]:
        try:
            done = subprocess.run([python, "-c", "import numpy, torch"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            continue
        if done.returncode == 0:
            return python, None
    if asked is not None:
        return None, "NORMBENCH_PYTHON=%s cannot import torch and numpy" % asked
    return None, "no Python here can import torch and numpy; " + INSTALL


class Setting:
    """A way to give PyTorch its threads: what is set in its environment."""

    def __init__(self, threads, **variables):
        self.threads, self.variables = threads, variables
        self.name = " ".join("%s=%s" % item for item in variables.items() if item[0] != "LD_LIBRARY_PATH")

    def environment(self):
        return {**os.environ, **self.variables}


def settings(threads, info):
    """The settings worth trying. OpenBLAS of Debian has a pool of threads of its own, which can disturb PyTorch's:
    so with one and with all, and with BLIS for OpenMP in its place, where that is installed. Each library runs the core
    that `normbench info` found to be quickest in large products; BLIS also its own choice, which can be the better one
    for few rows."""
    def core(library):
        return {name: value for name, value in info["peer_variables"].items() if name.startswith(library)}

    omp = {"OMP_NUM_THREADS": str(threads)}
    some = [Setting(threads, **omp, OPENBLAS_NUM_THREADS="1", **core("OPENBLAS_"))]
    if threads > 1:
        some.append(Setting(threads, **omp, OPENBLAS_NUM_THREADS=str(threads), **core("OPENBLAS_")))
        for path in glob.glob("/usr/lib/*/blis-openmp/libblas.so.3")[:1]:
            found = core("BLIS_")
            for variables in [found] if set(found) <= set(os.environ) else [found, {}]:
                some.append(Setting(threads, **omp, BLIS_NUM_THREADS=str(threads), **variables,
                                    LD_LIBRARY_PATH=os.path.dirname(path)))
    return some


class Worker:
    """bench/pytorch/worker.py under a setting. `about` is what it says of itself."""

    def __init__(self, python, data_dir, setting):
        self.setting = setting
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, "-B", os.path.join(SCRIPTS, "worker.py"), data_dir, str(setting.threads)], text=True,
            env=setting.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.messages)
        try:
            self.about = self.answer()
        except BaseException:
            self.close()
            raise

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.messages.seek(0)
            last = (self.messages.read().strip().splitlines() or ["no message"])[-1]
            raise Failure("PyTorch with %s ended: %s" % (self.setting.name, last))
        return json.loads(line)

    def train(self, config, steps=None):
        """The seconds of the first `steps` steps of an epoch, or of all, and the first losses."""
        try:
            self.process.stdin.write(json.dumps({**config, "steps": steps}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() says what it died of
        answer = self.answer()
        return answer["seconds"], answer["losses"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.messages.close()
