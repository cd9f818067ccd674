# SPDX-License-Identifier: MIT
"""normbench sweep: what it records, plans and refuses."""
import os
import re
import unittest

from case import DIGEST, strict_json
from sweep_case import CELLS, GRID, SweepCase, bare


class Records(SweepCase):
    def test_keys_and_cells(self):
        done = self.sweep(*GRID)
        self.assertEqual(done.stdout.splitlines()[-1], self.path("out", "records.jsonl"))
        records = list(self.records().values())
        isas = {record["effective"]["isa"] for record in records}
        self.assertEqual(len(records), CELLS if isas == {"scalar"} else CELLS + 3 * 3 - 1)
        best = records[0]["effective"]["isa"]
        for record in records:
            config, timing = record["config"], record["purpose"] == "timing"
            self.assertEqual(record["schema"], 1)
            self.assertRegex(record["cell"] + record["bits"], r"\A[0-9a-f]{128}\Z")
            self.assertEqual((record["part"], record["lr_rule"], record["lr_base"]), ("sweep", "fixed", 0.1))
            self.assertRegex(record["started"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
            self.assertEqual((config["hidden"], config["lr"], config["data_dir"]), ([8], 0.1, None))
            self.assertIn(record["alone"], (True, False))
            if config["norm"] == "batch" and config["batch_size"] == 1:
                self.assertFalse(timing)
                self.assertEqual((record["status"], record["epochs"], record["digests"], record["steps"]),
                                 ("impossible", [], [], 0))
                self.assertIsNone(record["init_digest"])
                self.assertIsNone(record["weights_digest"])
                self.assertIn("batch norm cannot train on batches of one row", record["reason"])
                continue
            self.assertNotIn("reason", record)
            self.assertEqual(record["status"], "ok")
            epochs = 1 if timing and record["effective"]["isa"] == "scalar" else 2
            self.assertEqual(len(record["epochs"]), epochs)
            self.assertEqual(record["digests"][-1], record["weights_digest"])
            self.assertEqual(len(set(record["digests"])), epochs)
            for digest in record["digests"]:
                self.assertRegex(digest, r"\A%s\Z" % DIGEST)
            self.assertTrue(record["alone"] or not timing)
            if not timing:
                self.assertEqual(record["effective"], {"isa": best, "threads": 1})
        settings = {(r["config"]["norm"], r["config"]["batch_size"], r["config"]["seed"])
                    for r in records if r["purpose"] == "convergence"}
        self.assertEqual(settings, {(n, b, s) for n in ("batch", "layer", "none") for b in (1, 2, 64) for s in (1, 2, 3)})

    def test_a_cell_is_the_run_of_train(self):
        grid = ("--datasets", "mnist-sample", "--hidden", "8,6", "--optimizer", "adam", "--train-rows", "500")
        self.sweep(*grid, "--norms", "layer", "--batch-sizes", "32", "--lrs", "0.001", "--seeds", "7", "--epochs", "3",
                   "--timing-epochs", "0", "--lr-rule", "sqrt")
        cell, = self.records().values()
        single = strict_json(self.call("train", "--dataset", "mnist-sample", *grid[2:], "--norm", "layer", "--batch-size",
                                       "32", "--lr", "0.0005", "--seed", "7", "--epochs", "3", "--json", "-").stdout)
        self.assertEqual(cell["config"]["lr"], 0.0005)
        self.assertEqual((cell["data"]["rows"], cell["steps"]), (500, 3 * 16))
        for key in ("data", "parameters", "steps", "status", "init_digest", "weights_digest"):
            self.assertEqual(cell[key], single[key])
        self.assertEqual(bare(cell)["epochs"], bare(single)["epochs"])
        self.assertLessEqual(set(single), set(cell))

    def test_diverged_is_recorded_and_not_run_again(self):
        grid = ("--datasets", "mnist-sample", "--hidden", "8", "--norms", "none", "--batch-sizes", "8", "--lrs", "1e30",
                "--seeds", "1", "--isas", "all", "--threads", "1,2")
        done = self.sweep(*grid)
        self.assertIn("diverged", done.stdout)
        for record in self.records().values():
            self.assertEqual(record["status"], "diverged")
            self.assertEqual(record["digests"], [])
            self.assertIsNone(record["epochs"][-1]["test_loss"])
        before = self.lines()
        self.assertIn("to do: 0 for convergence", self.sweep(*grid).stderr)
        self.assertEqual(self.lines(), before)

    def test_side_by_side_or_alone_the_same(self):
        self.sweep(*GRID, "--timing-epochs", "0", "--jobs", "4")
        together = self.records()
        self.assertIn(False, [record["alone"] for record in together.values()])
        self.call("sweep", *GRID, "--timing-epochs", "0", "--jobs", "1", "--output", self.path("single"))
        alone = self.records("single")
        self.assertEqual({record["alone"] for record in alone.values()}, {True})
        self.assertEqual({k: bare(v) for k, v in together.items()}, {k: bare(v) for k, v in alone.items()})

    def test_a_longer_list_runs_only_what_is_new(self):
        self.sweep(*GRID)
        before = self.lines()
        done = self.sweep(*GRID, "--seeds", "1..4")
        self.assertIn("to do: 9 for convergence", done.stderr)
        self.assertEqual(self.lines()[:len(before)], before)
        self.assertEqual({strict_json(line)["config"]["seed"] for line in self.lines()[len(before):]}, {4})


class Usage(SweepCase):
    def test_dry_run(self):
        done = self.sweep(*GRID, "--dry-run")
        self.assertFolder()
        self.assertEqual(len(re.findall(r"(?m)^[0-9a-f]{12} convergence ", done.stdout)), 27)
        self.assertEqual(done.stdout.count("(impossible)"), 3)
        self.assertRegex(done.stdout, r"\d\.\d+ GFLOP in all\n\d+ cells, 0 of them recorded; to do: 27 for convergence, "
                                      r"\d+ at a time, and \d+ for timing; about \d")
        self.sweep(*GRID)
        done = self.sweep(*GRID, "--seeds", "1..4", "--dry-run")
        self.assertEqual(len(re.findall(r"(?m)^[0-9a-f]{12} ", done.stdout)), 9)

    def test_presets_and_files(self):
        smoke = self.sweep("smoke", "--dry-run", "--threads", "1", "--isas", "scalar").stdout
        self.assertIn(" sample ", smoke)
        self.assertIn(" linear ", smoke)
        with open(self.path("mine"), "w") as file:
            file.write("# mine\ndatasets mnist-sample\ntiming-epochs 0\nseeds 1\nnorms layer\nhidden none\nepochs 1\n"
                       "[a]\nbatch-sizes 8\n[b]\nbatch-sizes 16,32\n")
        self.sweep("mine", "--norms", "none")
        self.assertEqual([(r["part"], r["config"]["batch_size"], r["config"]["norm"]) for r in
                          sorted(self.records().values(), key=lambda r: r["config"]["batch_size"])],
                         [("a", 8, "none"), ("b", 16, "none"), ("b", 32, "none")])

    def test_environment_wins_over_the_file(self):
        done = self.sweep("smoke", "--dry-run", "--isas", "scalar", "--threads", "1", env={"NORMBENCH_SEEDS": "9"})
        self.assertEqual(set(re.findall(r"seed (\d+)", done.stdout)), {"9"})

    def test_what_is_refused(self):
        see = "; see normbench sweep --help"
        self.refused(" sweep: 'nonsense' is neither a file that can be read (No such file or directory) nor one of smoke, "
                     "default, full, ba2016" + see, "sweep", "nonsense")
        self.refused(" sweep: unexpected argument 'full'" + see, "sweep", "smoke", "full")
        self.refused(" sweep: --norms: 'group' is not a list of different words, with commas between, out of none, batch, "
                     "layer" + see, "sweep", "--norms", "group")
        for wrong in (["--batch-sizes", "4..2"], ["--lr-rule", "cubic"], ["--isas", "sse"], ["--datasets", "cifar"],
                      ["--batch-size=0"], ["--jobs", "0"], ["--threads", "1,1"], ["--seeds", "1..1000"]):
            self.call("sweep", *wrong, code=2)
        with open(self.path("mine"), "w") as file:
            file.write("epochs 1\nlrs fast\n")
        self.assertIn("mine, line 2: lrs: 'fast' is not", self.call("sweep", "mine", code=2).stderr)
        self.refused(" sweep: these lists make 196608 runs, the limit is 20000; shorten them, or make several sweeps" + see,
                     "sweep", "--seeds", "1..256", "--batch-sizes", "2..257", "--timing-epochs", "0", code=2)
        self.sweep(*GRID, "--train-rows", "1001", code=2)
        self.call("sweep", "--data-dir", self.path("nowhere"), code=3)
        self.assertFolder("mine")

    def test_an_output_that_cannot_be(self):
        with open(self.path("out"), "w"):
            pass
        self.sweep(*GRID, code=1)
        os.unlink(self.path("out"))
        os.mkdir(self.path("out"))
        with open(self.path("out", "records.jsonl"), "w") as file:
            file.write('{"some": "experiment"}\n')
        self.assertIn("line 1: no record of a sweep", self.sweep(*GRID, code=3).stderr)


if __name__ == "__main__":
    unittest.main()
