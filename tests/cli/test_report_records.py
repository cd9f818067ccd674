#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""normbench report on odd, telling and damaged records."""
import copy
import json
import os
import unittest

import study_records
from report_case import SEEDS, ReportCase


class Odd(ReportCase):
    def test_one_seed(self):
        folder = self.report([r for r in self.real if r["config"]["seed"] == 1])
        rows = self.rows(folder, "summary")
        self.assertEqual([row["pairs"] for row in rows], ["1", "1"])
        self.assertEqual({row["loss_ahead"] for row in rows}, {"too few seeds"})
        self.assertEqual({row["verdict"] for row in self.rows(folder, "claims")}, {"undecided"})

    def test_one_norm(self):
        folder = self.report([r for r in self.real if r["config"]["norm"] == "layer"])
        self.assertIn("BatchNorm and LayerNorm are not both among the records", self.page(folder).text)
        self.assertFalse(os.path.exists(os.path.join(folder, "summary.csv")))
        self.assertEqual({row["verdict"] for row in self.rows(folder, "claims")}, {"undecided"})

    def test_no_timing_cells(self):
        folder = self.report([r for r in self.real if r["purpose"] == "convergence"])
        self.assertIn("nothing is said of its speed", self.page(folder).text)
        self.assertFalse(os.path.exists(os.path.join(folder, "speed.csv")))

    def test_only_timing_cells(self):
        folder = self.report([r for r in self.real if r["purpose"] == "timing"])
        text = self.page(folder).text
        self.assertIn("Study on mnist-sample, times only", text)
        self.assertIn("These records hold times only.", text)
        self.assertFalse(os.path.exists(os.path.join(folder, "isa-gain-table.csv")))  # scalar has nothing below it
        self.assertEqual(len(self.rows(folder, "speed")), 16)

    def test_seconds_of_cells_side_by_side_are_no_speeds(self):
        records = [dict(r, alone=False) for r in self.real]
        self.assertFalse(os.path.exists(os.path.join(self.report(records), "speed.csv")))

    def test_gain_of_the_best_isa(self):
        """Against the next lower one with the same threads; where one of the two was not measured there is no ratio."""
        records = [r for r in self.real if r["purpose"] == "convergence"]
        for record in (r for r in self.real if r["effective"]["isa"] == "scalar" and r["purpose"] == "timing"):
            norm, batch = record["config"]["norm"], record["config"]["batch_size"]
            for isa, seconds in (("scalar", 8), ("avx2", 4), ("avx512", 2 if norm == "batch" else 1)):
                if (isa, norm, batch, record["effective"]["threads"]) == ("avx2", "layer", 500, 2):
                    continue
                timed = copy.deepcopy(record)
                timed["effective"]["isa"] = isa
                for epoch in timed["epochs"]:
                    epoch["seconds"] = seconds
                records.append(timed)
        folder = self.report(records)
        rows = self.rows(folder, "isa-gain-table")
        self.assertEqual({(row["isa"], row["lower_isa"]) for row in rows}, {("avx512", "avx2")})
        self.assertEqual({(row["norm"], row["batch_size"], row["threads"]): float(row["ratio"]) for row in rows},
                         {("batch", "100", "1"): 2, ("batch", "100", "2"): 2, ("batch", "500", "1"): 2, ("batch", "500", "2"): 2,
                          ("layer", "100", "1"): 4, ("layer", "100", "2"): 4, ("layer", "500", "1"): 4})
        for row in rows:  # all epochs took as long
            self.assertEqual((row["ratio_from"], row["ratio_to"]), (row["ratio"], row["ratio"]))
        short = {row["batch_size"]: row for row in self.rows(folder, "isa-gain-short")}
        for batch, threads, least, most in (("100", "1", 2, 4), ("100", "2", 2, 4), ("500", "1", 2, 4), ("500", "2", 2, 2)):
            found = [float(short[batch]["threads_" + threads + end]) for end in ("", "_least", "_most")]
            self.assertAlmostEqual(found[0], (least * most) ** 0.5, delta=1e-12)
            self.assertEqual(found[1:], [least, most])
        text = self.page(folder).text
        self.assertIn("Speed with 1 thread: avx512 is 2.00 to 4.00 times as fast as avx2", text)
        self.assertIn("Speed with 2 threads: avx512 is 2.00 to 4.00 times as fast as avx2", text)
        self.assertIn("How many times as fast avx512 is as avx2", text)

    def test_diverged(self):
        records = [study_records.diverged(r) if r["config"]["norm"] == "batch" and r["config"]["batch_size"] == 100
                   and r["purpose"] == "convergence" else r for r in self.real]
        folder = self.report(records)
        row = self.rows(folder, "training-loss")[0]
        self.assertEqual((row["norm"], row["ok"], row["diverged"], row["median"], row["iqm"]), ("batch", "0", "5", "", ""))
        row = self.rows(folder, "summary")[0]
        self.assertEqual((row["pairs"], row["loss_difference"], row["loss_ahead"]), ("0", "", "LayerNorm"))
        self.assertIn("5 diverged", self.page(folder).text)
        reached = [r for r in self.rows(folder, "epochs-to-accuracy") if r["norm"] == "batch" and r["batch_size"] == "100"]
        self.assertEqual((reached[0]["reached"], reached[0]["epochs"]), ("0", ""))

    def test_impossible(self):
        records = self.real + [study_records.impossible(self.craft("batch", 1, seed, [1, 1], [0, 0]), "needs two rows")
                               for seed in SEEDS]
        folder = self.report(records)
        row = self.rows(folder, "accuracy")[0]
        self.assertEqual((row["batch_size"], row["ok"], row["impossible"], row["median"]), ("1", "0", "5", ""))
        self.assertIn("Impossible: batch norm with batch size 1: needs two rows.", self.page(folder).text)
        self.assertIn("5 cannot exist", self.page(folder).text)

    def test_several_machines_are_not_mixed(self):
        other = copy.deepcopy(self.real)
        for record in other:
            record["machine"]["cpu"] = "Another CPU"
        folder = self.report(self.real + other)
        text = self.page(folder).text
        self.assertIn("The records are of 2 kinds", text)
        self.assertIn("Part 2: mnist-sample", text)
        self.assertEqual(self.rows(folder, "differences"), self.rows(folder, "2-differences"))

    def test_learning_rates_are_not_mixed(self):
        other = copy.deepcopy(self.real)
        for record in other:
            record["config"]["lr"] = record["lr_base"] = 0.2
        folder = self.report(self.real + [r for r in other if r["purpose"] == "convergence"])
        self.assertEqual({row["lr"] for row in self.rows(folder, "accuracy")}, {"0.1"})
        self.assertEqual({row["lr"] for row in self.rows(folder, "2-accuracy")}, {"0.2"})

    def test_digests_that_differ_are_named(self):
        records = copy.deepcopy(self.real[:10])
        for record in records:
            record["digests"] = ["sha256:" + "0" * 64] * 2
        twin = dict(copy.deepcopy(records[0]), purpose="timing", digests=["sha256:" + "1" * 64] * 2)
        self.assertIn("WARNING: 1 of 1 pairs", self.page(self.report(records + [twin])).text)
        twin["digests"] = records[0]["digests"]
        self.assertIn("1 pairs of runs of the same computation", self.page(self.report(records + [twin])).text)

    def test_targets(self):
        folder = self.report(self.real, "--target-accuracy", "0.5", "--target-loss", "5")
        row = self.rows(folder, "epochs-to-loss")[0]
        self.assertEqual((row["reached"], row["epochs"], row["steps"], row["samples"]), ("5", "1", "10", "1000"))
        self.assertIn("a test accuracy of 0.5 or more", self.page(folder).text)
        speed = self.rows(folder, "speed")[0]
        self.assertEqual(float(speed["seconds_to_loss"]), float(speed["seconds"]))
        self.refused(" report: --target-accuracy: '2' is not a number from 0 to 1; see normbench report --help",
                     "report", "--target-accuracy", "2", "study", code=2)


