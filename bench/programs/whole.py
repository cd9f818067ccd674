# SPDX-License-Identifier: MIT
"""Whole programs by hyperfine: one epoch from the start of the process to its end, with loading and the test."""
import json
import os
import shlex
import shutil
import subprocess
import sys

from output import Failure
from pytorch import SCRIPTS, settings


class Whole:
    def __init__(self, options, info):
        self.options, self.info = options, info
        self.hyperfine = shutil.which("hyperfine")
        self.skipped, self.tables = [], []

    def commands(self, python, batch_size):
        """(name, command) of each program."""
        options = self.options
        of_both = ["--data-dir", options.data_dir, "--epochs", "1", "--norm", options.norms[0],
                   "--batch-size", str(batch_size)]
        for threads in options.threads:
            for isa in options.isas:
                yield ("normbench %s, threads: %d" % (isa, threads),
                       [options.program, "train", *of_both, "--isa", isa, "--threads", str(threads)])
            for setting in settings(threads, self.info) if python else ():
                variables = ["%s=%s" % item for item in setting.variables.items()]
                yield ("PyTorch " + setting.name,
                       ["env", *variables, python, "-B", os.path.join(SCRIPTS, "experiment.py"), *of_both,
                        "--threads", str(threads)])

    def measure(self, folder, python, batch_size):
        name = "whole-%s-%d" % (self.options.norms[0], batch_size)
        arguments = [word for name, command in self.commands(python, batch_size)
                     for word in ("--command-name", name, shlex.join(command))]

        def fill(path):
            # The same figures again as Markdown come out of the same call.
            done = subprocess.run(
                [self.hyperfine, "--shell=none", "--style=basic", "--warmup=1", "--runs=%d" % self.options.runs,
                 "--export-json", path, "--export-markdown", page, *arguments], stdin=subprocess.DEVNULL, stdout=sys.stderr)
            if done.returncode != 0:
                raise Failure("hyperfine ended with exit code %d: what it says is above" % done.returncode)
            with open(path) as file:
                json.load(file)

        page = os.path.join(folder.path, ".%s.md.%d" % (name, os.getpid()))
        try:
            folder.make(name + ".json", fill)
            folder.make(name + ".md", lambda path: os.replace(page, path))
        finally:
            if os.path.exists(page):
                os.remove(page)
        with open(folder.paths[-1]) as file:
            self.tables.append((batch_size, file.read()))

    def run(self, folder, python, reason):
        if self.hyperfine is None:
            self.skipped.append("whole programs: there is no hyperfine; script/setup programs installs it")
            return
        if python is None:
            self.skipped.append("PyTorch: " + reason)
        for batch_size in self.options.batch_sizes:
            print("whole programs: batch size %d" % batch_size, file=sys.stderr)
            self.measure(folder, python, batch_size)

    def page(self):
        version = self.hyperfine and subprocess.run([self.hyperfine, "--version"], stdout=subprocess.PIPE,
                                                    text=True).stdout.strip()
        lines = ["The same epoch, %s norm, as whole programs: start, loading, training, test. %s ran each command %d "
                 "times after one warm-up, all runs of one before those of the next: it cannot take them in turn, so a "
                 "disturbance of the machine may hit one row alone. Rows of PyTorch name its setting."
                 % (self.options.norms[0], version, self.options.runs), ""] if self.tables else []
        for batch_size, table in self.tables:
            lines += ["Batch size %d:" % batch_size, "", table]
        lines += ["- Skipped: " + text for text in self.skipped]
        return "\n".join(lines).rstrip() + "\n"
