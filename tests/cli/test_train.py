# SPDX-License-Identifier: MIT
"""normbench train: its table, its bits, its record and its trace."""
import gzip
import math
import os
import re
import shutil
import struct
import unittest

from case import Case, DATA, DIGEST, SANITIZED, TEST_ROWS, TRAIN_ROWS, strict_json


class Train(Case):
    def test_table(self):
        done = self.call("train", "--data-dir", DATA, "--epochs", "3")
        lines = done.stdout.splitlines()
        rows = [line.split() for line in lines if re.match(r" +\d", line)]
        self.assertEqual([row[0] for row in rows], ["1", "2", "3"])
        for row in rows:
            self.assertEqual(len(row), 6)
            self.assertTrue(all(math.isfinite(float(cell)) for cell in row))
        self.assertGreater(float(rows[0][1]), float(rows[2][1]))  # it learns
        self.assertGreater(float(rows[2][3]), 70)                 # percent, of 10 classes
        self.assertRegex(lines[-1], r"\Aweights %s\Z" % DIGEST)
        self.assertIn("checksums of these files are not the published ones", done.stderr)
        self.assertNotIn("\033", done.stdout + done.stderr)
        self.assertTrue(done.stdout.isascii())

    def test_same_seed_same_bits_other_seed_other_bits(self):
        first = self.record("--seed", "3")
        self.assertEqual(self.record("--seed", "3")["weights_digest"], first["weights_digest"])
        other = self.record("--seed", "4")
        self.assertNotEqual(other["init_digest"], first["init_digest"])
        self.assertNotEqual(other["weights_digest"], first["weights_digest"])

    def test_same_bits_on_every_exact_isa_and_number_of_threads(self):
        isas = strict_json(self.call("info", "--no-peaks", "--json", "-").stdout)["isas"]
        three = self.team(3)
        usable = [isa["name"] for isa in isas if isa["usable"] and isa["exact"]]
        for norm in ("batch", "layer", "none"):
            for dtype in ("f32", "f64"):
                digests = {}
                for isa in usable:
                    for threads in ("1", "3"):
                        record = self.record("--norm", norm, "--dtype", dtype, "--isa", isa, "--threads", threads,
                                             "--hidden", "33,17", "--batch-size", "96")
                        self.assertEqual(record["effective"], {"isa": isa, "threads": min(int(threads), three)})
                        digests[isa, threads] = record["weights_digest"]
                self.assertEqual(len(set(digests.values())), 1, digests)
        if "avx2" not in usable:
            self.skipTest("this CPU has no AVX2: only %s compared" % ", ".join(usable))

    def test_record_has_the_threads_that_ran(self):
        wanted = self.record("--hidden", "16", "--threads", "2")
        limited = self.record("--hidden", "16", "--threads", "2", env={"OMP_THREAD_LIMIT": "1"})
        self.assertEqual((limited["config"]["threads"], limited["effective"]["threads"]), (2, 1))
        self.assertEqual(limited["weights_digest"], wanted["weights_digest"])

    def test_settings_have_an_effect(self):
        digests = [self.record("--hidden", "16", *args)["weights_digest"] for args in (
            [], ["--norm", "layer"], ["--norm", "none"], ["--hidden", "none"], ["--batch-size", "64"], ["--lr", "0.2"],
            ["--momentum", "0.9"], ["--momentum", "0.9", "--nesterov"], ["--weight-decay", "0.01"],
            ["--optimizer", "adam", "--lr", "0.001"], ["--seed", "1"], ["--dtype", "f64"], ["--classes", "11"],
            ["--epochs", "2"])]
        self.assertEqual(len(set(digests)), len(digests))

    def test_trace(self):
        trace = self.path("trace.txt")
        done = self.train("--batch-size", "128", "--trace", trace, "--json", self.path("run.json"))
        self.assertRegex(done.stdout, r"\nweights %s\ntrace   %s\nrecord  %s\n\Z"
                         % (DIGEST, re.escape(trace), re.escape(self.path("run.json"))))
        with open(trace) as file:
            lines = file.read().split("\n")
        self.assertEqual(lines.pop(), "")
        self.assertEqual(len(lines), 8)
        losses = [float(line) for line in lines]
        for line, loss in zip(lines, losses):
            self.assertEqual(line, "%.17g" % loss)
        with open(self.path("run.json")) as file:
            record = strict_json(file.read())
        sizes = [128] * 7 + [104]
        mean = math.fsum(loss * size for loss, size in zip(losses, sizes)) / TRAIN_ROWS
        self.assertAlmostEqual(record["epochs"][0]["train_loss"], mean, delta=1e-6)
        self.assertFolder("trace.txt", "run.json")

    def test_trace_on_stdout(self):
        done = self.train("--trace", "-")
        self.assertEqual(len([float(line) for line in done.stdout.splitlines()]), 8)
        self.assertIn("train loss", done.stderr)


