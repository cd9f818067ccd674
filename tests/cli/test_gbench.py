# SPDX-License-Identifier: MIT
"""normbench-gbench, and Google Benchmark's compare.py on its files and on ours. No time is asserted.

Exits with 77 where the program was not built. NORMBENCH_GBENCH is the program.
"""
import json
import os
import re
import subprocess
import sys
import unittest

from case import Case, environment, strict_json

GBENCH = os.environ.get("NORMBENCH_GBENCH")
TOOL = "/usr/share/benchmark/compare.py"
PYTHON = "/usr/bin/python3"  # Debian's, for which Debian's SciPy is
SMALL = ("--problems", "row_moments:4x8 layernorm_backward:40x30 sgd_step:100", "--isas", "scalar", "--threads", "1,2",
         "--peers", "none")
NAMES = ["%s/f32/scalar/threads:%d/hot" % (problem, threads)
         for problem in ("row_moments:4x8", "layernorm_backward:40x30", "sgd_step:100") for threads in (1, 2)]


def tool_is_missing():
    """Why compare.py cannot run here, or None."""
    if not os.path.exists(TOOL):
        return TOOL + " is not here; script/setup gbench installs it on Debian"
    if subprocess.run([PYTHON, "-c", "import scipy.stats"], stderr=subprocess.DEVNULL).returncode != 0:
        return PYTHON + " has no SciPy; script/setup gbench installs it on Debian"
    return None


