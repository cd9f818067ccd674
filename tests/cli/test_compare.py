# SPDX-License-Identifier: MIT
"""normbench compare: verdicts on synthetic times, what is read, what is refused. Nothing is timed here."""
import csv
import gzip
import io
import json
import math
import os
import random
import unittest

from case import Case, strict_json

GOOGLE = os.path.join(os.path.abspath(os.environ["NORMBENCH_TEST_GOLDEN"]), "google_benchmark", "repetitions.json")
NOISE = 0.02


def times(source, n=20, median=1e-4, noise=0.01):
    """Times as machines give them: log-normal, and now and then one that was disturbed."""
    return [median * math.exp(noise * source.gauss(0, 1)) * (1.3 if source.random() < 0.05 else 1) for _ in range(n)]


def row(name, samples, **more):
    """A row that holds its samples."""
    return {"name": name, "run_name": name, "run_type": "iteration", "real_time": 1.0, "time_unit": "s",
            "samples": samples, **more}


def repetitions(name, samples, unit="ns", scale=1e9):
    """Google Benchmark's rows, with an aggregate."""
    rows = [{"name": name, "run_name": name, "run_type": "iteration", "repetition_index": i, "real_time": scale * time,
             "cpu_time": 0.0, "time_unit": unit} for i, time in enumerate(samples)]
    return rows + [{"name": name + "_mean", "run_name": name, "run_type": "aggregate", "aggregate_name": "mean",
                    "real_time": 1e9, "time_unit": unit}]


def document(rows, **context):
    return {"context": {"date": "today", "noise_floor": NOISE, **context}, "benchmarks": rows}


class Compare(Case):
    def write(self, name, content):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return name

    def compare(self, a, b, *args, **more):
        """The rows of the comparison by name."""
        done = self.call("compare", self.write("a.json", a), self.write("b.json", b), "--json", "-", *args, **more)
        self.result = strict_json(done.stdout)
        self.text = done.stderr
        return {found["name"]: found for found in self.result["rows"]}

    def refused_file(self, message, content, **more):
        good = self.write("good.json", document([row("x", [1.0] * 9)]))
        bad = self.write("bad.json", content)
        for files in ((good, bad), (bad, good)):
            self.refused(" compare: " + message, "compare", *files, code=3, **more)


