#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one tool of static analysis on the sources: fails if it finds anything, skips (77) where it is missing.

Usage: lint.py TOOL SOURCE FOLDER

FOLDER gets a build by Clang, of which only what is generated is built: its command lines are what clang-tidy and cppcheck
read. Each source is analysed once, except that a kernel source is analysed for the instruction sets of TABLES.
"""
import json
import os
import shutil
import subprocess
import sys

SKIPPED = 77
# What differs between the tables of kernels is simd/<ISA>.h and the precision: these see all of it.
TABLES = ("scalar_f64", "avx2_f32", "avx512_f64", "neon_f32", "autovec_f32")


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def require(command, **more):
    done = run(command, **more)
    if done.returncode != 0:
        sys.exit(done.stdout)


def configure(source, folder):
    """Configures the build, and makes its generated sources."""
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        require(["meson", "setup", folder, source, "-Dtests=enabled"], env={**os.environ, "CC": "clang", "CXX": "clang++"})
    require(["ninja", "-C", folder, "src/embedded_files.c", "src/build_commit.h"])


def commands(folder):
    """The entries of compile_commands.json to analyse."""
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    seen = set()
    for entry in entries:
        name = entry["file"]
        if "/kernels/" in name and name.endswith("_tmpl.c"):
            if any("kernels_%s.a" % table in entry["output"] for table in TABLES):
                yield entry
        elif name.startswith("..") and name.endswith(".c") and name not in seen:
            seen.add(name)
            yield entry


def write_database(folder, entries):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=1)


def each(command, folder, names):
    """Runs the command for each name, on all CPUs; returns whether all is well."""
    work = ["xargs", "-0", "-n1", "-P%d" % len(os.sched_getaffinity(0))] + command
    done = run(work, input="\0".join(names), cwd=folder)
    print("\n".join(line for line in done.stdout.splitlines() if not line.endswith(" generated.")))
    return done.returncode == 0


def clang_tidy(source, folder):
    configure(source, folder)
    entries = list(commands(folder))
    # clang-tidy analyses a source for each entry that the database has of it.
    write_database(os.path.join(folder, "tidy"), entries)
    names = sorted({entry["file"] for entry in entries})
    return each(["clang-tidy", "--quiet", "-p", "tidy"], folder, names)


def cppcheck(source, folder):
    configure(source, folder)
    write_database(os.path.join(folder, "cppcheck"), [entry for entry in commands(folder)
                                                      if "/kernels/" not in entry["file"]])
    done = run(["cppcheck", "--quiet", "--project=compile_commands.json", "--enable=warning,performance,portability",
                "--library=posix,gnu", "--library=" + os.path.join(source, "tests", "lint", "cppcheck.cfg"),
                "--suppressions-list=" + os.path.join(source, "tests", "lint", "cppcheck.txt"),
                "--inline-suppr", "--error-exitcode=1", "-j%d" % len(os.sched_getaffinity(0))],
               cwd=os.path.join(folder, "cppcheck"))
    print(done.stdout)
    return done.returncode == 0


def tracked(source, accept):
    """The files that belong to the project, out of folders that hold no build."""
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name != ".git" and not name.startswith("build"))
        for name in sorted(names):
            path = os.path.join(folder, name)
            if accept(path):
                yield path


def is_script(path):
    with open(path, "rb") as file:
        return file.readline() in (b"#!/usr/bin/env bash\n", b"#!/bin/bash\n", b"#!/bin/sh\n")


def shellcheck(source, folder):
    names = list(tracked(source, is_script))
    return len(names) > 0 and each(["shellcheck"], source, names)


def clang_format(source, folder):
    names = list(tracked(source, lambda path: path.endswith((".c", ".h", ".cc"))))
    return len(names) > 0 and each(["clang-format", "--dry-run", "-Werror"], source, names)


TOOLS = {"clang-tidy": (clang_tidy, ("clang-tidy", "clang")), "cppcheck": (cppcheck, ("cppcheck", "clang")),
         "shellcheck": (shellcheck, ("shellcheck",)), "clang-format": (clang_format, ("clang-format",))}


def main(tool, source, folder):
    analyse, needed = TOOLS[tool]
    for program in needed:
        if not shutil.which(program):
            print("%s is not here; script/setup lint installs it" % program)
            return SKIPPED
    return 0 if analyse(source, folder) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