class Claims(ReportCase):
    def test_batch_norm_is_faster(self):
        records = self.pair(2, 0.9, 0.1) + self.pair(32, 0.1, 0.2) + self.pair(64, 0.1, 0.2)
        self.assertEqual(self.verdicts(records)[0], "undecided")  # two large batch sizes
        self.assertEqual(self.verdicts(records + self.pair(128, 0.1, 0.2))[0], "supported")
        self.assertEqual(self.verdicts(records + self.pair(128, 0.2, 0.1))[0], "supported")
        equal = self.pair(128, 0.1, 0.101) + self.pair(256, 0.1, 0.101)  # neither is ahead
        self.assertEqual(self.verdicts(records + equal)[0], "undecided")
        slower = self.pair(32, 0.2, 0.1) + self.pair(64, 0.2, 0.1) + self.pair(128, 0.1, 0.2)
        self.assertEqual(self.verdicts(slower)[0], "not supported")

    def test_layer_norm_is_stable(self):
        def study(batch, layer):
            return [r for size, *accuracies in zip((2, 32, 128), batch, layer) for r in self.pair(size, 0.1, 0.2, *accuracies)]
        self.assertEqual(self.verdicts(study((0.5, 0.8, 0.9), (0.85, 0.9, 0.9)))[1], "supported")
        self.assertEqual(self.verdicts(study((0.85, 0.9, 0.9), (0.5, 0.8, 0.9)))[1], "not supported")
        self.assertEqual(self.verdicts(study((0.8, 0.9, 0.9), (0.8, 0.9, 0.9)))[1], "undecided")
        records = study((0.85, 0.9, 0.9), (0.5, 0.8, 0.9))
        records[0] = study_records.diverged(records[0])
        self.assertEqual(self.verdicts(records)[1], "supported")

    def test_dynamics_differ(self):
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.2))[2], "supported")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.1))[2], "supported")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.101) + self.pair(64, 0.1, 0.101))[2], "not supported")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.2, 0.8, 0.9))[2], "undecided")
        self.assertEqual(self.verdicts(self.pair(32, 0.1, 0.2, 0.9, 0.8))[2], "undecided")

    def test_paper(self):
        base = copy.deepcopy(self.real[0])
        base["config"].update(hidden=[1000, 1000], optimizer="adam")
        base["data"]["rows"] = 55000
        small, large = (lambda *a: self.pair(4, *a, base=base)), (lambda *a: self.pair(128, *a, base=base))
        self.assertEqual(self.verdicts(small(0.3, 0.1, 0.5, 0.9) + large(0.2, 0.1))[3], "supported")
        self.assertEqual(self.verdicts(small(0.3, 0.1, 0.5, 0.9) + large(0.1, 0.2))[3], "not supported")
        self.assertEqual(self.verdicts(small(0.3, 0.1) + large(0.2, 0.1))[3], "undecided")
        folder = self.report(small(0.3, 0.1, 0.5, 0.9) + large(0.2, 0.1))
        self.assertIn("Curves, in the form of the paper's figure 6", self.page(folder).text)
        for name in ("loss-b4", "error-b4", "loss-b128", "error-b128"):
            self.assertTrue(os.path.exists(os.path.join(folder, name + ".csv")))
        # The other claims are about other networks.
        self.assertEqual([row["section"] for row in self.rows(folder, "claims")][:3], ["", "", ""])


