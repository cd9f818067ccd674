#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes CTestTestfile.cmake from Meson's list of tests, so that `ctest --test-dir build` runs the same tests.

Meson runs this after each configuration (add_postconf_script). CTest does not build, so every test requires the
fixture `build`, which compiles first.
"""

import json
import os
import shlex
import sys


def bracket(text):
    """`text` as a CMake bracket argument: nothing in it needs quoting."""
    equals = ""
    while f"]{equals}]" in text + "]":
        equals += "="
    return f"[{equals}[{text}]{equals}]"


def entry(name, command, properties):
    arguments = " ".join(bracket(word) for word in [name] + command)
    lines = [f"add_test({arguments})", f"set_tests_properties({bracket(name)} PROPERTIES"]
    lines += [f"  {key} {bracket(value)}" for key, value in properties.items()]
    return "\n".join(lines) + ")\n"


def as_list(values):
    return ";".join(value.replace(";", "\\;") for value in values)


def properties(test):
    # A suite is "project:suite", or only "project" for a test without one.
    suites = [suite.partition(":")[2] for suite in test["suite"]]
    found = {
        "SKIP_RETURN_CODE": "77",
        "FIXTURES_REQUIRED": "build",
        "TIMEOUT": str(test["timeout"]) if (test["timeout"] or 0) > 0 else "",
        "LABELS": as_list(suite for suite in suites if suite),
        "ENVIRONMENT": as_list(f"{name}={value}" for name, value in test["env"].items()),
        "WORKING_DIRECTORY": test["workdir"] or "",
        "RUN_SERIAL": "" if test["is_parallel"] else "TRUE",
    }
    return {key: value for key, value in found.items() if value}


def testfile(tests, compile_command):
    text = "# Written by tests/ctest.py from Meson's list of tests.\n"
    text += entry("build", compile_command, {"FIXTURES_SETUP": "build"})
    for test in tests:
        text += entry(test["name"], test["cmd"], properties(test))
    return text


def main():
    build = os.environ["MESON_BUILD_ROOT"]
    with open(os.path.join(build, "meson-info", "intro-tests.json"), encoding="utf-8") as listing:
        tests = json.load(listing)
    meson = shlex.split(os.environ["MESONINTROSPECT"])[:-1]  # the last word is `introspect`
    path = os.path.join(build, "CTestTestfile.cmake")
    with open(path + ".new", "w", encoding="utf-8") as output:
        output.write(testfile(tests, meson + ["compile", "-C", build]))
    os.replace(path + ".new", path)


if __name__ == "__main__":
    sys.exit(main())