class Verdicts(Compare):
    def test_same_file_twice(self):
        source = random.Random(1)
        rows = [row("r%d" % i, times(source)) for i in range(30)]
        done = self.call("compare", self.write("a.json", document(rows)), "a.json", "--fail-on-regression")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.count("  no evidence\n"), 30)
        self.assertIn("\n30 no evidence. Geometric mean of B/A: 1.0000.\n", done.stdout)

    def test_noise_alone_is_no_regression(self):
        """The machine drifts within its noise floor from file to file, each row by itself."""
        source = random.Random(2)
        a, b = ([row("r%d" % i, times(source, median=1e-4 * (1 + source.uniform(0, NOISE / 2)))) for i in range(400)]
                for _ in range(2))
        found = self.compare(document(a), document(b))
        wrong = [name for name, this in found.items() if this["verdict"] != "no evidence"]
        self.assertLessEqual(len(wrong), 20)  # what users are promised: at most 5 %
        self.assertEqual(wrong, [])  # what the rule gives: the ratio cannot exceed the floor but by chance
        self.assertAlmostEqual(self.result["geometric_mean"], 1, delta=0.01)

    def test_false_alarms_of_the_rank_test_alone(self):
        """Without a noise floor, and with nothing but chance: alpha bounds the alarms of whole comparisons."""
        source = random.Random(3)
        alarms = 0
        for _ in range(40):
            a, b = (document([row("r%d" % i, times(source, n=12)) for i in range(10)], noise_floor=0) for _ in range(2))
            alarms += any(this["verdict"] != "no evidence" for this in self.compare(a, b, "--alpha", "0.2").values())
        # Expected at most 0.2 * 40 = 8; five standard deviations of the binomial are 12.6.
        self.assertLessEqual(alarms, 20)

    def test_a_slower_row_is_found(self):
        source = random.Random(4)
        a = [row("r%d" % i, times(source)) for i in range(100)]
        b = [row("r%d" % i, times(source, median=1.1e-4 if i == 7 else 0.9e-4 if i == 8 else 1e-4)) for i in range(100)]
        found = self.compare(document(a), document(b), "--fail-on-regression", code=1)
        self.assertEqual({name for name, this in found.items() if this["verdict"] == "slower"}, {"r7"})
        self.assertEqual({name for name, this in found.items() if this["verdict"] == "faster"}, {"r8"})
        self.assertRegex(self.text, r"\nnormbench compare: slower: 1 of 100 rows, most 'r7' by (9|10)\.\d %\n\Z")
        slow = found["r7"]
        self.assertTrue(1.07 < slow["low"] < slow["ratio"] < slow["high"] < 1.13)
        self.assertLess(slow["p"], 1e-4)
        self.assertEqual(self.result["counts"]["slower"], 1)
        self.compare(document(b), document(b), "--fail-on-regression")
        # The other way round it is faster, and that is no failure.
        found = self.compare(document(b), document(a), "--fail-on-regression", "--filter", "^r7$")
        self.assertEqual([this["verdict"] for this in found.values()], ["faster"])

    def test_each_condition_is_needed(self):
        source = random.Random(5)
        steady = [1e-4 * (1 + 1e-4 * i) for i in range(20)]
        a, b = document([row("x", steady)]), document([row("x", [1.015 * time for time in steady])])
        self.assertEqual(self.compare(a, b)["x"]["verdict"], "no evidence")  # within the noise floor
        self.assertEqual(self.compare(a, document([row("x", b["benchmarks"][0]["samples"], noise_floor=0.001)],
                                                  noise_floor=0.001))["x"]["verdict"], "no evidence")
        a["context"]["noise_floor"] = 0.001
        b["context"]["noise_floor"] = 0.001
        found = self.compare(a, b)["x"]
        self.assertEqual((found["verdict"], found["noise"]), ("slower", 0.001))
        self.assertEqual(self.compare(a, b, "--threshold", "1.6")["x"]["verdict"], "no evidence")
        # The larger floor counts: of the row and of the file, of A and of B.
        b["benchmarks"][0]["noise_floor"] = 0.016
        a["benchmarks"][0]["noise_floor"] = 0.0001
        for first, second in ((a, b), (b, a)):
            found = self.compare(first, second)["x"]
            self.assertEqual((found["noise"], found["verdict"]), (0.016, "no evidence"))
        # Our own harness puts what Google Benchmark does not have into an object of its own.
        b["context"]["normbench"] = {"noise_floor": 0.017}
        self.assertEqual(self.compare(a, b)["x"]["noise"], 0.017)
        del b["context"]["normbench"], b["benchmarks"][0]["noise_floor"]
        self.assertEqual(self.compare(a, b)["x"]["noise"], 0.001)
        # A median that jumps between two modes: the ranks differ, but the interval holds the jump both ways.
        a = document([row("x", [1.0] * 11 + [2.0] * 9)])
        b = document([row("x", [1.1] * 9 + [2.2] * 11)])
        for first, second, ratio in ((a, b, 2.2), (b, a, 1 / 2.2)):
            found = self.compare(first, second)["x"]
            self.assertLess(found["low"], 1)
            self.assertGreater(found["high"], 1)
            self.assertLess(found["p"], 0.01)
            self.assertAlmostEqual(found["ratio"], ratio)
            self.assertEqual(found["verdict"], "no evidence")
        # With alpha out of reach, the rank test forbids.
        a, b = (document([row("x", times(source, n=8, median=median))]) for median in (1e-4, 2e-4))
        self.assertEqual(self.compare(a, b)["x"]["verdict"], "slower")
        self.assertEqual(self.compare(a, b, "--alpha", "1e-6")["x"]["verdict"], "too few samples")

    def test_too_few_samples(self):
        a, b = (document([row("x", [scale * time for time in (1, 1.001, 1.002, 1.003)])]) for scale in (1, 2))
        found = self.compare(a, b)["x"]
        self.assertEqual((found["verdict"], found["ratio"], found["p"]), ("too few samples", 2, None))
        self.assertIn("every row needs 5 or more in each file", self.text)
        done = self.call("compare", "a.json", "b.json", "--fail-on-regression", code=3)
        self.assertTrue(done.stderr.endswith(
            "normbench compare: no row could show a regression; measure each at least 5 times\n"))
        # Five samples can show a change of one row, but not of forty at once: 40 * 2 / C(10, 5) > 0.05.
        rows = [[row("r%d" % i, [scale * (1 + 0.001 * k) for k in range(5)]) for i in range(40)] for scale in (1, 2)]
        found = self.compare(*map(document, rows))
        self.assertEqual({this["verdict"] for this in found.values()}, {"too few samples"})
        self.assertIn("every row needs 7 or more in each file", self.text)
        self.assertEqual(self.compare(*map(document, rows), "--filter", "^r1$")["r1"]["verdict"], "slower")

    def test_seed(self):
        source = random.Random(6)
        a, b = (document([row("x", times(source))]) for _ in range(2))
        first, again, other = (self.compare(a, b, "--seed", seed)["x"] for seed in ("1", "1", "2"))
        self.assertEqual(first, again)
        self.assertNotEqual((first["low"], first["high"]), (other["low"], other["high"]))


