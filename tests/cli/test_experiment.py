# SPDX-License-Identifier: MIT
"""normbench experiment: its tables, its files, a run that diverges, no gnuplot."""
import csv
import os
import re
import shutil
import xml.etree.ElementTree
import unittest

from case import Case, DATA, strict_json


class Experiment(Case):
    def test_files_and_tables(self):
        done = self.call("experiment", "--data-dir", DATA, "--epochs", "2", "--norms", "layer,batch,none")
        folder = self.path("normbench-experiment")
        pictures = ["curves.svg", "curves.png"] if shutil.which("gnuplot") else []
        names = ["curves.csv", "curves.gp", "epochs.csv", "table.md", "records.jsonl"] + pictures
        self.assertEqual(sorted(os.listdir(folder)), sorted(names))
        paths = [line for line in done.stdout.splitlines() if line.startswith("normbench-experiment/")]
        self.assertEqual(sorted(paths), sorted("normbench-experiment/" + name for name in names))
        with open(os.path.join(folder, "records.jsonl")) as file:
            records = [strict_json(line) for line in file]
        self.assertEqual([record["config"].pop("norm") for record in records], ["layer", "batch", "none"])
        self.assertEqual(records[0]["config"], records[1]["config"])
        self.assertEqual(records[0]["config"], records[2]["config"])
        with open(os.path.join(folder, "epochs.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["norm", "epoch", "train_loss", "test_loss", "test_accuracy", "seconds",
                                         "samples_per_second"])
        self.assertEqual([(row["norm"], row["epoch"]) for row in rows],
                         [(norm, epoch) for norm in ("layer", "batch", "none") for epoch in ("1", "2")])
        epochs = [epoch for record in records for epoch in record["epochs"]]
        for row, epoch in zip(rows, epochs):
            for name in ("train_loss", "test_loss", "test_accuracy", "seconds", "samples_per_second"):
                self.assertEqual(float(row[name]), epoch[name])
        with open(os.path.join(folder, "table.md")) as file:
            page = file.read()
        self.assertTrue(re.match(r"(<!--.*-->\n)?# Normalization on MNIST\n", page), page[:80])
        for text in (done.stdout, page):
            self.assertEqual(len(re.findall(r"(?m)^\W*[12] [ |]+\d\.\d+", text)), 2)
            for epoch in epochs:
                self.assertIn("%.6f" % epoch["train_loss"], text)
                self.assertIn("%.2f" % (100 * epoch["test_accuracy"]), text)
        if pictures:
            root = xml.etree.ElementTree.parse(os.path.join(folder, "curves.svg")).getroot()
            words = " ".join("".join(node.itertext()) for node in root.iter())
            for word in ("Training loss on MNIST", "batch norm", "layer norm", "epoch", "784-256-10", "lr 0.1"):
                self.assertIn(word, words)
            with open(os.path.join(folder, "curves.png"), "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def test_equals_single_runs(self):
        self.call("experiment", "--data-dir", DATA, "--epochs", "2", "--hidden", "20", "--output", "out/deep")
        with open(self.path("out", "deep", "records.jsonl")) as file:
            for line in file:
                record = strict_json(line)
                single = self.record("--epochs", "2", "--hidden", "20", "--norm", record["config"]["norm"])
                self.assertEqual(record["weights_digest"], single["weights_digest"])
                self.assertEqual(record["init_digest"], single["init_digest"])

    def test_one_that_diverges_does_not_stop_the_others(self):
        # Normalization makes the size of a layer's weights irrelevant, so it survives a learning rate that the plain net does not.
        done = self.call("experiment", "--data-dir", DATA, "--epochs", "3", "--norms", "none,layer", "--lr", "30",
                         "--hidden", "64,64,64", "--output", "out")
        with open(self.path("out", "records.jsonl")) as file:
            none, layer = (strict_json(line) for line in file)
        self.assertEqual((none["status"], layer["status"]), ("diverged", "ok"))
        self.assertEqual(len(layer["epochs"]), 3)
        self.assertRegex(done.stderr, "normbench: no norm diverged in epoch 1")
        self.assertRegex(done.stdout, r"(?m)^no norm +diverged +0 ")

    def test_without_gnuplot(self):
        os.mkdir(self.path("empty"))
        done = self.call("experiment", "--data-dir", DATA, "--epochs", "1", "--output", "out",
                         env={"PATH": self.path("empty")})
        self.assertRegex(done.stderr, r"warning: no plot: .*gnuplot-nox")
        self.assertEqual(sorted(os.listdir(self.path("out"))),
                         ["curves.csv", "curves.gp", "epochs.csv", "records.jsonl", "table.md"])
        with open(self.path("out", "table.md")) as file:
            self.assertNotIn("curves.svg", file.read())

    def test_norms_are_checked(self):
        for norms in ("batch,batch", "batch,", "", "batch,group"):
            self.call("experiment", "--data-dir", DATA, "--norms", norms, code=2)
        self.assertFolder()


if __name__ == "__main__":
    unittest.main()
