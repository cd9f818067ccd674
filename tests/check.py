#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`normbench check` for one ISA, as a test: an ISA that this machine cannot run is skipped.

Usage: check.py NORMBENCH ISA FILTER
"""
import json
import os
import shlex
import subprocess
import sys

SKIPPED = 77

# Meson sets it when the program is for another CPU.
program = shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
isa, text = sys.argv[2:]

info = json.loads(subprocess.run(program + ["info", "--no-peaks", "--json", "-"], check=True,
                                 stdout=subprocess.PIPE).stdout)
obstacle = next(known["obstacle"] for known in info["isas"] if known["name"] == isa)
if obstacle is not None:
    print(f"{isa}: {obstacle}")
    sys.exit(SKIPPED)
sys.exit(subprocess.run(program + ["check", "--isa", isa, "--filter", text, "--seed", "1"]).returncode)