class Reading(Compare):
    def test_a_file_that_google_benchmark_wrote(self):
        done = self.call("compare", GOOGLE, GOOGLE, "--json", "-")
        found = {this["name"]: this for this in strict_json(done.stdout)["rows"]}
        self.assertEqual(sorted(found), ["BM_fails/iterations:5", "BM_fill/4096/iterations:1000/real_time",
                                         "BM_fill/64/iterations:1000/real_time"])
        with open(GOOGLE, encoding="utf-8") as file:
            rows = json.load(file)["benchmarks"]  # Python takes NaN
        name = "BM_fill/64/iterations:1000/real_time"
        real = sorted(this["real_time"] for this in rows if this["name"] == name)
        self.assertEqual((len(real), found[name]["a"]["samples"]), (5, 5))
        self.assertAlmostEqual(found[name]["a"]["median"], 1e-9 * real[2], delta=1e-22)
        self.assertEqual((found[name]["verdict"], found[name]["noise"]), ("no evidence", 0.02))
        self.assertEqual(found["BM_fails/iterations:5"]["verdict"], "not measured")
        self.assertIn("'BM_fails/iterations:5' is not measured in A: no such thing\n", done.stderr)
        self.assertIn("repetitions.json' holds 36 values NaN or Infinity, which JSON does not have: read as "
                      "missing\n", done.stderr)
        self.assertIn("the files do not say how noisy they are: changes below 2 % do not count", done.stderr)

    def test_units_and_repetitions(self):
        samples = [1e-3 * (1 + 0.001 * i) for i in range(9)]
        for unit, scale in (("ns", 1e9), ("us", 1e6), ("ms", 1e3), ("s", 1)):
            found = self.compare(document(repetitions("x", samples, unit, scale)), document([row("x", samples)]))
            self.assertEqual(list(found), ["x"])
            self.assertAlmostEqual(found["x"]["ratio"], 1, delta=1e-14)
            self.assertEqual((found["x"]["a"]["samples"], found["x"]["b"]["samples"]), (9, 9))

    def test_rows_in_only_one_file(self):
        rows = {name: row(name, [1.0] * 9) for name in ("both", "gone", "new")}
        found = self.compare(document([rows["gone"], rows["both"]]), document([rows["new"], rows["both"]]))
        self.assertEqual([(name, this["verdict"]) for name, this in found.items()],
                         [("gone", "only in A"), ("both", "no evidence"), ("new", "only in B")])
        self.assertIsNone(found["gone"]["b"])
        self.assertIn("1 no evidence, 1 only in A, 1 only in B.", self.text)
        self.write("b.json", document([rows["new"]]))
        self.refused(" compare: 'a.json' and 'b.json' have no row in common; measure the same rows",
                     "compare", "a.json", "b.json", code=3)

    def test_times_that_cannot_be(self):
        good = document([row("x", [1.0] * 9), row("y", [1.0] * 9)])
        for bad in (row("x", [1.0, 0.0, 1.0]), row("x", [1.0, -1.0]), row("x", [1.0, None]),
                    row("x", [1.0, "1.0"]), row("x", []), row("x", [1e300, 1.0]), row("x", [1.0, 1e-300]),
                    {"name": "x", "real_time": None, "time_unit": "ns"},
                    {"name": "x", "error_occurred": True, "error_message": "wrong result"},
                    {"name": "x", "skipped": True, "skip_message": "no AVX"}):
            found = self.compare(good, document([bad, row("y", [1.0] * 9)]))
            self.assertEqual((found["x"]["verdict"], found["y"]["verdict"]), ("not measured", "no evidence"), bad)
            self.assertIsNone(found["x"]["ratio"])
            self.assertRegex(self.text, r"'x' is not measured in B: \S")
        counter = document([dict(this, samples=3) for this in repetitions("x", [1.0] * 9)])
        self.assertEqual(self.compare(counter, counter)["x"]["verdict"], "no evidence")

    def test_contexts_that_differ(self):
        def machine(cpu, flags, run):
            return {"machine": {"cpu": cpu, "load": [run], "build": {"flags": flags, "commit": run}}, "ceilings": run}

        rows = [row("x", [1.0] * 9)]
        a = document(rows, host_name="here", normbench=machine("one", "-O3", 1))
        b = document(rows, host_name="here", normbench=machine("two", "-O2", 2),
                     date="tomorrow", only_here=1)
        self.compare(a, b)
        self.assertEqual(self.result["differences"], [{"key": "normbench.machine.cpu", "a": "one", "b": "two"},
                                                      {"key": "normbench.machine.build.flags", "a": "-O3", "b": "-O2"}])
        self.assertIn('normbench: warning: the files differ in normbench.machine.cpu: "one" and "two"\n', self.text)
        self.compare(a, a)
        self.assertNotIn("warning", self.text)

    def test_filter(self):
        rows = [row(name, [1.0] * 9) for name in ("matmul:1", "matmul:2", "norm:1")]
        for pattern, names in (("matmul", ["matmul:1", "matmul:2"]), ("1$", ["matmul:1", "norm:1"]),
                               ("-matmul", ["norm:1"])):
            self.assertEqual(list(self.compare(document(rows), document(rows), "--filter", pattern)), names)
        self.refused(" compare: --filter: no row matches 'wombat'; see normbench compare --help",
                     "compare", "a.json", "b.json", "--filter", "wombat", code=2)
        done = self.call("compare", "a.json", "b.json", "--filter", "(", code=2)
        self.assertIn("--filter: '(' is not a regular expression: ", done.stderr)


