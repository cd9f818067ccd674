# SPDX-License-Identifier: MIT
"""What the tests of the command line share. Python's standard library only.

NORMBENCH is the program, NORMBENCH_TEST_DATA the folder of the sample of MNIST (1,000 training and 500 test rows).
"""
import atexit
import gzip
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.path.abspath(os.environ["NORMBENCH"])
DATA = os.path.abspath(os.environ["NORMBENCH_TEST_DATA"])
DIGEST = r"sha256:[0-9a-f]{64}"
TRAIN_ROWS, TEST_ROWS = 1000, 500
# script/sanitize runs these tests: the program then needs memory and files of the sanitizer's own.
SANITIZED = any(name in os.environ for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"))


def environment(**more):
    """The tests' own environment without a user's settings: those would change what is tested. Threads that wait sleep.
    PyTorch is looked for only by the tests that are about it."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("NORMBENCH", "OMP_"))}
    return {**env, "OMP_WAIT_POLICY": "passive", "NORMBENCH_PYTHON": "/nowhere/python3", **more}


def preloaded(library):
    """The path of a library as LD_PRELOAD takes it, where a blank would end it; empty for none."""
    if not library or not set(" :") & set(library):
        return library
    folder = tempfile.mkdtemp(prefix="normbench-")
    atexit.register(shutil.rmtree, folder)
    link = os.path.join(folder, os.path.basename(library))
    os.symlink(library, link)
    return link


def refuse_constant(text):
    raise ValueError("%s is not JSON" % text)


def strict_json(text):
    return json.loads(text, parse_constant=refuse_constant)


class Case(unittest.TestCase):
    EMULATOR = ()  # the command that runs the program, if it is not for this CPU

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="normbench-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def call(self, *args, env=None, code=0, emulator=None, **more):
        """Runs the program; checks its exit code, or that it is one of several, and that a failure ends with a line that
        says why."""
        command = [*(self.EMULATOR if emulator is None else emulator), PROGRAM, *args]
        done = subprocess.run(command, env=environment(**(env or {})), cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=more.pop("stdout", subprocess.PIPE),
                              stderr=subprocess.PIPE, text=True, timeout=120, **more)
        if isinstance(code, tuple):
            self.assertIn(done.returncode, code, done.stderr)
        else:
            self.assertEqual(done.returncode, code, done.stderr)
        if code in (1, 2, 3):
            self.assertRegex(done.stderr, r"(?m)^normbench[^:\n]*: [^\n]+\n\Z")
        return done

    def train(self, *args, **more):
        return self.call("train", "--data-dir", DATA, "--epochs", "1", *args, **more)

    def record(self, *args, **more):
        return strict_json(self.train("--json", "-", *args, **more).stdout)

    def team(self, threads):
        """How many of these threads there can be: one in a build without OpenMP."""
        info = strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)
        return threads if "openmp" in info["libraries"] else 1

    def refused(self, message, *args, code=2, env=None):
        """The program says exactly this on stderr, in one line, and nothing on stdout."""
        done = self.call(*args, code=code, env=env)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, "normbench" + message + "\n")

    def assertFolder(self, *names):
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))

    def write_idx(self, name, dims, content):
        with gzip.open(self.path(name), "wb") as file:
            file.write(struct.pack(">%dI" % (1 + len(dims)), 0x800 + len(dims), *dims))
            file.write(content)

    def write_data(self, train, test):
        """A small data set of 4 pixels in this test's folder."""
        for part, rows in (("train", train), ("t10k", test)):
            self.write_idx(part + "-images-idx3-ubyte.gz", (rows, 2, 2),
                           bytes(i * 37 % 256 for i in range(4 * rows)))
            self.write_idx(part + "-labels-idx1-ubyte.gz", (rows,), bytes(i % 10 for i in range(rows)))