class Google(Case):
    def google(self, *args, code=0, env=None):
        done = subprocess.run([GBENCH, *args], env=environment(**(env or {})), cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def measure(self, *args):
        """A document of Google Benchmark's, quickly made."""
        return strict_json(self.google(*args, "--benchmark_format=json", "--benchmark_min_time=0.0001").stdout)

    def ours(self, *args):
        return strict_json(self.call("bench", *args, "--no-ceilings", "--samples", "9", "--json", "-").stdout)

    def write(self, name, document):
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump(document, file)
        return name


class Program(Google):
    def test_names_are_those_of_bench(self):
        for args, env in (((), {"NORMBENCH_BENCH": "quick"}), ((), {}), (("--preset", "quick"), {}),
                          (("--preset", "full", "--filter", "^softmax"), {}), (SMALL, {}),
                          (("--problems", "matmul_nn:8x8x8", "--dtypes", "f32,f64", "--caches", "hot,cold"), {}),
                          (("--preset", "quick", "--peers", "all"), {})):
            with self.subTest(args=args, env=env):
                listed = self.google("--benchmark_list_tests", *args, env=env).stdout
                self.assertEqual(listed, self.call("bench", "--list", *args, env=env).stdout)
                self.assertGreater(listed.count("\n"), 3)

    def test_document(self):
        document = self.measure(*SMALL, "--benchmark_repetitions=3")
        self.assertEqual(document["context"]["machine.architecture"], os.uname().machine)
        self.assertIn("machine.build.flags", document["context"])
        self.assertEqual(document["context"]["machine.openmp.OMP_WAIT_POLICY"], "passive")
        single = [entry for entry in document["benchmarks"] if entry["run_type"] == "iteration"]
        self.assertEqual([(entry["name"], entry["repetition_index"]) for entry in single],
                         [(name, i) for name in NAMES for i in range(3)])
        costs = {entry["run_name"]: entry for entry in self.ours(*SMALL)["benchmarks"]
                 if entry["run_type"] == "aggregate"}
        for entry in single:
            cost = costs[entry["name"]]
            self.assertGreater(entry["real_time"], 0)
            self.assertEqual(entry["time_unit"], "ns")
            self.assertAlmostEqual(entry["flops_per_second"] / entry["bytes_per_second"],
                                   cost["flops"] / (cost["bytes_read"] + cost["bytes_written"]))

    def test_rates_are_of_the_wall_time(self):
        """The two clocks start one after the other, which is nothing beside half a second even if other work comes between."""
        args = ("--problems", "matmul_nn:64x64x64", "--isas", "scalar", "--threads", "1")
        for entry in strict_json(self.google(*args, "--benchmark_format=json").stdout)["benchmarks"]:
            self.assertAlmostEqual(entry["flops_per_second"] * entry["real_time"] * 1e-9 / (2 * 64**3), 1, delta=0.2)

    def test_filter_and_files(self):
        done = self.google(*SMALL, "--benchmark_filter=^sgd.*threads:2", "--benchmark_min_time=0.0001",
                           "--benchmark_out=out.json")
        self.assertEqual(re.findall(r"(?m)^\S+:\S+/hot", done.stdout), [NAMES[-1]])
        with open(self.path("out.json"), encoding="utf-8") as file:
            self.assertEqual([entry["name"] for entry in strict_json(file.read())["benchmarks"]], [NAMES[-1]])
        self.assertFolder("out.json")

    def test_cold_and_interleaved(self):
        """Operands come and go with the rows."""
        document = self.measure("--problems", "column_moments:33x70 softmax_xent:9x10", "--dtypes", "f32,f64", "--isas",
                                "scalar,autovec", "--caches", "hot,cold", "--threads", "1", "--benchmark_repetitions=3",
                                "--benchmark_enable_random_interleaving=true")
        single = [entry for entry in document["benchmarks"] if entry["run_type"] == "iteration"]
        self.assertEqual(len(single), 3 * 2 * 2 * 2 * 2)
        self.assertFalse([entry for entry in single if entry.get("error_occurred")])

    def test_peers(self):
        """Each is prepared, checked and timed, also when rows of others come between."""
        peers = [*strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)["peers"]]
        args = ("--problems", "matmul_nn_panels:30x20x10 layernorm_forward:9x8", "--isas", "scalar", "--threads", "1,2", "--caches",
                "hot,cold", "--peers", ",".join(peers) or "none")
        document = self.measure(*args, "--benchmark_repetitions=2", "--benchmark_enable_random_interleaving=true")
        single = [entry for entry in document["benchmarks"] if entry["run_type"] == "iteration"]
        self.assertEqual(sorted({entry["name"] for entry in single}),
                         sorted(self.call("bench", "--list", *args).stdout.split()))
        self.assertEqual({entry["name"].split("/")[2] for entry in single}, {"scalar", *peers})
        for entry in single:
            self.assertNotIn("error_occurred", entry)
            self.assertGreater(entry["flops_per_second"], 0)

    def test_a_peer_that_times_itself(self):
        """Its rows are in the list, but the library's clock would tell something else."""
        python = self.path("python")
        with open(python, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho 0.0.0\n")
        os.chmod(python, 0o755)
        args = ("--problems", "layernorm_forward:9x8", "--threads", "1", "--isas", "scalar", "--peers", "pytorch")
        document = strict_json(self.google(*args, "--benchmark_format=json", env={"NORMBENCH_PYTHON": python}).stdout)
        ours, theirs = document["benchmarks"]
        self.assertNotIn("error_occurred", ours)
        self.assertEqual(theirs["name"], "layernorm_forward:9x8/f32/pytorch/threads:1/hot")
        self.assertEqual(theirs["error_message"], "this peer times itself; normbench bench has the row")

    def test_usage(self):
        self.assertRegex(self.google("--help").stdout, r"(?s)^Usage: normbench-gbench .*--problems.*--benchmark_filter=")
        self.assertRegex(self.google("--version").stdout, r"^normbench-gbench \d+\.\d+\.\d+\n\Z")
        for message, args in (("unknown option '--foo'", ("--foo",)),
                              ("unknown option '--benchmark_foo'", ("--benchmark_foo=1",)),
                              ("unexpected argument 'row_sum:2x3'", ("row_sum:2x3",)),
                              ("problem 'row_sun:2x3': unknown kernel 'row_sun'; did you mean row_sum?",
                               ("--problems", "row_sun:2x3")),
                              ("nothing ran; --benchmark_list_tests shows all rows", ("--benchmark_filter=none",))):
            with self.subTest(args=args):
                done = self.google(*args, code=2)
                self.assertEqual(done.stdout, "")
                self.assertEqual(done.stderr.splitlines()[-1],
                                 "normbench-gbench: %s; see normbench-gbench --help" % message)


class Exchange(Google):
    """Files of both programs, for the readers of both."""

    def setUp(self):
        super().setUp()
        google, ours = self.measure(*SMALL, "--benchmark_repetitions=9"), self.ours(*SMALL)
        for name, document in (("google", google), ("ours", ours)):
            self.write(name + ".json", document)
            for entry in document["benchmarks"]:
                for time in ("real_time", "cpu_time"):
                    entry[time] *= 2
                if "samples" in entry:
                    entry["samples"] = [2 * sample for sample in entry["samples"]]
            self.write(name + "-twice.json", document)

    def pairs(self):
        for a in ("google", "ours"):
            yield a + ".json", a + "-twice.json", True
        yield "google.json", "ours.json", False
        yield "ours.json", "google.json", False

    def test_compare_py(self):
        why = tool_is_missing()
        if why:
            self.skipTest(why)
        for a, b, twice in self.pairs():
            with self.subTest(a=a, b=b):
                done = subprocess.run([PYTHON, "-B", TOOL, "--no-color", "benchmarks", a, b], cwd=self.folder,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                lines = [line.split() for line in done.stdout.splitlines()]
                for name in NAMES:
                    self.assertEqual(sum(line[0] == name for line in lines if line), 9)
                    self.assertEqual(sum(line[0] == name + "_median" for line in lines if line), 1)
                    self.assertIn("U Test, Repetitions: 9 vs 9",
                                  next(line for line in done.stdout.splitlines() if line.startswith(name + "_pvalue")))
                mean = next(line for line in lines if line and line[0] == "OVERALL_GEOMEAN")
                if twice:
                    self.assertEqual(mean[1:3], ["+1.0000", "+1.0000"])

    def test_compare_py_runs_the_program(self):
        why = tool_is_missing()
        if why:
            self.skipTest(why)
        done = subprocess.run([PYTHON, "-B", TOOL, "--no-color", "filters", GBENCH, "threads:1", "threads:2",
                               "--benchmark_min_time=0.0001"], env=environment(NORMBENCH_PROBLEMS=SMALL[1]),
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sgd_step:100/f32/scalar/[threads:1 vs. threads:2]/hot", done.stdout)

    def test_normbench_compare(self):
        for a, b, twice in self.pairs():
            with self.subTest(a=a, b=b):
                found = strict_json(self.call("compare", a, b, "--json", "-").stdout)
                self.assertEqual([row["name"] for row in found["rows"]], NAMES)
                self.assertNotIn(None, [row["ratio"] for row in found["rows"]])
                if twice:
                    self.assertAlmostEqual(found["geometric_mean"], 2)


if __name__ == "__main__":
    if not GBENCH:
        print("normbench-gbench was not built: no Google Benchmark here; script/setup gbench installs it on Debian")
        sys.exit(77)
    unittest.main()