@unittest.skipIf(SANITIZED, "memory is the sanitizer's")
class Memory(Case):
    ROWS, TEST, FEATURES = 20000, 1000, 784

    def write_split(self, part, rows):
        for name, dims in (("images-idx3", (rows, 28, 28)), ("labels-idx1", (rows,))):
            with open(self.path("%s-%s-ubyte" % (part, name)), "wb") as file:
                file.write(struct.pack(">%dI" % (1 + len(dims)), 0x800 + len(dims), *dims))
                file.write(bytes(range(10)) * (math.prod(dims) // 10))

    def test_data_stay_bytes(self):
        """The process holds the data set as bytes, and beside it the buffers of one batch."""
        self.write_split("train", self.ROWS)
        self.write_split("t10k", self.TEST)
        data = (self.ROWS + self.TEST) * (self.FEATURES + 1)
        for dtype, size in (("f32", 4), ("f64", 8)):
            for batch in (4, 2048):
                record = strict_json(self.call("train", "--data-dir", self.folder, "--epochs", "1", "--dtype", dtype, "--batch-size",
                                               str(batch), "--threads", "2", "--json", "-").stdout)
                if record["peak_resident_bytes"] is None:
                    self.skipTest("this system does not tell what is resident")
                # A weight and a double of it for the digest; inputs, z, y and their gradient; the test's chunks of two threads.
                buffers = record["parameters"] * (size + 8) + batch * (self.FEATURES + 3 * 256) * size + 4 * 128 * 784 * size
                # The program, its libraries and stacks: 10 MB were seen.
                self.assertLess(record["peak_resident_bytes"], data + buffers + 14e6, (dtype, batch))
                self.assertGreater(record["peak_resident_bytes"], data, (dtype, batch))


class Record(Case):
    def test_fields(self):
        record = self.record("--norm", "layer", "--hidden", "32,16", "--batch-size", "100", "--epochs", "2", "--lr",
                             "0.05", "--momentum", "0.9", "--nesterov", "--weight-decay", "0.0005", "--seed", "7",
                             "--dtype", "f64", "--isa", "scalar", "--threads", "2")
        self.assertEqual(list(record), ["schema", "config", "machine", "effective", "data", "parameters", "epochs",
                                        "steps", "peak_resident_bytes", "status", "init_digest", "weights_digest"])
        self.assertEqual(record["schema"], 1)
        self.assertEqual(record["config"], {
            "norm": "layer", "hidden": [32, 16], "classes": 10, "batch_size": 100, "epochs": 2, "lr": 0.05,
            "optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.0005, "seed": 7, "dtype": "f64",
            "isa": "scalar", "threads": 2, "dataset": "mnist", "data_dir": DATA, "train_rows": 0})
        self.assertEqual(record["effective"], {"isa": "scalar", "threads": self.team(2)})
        self.assertIsInstance(record["machine"]["cpu"], str)
        data = record["data"]
        self.assertEqual({k: v for k, v in data.items() if k != "sha256"},
                         {"dataset": "mnist", "rows": TRAIN_ROWS, "test_rows": TEST_ROWS, "features": 784,
                          "classes": 10, "published": False})
        self.assertEqual(sorted(data["sha256"]), ["test_images", "test_labels", "train_images", "train_labels"])
        for digest in data["sha256"].values():
            self.assertRegex(digest, r"\A[0-9a-f]{64}\Z")
        self.assertEqual(record["parameters"], (784 + 3) * 32 + (32 + 3) * 16 + (16 + 1) * 10)
        self.assertEqual((record["steps"], record["status"]), (20, "ok"))
        self.assertEqual([epoch["epoch"] for epoch in record["epochs"]], [1, 2])
        for epoch in record["epochs"]:
            self.assertEqual(list(epoch), ["epoch", "train_loss", "test_loss", "test_correct", "test_accuracy",
                                           "seconds", "samples_per_second"])
            self.assertEqual(epoch["test_accuracy"], epoch["test_correct"] / TEST_ROWS)
            self.assertAlmostEqual(epoch["samples_per_second"] * epoch["seconds"], TRAIN_ROWS, delta=1e-6)
        for name in ("init_digest", "weights_digest"):
            self.assertRegex(record[name], r"\A%s\Z" % DIGEST)
        self.assertNotEqual(record["init_digest"], record["weights_digest"])

    def test_profile(self):
        phases = ["gather", "forward", "normalization", "loss", "backward", "update", "waiting", "other"]
        for norm, threads, dtype in (("batch", "2", "f32"), ("layer", "1", "f64"), ("none", "1", "f32")):
            args = ("--norm", norm, "--hidden", "32,16", "--threads", threads, "--epochs", "2", "--dtype", dtype)
            done = self.train(*args, "--profile", "--json", self.path("run.json"))
            with open(self.path("run.json")) as file:
                record = strict_json(file.read())
            for epoch in record["epochs"]:
                self.assertEqual(list(epoch["phases"]), phases)
                self.assertTrue(all(seconds >= 0 for seconds in epoch["phases"].values()), epoch)
                # Nothing is booked twice, and what is booked nowhere else is "other".
                self.assertAlmostEqual(sum(epoch["phases"].values()), epoch["seconds"], delta=0.001 + 0.01 * epoch["seconds"])
                for phase in ("gather", "forward", "loss", "backward", "update") + (("normalization",) if norm != "none" else ()):
                    self.assertGreater(epoch["phases"][phase], 0, phase)
                if self.team(int(threads)) == 1:
                    self.assertEqual(epoch["phases"]["waiting"], 0)
            lines = done.stdout.splitlines()
            self.assertEqual([line.split()[0] for line in lines if line.split()[0] in phases], phases)
            shares = [float(line.split()[2]) for line in lines if line.split()[0] in phases]
            self.assertAlmostEqual(sum(shares), 100, delta=0.5)
            plain = self.record(*args)
            self.assertEqual(plain["weights_digest"], record["weights_digest"])
            self.assertNotIn("phases", plain["epochs"][0])
        lost = self.train("--profile", "--norm", "none", "--lr", "1e30").stdout  # no epoch was whole
        self.assertFalse([line for line in lost.splitlines() if line.split()[0] in phases])

    def test_train_rows_are_the_first_ones(self):
        for name, start, size in (("train-images-idx3-ubyte", 16, 784), ("train-labels-idx1-ubyte", 8, 1)):
            with gzip.open(os.path.join(DATA, name + ".gz")) as file:
                content = file.read()
            self.write_idx(name + ".gz", (300, 28, 28) if size > 1 else (300,), content[start:start + 300 * size])
        for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
            shutil.copy(os.path.join(DATA, name), self.folder)
        cut = self.record("--train-rows", "300", "--hidden", "8", "--batch-size", "64")
        small = self.record("--data-dir", self.folder, "--hidden", "8", "--batch-size", "64")
        self.assertEqual((cut["data"]["rows"], cut["config"]["train_rows"], cut["steps"]), (300, 300, 5))
        self.assertEqual(cut["weights_digest"], small["weights_digest"])
        self.assertEqual(cut["epochs"][0]["test_loss"], small["epochs"][0]["test_loss"])
        self.assertNotEqual(cut["weights_digest"], self.record("--hidden", "8", "--batch-size", "64")["weights_digest"])
        self.refused(" train: --train-rows 1001: the data set has 1000 training rows; ask for no more; see normbench train "
                     "--help", "train", "--data-dir", DATA, "--train-rows", "1001")
        self.refused(" train: expected more than 1 value per channel when training: batch norm cannot train on the last "
                     "batch, which has one row (257 rows in batches of 128); use another --batch-size, or layer norm; see "
                     "normbench train --help", "train", "--data-dir", DATA, "--train-rows", "257")

    def test_defaults_are_the_experiment(self):
        config = strict_json(self.call("train", "--data-dir", DATA, "--json", "-").stdout)["config"]
        del config["data_dir"]
        self.assertEqual(config, {
            "norm": "batch", "hidden": [256], "classes": 10, "batch_size": 128, "epochs": 10, "lr": 0.1,
            "optimizer": "sgd", "momentum": 0, "nesterov": False, "weight_decay": 0, "seed": 0, "dtype": "f32",
            "isa": "auto", "threads": None, "dataset": "mnist", "train_rows": 0})

    def test_stdout_is_only_json(self):
        done = self.train("--json", "-")
        self.assertTrue(done.stdout.startswith("{"))
        strict_json(done.stdout)
        self.assertIn("train loss", done.stderr)
        self.assertIn("weights sha256:", done.stderr)

    def test_diverged(self):
        done = self.train("--norm", "none", "--lr", "1e30", "--epochs", "5", "--json", "-", "--trace", "losses")
        self.assertNotIn("NaN", done.stdout)
        record = strict_json(done.stdout)
        self.assertEqual(record["status"], "diverged")
        self.assertEqual(len(record["epochs"]), 1)
        self.assertLess(record["steps"], 8)
        last = record["epochs"][-1]
        for name in ("train_loss", "test_loss", "test_correct", "test_accuracy"):
            self.assertIsNone(last[name], name)
        self.assertRegex(done.stderr, r"normbench: no norm diverged in epoch 1, at step \d: .* smaller --lr")
        with open(self.path("losses")) as file:
            self.assertEqual(len(file.readlines()), record["steps"])

    def test_diverged_by_the_last_step(self):
        # The only loss of the epoch is that of the initial weights: finite. Then the step spoils them.
        record = self.record("--norm", "none", "--lr", "1e38", "--batch-size", "1000", "--epochs", "2")
        self.assertEqual((record["status"], len(record["epochs"]), record["steps"]), ("diverged", 1, 1))
        self.assertTrue(math.isfinite(record["epochs"][0]["train_loss"]))
        self.assertIsNone(record["epochs"][0]["test_loss"])

    def test_file_replaced_whole(self):
        path = self.path("run.json")
        with open(path, "w") as file:
            file.write("x" * 100000)
        os.chmod(path, 0o640)
        os.symlink("run.json", self.path("link"))
        self.train("--json", "link")
        self.assertTrue(os.path.islink(self.path("link")))
        with open(path) as file:
            self.assertEqual(strict_json(file.read())["status"], "ok")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
        self.assertFolder("run.json", "link")


if __name__ == "__main__":
    unittest.main()
