# SPDX-License-Identifier: MIT
"""PyTorch as a peer of normbench bench: checked, left out where it is not, and what happens when its process fails."""
import os
import signal
import subprocess
import sys
import time
import unittest

from case import PROGRAM, Case, environment, strict_json

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench", "programs"))
from pytorch import find_python  # noqa: E402

TORCH, WITHOUT_TORCH = find_python()
KERNELS = ["batchnorm_backward", "batchnorm_forward", "layernorm_backward", "layernorm_forward"]

# Answers as bench/pytorch/peer.py does, without PyTorch: operands and results are read and made, but nothing is computed.
STAND_IN = """#!%s
import os, sys, time
if sys.argv[4] == "version":
    print("0.0.0")
    sys.exit()
for line in iter(sys.stdin.buffer.readline, b""):
    word, *rest = line.decode().split()
    for item in rest[5:] if word == "open" else ():
        sys.stdin.buffer.read(int(item.split(":")[1]))
    %s
    sys.stdout.buffer.flush()
"""


def running(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class PyTorch(Case):
    def rows(self, *args, code=0, env=None):
        """The rows of PyTorch in the JSON of a run."""
        done = self.call("bench", "--isas", "scalar", "--peers", "pytorch", "--no-ceilings", "--json", "out.json", *args,
                         code=code, env=env)
        with open(self.path("out.json")) as file:
            entries = strict_json(file.read())["benchmarks"]
        return done, [entry["run_name"] for entry in entries if entry["name"].endswith("_median")
                      and "/pytorch/" in entry["name"]]

    def python(self, text):
        path = self.path("python")
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
        return {"NORMBENCH_PYTHON": path}

    def test_is_left_out_where_it_is_not(self):
        self.refused(" bench: --peers: there is no pytorch on this machine; script/setup pytorch installs it; NORMBENCH_PYTHON "
                     "names the Python that has it; see normbench bench --help", "bench", "--peers", "pytorch")
        listed = self.call("bench", "--problems", "layernorm_forward:8x8", "--peers", "all", "--list").stdout
        self.assertNotIn("pytorch", listed)
        self.assertIn("scalar", listed)

    def test_offers(self):
        listed = self.call("bench", "--problems", "*:8x8 matmul_nn:8x8x8", "--dtypes", "f32,f64", "--isas", "scalar",
                           "--threads", "1", "--caches", "hot,cold", "--peers", "pytorch", "--list",
                           env=self.python(STAND_IN % (sys.executable, "pass"))).stdout
        self.assertEqual(sorted(line for line in listed.split() if "/pytorch/" in line),
                         ["%s:8x8/%s/pytorch/threads:1/hot" % (kernel, dtype)
                          for kernel in KERNELS for dtype in ("f32", "f64")])

    def test_a_process_that_ends(self):
        for does, message in (("sys.exit()", "PyTorch in .*: no answer"),
                              ("sys.stdout.buffer.write(b'error too old\\n')", "PyTorch in .*: error too old"),
                              ("sys.exit() if word == 'run' else sys.stdout.buffer.write(b'ok\\n')",
                               r"mean\(0, 0\) is -?nan")):
            with self.subTest(does=does):
                done, rows = self.rows("--problems", "layernorm_forward:8x8", "--threads", "1", "--samples", "3", code=1,
                                       env=self.python(STAND_IN % (sys.executable, does)))
                self.assertEqual(rows, [])
                self.assertRegex(done.stdout + done.stderr, message)

    def test_a_process_that_ends_before_it_has_read_all(self):
        done, _ = self.rows("--problems", "layernorm_forward:512x512", "--threads", "1", "--samples", "3", code=1,
                            env=self.python("#!%s\nimport sys\nif sys.argv[4] == 'version':\n    print('0.0.0')\n"
                                            % sys.executable))
        self.assertRegex(done.stdout + done.stderr, "PyTorch in .*: no answer")

    def test_a_process_that_ends_while_it_is_timed(self):
        does = ("sys.exit() if word == 'run' and rest[1] != '1' else "
                "sys.stdout.buffer.write(b'1e-6 1e-6\\n' + (256 * b'0' + 64 * b'0') * (len(rest) > 3) "
                "if word == 'run' else b'ok\\n')")
        done, rows = self.rows("--problems", "layernorm_forward:8x8", "--threads", "1", "--samples", "3", "--no-check",
                               code=1, env=self.python(STAND_IN % (sys.executable, does)))
        self.assertEqual(rows, [])
        self.assertIn("it ended while it was timed", done.stdout + done.stderr)

    @unittest.skipIf(TORCH is None, "PyTorch: %s" % WITHOUT_TORCH)
    def test_agrees(self):
        """All its results, at sizes of several blocks of rows and of less than a vector."""
        _, rows = self.rows("--problems", "layernorm_*:5x3 layernorm_*:300x33 batchnorm_*:5x3 batchnorm_*:300x33", "--filter", "pytorch",
                            "--dtypes", "f32,f64", "--threads", "1", "--samples", "3", "--time", "0", env={"NORMBENCH_PYTHON": TORCH})
        self.assertEqual(sorted(rows), ["%s:%s/%s/pytorch/threads:1/hot" % (kernel, size, dtype) for kernel in KERNELS
                                        for size in ("300x33", "5x3") for dtype in ("f32", "f64")])

    @unittest.skipIf(TORCH is None, "PyTorch: %s" % WITHOUT_TORCH)
    def test_wrong_results_are_seen(self):
        for kernel, before, after, what in (
                ("layernorm_forward", "EPS, MOMENTUM = 1e-5", "EPS, MOMENTUM = 1e-3", "rstd"),
                ("batchnorm_forward", "MOMENTUM = 1e-5, 0.1", "MOMENTUM = 1e-5, 0.11", "running_mean"),
                ("layernorm_backward", '"dx", "dgamma", "dbeta"', '"dx", "dbeta", "dgamma"', "dgamma"),
                ("batchnorm_backward", 'v["dy"], v["x"], v["gamma"], None', 'v["dy"], v["dy"], v["gamma"], None', "dx")):
            with self.subTest(kernel=kernel):
                env = self.python("#!%s\nimport os, sys\nscript = sys.argv[3].replace(%r, %r)\n"
                                  "os.execv(%r, [%r, '-B', '-c', script, *sys.argv[4:]])\n"
                                  % (sys.executable, before, after, TORCH, TORCH))
                done, rows = self.rows("--problems", kernel + ":40x16", "--threads", "1", "--samples", "3", "--time", "0",
                                       code=1, env=env)
                self.assertEqual(rows, [])
                self.assertRegex(done.stdout + done.stderr, what + r"\(\d+, \d+\) is ")

    def test_its_process_ends_with_ours(self):
        """Even when it is busy; and Ctrl-C, which a terminal sends to both, is ours to answer."""
        busy = "with open(%r, 'w') as file: file.write(str(os.getpid()))\n    time.sleep(600)" % self.path("pid")
        env = self.python("#!%s\nimport os, sys\nif sys.argv[4] == 'version':\n    sys.exit(print('0.0.0'))\n"
                          "script = sys.argv[3].replace('import torch', %r, 1)\n"
                          "os.execv(%r, [%r, '-B', '-c', script, *sys.argv[4:]])\n"
                          % (sys.executable, busy, sys.executable, sys.executable))
        with subprocess.Popen([PROGRAM, "bench", "--problems", "layernorm_forward:8x8", "--isas", "scalar", "--threads", "1",
                               "--peers", "pytorch", "--no-ceilings"],
                              env=environment(**env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while not (os.path.exists(self.path("pid")) and os.path.getsize(self.path("pid"))):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            with open(self.path("pid")) as file:
                peer = int(file.read())
            os.kill(peer, signal.SIGINT)
            time.sleep(0.2)
            self.assertTrue(running(peer))
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        while running(peer):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
