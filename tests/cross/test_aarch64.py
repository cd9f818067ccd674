#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The NEON kernels on a machine that is not AArch64: builds normbench with a cross compiler and runs the tests that compare
bits in QEMU, and trainings whose weights must equal those of the native program.

FOLDER is where to build, NORMBENCH the native program. Exits with 77 where something is missing.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(ROOT, "tests", "isa"))
from loops import newest_tool  # noqa: E402

LIBRARIES = "/usr/lib/aarch64-linux-gnu"
TARGETS = ["src/normbench:executable", "tests/test_golden", "tests/test_gradients", "tests/test_random"]

# What must be here -> Debian's package.
NEEDS = {
    "meson": "meson",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "qemu-aarch64": "qemu-user",
    LIBRARIES + "/pkgconfig/zlib.pc": "zlib1g-dev:arm64",
    LIBRARIES + "/pkgconfig/jansson.pc": "libjansson-dev:arm64",
    LIBRARIES + "/pkgconfig/libcrypto.pc": "libssl-dev:arm64",
    LIBRARIES + "/pkgconfig/cmocka.pc": "libcmocka-dev:arm64",
    LIBRARIES + "/libgomp.so.1": "libgomp1:arm64",
}


def build(folder):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        subprocess.run(["meson", "setup", folder, ROOT, "--cross-file", os.path.join(HERE, "aarch64.ini"),
                        "-Dtests=enabled", "-Dopenmp=enabled", "-Dhwloc=disabled"], check=True)
    subprocess.run(["meson", "compile", "-C", folder, *TARGETS], check=True)


class AArch64(unittest.TestCase):
    FOLDER = os.environ["FOLDER"]

    def run_program(self, command, code=0, **env):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **env})
        self.assertEqual(done.returncode, code, "%s\n%s%s" % (" ".join(command), done.stdout, done.stderr))
        return done

    def emulated(self, program, *args, **more):
        return self.run_program(["qemu-aarch64", os.path.join(self.FOLDER, program), *args], **more)

    def weights(self, *command):
        record = json.loads(self.run_program([*command, "--json", "-"]).stdout)
        self.assertEqual(record["status"], "ok")
        return record["effective"]["isa"], record["weights_digest"]

    def test_kernels(self):
        """To the bit, against scalar and against the textbook. Bits that are those of other CPUs are as accurate as there, and
        long double is slow here."""
        output = self.emulated("src/normbench", "check", "--exact", "--seed", "1", "--isa", "neon").stdout
        families = {"matmul", "reduce", "batchnorm", "layernorm", "relu", "softmax_xent", "optimizer", "peak"}
        self.assertLessEqual({(precision, family) for precision in ("f32", "f64") for family in families},
                             set(re.findall(r"(?m)^neon +(\w+) +(\w+) .* ok$", output)))

    def test_published_bits(self):
        for args in (["--threads", "3"], ["--threads", "1,16", "--filter", "batch128"]):
            output = self.emulated("src/normbench", "verify", "--isa", "neon", *args).stdout
            self.assertIn("this machine gives the published bits", output)

    def read_machine_code(self, test):
        """A test of the native program, on this one."""
        self.run_program([sys.executable, "-B", os.path.join(ROOT, "tests", "isa", test)],
                         PROGRAM=os.path.join(self.FOLDER, "src", "normbench"), BINUTILS="aarch64-linux-gnu-")

    def test_machine_code(self):
        self.read_machine_code("test_tables.py")

    @unittest.skipUnless(newest_tool(), "llvm-mca is not here (of LLVM)")
    def test_loops_of_the_products(self):
        self.read_machine_code("test_loops.py")

    def test_generator_and_gradients(self):
        self.emulated("tests/test_random")
        self.emulated("tests/test_gradients")

    def test_losses_of_torch(self):
        with tempfile.TemporaryDirectory(prefix="normbench-") as few:
            for name in ("batch-hidden64x32-f32", "layer-hidden40x30x20-f64"):
                shutil.copy(os.path.join(os.environ["NORMBENCH_TEST_GOLDEN"], name + ".json"), few)
            self.emulated("tests/test_golden", NORMBENCH_TEST_GOLDEN=few)

    def test_neon_is_what_runs(self):
        info = json.loads(self.emulated("src/normbench", "info", "--no-peaks", "--json", "-").stdout)
        self.assertEqual(info["default_isa"], "neon")
        refused = self.emulated("src/normbench", "train", "--isa", "avx2", code=2)
        self.assertRegex(refused.stderr, "'avx2' is not usable here; choose one of auto, .*neon")

    def test_training_gives_the_native_bits(self):
        """The same run natively, on the best ISA of this CPU, and on both of the emulated one."""
        native = os.environ["NORMBENCH"]
        emulated = ["qemu-aarch64", os.path.join(self.FOLDER, "src", "normbench")]
        for norm in ("batch", "layer", "none"):
            for dtype in ("f32", "f64"):
                args = ["train", "--data-dir", os.environ["NORMBENCH_TEST_DATA"], "--epochs", "1", "--hidden", "33,20",
                        "--batch-size", "96", "--momentum", "0.9", "--norm", norm, "--dtype", dtype, "--threads", "2"]
                digest = self.weights(native, *args)[1]
                self.assertEqual(self.weights(*emulated, *args), ("neon", digest), args)
                self.assertEqual(self.weights(*emulated, *args, "--isa", "scalar"), ("scalar", digest), args)


if __name__ == "__main__":
    missing = [package for need, package in NEEDS.items() if not shutil.which(need) and not os.path.exists(need)]
    if missing:
        print("missing for AArch64: %s; script/setup cross installs them on Debian" % ", ".join(missing))
        sys.exit(77)
    build(AArch64.FOLDER)
    unittest.main()
