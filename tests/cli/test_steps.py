#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts that test, .ci/run and tests/tally.py: how they are called, and what they make of what they run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from scripts_case import ROOT, Scripts, write


class Fuzz(Scripts):
    """script/fuzz with stand-ins for what it calls: what it runs and what it says of it."""

    def setUp(self):
        super().setUp()
        self.stand_in("setup", folder="script")
        self.stand_in("meson")
        self.stand_in("ninja")
        os.symlink(shutil.which("ls"), os.path.join(self.tools, "ls"))
        for target in ("one", "three", "two"):
            write(os.path.join(self.top, "tests/fuzz/corpus", target, "input"), b"x")
            self.stand_in("fuzz_" + target, "echo stat::number_of_executed_units: 7; echo '#7 DONE   cov: 9 ft: 1'",
                          folder="build-fuzz/tests/fuzz")

    def fuzz(self, *args, code=0):
        result = self.run_script("fuzz", *args)
        self.assert_exit(result, code)
        return result

    def test_all_targets(self):
        lines = self.fuzz().stdout.splitlines()
        self.assertEqual(sorted(lines[:-1]), [f"passed  {name:16} 7 runs, 9 edges" for name in ("one", "three", "two")])
        self.assertEqual(lines[-1], "3 passed, 0 failed")
        self.assertEqual(self.logged("setup"), ["setup base fuzz"])
        self.assertIn(" -max_total_time=60 ", self.logged("fuzz_one")[0])

    def test_some_targets_for_some_time(self):
        self.assertTrue(self.fuzz("--seconds", "5", "two", "one").stdout.endswith("2 passed, 0 failed\n"))
        self.assertIn(" -max_total_time=5 ", self.logged("fuzz_two")[0])
        self.assertEqual(self.logged("fuzz_three"), [])

    def test_a_broken_target(self):
        self.stand_in("fuzz_two", "echo '==1==ERROR: AddressSanitizer: what' >&2; exit 1", folder="build-fuzz/tests/fuzz")
        output = self.fuzz(code=1).stdout
        self.assertIn("==1==ERROR: AddressSanitizer: what; all of it: build-fuzz/logs/two.log\n", output)
        self.assertTrue(output.endswith("2 passed, 1 failed\n"))

    def test_usage(self):
        self.assertIn("which are one three two\n", self.fuzz("--help").stdout)
        for args in (["four"], ["--minutes"], ["--seconds"], ["--seconds", "0"], ["--seconds=x"], ["--seconds=1000000"],
                     ["one", "four"], ["--keep", "--minutes"]):
            self.assertEqual(self.fuzz(*args, code=2).stdout, "")
        self.assertEqual(self.logged(""), [])


class Usage(Scripts):
    """Wrong arguments: one line or the usage, before anything is installed or built."""

    def setUp(self):
        super().setUp()
        self.stand_in("setup", folder="script")
        self.stand_in("build", folder="script")
        # What Meson says of options that it does not know, and of a folder that is no build.
        self.stand_in("meson", """
            [[ $* != *--bogus* ]] || { printf 'usage: meson\\nmeson: error: unrecognized arguments: --bogus\\n' >&2; exit 2; }
            exit 1
            """)

    def refused(self, script, *args):
        result = self.run_script(script, *args)
        self.assert_exit(result, 2)
        self.assertEqual(result.stdout, "")
        self.assertEqual([line for line in self.logged("") if not line.startswith("meson test -C /nonexistent ")], [])
        return result.stderr

    def test_sanitize_wants_a_sanitizer(self):
        for args in ([], ["memory"], ["--suite", "unit"]):
            self.assertTrue(self.refused("sanitize", *args).startswith("usage: script/sanitize address|thread|valgrind "))

    def test_options_of_meson(self):
        for script, *args in (["test"], ["coverage"], ["sanitize", "address"], ["sanitize", "valgrind"]):
            self.assertEqual(self.refused(script, *args, "--suite", "unit", "--bogus"),
                             f"script/{script}: unrecognized arguments: --bogus; script/{script} --help says what there is\n")

    def test_options_that_meson_knows(self):
        for script, *args in (["test"], ["coverage"], ["sanitize", "thread"]):
            self.stand_in("setup", "exit 7", folder="script")
            self.assert_exit(self.run_script(script, *args, "--suite", "unit"), 7)
        os.remove(os.path.join(self.bin, "meson"))  # as before the first script/setup
        self.assert_exit(self.run_script("test", "--bogus"), 7)

    def test_lint(self):
        for args in (["gcc"], ["cppcheck", "--fix"], [""]):
            self.assertEqual(self.refused("lint", *args),
                             f"lint: there is no '{args[-1]}'; script/lint --help lists the tools\n")

    def test_reproducible(self):
        for args in (["--quik"], ["--quick", "sources"], ["-D"], ["-Dwerror=true", "-O3"]):
            self.assertEqual(self.refused("reproducible", *args), f"reproducible: there is no '{args[-1]}'; "
                             "script/reproducible --help says what there is\n")

    def test_help(self):
        for script in ("test", "coverage", "sanitize", "lint", "reproducible"):
            result = self.run_script(script, "--help")
            self.assert_exit(result, 0)
            self.assertTrue(result.stdout.startswith(f"usage: script/{script} "), result.stdout)
            self.assertEqual(self.logged(""), [])