class BadInput(Compare):
    def test_damaged_files(self):
        whole = json.dumps(document([row("x", [1.0] * 9)]))
        self.write("good.json", whole)
        for cut in range(0, len(whole), 7):
            self.write("bad.json", whole[:cut])
            done = self.call("compare", "good.json", "bad.json", code=3)
            self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
            self.assertIn("'bad.json' is damaged or not JSON, line 1: ", done.stderr)
        with open(self.path("bad.json"), "wb") as file:
            file.write(bytes(range(256)) * 10)
        self.call("compare", "good.json", "bad.json", code=3)

    def test_packed_files(self):
        packed = gzip.compress(json.dumps(document([row("x", [1.0] * 9)])).encode())
        for name, content in (("a.json.gz", packed), ("cut.json.gz", packed[:-12]), ("bad.json.gz", packed[:30] + b"x" * 40)):
            with open(self.path(name), "wb") as file:
                file.write(content)
        self.assertIn("1 no evidence", self.call("compare", "a.json.gz", "a.json.gz").stdout)
        self.refused(" compare: 'cut.json.gz' ends too early; measure again", "compare", "a.json.gz", "cut.json.gz", code=3)
        self.assertIn(" compare: cannot read 'bad.json.gz': ", self.call("compare", "a.json.gz", "bad.json.gz", code=3).stderr)

    def test_a_file_that_unpacks_to_far_too_much(self):
        bomb = gzip.compress(b'{"context":{},"benchmarks":[' + b"0," * (1 << 24))
        with open(os.path.join(self.folder, "bomb.json.gz"), "wb") as file:
            file.write(bomb)
        self.assertLess(len(bomb), 1 << 16)
        self.refused(" compare: 'bomb.json.gz' unpacks to more than 100 times its size: not a benchmark file",
                     "compare", "bomb.json.gz", "bomb.json.gz", code=3)

    def test_foreign_files(self):
        advice = "; make one with ninja bench, or with Google Benchmark's --benchmark_out"
        for content in ("[]", "{}", '{"benchmarks": []}', '{"results": [{"command": "true"}]}'):
            self.refused_file("'bad.json' is not a benchmark file: it has no \"context\"" + advice, content)
        self.refused_file("'bad.json' is not a benchmark file: it has no \"benchmarks\"" + advice, '{"context": {}}')
        self.refused_file("'bad.json' holds no times", document([]))
        self.refused_file("'bad.json' holds no times, only aggregates; measure again without "
                          "--benchmark_report_aggregates_only", document(repetitions("x", [])))
        self.refused_file("'bad.json': its json_schema_version is not 1", document([], json_schema_version=2))
        self.refused_file("'bad.json': benchmarks[1] has no name", document([row("x", [1.0]), {"real_time": 1}]))
        self.refused_file("'bad.json': benchmarks[0], 'x', has no real_time", document([{"name": "x"}]))
        self.refused_file("'bad.json': benchmarks[0], 'x': its time_unit is not ns, us, ms or s",
                          document([{"name": "x", "real_time": 1, "time_unit": "min"}]))
        for floor in (-0.1, "2 %"):
            self.refused_file("'bad.json': the noise_floor of 'x' is not a ratio like 0.02",
                              document([row("x", [1.0])], noise_floor=floor))

    def test_files_that_are_not_there(self):
        self.refused(" compare: cannot read 'none.json': No such file or directory; check the path", "compare", "none.json", "b", code=3)
        self.refused(" compare: cannot read '.': Is a directory; check the path", "compare", ".", "b", code=3)

    def test_words_in_strings_stay(self):
        a = document([row('a "NaN" \\ Infinity', [1.0] * 9)])
        self.assertEqual(list(self.compare(a, a)), ['a "NaN" \\ Infinity'])
        self.assertNotIn("warning", self.text)

    def test_usage(self):
        see = "; see normbench compare --help"
        self.refused(" compare: needs A.json B.json" + see, "compare", code=2)
        self.refused(" compare: needs A.json B.json" + see, "compare", "a.json", "--seed", "3", code=2)
        self.refused(" compare: unexpected argument 'c'" + see, "compare", "a", "b", "c", code=2)
        self.refused(" compare: unexpected argument 'c'" + see, "compare", "a", "--", "b", "c", code=2)
        self.refused(" compare: --alpha: '2' is not a number from 1e-9 to 0.5" + see, "compare", "a", "b", "--alpha", "2")
        self.refused(" compare: --threshold: '-1' is not a number from 0 to 1000" + see,
                     "compare", "a", "--threshold", "-1", "b")
        self.write("a.json", document([row("x", [1.0] * 9)]))
        self.refused(" compare: --markdown and --json both go to 'o'; give them different files" + see,
                     "compare", "a.json", "a.json", "--json", "o", "--markdown", "o")
        self.assertFolder("a.json")


