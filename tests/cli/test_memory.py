# SPDX-License-Identifier: MIT
"""Memory that runs out, at every allocation and at many limits: one line on stderr, no crash, no half-written file.

HOSTILE is the library of tests/hostile.c, which makes one allocation fail. NORMBENCH_TEST_EVERY=1 in the environment has each
allocation of each command fail in turn, which takes long; without it some dozens of each, evenly spread.
"""
import os
import resource
import shutil
import unittest

import study_records
from case import Case, DATA, PROGRAM, strict_json, preloaded

HOSTILE = preloaded(os.environ.get("HOSTILE", ""))
SHORT = ["--data-dir", DATA, "--epochs", "1", "--hidden", "4"]
# Seconds and rates, and what the system could not tell for want of memory.
UNSTEADY = {"benchmarks", "context", "seconds", "samples_per_second", "started", "host_load", "machine",
            "peak_resident_bytes"}


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in UNSTEADY}
    return [without_times(v) for v in value] if isinstance(value, list) else value


class Memory(Case):
    def records(self):
        """What is in the JSON of this folder, by path; every file must be whole."""
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                if name.endswith((".json", ".jsonl")):
                    self.assertTrue(text == "" or text.endswith("\n"), path)
                    lines = [text] if name.endswith(".json") else text.splitlines()
                    text = [without_times(strict_json(line)) for line in lines]
                found[os.path.relpath(path, self.folder)] = text
        return found

    def fresh(self, study=None):
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)
        if study is not None:
            study_records.write(self.path("study"), study)

    def run_once(self, args, **more):
        env = {"PATH": "/nowhere", **more.pop("env", {})}
        return self.call(*args, env=env, code=more.pop("code", (0, 1)), **more)

    def assertSound(self, done, whole, before):
        """Either everything is there, or an error is told in one line and what is there is whole."""
        there = self.records()
        messages = [line for line in done.stderr.splitlines() if line.startswith(("normbench", "libgomp"))]
        last = messages[-1] if messages else ""
        if done.returncode == 0:
            for name, content in whole.items():
                if name.endswith((".json", ".jsonl", ".html")) and "warning" not in done.stderr:
                    self.assertEqual(there.get(name), content, name)
            return
        self.assertRegex(last, r"\A(normbench[ a-z]*: .*memory|libgomp: )")
        self.assertFalse([name for name in there if name.endswith(".tmp")])
        for name, content in there.items():
            if name.endswith(".json"):
                self.assertEqual(content, whole[name], name)
            elif name.endswith(".jsonl"):  # of a study, the first records
                self.assertEqual(content, whole[name][:len(content)], name)
                self.assertGreaterEqual(len(content), len(before.get(name, [])))

    @unittest.skipUnless(HOSTILE, "no library to preload: a build with sanitizers, or for another system")
    def fail_each(self, args, runs, study=None):
        """Each allocation fails in a run of its own; of very many some, so many that these are the runs."""
        hostile = {"LD_PRELOAD": HOSTILE}
        self.fresh(study)
        before = self.records()
        count = self.path("count")
        self.run_once(args, env={**hostile, "HOSTILE_COUNT": count}, code=0)
        with open(count) as file:
            total = int(file.read())
        os.remove(count)
        whole = self.records()
        step = 1 if os.environ.get("NORMBENCH_TEST_EVERY") else max(total // runs, 1)
        failures = 0
        for index in range(1, total + 1, step):
            with self.subTest(args=args, allocation=index):
                self.fresh(study)
                done = self.run_once(args, env={**hostile, "HOSTILE_FAIL": str(index)})
                failures += done.returncode
                self.assertSound(done, whole, before)
        self.assertGreater(failures, total // step // 5)  # the library did what it is for

    def test_train(self):
        self.fail_each(["train", *SHORT, "--threads", "1", "--json", "run.json", "--trace", "trace"], 100)

    def test_experiment(self):
        self.fail_each(["experiment", *SHORT, "--threads", "1", "--output", "out"], 40)

    def test_sweep(self):
        grid = ["sweep", *SHORT, "--norms", "batch,layer", "--batch-sizes", "100", "--lrs", "0.1", "--seeds", "1",
                "--timing-epochs", "0", "--jobs", "1"]
        self.fail_each([*grid, "--output", "study"], 40)
        # What was recorded stays: a line that cannot be read for want of memory is not a damaged one.
        self.fresh()
        self.call(*grid, "--output", "study")
        with open(self.path("study", "records.jsonl")) as file:
            records = [strict_json(line) for line in file]
        self.fail_each([*grid, "--output", "study"], 40, study=records)

    def test_report(self):
        records = [study_records.convergence(PROGRAM, norm, 100, seed, 1, "--hidden", "4")
                   for norm in ("batch", "layer") for seed in (1, 2)]
        self.fail_each(["report", "study"], 150, study=records)

    def test_bench(self):
        self.fail_each(["bench", "--problems", "relu_forward:4x8", "--isas", "scalar", "--threads", "1", "--peers", "none",
                        "--time", "0.01", "--samples", "3", "--no-ceilings", "--json", "bench.json"], 40)

    def test_info(self):
        self.fail_each(["info", "--no-peaks", "--json", "info.json"], 100)

    def test_check_and_verify(self):
        self.fail_each(["check", "--isa", "scalar", "--filter", "f32/relu/relu_forward", "--exact"], 10)
        self.fail_each(["verify", "--isa", "scalar", "--threads", "1", "--filter", "adam", "--json", "verify.json"], 20)

    @unittest.skipUnless(HOSTILE, "a build with sanitizers, which need much more memory")
    def test_limits_of_the_address_space(self):
        commands = [["train", *SHORT, "--json", "run.json"], ["experiment", *SHORT, "--output", "out"],
                    ["bench", "--problems", "relu_forward:64x800", "--dry-run", "--threads", "2", "--peers", "none", "--json", "bench.json"],
                    ["verify", "--filter", "adam", "--isa", "scalar", "--json", "verify.json"],
                    ["check", "--isa", "scalar", "--filter", "f32/relu/relu_forward", "--exact"],
                    ["sweep", *SHORT, "--norms", "layer", "--batch-sizes", "100", "--lrs", "0.1", "--seeds", "1",
                     "--timing-epochs", "0", "--output", "out"]]
        everywhere = set()
        for args in commands:
            self.fresh()
            whole_run = self.run_once(args, code=0)
            whole, ended = self.records(), set()
            for mebibytes in (12, 16, 18, 20, 24, 40, 120, 1000):
                with self.subTest(args=args, mebibytes=mebibytes):
                    self.fresh()

                    def limit():
                        resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))
                    done = self.run_once(args, preexec_fn=limit, code=(0, 1, 127))
                    ended.add(done.returncode)
                    if done.returncode != 127:  # the loader had no room for the libraries
                        self.assertSound(done, whole, {})
            self.assertIn(0, ended, whole_run.stderr)
            everywhere |= ended
        self.assertIn(1, everywhere)


if __name__ == "__main__":
    unittest.main()
