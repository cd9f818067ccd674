#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The CTest bridge, tests/ctest.py: usage test_ctest.py BUILD_FOLDER. Exits with 77 where CTest is not installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BRIDGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ctest.py")


def ctest(build, *args):
    return subprocess.run(["ctest", "--test-dir", build, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)


def listed(output):
    return [match.rstrip() for match in re.findall(r"^ *Test +#\d+: (.*)$", output, re.MULTILINE)]


def record(name, script, **changes):
    return {"name": name, "cmd": ["/bin/sh", "-c", script], "env": {}, "workdir": None, "timeout": 30, "suite": ["p"],
            "is_parallel": True, **changes}


class ThisBuild(unittest.TestCase):
    build = ""

    def test_list_is_mesons(self):
        with open(os.path.join(self.build, "meson-info", "intro-tests.json"), encoding="utf-8") as listing:
            names = [test["name"] for test in json.load(listing)]
        # -N only lists: running the tests here would run this one again. Even so it starts the build folder's test log
        # afresh, which a CTest that runs this may be writing: hence the copy.
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.path.join(self.build, "CTestTestfile.cmake"), folder)
            self.assertEqual(listed(ctest(folder, "-N").stdout), ["build"] + names)


class Bridge(unittest.TestCase):
    """Made-up tests, with a `meson` whose compilation leaves a file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="normbench ctest ")
        self.addCleanup(folder.cleanup)
        self.build = folder.name
        os.mkdir(os.path.join(self.build, "meson-info"))

    def bridge(self, *tests, compiles="touch compiled"):
        with open(os.path.join(self.build, "meson-info", "intro-tests.json"), "w", encoding="utf-8") as listing:
            json.dump(tests, listing)
        meson = os.path.join(self.build, "meson")
        with open(meson, "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\n[ "$*" = "compile -C {self.build}" ] && cd "$3" && {compiles}\n')
        os.chmod(meson, 0o755)
        subprocess.run([sys.executable, BRIDGE], check=True,
                       env={**os.environ, "MESON_BUILD_ROOT": self.build, "MESONINTROSPECT": f"'{meson}' introspect"})

    def outcomes(self, *args):
        """Test name -> what CTest made of it."""
        output = ctest(self.build, *args).stdout
        found = re.findall(r"^ *\d+/\d+ Test +#\d+: (.*?) \.*\**(Passed|Skipped|Failed|Timeout|Not Run)",
                           re.sub(r"\.{3,} *", "...", output), re.MULTILINE)
        return {name.rstrip(" ."): outcome for name, outcome in found}

    def test_outcomes(self):
        self.bridge(record("passes", "exit 0"), record("skips", "exit 77"), record("fails", "exit 1"),
                    record("hangs", "exec sleep 20", timeout=1), record("endless", "exit 0", timeout=0))
        self.assertEqual(self.outcomes(), {"build": "Passed", "passes": "Passed", "skips": "Skipped",
                                           "fails": "Failed", "hangs": "Timeout", "endless": "Passed"})

    def test_nothing_is_lost_in_quoting(self):
        nasty = 'semi;colon "quoted" $HOME ${HOME} back\\slash #'
        script = 'test "$1" = "$NASTY" && test "$2" = "]] ]=]" && test "$OTHER" = x'
        self.bridge(record('a "name"; with ]] in it', "", cmd=["/bin/sh", "-c", script, "sh", nasty, "]] ]=]"],
                           env={"NASTY": nasty, "OTHER": "x"}))
        self.assertEqual(list(self.outcomes().values()), ["Passed", "Passed"])

    def test_working_directory_and_labels(self):
        self.bridge(record("here", f'test "$PWD" = "{self.build}/meson-info"', workdir=self.build + "/meson-info",
                           suite=["p:one", "p:two"]), record("other", "exit 0"))
        self.assertEqual(self.outcomes(), {"build": "Passed", "here": "Passed", "other": "Passed"})
        self.assertEqual(listed(ctest(self.build, "-N", "-L", "^two$").stdout), ["build", "here"])

    def test_serial_tests_run_alone(self):
        script = "mkdir lock && sleep 0.2 && rmdir lock"
        self.bridge(*(record(name, script, is_parallel=False, workdir=self.build) for name in "abc"))
        self.assertEqual(set(self.outcomes("-j3").values()), {"Passed"})

    def test_build_comes_first(self):
        self.bridge(record("needs it", f"test -e '{self.build}/compiled'"))
        self.assertEqual(self.outcomes("-R", "needs"), {"build": "Passed", "needs it": "Passed"})

    def test_a_broken_build_fails(self):
        self.bridge(record("passes", "exit 0"), compiles="exit 1")
        self.assertEqual(self.outcomes(), {"build": "Failed", "passes": "Not Run"})


if __name__ == "__main__":
    if not shutil.which("ctest"):
        print("ctest is not installed (it is part of CMake)")
        sys.exit(77)
    ThisBuild.build = sys.argv.pop(1)
    unittest.main()