class Outputs(Compare):
    def setUp(self):
        super().setUp()
        source = random.Random(7)
        self.write("a.json", document([row("x", times(source)), row("a|b, c", [1.0] * 9), row("gone", [1.0] * 9)]))
        self.write("b.json", document([row("x", times(source, median=1.3e-4)), row("a|b, c", [1.0] * 9)]))

    def test_files(self):
        done = self.call("compare", "--csv", "o.csv", "a.json", "--markdown", "o.md", "b.json", "--json=o.json")
        self.assertTrue(done.stdout.endswith("\no.md\no.csv\no.json\n"))
        self.assertFolder("a.json", "b.json", "o.csv", "o.md", "o.json")
        with open(self.path("o.json"), encoding="utf-8") as file:
            result = strict_json(file.read())
        self.assertEqual((result["a"]["path"], result["b"]["path"]), ("a.json", "b.json"))
        self.assertEqual(result["rule"], {"alpha": 0.05, "threshold": 0, "seed": 1})
        with open(self.path("o.csv"), encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        self.assertEqual(len(table), len(result["rows"]))
        for cells, this in zip(table, result["rows"]):
            self.assertEqual((cells["name"], cells["verdict"]), (this["name"], this["verdict"]))
            for key in ("ratio", "low", "high", "p"):
                self.assertEqual(float(cells[key]) if cells[key] else None, this[key])
            self.assertEqual(cells["b_samples"], str(this["b"]["samples"]) if this["b"] else "")
        with open(self.path("o.md"), encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(page.count("\n|"), 4)
        self.assertIn("| a\\|b, c |", page)
        self.assertIn("| slower |", page)
        self.assertIn("1 slower, 1 no evidence, 1 only in A.", page)

    def test_standard_output(self):
        done = self.call("compare", "a.json", "b.json", "--csv", "-")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(done.stdout)))), 3)
        self.assertIn("1 slower", done.stderr)

    def test_an_output_that_cannot_be_written(self):
        done = self.call("compare", "a.json", "b.json", "--csv", "o.csv", "--json", "no/o.json", code=1)
        self.assertIn("cannot write 'no/o.json': No such file or directory; make its folder first\n", done.stderr)
        self.assertFolder("a.json", "b.json")


if __name__ == "__main__":
    unittest.main()