class Damaged(ReportCase):
    def refuse(self, text, says):
        os.makedirs(self.path("study"), exist_ok=True)
        with open(self.path("study", "records.jsonl"), "w", encoding="utf-8") as file:
            file.write(text)
        done = self.call("report", "study", code=3)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(os.listdir(self.path("study")), ["records.jsonl"])

    def test_lines(self):
        good = "".join(json.dumps(record) + "\n" for record in self.real[:2])
        third = json.dumps(self.real[2])
        self.refuse("", "holds no records")
        self.refuse(good + third, "line 3: cut or damaged; run the sweep again")
        self.refuse(good + third[:len(third) // 2] + "\n", "line 3: cut or damaged; run the sweep again")
        self.refuse(good + third[:len(third) // 2] + "\n" + good, "line 3: damaged: ")
        self.refuse(good + "\n", "line 3: damaged: ")
        self.refuse(good + "[1]\n", "line 3: damaged: ")
        self.refuse(good + third.replace('"epochs": [', '"epochs": [NaN, ', 1) + "\n" + good, "line 3: damaged: ")
        self.refuse(good + json.dumps(self.real[0]) + "\n", "line 3: the same setting and seed as line 1")

    def test_fields(self):
        def changed(change):
            record = copy.deepcopy(self.real[0])
            change(record)
            return json.dumps(record) + "\n"
        for says, change in (
                ("schema 1", lambda r: r.update(schema=2)),
                ("purpose", lambda r: r.pop("purpose")),
                ("status", lambda r: r.update(status="fine")),
                ("config.norm", lambda r: r["config"].update(norm="group")),
                ("config.batch_size", lambda r: r["config"].update(batch_size=-1)),
                ("config.seed", lambda r: r["config"].update(seed="1")),
                ("config.lr", lambda r: r["config"].update(lr=None)),
                ("data.rows", lambda r: r.pop("data")),
                ("effective.isa", lambda r: r["effective"].update(isa="sse9")),
                ("effective.threads", lambda r: r["effective"].pop("threads")),
                ("1 of 2 epochs", lambda r: r["epochs"].pop()),
                ("epoch 2 is missing", lambda r: r["epochs"][1].update(epoch=3)),
                ("epoch 1 of a run that ended well lacks", lambda r: r["epochs"][0].update(train_loss=None))):
            self.refuse(changed(change), "line 1: ")
            self.refuse(changed(change), says)

    def test_no_file(self):
        self.refused(" report: cannot read 'nowhere/records.jsonl': No such file or directory; name the folder of a sweep",
                     "report", "nowhere", code=3)


if __name__ == "__main__":
    unittest.main()
