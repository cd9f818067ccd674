# SPDX-License-Identifier: MIT
"""normbench bench: what it lists, checks, writes and refuses. No time is asserted."""
import csv
import os
import re
import shutil
import signal
import statistics
import subprocess
import unittest

from case import Case, PROGRAM, environment, strict_json

SMALL = "row_moments:4x8 layernorm_backward:40x30 sgd_step:100"
FAST = ("--peers", "none", "--no-ceilings", "--samples", "5", "--threads", "1", "--isas", "scalar")


def paired_ratio(other, ours):
    """The median over the rounds that have samples of both."""
    theirs = dict(zip(other["rounds"], other["samples"]))
    return statistics.median(theirs[round_] / sample for round_, sample in zip(ours["rounds"], ours["samples"])
                             if round_ in theirs)


class Bench(Case):
    def bench(self, *args, **more):
        return self.call("bench", *args, **more)

    def json(self, *args, **more):
        return strict_json(self.bench(*args, "--json", "-", **more).stdout)

    def test_list(self):
        names = self.bench("--list", "--problems", SMALL, "--isas", "scalar", "--threads", "2,1", "--dtypes",
                           "f64,f32", "--caches", "cold,hot", "--peers", "none").stdout.split("\n")
        self.assertEqual(names[0], "row_moments:4x8/f32/scalar/threads:1/hot")
        self.assertEqual(names[-1], "")
        self.assertEqual(len(names), 1 + 3 * 2 * 2 * 2)
        self.assertEqual(len(set(names)), len(names))

    def test_list_of_presets(self):
        rows = [self.bench("--list", "--preset", name).stdout.splitlines() for name in ("quick", "default")]
        self.assertLess(len(rows[0]), len(rows[1]))
        self.assertEqual(self.bench("--list", env={"NORMBENCH_BENCH": "quick"}).stdout.splitlines(), rows[0])
        both = self.bench("--list", "--preset", "default", env={"NORMBENCH_BENCH": "quick"}).stdout.splitlines()
        self.assertEqual(both, rows[1])

    def test_filter(self):
        text = self.bench("--list", "--preset", "quick").stdout
        chosen = self.bench("--list", "--preset", "quick", "--filter", "^(layer|batch)norm_.*x256").stdout
        self.assertEqual(chosen.splitlines(),
                         [name for name in text.splitlines() if re.match("(layer|batch)norm_.*x256", name)])
        others = self.bench("--list", "--preset", "quick", "--filter=-norm").stdout
        self.assertEqual(others.splitlines(), [name for name in text.splitlines() if "norm" not in name])

    def test_dry_run_of_every_kernel(self):
        done = self.bench("--dry-run", "--problems", "*:40 *:65x70 *:33x70x30", "--dtypes", "f32,f64", "--caches",
                          "hot,cold", "--threads", "1,2")
        self.assertRegex(done.stdout, r"^\d+ rows checked and run once, 0 wrong\n\Z")
        self.assertGreater(int(done.stdout.split()[0]), 200)

    def test_table(self):
        done = self.bench("--problems", SMALL, *FAST)
        for text in ("row_moments:4x8", "layernorm_backward:40x30", "GFLOP/s", "Noise"):
            self.assertIn(text, done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertFolder()

    def test_json(self):
        data = self.json("--problems", SMALL, *FAST, "--caches", "hot,cold", "--seed", "7")
        context = data["context"]
        self.assertEqual(context["json_schema_version"], 1)
        self.assertEqual(context["normbench"]["seed"], 7)
        self.assertEqual(context["normbench"]["status"], "ok")
        self.assertEqual(context["normbench"]["ceilings"], [])
        self.assertGreaterEqual(context["normbench"]["noise_floor"], 0)
        rows = [entry for entry in data["benchmarks"] if entry["run_type"] == "aggregate"]
        self.assertEqual(len(rows), 6)
        for row in rows:
            samples = [entry for entry in data["benchmarks"]
                       if entry["run_type"] == "iteration" and entry["run_name"] == row["run_name"]]
            self.assertEqual([entry["repetition_index"] for entry in samples], list(range(5)))
            self.assertEqual([entry["real_time"] for entry in samples], row["samples"])
            self.assertEqual(sorted(row["samples"])[2], row["real_time"])
            self.assertEqual(min(row["samples"]), row["min"])
            self.assertEqual(row["rounds"], list(range(5)))
            self.assertTrue(all(entry["name"] == row["run_name"] and entry["iterations"] == row["calls_per_sample"]
                                and entry["time_unit"] == "ns" for entry in samples))
            self.assertEqual(row["name"], row["run_name"] + "_median")
            self.assertEqual(row["check"], "exact")
            self.assertEqual(row["isa"], "scalar")
            self.assertIsNone(row["share_of_ceiling"])
            self.assertAlmostEqual(row["gflops_per_second"] * row["real_time"], row["flops"])
            again = self.bench("--list", *row["reproduce"].split()[2:]).stdout
            self.assertEqual(again, row["run_name"] + "\n")

    def test_autovec_is_checked_against_the_bound(self):
        data = self.json("--problems", SMALL, *FAST[:-1], "autovec,scalar")
        self.assertEqual({(row["isa"], row["check"]) for row in data["benchmarks"] if row["run_type"] == "aggregate"},
                         {("autovec", "bound"), ("scalar", "exact")})

    def test_unchecked(self):
        data = self.json("--problems", "row_sum:2x3", "--no-check", *FAST)
        self.assertEqual(data["benchmarks"][-1]["check"], "unchecked")

    def test_folder(self):
        done = self.bench("--problems", SMALL, *FAST, "--output", "a/b")
        for name in ("bench.json", "bench.csv", "standing.csv", "machine.json", "README.md"):
            self.assertIn("\na/b/" + name + "\n", done.stdout)
        self.assertEqual(sorted(os.listdir(self.path("a/b"))), ["README.md", "bench.csv", "bench.json", "machine.json", "standing.csv"])
        with open(self.path("a/b/bench.json")) as file:
            medians = {entry["run_name"]: entry for entry in strict_json(file.read())["benchmarks"]}
        with open(self.path("a/b/bench.csv")) as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["name"] for row in rows], list(medians))
        for row in rows:
            self.assertAlmostEqual(float(row["median"]) * 1e9 / medians[row["name"]]["real_time"], 1)
        with open(self.path("a/b/machine.json")) as file:
            self.assertIn("cpu", strict_json(file.read()))

    def test_results_never_overwrite(self):
        for _ in range(2):
            self.bench("--problems", "row_sum:2x3", *FAST, "--results", "results")
        first, second = sorted(os.listdir(self.path("results")))
        self.assertRegex(first, r"^[a-z0-9-]*\d{4}-\d\d-\d\d$")
        self.assertEqual(second, first + "-2")

    def test_ceilings_and_roofline(self):
        done = self.bench("--problems", "matmul_nn:16x16x16", "--peers", "none", "--samples", "3", "--threads", "1", "--isas", "scalar",
                          "--output", "out", "--json", "out.json")
        with open(self.path("out.json")) as file:
            data = strict_json(file.read())
        ceiling, = data["context"]["normbench"]["ceilings"]
        self.assertEqual((ceiling["isa"], ceiling["threads"]), ("scalar", 1))
        self.assertGreater(ceiling["f32_flops_per_second"], 0)
        self.assertGreater(ceiling["bytes_per_second"]["memory"]["read"], 0)
        row = data["benchmarks"][-1]
        self.assertGreater(row["share_of_ceiling"], 0)
        self.assertRegex(row["ceiling"], "^(FMA|L1 copy|L2 copy|L3 copy|memory copy)$")
        self.assertIn("out/roofline-scalar-1t-f32.csv", done.stdout)
        with open(self.path("out/roofline-scalar-1t-f32.csv")) as file:
            points = [line for line in csv.DictReader(file) if line["series"] == "matmul"]
        self.assertEqual(len(points), 1)
        self.assertAlmostEqual(float(points[0]["y"]) / row["gflops_per_second"], 1)

    def peers(self):
        return list(strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)["peers"])

    def test_which_peers(self):
        built = self.peers()
        self.assertEqual(len(set(built)), len(built))
        want = ("--list", "--problems", "matmul_nn:30x20x10 sgd_step:100", "--isas", "scalar", "--threads", "1")
        def listed(*args):
            rows = [row.split("/") for row in self.bench(*args).stdout.splitlines()]
            self.assertTrue(all(row[2] == "scalar" for row in rows if row[0] == "sgd_step:100"))
            return {row[2] for row in rows} - {"scalar"}
        everyone = listed(*want)
        self.assertLessEqual(everyone, set(built))
        self.assertEqual(listed(*want, "--peers", "all"), everyone)
        self.assertEqual(listed(*want, "--peers", "none"), set())
        for name in sorted(everyone):
            self.assertEqual(listed(*want, "--peers", name), {name})
        self.assertEqual(listed(*want, "--peers", ",".join(everyone) or "none"), everyone)
        # Not for quick; for the others, beside ours.
        def isas(preset):
            return {row.split("/")[2] for row in self.bench("--list", "--preset", preset).stdout.splitlines()}
        self.assertFalse(isas("quick") & set(built))
        self.assertLessEqual(everyone, isas("default"))

    def test_unknown_peer(self):
        names = "".join(", " + name for name in self.peers())
        self.refused(" bench: --peers: 'mkl' is not one of those there are: all, none%s; see normbench bench --help" % names,
                     "bench", "--peers", "mkl")

    def modules(self, *args, env=None):
        """The modules of peers that the dynamic linker of the GNU C library says it looks for."""
        said = self.bench(*args, env={"LD_DEBUG": "files", **(env or {})}).stderr
        return set(re.findall(r"file=(normbench-\w+)\.so", said))

    def test_peers_are_loaded_when_asked_for(self):
        there = {"normbench-" + name for name in self.peers()} - {"normbench-onednn-packed"}
        self.assertEqual(self.modules("--list", "--preset", "quick"), set())
        self.assertEqual(self.modules("--list", "--peers", "none"), set())
        small = ("--problems", "row_sum:2x3", *FAST[2:], "--time", "0.01", "--json", "-")
        self.assertEqual(self.modules(*small, "--peers", "none"), set())
        self.assertEqual(self.modules("--list", "--peers", "all"), there)

    def test_peers_without_their_modules(self):
        """A program that is alone in a folder: all but its peers is there, and who asks for one hears why it is not."""
        alone = shutil.copy(PROGRAM, self.path("normbench"))
        def call(*args):
            return subprocess.run([alone, *args], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        args = ("bench", "--list", "--problems", "matmul_nn:3x4x5", "--threads", "1", "--isas", "scalar")
        done = call(*args, "--peers", "all")
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "matmul_nn:3x4x5/f32/scalar/threads:1/hot\n", ""))
        for name in self.peers():
            done = call(*args, "--peers", name)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, r"^normbench bench: --peers: there is no %s on this machine; normbench-%s\.so: [^\n]+; "
                             r"script/setup peers installs the library; see normbench bench --help\n\Z"
                             % (name, name.split("-")[0]))

    def test_peers_in_the_tables(self):
        args = ("--problems", "matmul_nn:30x20x10 sgd_step:100", *FAST[2:], "--peers", "all")
        built = self.peers()
        done = self.bench(*args, "--output", "out")
        self.assertEqual("vs best peer" in done.stdout, bool(built))
        with open(self.path("out/machine.json")) as file:
            self.assertEqual(list(strict_json(file.read())["peers"]), built)
        with open(self.path("out/bench.json")) as file:
            data = strict_json(file.read())
        self.assertEqual(list(data["context"]["normbench"]["peers"]), built)
        rows = {row["run_name"]: row for row in data["benchmarks"] if row["run_type"] == "aggregate"}
        with open(self.path("out/bench.csv")) as file:
            figures = {row["name"]: row for row in csv.DictReader(file)}
        self.assertEqual(list(rows), list(figures))
        times = {row["isa"]: row for row in rows.values() if row["isa"] in built}
        self.assertEqual(bool(times), bool(built))
        for name, row in rows.items():
            if row["isa"] == "scalar" and row["kernel"] == "matmul_nn" and times:
                ratios = {isa: paired_ratio(other, row) for isa, other in times.items()}
                best = min(ratios, key=ratios.get)
                self.assertEqual(row["best_peer"], best)
                self.assertAlmostEqual(row["vs_best_peer"], ratios[best])
                self.assertAlmostEqual(float(figures[name]["vs_best_peer"]), row["vs_best_peer"])
                self.assertEqual(figures[name]["best_peer"], best)
            else:
                self.assertIsNone(row["vs_best_peer"])
                self.assertIsNone(row["best_peer"])
                self.assertEqual(figures[name]["vs_best_peer"] + figures[name]["best_peer"], "")
            self.assertEqual(row["check"], "exact" if row["isa"] == "scalar" else "bound")
            again = self.bench("--list", *row["reproduce"].split()[2:]).stdout
            self.assertEqual(again, name + "\n")
        alone = self.bench("--problems", "row_sum:2x3", *FAST).stdout
        self.assertNotIn("peer", alone)

    def test_standing(self):
        args = ("--problems", "matmul_nn:30x20x10 matmul_tn:7x9x5 matmul_nn_panels:40x30x20 sgd_step:100 row_sum:9x70",
                "--no-ceilings", "--samples", "5", "--threads", "1", "--isas", "scalar,autovec")
        built = self.peers()
        for peers in ("all", "none"):
            done = self.bench(*args, "--peers", peers, "--output", peers)
            self.assertEqual(done.stdout.count("\nstanding\n"), 1)
            self.assertEqual("not behind" in done.stdout, bool(built) and peers == "all")
            with open(self.path(peers, "README.md")) as file:
                self.assertEqual(file.read().count("\n## standing\n"), 1)
            with open(self.path(peers, "bench.csv")) as file:
                rows = list(csv.DictReader(file))
            with open(self.path(peers, "standing.csv")) as file:
                standing = list(csv.DictReader(file))
            with open(self.path(peers, "bench.json")) as file:
                samples = {row["run_name"]: row for row in strict_json(file.read())["benchmarks"]
                           if row["run_type"] == "aggregate"}
            ours = [row for row in rows if row["isa"] == "scalar"]
            keys = list(dict.fromkeys((row["family"], row["dtype"]) for row in ours))
            self.assertEqual([(row["family"], row["dtype"]) for row in standing], keys)
            for row, (family, dtype) in zip(standing, keys):
                self.assertEqual((row["isa"], row["threads"], row["cache"]), ("scalar", "1", "hot"))
                mine = {one["problem"]: one for one in ours if (one["family"], one["dtype"]) == (family, dtype)}
                best = [float(one["vs_best_peer"]) for one in mine.values() if one["vs_best_peer"]]
                self.assertEqual(bool(best), bool(built) and peers == "all" and family == "matmul")
                self.assertEqual(row["problems"], str(len(best)))
                if best:
                    self.assertAlmostEqual(float(row["vs_best_peer"]), statistics.geometric_mean(best))
                    self.assertAlmostEqual(float(row["not_behind"]), 100 * sum(x >= 1 for x in best) / len(best))
                    self.assertAlmostEqual(float(row["level"]), 100 * sum(x >= 0.95 for x in best) / len(best))
                    self.assertAlmostEqual(float(row["least"]), min(best))
                else:
                    self.assertEqual({row[name] for name in ("vs_best_peer", "not_behind", "level", "least")}, {""})
                for other in list(row)[list(row).index("least") + 1:]:
                    ratios = [paired_ratio(samples[one["name"]], samples[mine[one["problem"]]["name"]]) for one in rows
                              if (one["isa"], one["family"], one["dtype"]) == (other, family, dtype)]
                    if ratios:
                        self.assertAlmostEqual(float(row[other]), statistics.geometric_mean(ratios))
                    else:
                        self.assertEqual(row[other], "")
        alone = self.bench("--problems", "row_sum:2x3", *FAST, "--output", "alone").stdout
        self.assertNotIn("standing", alone.replace("standing.csv", ""))
        with open(self.path("alone/standing.csv")) as file:
            self.assertEqual(len(file.read().splitlines()), 1)

    def test_refused(self):
        see = "; see normbench bench --help"
        no_list = " is not a list of at most 256 different whole numbers from 1 to 4096, or of ranges such as 1..5 or 2..4096*2"
        for message, args in (
                (" bench: problem 'row_sum:2': wrong number of sizes: products have three (m x n x k), vectors one, all "
                 "others two (rows x columns)", ("--problems", "row_sum:2")),
                (" bench: problem 'row_sun:2x3': unknown kernel 'row_sun'; did you mean row_sum?",
                 ("--problems", "row_sun:2x3")),
                (" bench: --filter: '(' is not a regular expression: Unmatched ( or \\(", ("--filter", "(")),
                (" bench: --filter: 'nothing' matches no row; --list shows all", ("--filter", "nothing")),
                (" bench: --threads: '1,x'" + no_list, ("--threads", "1,x")),
                (" bench: --threads: '2,1,2'" + no_list, ("--threads", "2,1,2")),
                (" bench: --threads: names 8 numbers; name at most 7", ("--threads", "1..8")),
                (" bench: --output and --results: choose one of them", ("--output", "a", "--results", "b")),
                (" bench: nothing to measure; a kernel that cannot be divided needs --threads 1",
                 ("--problems", "peak_fma:10", "--threads", "2"))):
            with self.subTest(args=args):
                self.refused(message + see, *(("bench",) + args))
        self.assertFolder()

    def test_isa_of_another_cpu(self):
        isas = strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)["isas"]
        usable = ", ".join(isa["name"] for isa in isas if isa["usable"])
        other = next(isa["name"] for isa in isas if not isa["usable"])  # no CPU has both AVX and NEON
        self.refused(" bench: --isas: this computer cannot run %s; it can run %s; see normbench bench --help" % (other, usable),
                     "bench", "--isas", "scalar," + other)

    def test_bad_environment(self):
        done = self.bench("--list", env={"NORMBENCH_BENCH": "fast"}, code=2)
        self.assertIn("NORMBENCH_BENCH: 'fast' is not one of quick, default", done.stderr)

    def test_memory_is_asked_for_before(self):
        done = self.bench("--problems", "sgd_step:1099511627776", *FAST, code=2)
        self.assertIn("more than half of the memory", done.stderr)

    def test_unwritable(self):
        done = self.bench("--problems", "row_sum:2x3", *FAST, "--json", "no/such/folder.json", code=1)
        self.assertIn("no/such/folder.json", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_interrupt_keeps_what_was_measured(self):
        def default_signals():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        # Rows that would take very long; the twin of a group is timed too.
        child = subprocess.Popen([PROGRAM, "bench", "--problems", "row_sum:64..96x64", "--no-ceilings", "--threads", "1",
                                  "--samples", "100000", "--time", "100000", "--json", "out.json", "--output", "out"],
                                 cwd=self.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, preexec_fn=default_signals)
        self.addCleanup(child.kill)
        with self.assertRaises(subprocess.TimeoutExpired):
            child.wait(timeout=3)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 130, err)
        self.assertIn("Partial: interrupted after", out)
        for path in ("out.json", "out/bench.json"):
            with open(self.path(path)) as file:
                data = strict_json(file.read())
            self.assertEqual(data["context"]["normbench"]["status"], "interrupted")
            self.assertTrue(data["benchmarks"])


if __name__ == "__main__":
    unittest.main()
