#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads Meson's testlog*.json, lists the skipped tests with the reason, and ends with `N passed, N failed, N skipped`.

Exit code 1 when a test failed, or when none ran.
"""

import json
import sys

PASSED = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP", "IGNORED")


def reason(test):
    """The last line that a skipped test printed."""
    lines = (test.get("stdout", "") + "\n" + test.get("stderr", "")).split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it gave no reason")


def main(paths):
    tests = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as log:
                tests += [json.loads(line) for line in log]
        except FileNotFoundError:  # Meson writes no log when there is nothing to run
            pass
    passed = sum(test["result"] in PASSED for test in tests)
    skipped = [test for test in tests if test["result"] in SKIPPED]
    failed = len(tests) - passed - len(skipped)
    for test in skipped:
        print(f"skipped: {test['name']}: {reason(test)}")
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