class Ci(Scripts):
    """.ci/run with stand-ins for its steps: what it makes of how they end."""

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(ROOT, ".ci"), os.path.join(self.top, ".ci"))
        for tool in ("tail", "tee"):
            os.symlink(shutil.which(tool), os.path.join(self.tools, tool))
        for script in ("setup", "build", "test", "sanitize", "fuzz"):
            self.stand_in(script, "echo noise; echo 2 passed, 0 failed, 1 skipped", folder="script")

    def ci(self, code):
        result = self.run_script("../.ci/run")
        self.assert_exit(result, code)
        return result.stdout.splitlines()

    def step(self, lines, name):
        """What the summary says of the step, without its seconds."""
        line, = (line for line in lines if re.match(name + r" +\d+ s ", line))
        return line.split(" s ", 1)[1].strip()

    def test_all_pass(self):
        self.stand_in("fuzz", "echo 3 passed, 0 failed", folder="script")
        lines = self.ci(0)
        self.assertEqual(lines[-1], "11 passed, 0 failed, 4 skipped")
        self.assertEqual(self.step(lines, "script/sanitize thread"), "2 passed, 0 failed, 1 skipped")
        self.assertEqual(self.step(lines, "script/fuzz"), "3 passed, 0 failed")
        self.assertEqual([line for line in self.logged("") if not line.startswith(("setup", "build"))],
                         ["test ", "sanitize address", "sanitize thread", "sanitize valgrind", "fuzz "])

    def test_a_step_fails_and_the_others_run(self):
        self.stand_in("test", "echo 5 passed, 3 failed, 0 skipped; exit 1", folder="script")
        lines = self.ci(1)
        self.assertEqual(lines[-1], "13 passed, 3 failed, 4 skipped")
        self.assertEqual(self.step(lines, "script/test"), "5 passed, 3 failed, 0 skipped")

    def test_an_exit_code_counts_whatever_the_tally_says(self):
        self.stand_in("test", "echo 5 passed, 0 failed, 0 skipped; exit 9", folder="script")
        lines = self.ci(1)
        self.assertEqual(lines[-1], "13 passed, 1 failed, 4 skipped")
        self.assertEqual(self.step(lines, "script/test"), "5 passed, 0 failed, 0 skipped, but exit code 9")

    def test_a_step_without_a_tally(self):
        for body, status in (("exit 4", 4), ("echo 1 passed, 0 failed; echo what is this", 0), ("echo ten passed", 0)):
            self.stand_in("fuzz", body, folder="script")
            lines = self.ci(1)
            self.assertEqual(lines[-1], "8 passed, 1 failed, 4 skipped")
            self.assertEqual(self.step(lines, "script/fuzz"), f"exit code {status}, and no tests")

    def test_a_build_that_fails(self):
        self.stand_in("build", "exit 1", folder="script")
        self.assertEqual(self.ci(1)[-1], "10 passed, 1 failed, 5 skipped")

    def test_nothing_ran(self):
        for script in ("test", "sanitize", "fuzz"):
            self.stand_in(script, "echo 0 passed, 0 failed, 4 skipped", folder="script")
        self.assertEqual(self.ci(1)[-1], "0 passed, 0 failed, 20 skipped")


class Tally(unittest.TestCase):
    def tally(self, *results):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
            for number, result in enumerate(results):
                record = {"name": f"test {number}", "result": result, "stdout": "noise\nno AVX2 here\n\n"}
                log.write(json.dumps(record) + "\n")
            log.flush()
            found = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "tally.py"), log.name],
                                   stdout=subprocess.PIPE, text=True)
        return found.returncode, found.stdout.splitlines()

    def test_counts(self):
        self.assertEqual(self.tally("OK", "OK"), (0, ["2 passed, 0 failed, 0 skipped"]))
        self.assertEqual(self.tally("OK", "SKIP"),
                         (0, ["skipped: test 1: no AVX2 here", "1 passed, 0 failed, 1 skipped"]))
        for bad in ("FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"):
            self.assertEqual(self.tally("OK", bad), (1, ["1 passed, 1 failed, 0 skipped"]))

    def test_nothing_ran(self):
        self.assertEqual(self.tally(), (1, ["0 passed, 0 failed, 0 skipped"]))
        self.assertEqual(self.tally("SKIP")[0], 1)
        found = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "tally.py"), "/no/such/testlog*.json"],
                               stdout=subprocess.PIPE, text=True)
        self.assertEqual((found.returncode, found.stdout), (1, "0 passed, 0 failed, 0 skipped\n"))


if __name__ == "__main__":
    unittest.main()
